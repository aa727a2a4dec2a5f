"""What each intrinsic function gives when its arguments are known, partly known, unknown or malformed."""

from datetime import date
from typing import Any

import pytest

from cfn_template.evaluator import MAXIMUM_DEPTH, Evaluator
from cfn_template.values import UNKNOWN, MissingRow, SymbolicString, Unresolved, function_of, text_of, unresolved

PARAMETERS = {"Stage": "production", "Names": ["a", "b"], "Secret": "{{resolve:ssm:name}}", "Nothing": None}
MAPPINGS = {"Sizes": {"production": {"Count": 2, "1": "one"}, "test": {"Count": {"Ref": "Stage"}}}}


def value_of(raw: Any) -> object:
    conditions = {"Yes": True, "No": False}
    evaluator = Evaluator(lambda name: PARAMETERS.get(name, unresolved("Ref", name)), conditions.get, MAPPINGS)
    return evaluator.evaluate(raw)


BUCKET = unresolved("Ref", "Bucket")
KNOWN: list[tuple[Any, object]] = [
    ("text", "text"),
    (True, True),
    (1.5, 1.5),
    (date(2030, 1, 31), "2030-01-31"),
    (["a", {"Ref": "Nothing"}, 1], ["a", 1]),
    ({"Ref": "Stage"}, "production"),
    ({"Ref": "Bucket"}, BUCKET),
    ({"Ref": "Secret"}, unresolved("resolve", "{{resolve:ssm:name}}")),
    ({"Fn::Sub": "a-${Secret}"}, SymbolicString(("a-", Unresolved("resolve", "{{resolve:ssm:name}}")))),
    ({"Fn::If": ["Yes", "a", "b"]}, "a"),
    ({"Fn::If": ["No", "a", {"Ref": "Stage"}]}, "production"),
    ({"Fn::GetAtt": ["Role", "Arn"]}, unresolved("Fn::GetAtt", "Role.Arn")),
    ({"Fn::GetAtt": "Role.Arn"}, unresolved("Fn::GetAtt", "Role.Arn")),
    ({"Fn::ImportValue": "token"}, unresolved("Fn::ImportValue", "token")),
    ({"Fn::Sub": "${Stage}-1"}, "production-1"),
    ({"Fn::Sub": "${ Stage }"}, "production"),
    ({"Fn::Sub": "${!Stage}"}, "${Stage}"),
    ({"Fn::Sub": "s3://${Bucket}/a"}, SymbolicString(("s3://", Unresolved("Ref", "Bucket"), "/a"))),
    ({"Fn::Sub": "${Role.Arn}"}, unresolved("Fn::GetAtt", "Role.Arn")),
    ({"Fn::Sub": ["${A}${Stage}", {"A": {"Ref": "Stage"}}]}, "productionproduction"),
    ({"Fn::Join": ["-", ["a", 1, True, False]]}, "a-1-true-false"),
    ({"Fn::Join": ["", ["a", {"Ref": "Bucket"}]]}, SymbolicString(("a", Unresolved("Ref", "Bucket")))),
    ({"Fn::Join": [",", {"Ref": "Names"}]}, "a,b"),
    ({"Fn::Select": [0, ["a", "b"]]}, "a"),
    ({"Fn::Select": ["1", {"Ref": "Names"}]}, "b"),
    ({"Fn::Split": [",", "a,b"]}, ["a", "b"]),
    ({"Fn::FindInMap": ["Sizes", {"Ref": "Stage"}, "Count"]}, 2),
    ({"Fn::FindInMap": ["Sizes", "production", 1]}, "one"),
    ({"Fn::FindInMap": ["Sizes", "test", "Count"]}, "production"),
    ({"Fn::FindInMap": ["Sizes", "production", "Other", {"DefaultValue": {"Ref": "Stage"}}]}, "production"),
    ({"Fn::FindInMap": ["Sizes", "test", "Count", {"DefaultValue": 7}]}, "production"),
]
NOT_KNOWN: list[Any] = [
    None,
    {"a": 1},
    {"Ref": ["Stage"]},
    {"Ref": "Stage", "Other": 1},
    {"Fn::Unheard": 1},
    {"Fn::If": ["Unheard", "a", "b"]},
    {"Fn::If": ["Yes", "a"]},
    {"Fn::If": "Yes"},
    {"Fn::GetAtt": []},
    {"Fn::GetAtt": ["Role", 1]},
    {"Fn::Sub": 1},
    {"Fn::Sub": ["${A}", {}, 3]},
    {"Fn::Sub": "${Names}"},
    {"Fn::Join": ["-"]},
    {"Fn::Join": [1, ["a"]]},
    {"Fn::Join": ["-", "a"]},
    {"Fn::Join": ["-", ["a", ["b"]]]},
    {"Fn::Select": [2, ["a", "b"]]},
    {"Fn::Select": [-1, ["a"]]},
    {"Fn::Select": [0, "a"]},
    {"Fn::Select": [0]},
    {"Fn::Split": ["", "a"]},
    {"Fn::Split": [",", {"Ref": "Bucket"}]},
    {"Fn::Split": [1, "a"]},
    {"Fn::Split": ["a"]},
    {"Fn::FindInMap": ["Sizes", "production"]},
    {"Fn::FindInMap": ["Sizes", {"Ref": "Bucket"}, "Count"]},
    {"Fn::FindInMap": ["Others", "other", "Count"]},
    {"Fn::FindInMap": ["Sizes", ["production"], "Count"]},
]


@pytest.mark.parametrize(("raw", "expected"), KNOWN, ids=str)
def test_a_known_value(raw: Any, expected: object) -> None:
    value = value_of(raw)

    assert (value, type(value)) == (expected, type(expected))


@pytest.mark.parametrize("raw", NOT_KNOWN, ids=str)
def test_a_value_that_is_not_known(raw: Any) -> None:
    assert value_of(raw) is UNKNOWN


@pytest.mark.parametrize("keys", [("other", "Count"), ("production", "Other", "x")])
def test_a_missing_row_is_named(keys: tuple[str, ...]) -> None:
    value = value_of({"Fn::Sub": ["${a}", {"a": {"Fn::FindInMap": ["Sizes", *keys]}}]})

    assert isinstance(value, MissingRow)
    assert str(value) == f"the mapping Sizes has no value for {', '.join(keys[:2])}"


@pytest.mark.parametrize(
    ("text", "fillings"),
    [
        ("a-x-b", {Unresolved("Ref", "Bucket"): "x"}),
        ("a--b", {Unresolved("Ref", "Bucket"): ""}),
        ("a-b", None),
        ("x", None),
    ],
)
def test_what_fills_a_string(text: str, fillings: object) -> None:
    assert SymbolicString(("a-", Unresolved("Ref", "Bucket"), "-b")).filling(text) == fillings


def test_a_part_that_is_repeated_is_the_same_each_time() -> None:
    first, second = Unresolved("Ref", "A"), Unresolved("Ref", "B")

    assert SymbolicString((first, "-", first)).filling("x-x") == {first: "x"}
    assert SymbolicString((first, "-", first)).filling("x-y") is None
    assert SymbolicString((first, "-", second)).filling("x-y") == {first: "x", second: "y"}
    assert SymbolicString(tuple(Unresolved("Ref", str(index)) for index in range(9))).filling("x") == {}


def nested(depth: int) -> Any:
    raw: Any = "a"
    for _ in range(depth):
        raw = {"Fn::If": ["Yes", raw, "b"]}
    return raw


def test_nesting_is_evaluated_up_to_the_limit() -> None:
    assert value_of(nested(MAXIMUM_DEPTH + 1)) == "a"
    assert value_of(nested(MAXIMUM_DEPTH + 2)) is UNKNOWN


def test_nested_lists_are_evaluated_up_to_the_limit() -> None:
    raw: Any = []
    for _ in range(MAXIMUM_DEPTH + 5):
        raw = [raw]

    assert "UNKNOWN" in str(value_of(raw))


def test_texts_are_merged() -> None:
    assert text_of(["a", "", "b"]) == "ab"
    assert text_of(["a", Unresolved("Ref", "Bucket"), "", "b", "c"]) == SymbolicString(
        ("a", Unresolved("Ref", "Bucket"), "bc")
    )


def test_unresolved_parts_are_shown_as_in_sub() -> None:
    assert str(SymbolicString(("s3://", Unresolved("Fn::GetAtt", "Bucket.Arn")))) == "s3://${Bucket.Arn}"
    assert BUCKET.only_unresolved == Unresolved("Ref", "Bucket")
    assert SymbolicString(("a", Unresolved("Ref", "Bucket"))).only_unresolved is None
    assert SymbolicString((Unresolved("Ref", "Bucket"), "a")).only_unresolved is None


def test_a_function_is_a_mapping_with_one_known_kind_of_key() -> None:
    assert function_of({"Ref": "a"}) == ("Ref", "a")
    assert function_of({"Fn::Any": 1}) == ("Fn::Any", 1)
    assert function_of({"Condition": "a"}) is None
    assert function_of({1: "a"}) is None
    assert function_of({"Ref": "a", "Fn::Any": 1}) is None


def test_mappings_of_the_wrong_kind_are_none() -> None:
    evaluator = Evaluator(lambda _: UNKNOWN, lambda _: None, [])

    assert evaluator.evaluate({"Fn::FindInMap": ["a", "b", "c"]}) is UNKNOWN
