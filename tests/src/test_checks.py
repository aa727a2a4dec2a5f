"""The checks across properties, each with path and message."""

from datetime import datetime
from typing import Any

import pytest
from experiment_properties import properties, shadow, variant
from requests_for_tests import moment

from inference_experiment import checks


@pytest.mark.parametrize(
    ("text", "day", "hour"),
    [
        ("2030-01-02T03:00:00Z", 2, 3),
        ("2030-01-02T03:00:00+02:00", 2, 1),
        ("2030-01-02t03:00:00Z", 2, 3),
        ("20300102T030000Z", 2, 3),
    ],
)
def test_times(text: str, day: int, hour: int) -> None:
    assert checks.parse_time(text) == moment(day, hour)


@pytest.mark.parametrize(
    "text", ["", "tomorrow", "2030-01-02", "2030-01-02T03:00:00", "2030-01-02 03:00:00Z", "0001-01-01T00:00:00+01:00"]
)
def test_texts_that_name_no_moment(text: str) -> None:
    (finding,) = checks.check_schedule({"StartTime": text})

    assert (finding.path, finding.message) == (
        "Schedule/StartTime",
        f"{text!r} is not an ISO 8601 time with a zone; write it as 2030-01-31T08:00:00Z",
    )


@pytest.mark.parametrize(
    ("schedule", "messages"),
    [
        ({}, []),
        ({"StartTime": "2030-01-02T00:00:00Z"}, []),
        ({"StartTime": "2030-01-02T00:00:00Z", "EndTime": "2030-01-02T01:00:00Z"}, []),
        ({"StartTime": "2030-01-02T00:00:00Z", "EndTime": "2030-02-01T00:00:00Z"}, []),
        ({"StartTime": "2030-01-02T00:00:00Z", "EndTime": "2030-01-02T00:00:00Z"}, ["is not after StartTime"]),
        ({"StartTime": "2030-01-02T00:00:00Z", "EndTime": "2030-01-02T00:59:00Z"}, ["only 59 minutes after"]),
        (
            {"StartTime": "2030-01-02T00:00:00Z", "EndTime": "2030-02-01T00:00:01Z"},
            ["30 days and 0:00:01 after StartTime"],
        ),
        ({"StartTime": "x", "EndTime": "y"}, ["'x' is not", "'y' is not"]),
    ],
)
def test_schedules(schedule: dict[str, str], messages: list[str]) -> None:
    """At least an hour, at most 30 days, in that order."""
    found = [finding.message for finding in checks.check_schedule(schedule)]

    assert len(found) == len(messages)
    assert all(message in text for message, text in zip(messages, found, strict=True))


SHADOW = "ShadowModeConfig/ShadowModelVariants/0/ShadowModelVariantName"


@pytest.mark.parametrize(
    ("names", "source", "other", "state", "expected"),
    [
        (("a", "b"), "a", "b", None, {}),
        (
            ("a", "a"),
            "a",
            "b",
            None,
            {"ModelVariants/1/VariantName": "is used by two variants", SHADOW: "'b' is not a"},
        ),
        (("a", "b"), "a", "a", None, {SHADOW: "is also the SourceModelVariantName"}),
        (("A", "b"), "a", "b", None, {"ShadowModeConfig/SourceModelVariantName": "differs in letter case from"}),
        (("b",), "a", "b", "Completed", {}),
        (("a",), "a", "b", "Cancelled", {}),
        (("a",), "a", "b", "Running", {SHADOW: "'b' is not a VariantName of ModelVariants ('a')"}),
    ],
)
def test_variant_names(
    names: tuple[str, ...], source: str, other: str, state: str | None, expected: dict[str, str]
) -> None:
    """Both variants of the test must be there, but not once the experiment has ended."""
    found = {one.path: one.message for one in checks.check_variants(names, source, other, desired_state=state)}

    assert found.keys() == expected.keys()
    assert all(message in found[path] for path, message in expected.items())


def test_variants_that_have_no_part_in_the_end() -> None:
    (finding,) = checks.check_ending_variants(("a", "x"), "a", "b")

    assert finding.path == "ModelVariants/1/VariantName"
    assert "'x' is neither the source nor the shadow" in finding.message


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (("a", "b"), {}),
        (("a", "b", "a"), {"Tags/2/Key": "used twice"}),
        (("aws:a",), {"Tags/0/Key": "begins with 'aws:'"}),
        (("AWS:a",), {"Tags/0/Key": "begins with 'aws:'"}),
        (("cfn-inference-experiment:owner",), {"Tags/0/Key": "begins with 'cfn-inference-experiment:'"}),
    ],
)
def test_tag_keys(keys: tuple[str, ...], expected: dict[str, str]) -> None:
    found = {finding.path: finding.message for finding in checks.check_tag_keys(keys)}

    assert found.keys() == expected.keys()
    assert all(message in found[path] for path, message in expected.items())


@pytest.mark.parametrize(
    ("actions", "expected"),
    [
        ({}, {}),
        ({"shadow": "Promote"}, {}),
        ({"production": "Remove", "shadow": "Promote"}, {}),
        ({"production": "Promote"}, {"production": "only the shadow variant can be promoted"}),
        ({"Shadow": "Promote"}, {"Shadow": "differs in letter case"}),
        ({"other": "Retain"}, {"other": "is not a VariantName"}),
        ({"production": "Remove"}, {"production": "no variant takes its place"}),
        ({"production": "Remove", "shadow": "Remove"}, {"production": "no variant takes its place"}),
        ({"production": "Remove", "shadow": "Retain"}, {}),
        ({"production": "Retain", "shadow": "Promote"}, {"production": "cannot be retained; write Remove"}),
    ],
)
def test_actions(actions: dict[str, str], expected: dict[str, str]) -> None:
    """The endpoint must be left with a production variant."""
    found = {one.path: one.message for one in checks.check_actions(actions, "production", "shadow")}

    assert found.keys() == {f"ModelVariantActions/{name}" for name in expected}
    assert all(message in found[f"ModelVariantActions/{name}"] for name, message in expected.items())


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [
        (None, moment(9), None),
        (moment(1), moment(31), None),
        (moment(1), moment(5), "2030-01-05T00:00:00Z is in the past"),
        (None, moment(4), "2030-01-04T00:00:00Z is in the past"),
        (moment(1), moment(31, 1), "2030-01-31T01:00:00Z is more than 30 days after"),
    ],
)
def test_new_end(start: datetime | None, end: datetime, message: str | None) -> None:
    """The API counts 30 days from when the experiment started, which the template need not say."""
    found = [str(finding) for finding in checks.check_new_end(start, end, moment(5))]

    assert [finding.partition("; ")[0].startswith(f"Schedule/EndTime: {message}") for finding in found] == (
        [True] if message else []
    )


@pytest.mark.parametrize(
    ("changes", "paths"),
    [
        ({}, []),
        ({"DesiredState": "Completed", "ModelVariants": [variant("shadow", "model-2")]}, []),
        ({"DesiredState": "Completed", "ModelVariants": [variant("x", "y")]}, ["ModelVariants/0/VariantName"]),
        ({"ShadowModeConfig": shadow(name="x")}, [SHADOW]),
        ({"ModelVariantActions": {"x": "Retain"}}, ["ModelVariantActions/x"]),
        ({"Tags": None}, []),
    ],
)
def test_everything_together(changes: dict[str, Any], paths: list[str]) -> None:
    assert [finding.path for finding in checks.check(properties(**changes))] == paths
