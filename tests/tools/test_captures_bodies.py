"""What is read out of a body: its records, the prediction of each, the number of records of a request, and fields."""

import base64
import json
from typing import Any

import numpy as np
import pytest
from captured_lines import npy

from inference_experiment_cli.captures import bodies
from inference_experiment_cli.captures.npy import read


def texts(
    data: str, encoding: str = "JSON", *, content_type: str = "", records: int | None = None, path: str = ""
) -> Any:
    parsed = bodies.parse(data, encoding, content_type)
    return [each.text for each in bodies.predictions(parsed, lambda: records, path)]


ONE = {
    "number": ("0.5", "0.5"),
    "text": ('"cat"', "cat"),
    "object with a label": ('{"label": "cat", "score": 0.5}', "cat"),
    "object with a prediction of another form": ('{"prediction": {"label": "cat"}}', "cat"),
    "object with one member": ('{"anything": "cat"}', "cat"),
    "object of scores": ('{"cat": 0.9, "dog": 0.1}', "cat"),
    "object with scores": ('{"probabilities": [0.1, 0.9]}', "1"),
    "object with items": ('{"items": ["a", 2]}', '["a","2"]'),
    "any other object": ('{"b": [1], "a": "x"}', '{"a":"x","b":[1]}'),
    "nothing": ("null", "null"),
    "nothing in a list": ("[null]", ""),
    "an empty list": ('{"labels": [], "scores": []}', "[]"),
    "nested deeper": ("[[[1, 2], [3, 4]]]", "[[1,2],[3,4]]"),
    "not a number": ('{"a": NaN, "b": NaN}', '{"a":NaN,"b":NaN}'),
    "a text that only looks like JSON": ('"[no"', "[no"),
}


@pytest.mark.parametrize(("data", "expected"), ONE.values(), ids=ONE)
def test_one_prediction(data: str, expected: str) -> None:
    assert texts(data) == [expected]


LISTS = {
    "as many as the request has": ("[0.2, 0.9]", 2, ["0.2", "0.9"]),
    "scores of the only one": ("[0.2, 0.9]", 1, ["1"]),
    "scores that sum to one": ("[0.1, 0.9]", None, ["1"]),
    "values that do not": ("[0.2, 0.9]", None, ["0.2", "0.9"]),
    "items of the only one": ('["b", "a"]', 1, ['["b","a"]']),
    "identifiers of the only one": ("[7, 3]", 1, ['["7","3"]']),
    "objects": ('[{"label": "a"}, {"label": "b"}]', 1, ["a", "b"]),
    "labels with scores, one each": ('[{"label": "a", "score": 0.9}, {"label": "b", "score": 0.8}]', 2, ["a", "b"]),
    "labels with scores, of one": ('[{"label": "a", "score": 0.3}, {"label": "b", "score": 0.7}]', None, ["b"]),
    "tensor": ('{"outputs": [{"shape": [2], "data": [5, 6]}]}', 2, ["5", "6"]),
    "tensor without a sound shape": ('{"outputs": [{"shape": [7], "data": [5, 6]}]}', 2, ["5", "6"]),
}


@pytest.mark.parametrize(("data", "records", "expected"), LISTS.values(), ids=LISTS)
def test_a_list(data: str, records: int | None, expected: list[str]) -> None:
    assert texts(data, records=records) == expected


ROWS = {
    "names of columns": ("label,score\na,0.5\nb,0.6", 2, ["a", "b"]),
    "label and score": ("a,0.5", 1, ["a"]),
    "number and score": ("3,0.5", 1, ["3"]),
    "values of several records in a row": ("5,7", 2, ["5", "7"]),
    "quotes": ('"a, b"\n"c"', 2, ["a, b", "c"]),
    "words": ("a b\nc", 2, ["a b", "c"]),
    "nothing": ("\n", 1, []),
}


@pytest.mark.parametrize(("data", "records", "expected"), ROWS.values(), ids=ROWS)
def test_rows(data: str, records: int, expected: list[str]) -> None:
    assert texts(data, "CSV", records=records) == expected


def test_text_of_an_unknown_type_is_rows_only_where_each_is_a_word() -> None:
    assert texts("a\nb", "BASE64?") == ["a", "b"]
    assert texts("a b, c\nd", "TEXT") == ["a b, c\nd"]
    assert texts("a\nb", "TEXT", content_type="text/plain") == ["a\nb"]


REQUESTS = {
    "rows": ("1,2\n3,4\n", "CSV", 2),
    "rows below names": ("a,b\n1,2\n", "CSV", 1),
    "instances": ('{"instances": [1, 2, 3]}', "JSON", 3),
    "inputs": ('{"inputs": [1, 2, 3]}', "JSON", 1),
    "several inputs": ('{"inputs": ["a", "b"]}', "JSON", 2),
    "frame": ('{"dataframe_split": {"columns": ["a"], "data": [[1], [2]]}}', "JSON", 2),
    "vector": ("[1, 2, 3]", "JSON", 1),
    "matrix": ("[[1, 2], [3, 4]]", "JSON", 2),
    "object": ('{"country": "NZ"}', "JSON", 1),
    "number": ("5", "JSON", 1),
    "array": (npy([[1, 2], [3, 4]]), "BASE64", 2),
    "array of one dimension": (npy([1, 2]), "BASE64", 1),
    "image": (base64.b64encode(b"\x89PNG\xff").decode(), "BASE64", None),
}


@pytest.mark.parametrize(("data", "encoding", "expected"), REQUESTS.values(), ids=REQUESTS)
def test_the_records_of_a_request(data: str, encoding: str, expected: int | None) -> None:
    assert bodies.number_of_records(data, encoding) == expected


FIELDS = {
    "member": ('{"country": "NZ"}', "JSON", "country", ["NZ"]),
    "path": ('{"user": {"country": ["NZ", 1]}}', "JSON", "$.user.country", ['["NZ",1]']),
    "of each instance": ('{"instances": [{"country": "NZ"}, {"x": 1}]}', "JSON", "country", ["NZ", ""]),
    "column": ("NZ,1\nCH,2", "CSV", "0", ["NZ", "CH"]),
    "column that is missing": ("NZ,1", "CSV", "7", [""]),
    "named column": ("country,x\nNZ,1", "CSV", "country", ["NZ"]),
    "named column that is missing": ("NZ,1", "CSV", "country", [""]),
    "absent": ('{"x": 1}', "JSON", "country", [""]),
    "of an array": (npy([[1.5, 2.5]]), "BASE64", "[0][1]", ["2.5"]),
    "of all": ('{"rows": [{"c": "NZ"}, {"c": "CH"}]}', "JSON", "rows[*].c", ["NZ", "CH"]),
    "of all that are none": ('{"rows": 5}', "JSON", "rows[*].c", [""]),
}


@pytest.mark.parametrize(("data", "encoding", "path", "expected"), FIELDS.values(), ids=FIELDS)
def test_fields(data: str, encoding: str, path: str, expected: list[str]) -> None:
    assert bodies.fields(data, encoding, "", path) == expected


ARRAYS = (
    np.arange(6).reshape(2, 3),
    np.asfortranarray(np.arange(24.0).reshape(2, 3, 4)),
    np.array(3),
    np.array([True, False]),
    np.array(["a", "bcd"]),
    np.array([b"x", b"yz"]),
    np.array([1, 2], ">i2"),
    np.array([0.5], np.float16),
)


@pytest.mark.parametrize("array", ARRAYS, ids=str)
def test_arrays_are_what_numpy_wrote(array: Any) -> None:
    found = read(base64.b64decode(npy(array)))
    expected = array.astype(str) if array.dtype.kind == "S" else array

    assert found.shape == array.shape
    assert found.nested() == expected.tolist()


BROKEN = {
    "cut off": base64.b64decode(npy(list(range(9))))[:-1],
    "header cut off": base64.b64decode(npy([1]))[:30],
    "header": b"\x93NUMPY\x01\x00\x04\x00{[}\n",
    "no header": b"\x93NUMPY",
    "shape": base64.b64decode(npy([1])).replace(b"(1,)", b"(-1,"[:3] + b",)"),
    "shape of something else": base64.b64decode(npy([1])).replace(b"(1,)", b"'1,)"),
    "objects": base64.b64decode(npy(np.array([{}], dtype=object))),
    "times": base64.b64decode(npy(np.array(["2026-01-01"], dtype="M8[D]"))),
    "records": base64.b64decode(npy(np.array([(1, 2)], dtype=[("a", "i4"), ("b", "i4")]))),
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_arrays_that_are_broken_or_of_something_else(content: bytes) -> None:
    with pytest.raises(ValueError, match="array"):
        read(content)
    assert texts(base64.b64encode(content).decode(), "BASE64")[0].startswith("binary ")


@pytest.mark.parametrize("path", ["$..a", "a[", "a b", "[?x]", "$.a["])
def test_paths_that_are_none(path: str) -> None:
    with pytest.raises(ValueError, match="no JSONPath"):
        bodies.steps(path)


def test_numbers_are_the_same_in_each_language() -> None:
    for value in (1, 1.0, "1", " 1 ", "1e0", "+1", "1.", True, "True"):
        assert bodies.scalar(value).number == 1
    for value in ("1_0", "0x1", "1,0", "nan", "inf", "1e999", "", json.loads("NaN")):
        assert bodies.scalar(value).number is None
