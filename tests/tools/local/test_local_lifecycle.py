"""The status machine of the simulated SageMaker, against aws-facts 2.1b and 2.2."""

from typing import Any

import pytest
from experiment_requests import (
    DAY,
    HOUR,
    PROMOTE,
    REMOVE,
    bring_to,
    creation,
    error_of,
    perform,
    shadow,
    variant,
)

from protocol_driver.controlled import ControlledSageMaker

CONFLICT = "ConflictException"
# Operation -> status -> the status that follows at once, or the error.
OUTCOMES: dict[str, dict[str, str | None]] = {
    "Update": {"Created": "Updating", "Running": "Updating"},
    "Start": {"Created": "Starting"},
    "Stop": {"Running": "Stopping"},
    "Delete": {"Created": None, "Completed": None, "Cancelled": None},
}
STATUSES = ("Creating", "Created", "Starting", "Running", "Updating", "Stopping", "Completed", "Cancelled")


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("operation", OUTCOMES)
def test_each_operation_in_each_status(sagemaker: ControlledSageMaker, operation: str, status: str) -> None:
    """An operation either leads to the status that the table says or is a conflict that changes nothing."""
    bring_to(sagemaker, status)

    code = perform(sagemaker, operation)

    if status in OUTCOMES[operation]:
        assert (code, sagemaker.status("test")) == (None, OUTCOMES[operation][status])
    else:
        assert (code, sagemaker.status("test")) == (CONFLICT, status)


@pytest.mark.parametrize(
    ("start_in", "expected"),
    [
        (None, ["Creating", "Starting", "Running"]),
        (-HOUR, ["Creating", "Starting", "Running"]),
        (HOUR, ["Creating", "Created", "Created"]),
    ],
)
def test_sequence_after_creation(sagemaker: ControlledSageMaker, start_in: float | None, expected: list[str]) -> None:
    schedule = None if start_in is None else {"StartTime": sagemaker.clock.now() + start_in}
    sagemaker.client().create_inference_experiment(**creation(Schedule=schedule))
    seen = [sagemaker.status("test")]
    for _ in range(2):
        sagemaker.clock.advance(1)
        seen.append(sagemaker.status("test"))

    assert seen == expected


def test_scheduled_experiment_starts_and_ends_by_itself(sagemaker: ControlledSageMaker) -> None:
    now = sagemaker.clock.now()
    bring_to(sagemaker, "Created", Schedule={"StartTime": now + HOUR, "EndTime": now + 2 * HOUR})

    sagemaker.clock.advance(HOUR)
    assert sagemaker.status("test") in {"Starting", "Running"}
    sagemaker.clock.advance(2)
    assert sagemaker.status("test") == "Running"
    assert set(sagemaker.endpoint_variants("endpoint")) == {"production", "shadow"}

    sagemaker.clock.advance(HOUR)
    described = sagemaker.client().describe_inference_experiment(Name="test")
    assert described["Status"] == "Completed"
    assert "CompletionTime" in described
    assert set(sagemaker.endpoint_variants("endpoint")) == {"production"}
    assert described["EndpointMetadata"]["EndpointConfigName"] == "endpoint-config"


def test_without_a_schedule_it_ends_after_seven_days(sagemaker: ControlledSageMaker) -> None:
    bring_to(sagemaker, "Running")

    sagemaker.clock.advance(7 * DAY - 10)
    assert sagemaker.status("test") == "Running"
    sagemaker.clock.advance(20)

    assert sagemaker.status("test") == "Completed"


def test_starting_early_cuts_the_test_to_thirty_days(sagemaker: ControlledSageMaker) -> None:
    now = sagemaker.clock.now()
    bring_to(sagemaker, "Created", Schedule={"StartTime": now + 10 * DAY, "EndTime": now + 39 * DAY})

    assert perform(sagemaker, "Start") is None

    schedule = sagemaker.client().describe_inference_experiment(Name="test")["Schedule"]
    assert (schedule["EndTime"] - schedule["StartTime"]).days == 30


@pytest.mark.parametrize("status", ["Created", "Running"])
def test_update_returns_to_where_it_came_from(sagemaker: ControlledSageMaker, status: str) -> None:
    bring_to(sagemaker, status)

    perform(sagemaker, "Update", Description="another")
    assert sagemaker.status("test") == "Updating"
    sagemaker.clock.advance(1)

    described = sagemaker.client().describe_inference_experiment(Name="test")
    assert (described["Status"], described["Description"]) == (status, "another")


INVALID = "ValidationException"
SAME = [variant("production", "model-1"), variant("shadow", "model-2")]


@pytest.mark.parametrize(
    ("status", "change", "code"),
    [
        ("Running", {"ShadowModeConfig": shadow(sampling=100)}, None),
        ("Running", {"ModelVariants": SAME}, None),
        ("Running", {"ModelVariants": [SAME[0], variant("shadow", "model-2", count=2)]}, INVALID),
        ("Running", {"DataStorageConfig": {"Destination": "s3://bucket/prefix"}}, INVALID),
        ("Running", {"ShadowModeConfig": shadow(name="other")}, INVALID),
        ("Created", {"ModelVariants": [SAME[0], variant("shadow", "model-2", count=2)]}, None),
        ("Created", {"DataStorageConfig": {"Destination": "s3://bucket/prefix"}}, None),
        ("Created", {"ModelVariants": [SAME[0], variant("shadow", "missing")]}, INVALID),
        ("Created", {"ShadowModeConfig": shadow(name="other")}, INVALID),
    ],
)
def test_what_an_update_may_change(
    sagemaker: ControlledSageMaker, status: str, change: dict[str, Any], code: str | None
) -> None:
    bring_to(sagemaker, status)

    assert perform(sagemaker, "Update", **change) == code
    assert sagemaker.status("test") == ("Updating" if code is None else status)


@pytest.mark.parametrize(
    ("schedule", "code"),
    [
        ({"EndTime": DAY}, None),
        ({"EndTime": 31 * DAY}, INVALID),
        ({"EndTime": -1}, INVALID),
        ({"StartTime": 0}, INVALID),
    ],
)
def test_schedule_while_running(sagemaker: ControlledSageMaker, schedule: dict[str, float], code: str | None) -> None:
    """The end may move within thirty days of the start.

    A StartTime is refused even if it is the present one.
    """
    bring_to(sagemaker, "Running")
    moved = {key: sagemaker.clock.now() + seconds for key, seconds in schedule.items()}

    assert perform(sagemaker, "Update", Schedule=moved) == code


@pytest.mark.parametrize(
    ("actions", "desired", "expected", "config"),
    [
        (REMOVE, None, {"production": ("model-1", "production", 1)}, "endpoint-config"),
        (PROMOTE, None, {"shadow": ("model-2", "production", 1)}, "test-stopped"),
        ({"shadow": "Promote"}, None, {"shadow": ("model-2", "production", 1)}, "test-stopped"),
        (
            {"production": "Retain", "shadow": "Retain"},
            None,
            {"production": ("model-1", "production", 1), "shadow": ("model-2", "shadow", 1)},
            "test-stopped",
        ),
        (
            PROMOTE,
            [variant("shadow", "model-2", count=4)],
            {"shadow": ("model-2", "production", 4)},
            "test-stopped",
        ),
    ],
)
def test_endpoint_after_a_stop(
    sagemaker: ControlledSageMaker,
    actions: dict[str, str],
    desired: list[dict[str, Any]] | None,
    expected: dict[str, tuple[str, str, int]],
    config: str,
) -> None:
    bring_to(sagemaker, "Running")
    more = {} if desired is None else {"DesiredModelVariants": desired}

    assert perform(sagemaker, "Stop", ModelVariantActions=actions, Reason="enough", **more) is None
    sagemaker.clock.advance(1)

    variants = sagemaker.endpoint_variants("endpoint")
    assert {name: (each.model_name, each.role, each.instance_count) for name, each in variants.items()} == expected
    described = sagemaker.client().describe_inference_experiment(Name="test")
    assert (described["Status"], described["StatusReason"]) == ("Completed", "enough")
    assert described["EndpointMetadata"]["EndpointConfigName"] == config


@pytest.mark.parametrize(
    "request_members",
    [
        {"ModelVariantActions": {"nobody": "Remove"}},
        {"ModelVariantActions": {"production": "Promote", "shadow": "Remove"}},
        {"ModelVariantActions": {"production": "Retain", "shadow": "Promote"}},
        {"ModelVariantActions": {"production": "Remove", "shadow": "Remove"}},
        {"ModelVariantActions": REMOVE, "DesiredModelVariants": [variant("shadow", "model-2")]},
        {"ModelVariantActions": PROMOTE, "DesiredModelVariants": [variant("shadow", "missing")]},
    ],
)
def test_stops_that_make_no_sense(sagemaker: ControlledSageMaker, request_members: dict[str, Any]) -> None:
    bring_to(sagemaker, "Running")

    assert perform(sagemaker, "Stop", **request_members) == INVALID
    assert sagemaker.status("test") == "Running"


def test_a_retained_shadow_bars_the_endpoint_from_another_test(sagemaker: ControlledSageMaker) -> None:
    bring_to(sagemaker, "Running")
    perform(sagemaker, "Stop", ModelVariantActions={"production": "Retain", "shadow": "Retain"})
    sagemaker.clock.advance(1)

    other = creation(
        Name="other",
        ModelVariants=[variant("production", "model-1"), variant("second", "model-2")],
        ShadowModeConfig=shadow(name="second"),
    )
    code, message = error_of(sagemaker.client().create_inference_experiment, **other)

    assert (code, "already has the shadow variant" in message) == (INVALID, True)


@pytest.mark.parametrize("status", ["Creating", "Starting", "Updating", "Stopping"])
def test_a_failed_transition_ends_in_cancelled(sagemaker: ControlledSageMaker, status: str) -> None:
    bring_to(sagemaker, status)

    sagemaker.end_in_cancelled("test", "no capacity")
    sagemaker.clock.advance(1)

    described = sagemaker.client().describe_inference_experiment(Name="test")
    assert (described["Status"], described["StatusReason"]) == ("Cancelled", "no capacity")
    assert set(sagemaker.endpoint_variants("endpoint")) == {"production"}


def test_only_a_transition_can_fail(sagemaker: ControlledSageMaker) -> None:
    bring_to(sagemaker, "Running")
    with pytest.raises(ValueError, match="no transition is under way"):
        sagemaker.end_in_cancelled("test", "no capacity")


def test_held_transition_ends_on_release(sagemaker: ControlledSageMaker) -> None:
    sagemaker.hold("test", ["Starting"])
    sagemaker.client().create_inference_experiment(**creation())
    sagemaker.clock.advance(HOUR)
    assert sagemaker.status("test") == "Starting"

    sagemaker.release("test")

    assert sagemaker.status("test") == "Running"


def test_stale_descriptions_and_slow_deletion(sagemaker: ControlledSageMaker) -> None:
    """Describe tells the old status for a while, and finds a deleted experiment for a while.

    Changes see the truth.
    """
    bring_to(sagemaker, "Running")
    client: Any = sagemaker.client()
    sagemaker.operations.staleness, sagemaker.operations.deletion_lag = 5, 5

    perform(sagemaker, "Stop")
    assert client.describe_inference_experiment(Name="test")["Status"] == "Running"
    assert perform(sagemaker, "Stop") == CONFLICT
    sagemaker.clock.advance(5)
    assert client.describe_inference_experiment(Name="test")["Status"] == "Completed"

    perform(sagemaker, "Delete")
    assert client.describe_inference_experiment(Name="test")["Status"] == "Completed"
    assert perform(sagemaker, "Delete") == "ResourceNotFound"
    sagemaker.clock.advance(5)
    assert error_of(client.describe_inference_experiment, Name="test")[0] == "ResourceNotFound"


def test_durations_can_be_changed(sagemaker: ControlledSageMaker) -> None:
    sagemaker.durations.update({"Creating": 0.0, "Starting": 0.0})
    sagemaker.client().create_inference_experiment(**creation())

    assert sagemaker.status("test") == "Running"


def test_waiting_in_real_time(sagemaker: ControlledSageMaker) -> None:
    sagemaker.client().create_inference_experiment(**creation())
    assert sagemaker.wait_for("test", "Creating") == "Creating"
    assert sagemaker.wait_for("nobody", None) is None
    with pytest.raises(TimeoutError, match="test is in Creating"):
        sagemaker.wait_for("test", "Running", timeout=0.01)
