"""The answer's body: complete, flat, never too long, the most important first."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from requests_for_tests import configuration, request

from inference_experiment import contract, response
from inference_experiment.errors import NotUpdatable
from inference_experiment.model import Observed, RequestResult, Status

DETAILS = {
    "CreationTime": datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC),
    "EndpointMetadata": {"EndpointName": "endpoint", "EndpointConfigName": "config", "EndpointStatus": "InService"},
}
RUNNING = Observed("test", Status.RUNNING, arn="arn", configuration=configuration(), details=DETAILS)


def body(outcome: RequestResult, **changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(response.body(request("Update", **changes), outcome))
    return made


def test_success() -> None:
    answer = body(RequestResult("test", RUNNING))

    assert answer.pop("Data") == {
        "Arn": "arn",
        "Name": "test",
        "Status": "Running",
        "StatusReason": "",
        "CreationTime": "2030-01-02T03:04:05Z",
        "LastModifiedTime": "",
        "CompletionTime": "",
        "EndpointMetadata.EndpointName": "endpoint",
        "EndpointMetadata.EndpointConfigName": "config",
        "EndpointMetadata.EndpointStatus": "InService",
        "SourceModelVariantName": "production",
        "ShadowModelVariantName": "shadow",
    }
    assert answer == {
        "Status": "SUCCESS",
        "PhysicalResourceId": "test",
        "StackId": request().stack_id,
        "RequestId": "request-1",
        "LogicalResourceId": "Experiment",
        "Reason": "",
        "NoEcho": False,
    }


def test_failure_has_a_reason_and_no_data() -> None:
    answer = body(RequestResult("test", RUNNING, error=NotUpdatable("cannot")))

    assert (answer["Status"], answer["Reason"]) == ("FAILED", "cannot")
    assert "Data" not in answer


def test_attributes_are_those_of_the_schema() -> None:
    """Of an absent experiment too: Fn::GetAtt must not fail for a key."""
    for observed in (RUNNING, Observed("test")):
        found = response.attributes(observed)
        assert tuple(found) == contract.attributes()
        assert all(isinstance(value, str) for value in found.values())


@pytest.mark.parametrize("text", ["試" * 1024, "x" * 1024, "\x00" * 1024, "𠮷" * 1024, "\ud800" * 1024, '"' * 1024])
@pytest.mark.parametrize("warning", ["", "w" * 5000])
def test_longest_success(text: str, warning: str) -> None:
    """The longest of everything fits into CloudFormation's 4,096 bytes, and StatusReason keeps its beginning."""
    metadata = {"EndpointName": "e" * 63, "EndpointConfigName": "c" * 63, "EndpointStatus": "UpdateRollbackFailed"}
    observed = Observed(
        "n" * 120,
        Status.COMPLETED,
        arn="a" * 256,
        configuration=configuration(source_variant="s" * 63, shadow_variant="h" * 63),
        status_reason=text,
        details={
            "EndpointMetadata": metadata,
            **dict.fromkeys(("CreationTime", "LastModifiedTime"), DETAILS["CreationTime"]),
        },
    )
    made = response.body(
        request("Update", LogicalResourceId="L" * 255, RequestId="r" * 128),
        RequestResult("n" * 120, observed, warning=warning),
    )
    shown = json.loads(made)["Data"]["StatusReason"]

    assert len(made) <= 4096
    assert shown == text or (shown.endswith("...") and text.startswith(shown[:-3]))


@settings(deadline=None)
@given(
    reason=st.text(st.characters(), max_size=6000) | st.integers(0, 6000).map(lambda length: "試" * length),
    status_reason=st.text(st.characters(), max_size=1024),
    physical_id=st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=1024),
    failed=st.booleans(),
)
def test_no_body_is_too_long(reason: str, status_reason: str, physical_id: str, *, failed: bool) -> None:
    """Any texts, ids of any accepted length."""
    observed = Observed("n", Status.CANCELLED, status_reason=status_reason, configuration=configuration())
    error = NotUpdatable(reason) if failed else None
    made = response.body(
        request(StackId="s" * 1024, RequestId="r" * 128, LogicalResourceId="L" * 255),
        RequestResult(physical_id, observed, error=error, warning=reason),
    )

    assert len(made) <= 4096
    answer = json.loads(made)
    assert answer["PhysicalResourceId"] == physical_id


@settings(deadline=None)
@given(text=st.text(st.characters(), max_size=3000), limit=st.integers(5, 2000))
def test_cut_keeps_the_beginning(text: str, limit: int) -> None:
    """A text that does not fit ends in three dots and begins as it did; one more character would not fit."""
    short = response.cut(text, limit)

    assert len(json.dumps(short)) <= limit
    if short != text:
        kept = short.removesuffix("...")
        assert text.startswith(kept)
        assert len(json.dumps(text[: len(kept) + 1] + "...")) > limit
