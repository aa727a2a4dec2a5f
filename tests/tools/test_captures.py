"""inference-experiment captures: files, lines, pairs."""

import base64
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from captured_lines import PRODUCTION, SHADOW, both, captures, compared, half, line, npy, write


def counts(found: Any) -> tuple[int, int, int]:
    return found["pairs"], found["unpaired"]["production"], found["unpaired"]["shadow"]


# Files


def test_files_may_be_at_any_depth_and_compressed(tmp_path: Path) -> None:
    write(tmp_path, PRODUCTION, [line("1", "a")], "2026/11/20/10/first.jsonl")
    write(tmp_path, PRODUCTION, [line("0", "b")], "2026/11/20/11/second.jsonl.gz")
    write(tmp_path, SHADOW, [line("1", "a"), line("1", "b")], "all.jsonl")
    found = compared(tmp_path)

    assert counts(found) == (2, 0, 0)
    assert found["agreement"] == 0.5
    assert compared(tmp_path / "endpoint") == {**found, "place": str(tmp_path / "endpoint")}


def test_a_compressed_file_is_known_by_its_content(tmp_path: Path) -> None:
    both(tmp_path, ["1"], ["1"])
    for path in tmp_path.rglob("*.jsonl"):
        path.rename(path.with_suffix(".jsonl.gz"))

    assert counts(compared(tmp_path)) == (1, 0, 0)


def test_a_variant_whose_name_begins_as_the_others(tmp_path: Path) -> None:
    write(tmp_path, PRODUCTION, [line("1", "a")])
    write(tmp_path, SHADOW, [line("1", "a")])
    write(tmp_path, f"{SHADOW}0", [line("0", "a"), line("0", "b")])
    write(tmp_path, f"{PRODUCTION}-2", [line("0", "a"), line("0", "b")])

    assert counts(compared(tmp_path)) == (1, 0, 0)


def test_files_with_and_without_compression_hold_the_same_events_once(tmp_path: Path) -> None:
    lines = [line("1", "a", event="e1"), line("0", "b", event="e2")]
    write(tmp_path, PRODUCTION, lines, "x.jsonl")
    write(tmp_path, PRODUCTION, lines, "x.jsonl.gz")
    write(tmp_path, SHADOW, [line("1", "a", event="f1"), line("0", "b", event="f2")])
    found = compared(tmp_path)

    assert counts(found) == (2, 0, 0)
    assert found["repeated_lines"] == {"production": 2, "shadow": 0}


def test_windows_line_ends_byte_order_marks_blank_lines_and_empty_files(tmp_path: Path) -> None:
    first, second = json.dumps(line("1", "a")).encode(), json.dumps(line("0", "b")).encode()
    write(tmp_path, PRODUCTION, [b"\xef\xbb\xbf" + first + b"\r", b"\r", b"   ", second + b"\r"])
    write(tmp_path, PRODUCTION, [], "empty.jsonl")
    write(tmp_path, PRODUCTION, [], "empty.jsonl.gz")
    write(tmp_path, SHADOW, [first, second])
    found = compared(tmp_path)

    assert counts(found) == (2, 0, 0)
    assert found["broken_lines"] == 0


BROKEN = [
    b'{"captureData": {"endpointOu',
    b"no JSON",
    b"\xff\xfe\x00",
    b'{"a": 1} {"b": 2}',
    b'{"a": "\xe9"}',
    b'{"captureData": {},}',
]


def test_broken_lines_are_counted_and_the_others_compared(tmp_path: Path) -> None:
    lines: list[Any] = [line("1", "a"), *BROKEN, line("1", "b")]
    write(tmp_path, PRODUCTION, lines)
    write(tmp_path, SHADOW, [line("1", "a"), BROKEN[0], line("0", "b")])
    found = compared(tmp_path)

    assert found["broken_lines"] == len(BROKEN) + 1
    assert counts(found) == (2, 0, 0)
    assert found["agreement"] == 0.5


def test_lines_of_something_else_are_no_broken_lines(tmp_path: Path) -> None:
    write(tmp_path, PRODUCTION, [line("1", "a"), "42", "null", "[]", '{"other": 1}', '"text"'])
    write(tmp_path, SHADOW, [line("1", "a")])
    found = compared(tmp_path)

    assert (found["broken_lines"], found["other_lines"]) == (0, 5)
    assert counts(found) == (1, 0, 0)


def test_lines_with_unusual_members_are_read(tmp_path: Path) -> None:
    """Half of a surrogate pair, numbers as identifiers, and an answer that is not wrapped in a text."""
    odd = json.dumps(line("x", "a")).replace('"x"', '"\\ud800"')
    number = json.dumps(line("1", "b")).replace('"b"', "7")
    bare = line(half({"predictions": [1]}, "JSON"), "c")
    write(tmp_path, PRODUCTION, [odd, number, bare])
    write(tmp_path, SHADOW, [line("1", "a"), line("1", "7"), line("1", "c")])
    found = compared(tmp_path)

    assert counts(found) == (3, 0, 0)
    assert found["agreement"] == pytest.approx(2 / 3)


def test_a_cut_off_archive_gives_what_can_be_read(tmp_path: Path) -> None:
    whole = write(
        tmp_path, PRODUCTION, [line("1", f"{at}", request=f"{at * 7919}") for at in range(2000)], "a.jsonl.gz"
    )
    whole.write_bytes(whole.read_bytes()[:-2000])
    write(tmp_path, SHADOW, [line("1", f"{at}") for at in range(2000)])
    found = compared(tmp_path)

    assert 0 < found["pairs"] < 2000
    assert found["broken_lines"] in {1, 2}  # the cut, and a line that it goes through


def test_a_line_of_many_megabytes(tmp_path: Path) -> None:
    write(tmp_path, PRODUCTION, [line("1", "a", request="5," * 10_000_000), line("0", "b")])
    write(tmp_path, SHADOW, [line("1", "a"), line("0", "b")])

    assert counts(compared(tmp_path)) == (2, 0, 0)


def test_a_folder_without_a_variant_names_what_is_there(tmp_path: Path) -> None:
    write(tmp_path, "AllTrafic", [line("1", "a")])
    write(tmp_path, SHADOW, [line("1", "a")])
    answer = captures(tmp_path)

    assert answer.returncode == 2
    assert "no folder AllTraffic; there are AllTrafic, Shadow-01, endpoint" in answer.stderr


def test_captured_data_of_several_endpoints_are_not_mixed(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        both(tmp_path / folder, ["1"], ["1"])
    answer = captures(tmp_path)

    assert answer.returncode == 2
    assert "one/endpoint, two/endpoint" in answer.stderr


def test_other_endpoints_with_the_same_production_variant_do_not_count(tmp_path: Path) -> None:
    both(tmp_path / "one", ["1"], ["1"])
    write(tmp_path / "two", PRODUCTION, [line("1", "b")])

    assert counts(compared(tmp_path)) == (1, 0, 0)


def test_names_that_are_patterns_elsewhere(tmp_path: Path) -> None:
    assert counts(compared(both(tmp_path / "a[1]*?'b", ["1"], ["1"]))) == (1, 0, 0)


def test_a_deeply_nested_line_or_answer(tmp_path: Path) -> None:
    deep = "[" * 50_000 + "]" * 50_000
    write(tmp_path, PRODUCTION, [deep, line("1", "a")])
    write(tmp_path, SHADOW, [line(half(deep, "JSON"), "a")])
    found = compared(tmp_path)

    assert (found["pairs"], found["agreement"]) == (1, 0)


# Pairs


def test_pairs_by_inference_id(tmp_path: Path) -> None:
    write(tmp_path, PRODUCTION, [line("1", "a"), line("1", "b"), line("1", "c")])
    write(tmp_path, SHADOW, [line("1", "c"), line("0", "a")])
    found = compared(tmp_path)

    assert counts(found) == (2, 1, 0)
    assert found["paired_by"] == "inferenceId"
    assert found["shadow_share"] == pytest.approx(2 / 3)


def test_retries_are_paired_one_to_one(tmp_path: Path) -> None:
    write(tmp_path, PRODUCTION, [line("1", "a", event=f"p{at}", time=f"2026-11-20T10:00:0{at}Z") for at in range(3)])
    write(tmp_path, SHADOW, [line("1", "a", event=f"s{at}", time=f"2026-11-20T10:00:0{at}Z") for at in range(2)])

    assert counts(compared(tmp_path)) == (2, 1, 0)


def test_an_identifier_for_several_requests_pairs_the_same_requests(tmp_path: Path) -> None:
    write(tmp_path, PRODUCTION, [line("1", "a", request="x"), line("0", "a", request="y")])
    write(tmp_path, SHADOW, [line("0", "a", request="y"), line("1", "a", request="x")])
    found = compared(tmp_path)

    assert counts(found) == (2, 0, 0)
    assert found["agreement"] == 1


def test_pairs_by_event_id_where_there_is_no_inference_id(tmp_path: Path) -> None:
    write(tmp_path, PRODUCTION, [line("1", event="e1"), line("1", event="e2"), line("1", event="e3")])
    write(tmp_path, SHADOW, [line("1", event="e2"), line("0", event="e1")])
    found = compared(tmp_path)

    assert counts(found) == (2, 1, 0)
    assert found["paired_by"] == "eventId"


def test_one_event_id_for_all_events(tmp_path: Path) -> None:
    """Some senders fill it with a constant: the request tells the events apart."""
    for variant, numbers in ((PRODUCTION, range(6)), (SHADOW, range(5, 1, -1))):
        write(tmp_path, variant, [line(str(at % 2), event="x", request=f"{at},0") for at in numbers])
    found = compared(tmp_path)

    assert counts(found) == (4, 2, 0)
    assert found["agreement"] == 1


def test_pairs_by_content_within_a_time(tmp_path: Path) -> None:
    requests = ["1,2", "3,4", "5,6"]
    write(tmp_path, PRODUCTION, [line("1", event=f"p{at}", request=text) for at, text in enumerate(requests)])
    times = ("2026-11-20T10:00:05Z", "2026-11-20T10:00:59Z", "2026-11-20T11:30:00Z")
    write(
        tmp_path,
        SHADOW,
        [line("1", event=f"s{at}", request=requests[at], time=time) for at, time in enumerate(times)],
    )
    found = compared(tmp_path)

    assert counts(found) == (2, 1, 1)
    assert found["paired_by"] == "request content"


def test_the_same_request_many_times_without_identifiers(tmp_path: Path) -> None:
    """One a second for an hour, half of them sampled."""
    times = [f"2026-11-20T10:{at // 60:02}:{at % 60:02}Z" for at in range(3600)]
    write(tmp_path, PRODUCTION, [line("1", event=f"p{at}", time=time) for at, time in enumerate(times)])
    write(tmp_path, SHADOW, [line("1", event=f"s{at}", time=time) for at, time in enumerate(times) if at % 2])

    assert counts(compared(tmp_path)) == (1800, 1800, 0)


def test_one_variant_with_identifiers_and_the_other_without(tmp_path: Path) -> None:
    write(tmp_path, PRODUCTION, [line("1", f"id{at}", event=f"p{at}", request=f"{at}") for at in range(4)])
    write(tmp_path, SHADOW, [line("1", event=f"s{at}", request=f"{at}") for at in range(3)])
    found = compared(tmp_path)

    assert counts(found) == (3, 1, 0)
    assert found["paired_by"] == "request content"


def test_mixed_lines_are_paired_by_what_they_have(tmp_path: Path) -> None:
    write(
        tmp_path, PRODUCTION, [line("1", "a"), line("1", "b"), line("1", "c"), line("0", request="9"), line("1", "z")]
    )
    write(tmp_path, SHADOW, [line("1", "c"), line("1", "a"), line("1", "b"), line("0", request="9"), line("1", "y")])
    found = compared(tmp_path)

    assert counts(found) == (4, 1, 1)
    assert found["paired_by"] == "inferenceId"
    assert found["pairs_by"] == {"inferenceId": 3, "request content": 1}


@pytest.mark.parametrize("events", ["ef", "ee"])
def test_different_identifiers_are_different_requests(tmp_path: Path, events: str) -> None:
    """Also where the content, or even the event, is the same: no pair, and nothing to compare."""
    write(tmp_path, PRODUCTION, [line("1", f"p{at}", event=f"{events[0]}{at}") for at in range(3)])
    write(tmp_path, SHADOW, [line("1", f"s{at}", event=f"{events[1]}{at}") for at in range(2)])
    found = compared(tmp_path)

    assert counts(found) == (0, 3, 2)
    assert found["agreement"] is None


@pytest.mark.parametrize("empty", [PRODUCTION, SHADOW])
def test_one_side_empty(tmp_path: Path, empty: str) -> None:
    both(tmp_path, ["1", "0"], ["1", "0"])
    for path in (tmp_path / "endpoint" / empty).rglob("*.jsonl"):
        path.write_text("")
    (tmp_path / "labels.csv").write_text("id,target\nrequest-0,1\n")
    found = compared(tmp_path, "--labels", str(tmp_path / "labels.csv"))

    assert found["pairs"] == 0
    assert sorted(found["unpaired"].values()) == [0, 2]
    assert (found["paired_by"], found["agreement"], found["accuracy"]) == (None, None, None)
    for style in ("table", "html"):
        assert captures(tmp_path, "--format", style).returncode == 0


def test_a_line_without_an_answer_is_no_pair(tmp_path: Path) -> None:
    write(tmp_path, PRODUCTION, [line("1", "a"), line("1", "b"), line("1", "c", request=None)])
    write(tmp_path, SHADOW, [line("1", "a"), line(None, "b"), line("1", "c", request=None)])
    found = compared(tmp_path)

    assert counts(found) == (2, 1, 1)
    assert found["incomplete_lines"] == {"production": 0, "shadow": 1}
    assert (found["agreement"], found["broken_lines"]) == (1, 0)


# Bodies: the same prediction in other words


def encoded(text: str) -> dict[str, Any]:
    return half(base64.b64encode(text.encode()).decode(), "BASE64")


SAME_CLASS = {
    "integer and decimal": ("1", "1.0"),
    "line end": ("1\n", " 1 "),
    "exponent": ("1", "1e0"),
    "CSV and JSON": ("1", half('{"predictions": [1]}', "JSON")),
    "JSON number": ("1", half("1", "JSON")),
    "JSON text": ("setosa", half('"setosa"', "JSON")),
    "JSON list": ("setosa", half('["setosa"]', "JSON")),
    "quoted CSV": ("setosa", '"setosa"'),
    "label in an object": ("setosa", half('{"predictions": [{"label": "setosa", "score": 0.9}]}', "JSON")),
    "built-in algorithm": ("1", half('{"predictions": [{"score": 0.8, "predicted_label": 1.0}]}', "JSON")),
    "BASE64 of text": ("1", encoded("1\n")),
    "BASE64 of JSON": ("1", encoded('{"predictions": [1]}')),
    "BASE64 of an array": ("1", half(npy([1]), "BASE64")),
    "array of floats": ("1", half(npy([[1.0]]), "BASE64")),
    "array of text": ("setosa", half(npy(["setosa"]), "BASE64")),
    "scores": ("2", "0.1,0.2,0.7"),
    "scores in JSON": ("2", half('{"predictions": [[0.1, 0.2, 0.7]]}', "JSON")),
    "bare scores in JSON": ("2", half("[0.1, 0.2, 0.7]", "JSON")),
    "scores in an array": ("2", half(npy([[0.1, 0.2, 0.7]]), "BASE64")),
    "scores with names": ("cat", half('[{"label": "dog", "score": 0.3}, {"label": "cat", "score": 0.7}]', "JSON")),
    "scores beside names": ("cat", half('{"labels": ["dog", "cat"], "scores": [0.3, 0.7]}', "JSON")),
    "label and score": ("cat", "cat,0.7"),
    "number and score": ("2", "2,0.9"),
    "boolean": ("1", half("true", "JSON")),
    "booleans of Python and JSON": ("True", half('{"prediction": true}', "JSON")),
    "JSON that was encoded twice": ("cat", half(json.dumps('{"prediction": "cat"}'), "JSON")),
    "broken lines of BASE64": ("1", half("MQ==\n", "base64")),
    "chat": ("Hi", half('{"id": 7, "choices": [{"index": 0, "message": {"content": "Hi"}}], "usage": {}}', "JSON")),
    "negative zero": ("0", "-0.0"),
    "too great for a number": ("1e400", half("1e400", "CSV")),
    "array of another machine": ("1", half(npy(np.array([1], ">f4")), "BASE64")),
    "array of one value": ("1", half(npy(np.array(1.0)), "BASE64")),
    "half precision": ("1", half(npy(np.array([1], "f2")), "BASE64")),
    "the same bytes": tuple(half(base64.b64encode(b"\x89PNG\xff").decode(), "BASE64") for _ in range(2)),
    "Open Inference Protocol": ("2", half('{"outputs": [{"shape": [1, 3], "data": [0.1, 0.2, 0.7]}]}', "JSON")),
}


@pytest.mark.parametrize("pair", SAME_CLASS.values(), ids=SAME_CLASS)
def test_the_same_class_in_other_words(tmp_path: Path, pair: tuple[Any, Any]) -> None:
    found = compared(both(tmp_path, [pair[0]], [pair[1]]), "--task", "classification")

    assert (found["records"], found["agreement"]) == (1, 1)


DIFFERENT_CLASS = {
    "numbers": ("1", "2"),
    "long identifiers": ("9007199254740993", "9007199254740992"),
    "case": ("Setosa", "setosa"),
    "leading zero": ("a01", "a1"),
    "not a number": ("1", "nan"),
    "no JSON": ("1", half('{"predictions": [', "JSON")),
    "error": ("1", half('{"error": "out of memory"}', "JSON")),
    "empty": ("1", ""),
}


@pytest.mark.parametrize("pair", DIFFERENT_CLASS.values(), ids=DIFFERENT_CLASS)
def test_different_classes(tmp_path: Path, pair: tuple[Any, Any]) -> None:
    found = compared(both(tmp_path, [pair[0]], [pair[1]]), "--task", "classification")

    assert (found["pairs"], found["agreement"]) == (1, 0)


def test_bodies_of_several_records(tmp_path: Path) -> None:
    request = half("1,2\n3,4\n5,6\n")
    answers = ["1\n0\n1\n", half('{"predictions": [1, 0, 0]}', "JSON")]
    found = compared(both(tmp_path, [answers[0]], [answers[1]], request=request))

    assert (found["pairs"], found["records"]) == (1, 3)
    assert found["agreement"] == pytest.approx(2 / 3)


@pytest.mark.parametrize(("request_body", "records"), [("1,2,3", 1), ("1,2,3\n4,5,6", 2)])
def test_one_row_of_two_numbers_is_scores_or_two_records_by_the_request(
    tmp_path: Path, request_body: str, records: int
) -> None:
    found = compared(both(tmp_path, ["0.2,0.9"], [half("[0.3, 0.9]", "JSON")], request=request_body))

    assert (found["records"], found["agreement"]) == (records, 1)


def test_the_names_of_columns_are_no_record_of_a_request(tmp_path: Path) -> None:
    found = compared(both(tmp_path, ["0.1,0.9"], ["1"], request="width,height\n1,2"))

    assert (found["records"], found["agreement"]) == (1, 1)


def test_answers_with_different_numbers_of_records_disagree_on_the_rest(tmp_path: Path) -> None:
    found = compared(both(tmp_path, ["1\n0\n1"], ["1\n0"], request="1\n2\n3"))

    assert (found["pairs"], found["records"]) == (1, 3)
    assert found["agreement"] == pytest.approx(2 / 3)


def test_json_lines_are_records(tmp_path: Path) -> None:
    lines = half('{"label": "a"}\n{"label": "b"}\n', "JSON", "application/jsonlines")
    found = compared(both(tmp_path, [lines], ["a\nb"]))

    assert (found["records"], found["agreement"]) == (2, 1)


def test_arrays_in_the_order_of_columns(tmp_path: Path) -> None:
    scores = np.asfortranarray([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]])
    found = compared(both(tmp_path, [half(npy(scores), "BASE64")], ["1\n0\n1"], request="1\n2\n3"))

    assert (found["records"], found["agreement"]) == (3, 1)


def test_pickled_arrays_are_not_read(tmp_path: Path) -> None:
    pickled = np.array([{"a": 1}], dtype=object)
    found = compared(both(tmp_path, [half(npy(pickled), "BASE64")], ["1"]))

    assert (found["pairs"], found["agreement"]) == (1, 0)


PATHS = {
    "member": ('{"result": {"class": "a", "other": "%s"}}', "$.result.class"),
    "member without root": ('{"result": {"class": "a", "other": "%s"}}', "result.class"),
    "element": ('{"x": ["a", "%s"]}', "$.x[0]"),
    "of each record": ('{"predictions": [{"mine": "a", "label": "%s"}]}', "mine"),
    "of all elements": ('{"rows": [{"mine": "a", "label": "%s"}]}', "$.rows[*].mine"),
    "quoted": ('{"my class": "a", "label": "%s"}', "$['my class']"),
}


@pytest.mark.parametrize(("body", "path"), PATHS.values(), ids=PATHS)
def test_the_prediction_by_a_path(tmp_path: Path, body: str, path: str) -> None:
    both(tmp_path, [half(body % "x", "JSON")], [half(body % "y", "JSON")])

    assert compared(tmp_path, "--prediction", path)["agreement"] == 1


@pytest.mark.parametrize(("first", "second", "column"), [("a,x", "a,y", "0"), ("x,a", "y,a", "1")])
def test_the_prediction_by_a_column(tmp_path: Path, first: str, second: str, column: str) -> None:
    assert compared(both(tmp_path, [first], [second]), "--prediction", column)["agreement"] == 1


def test_the_prediction_by_the_name_of_a_column(tmp_path: Path) -> None:
    both(tmp_path, ["label,mine\nx,a\nx,b"], ["mine,label\na,y\nb,y"])
    found = compared(tmp_path, "--prediction", "mine")

    assert (found["records"], found["agreement"]) == (2, 1)


def test_a_path_of_one_variant_leaves_the_other_s_plain_answers(tmp_path: Path) -> None:
    both(tmp_path, [half('{"result": {"class": "a", "label": "x"}}', "JSON")] * 2, ["a", ""])

    assert compared(tmp_path, "--prediction", "$.result.class")["agreement"] == 0.5


def test_a_path_that_is_none(tmp_path: Path) -> None:
    answer = captures(both(tmp_path, ["1"], ["1"]), "--prediction", "$..label")

    assert answer.returncode == 2
    assert "--prediction: $..label is no JSONPath" in answer.stderr


@pytest.mark.parametrize(("module", "name"), [("duckdb", "DuckDB"), ("scipy.special", "SciPy")])
def test_without_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, name: str) -> None:
    both(tmp_path, ["1", "0"], ["1", "1"])
    (tmp_path / "labels.csv").write_text("id,target\nrequest-0,1\nrequest-1,1\n")
    monkeypatch.setitem(sys.modules, module, None)
    answer = captures(tmp_path, "--labels", str(tmp_path / "labels.csv"))

    assert answer.returncode == 2
    assert answer.stderr == (
        f"inference-experiment: {name} is not installed: pip install 'cfn-inference-experiment[captures]'\n"
    )


def test_lines_without_identifiers_are_paired_with_each_other_first(tmp_path: Path) -> None:
    write(tmp_path, PRODUCTION, [line("1", "z"), line("0"), line("1", "a")])
    write(tmp_path, SHADOW, [line("0"), line("1", "y"), line("1", "a")])
    found = compared(tmp_path)

    assert found["pairs_by"] == {"inferenceId": 1, "request content": 1}
    assert found["agreement"] == 1


def test_the_page_and_the_terminal_have_the_figures(tmp_path: Path) -> None:
    both(tmp_path, ["1", "0", "<b>"], ["1", "1", "<b>"])
    page = captures(tmp_path, "--format", "html", "--output", str(tmp_path / "page.html"))
    assert (page.returncode, page.stdout) == (0, "")
    text = (tmp_path / "page.html").read_text()
    shown = captures(tmp_path, "--format", "table").stdout

    for figure in ("3, by inferenceId", "66.67%", "production 0, shadow 0"):
        assert figure in text
        assert figure in shown
    assert "<b>" not in text
    assert "//" not in text.split("<style>")[0]
