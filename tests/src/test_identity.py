"""Names and owner tags: deterministic, within SageMaker's limits, and telling apart what is not the same."""

import re
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from requests_for_tests import GUID, STACK_ID, moment, request

from inference_experiment import identity
from inference_experiment.contract import OWNER_TAG
from inference_experiment.model import Observed, Ownership, Status

LONG = "L" * 255
NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,119}")


@pytest.mark.parametrize(
    ("text", "known"),
    [("test", True), ("a" * 120, True), ("a" * 121, False), ("a-", False), ("create-failed:x", False), ("", False)],
)
def test_names(text: str, *, known: bool) -> None:
    assert identity.is_name(text) is known


def test_a_marker_is_no_name() -> None:
    """The Delete that follows a failed Create cannot be taken for one of an experiment."""
    assert identity.failed_create_id(request()) == "create-failed:request-1"
    assert not identity.is_name(identity.failed_create_id(request()))


def test_owner_tag() -> None:
    assert identity.owner_tag(request()) == {OWNER_TAG: f"{GUID}/Experiment/request-1"}


@settings(deadline=None)
@given(
    logical_id=st.from_regex(r"[A-Za-z0-9]{1,255}", fullmatch=True),
    stack=st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,127}", fullmatch=True),
    request_id=st.from_regex(r"[a-z0-9-]{1,128}", fullmatch=True),
)
def test_limits(logical_id: str, stack: str, request_id: str) -> None:
    """Whatever CloudFormation's names are, ours are valid for SageMaker and the tag is our own to read."""
    made = request(StackId=STACK_ID.replace("shop", stack), LogicalResourceId=logical_id, RequestId=request_id)
    (value,) = identity.owner_tag(made).values()

    assert len(value) <= 256
    assert NAME.fullmatch(identity.derived_name(made))
    assert identity.derived_name(made).startswith(identity.name_prefix(made))
    assert identity.ownership({OWNER_TAG: value}, made) is Ownership.REQUEST


def test_a_derived_name_differs_by_request_and_not_by_delivery() -> None:
    assert identity.derived_name(request()) == identity.derived_name(request())
    names = {
        identity.derived_name(made)
        for made in (request(), request(RequestId="2"), request(LogicalResourceId="B"), request(StackId="other"))
    }
    assert len(names) == 4


@pytest.mark.parametrize(
    ("changes", "ownership"),
    [
        ({}, Ownership.REQUEST),
        ({"RequestId": "request-2"}, Ownership.RESOURCE),
        ({"LogicalResourceId": "Experiment2"}, Ownership.OTHER),
        ({"LogicalResourceId": LONG}, Ownership.OTHER),
        ({"StackId": STACK_ID.replace("6f0f", "7777")}, Ownership.OTHER),
        ({"StackId": STACK_ID.replace("shop", "renamed")}, Ownership.REQUEST),
        ({"StackId": "x" * 200}, Ownership.OTHER),
    ],
)
def test_ownership(changes: dict[str, str], ownership: Ownership) -> None:
    """Of this request, of an earlier one of this resource, or of anybody else."""
    tags = identity.owner_tag(request())

    assert identity.ownership(tags, request(**changes)) is ownership


def test_nobody_owns_what_has_no_tag() -> None:
    assert identity.ownership({"team": "ml"}, request()) is Ownership.OTHER


@pytest.mark.parametrize(
    ("seconds", "signed", "younger"),
    [(-3600, True, False), (0, True, False), (5, True, False), (6, True, True), (6, False, False), (None, True, False)],
)
def test_what_is_younger_than_a_request_belongs_to_a_later_one(
    seconds: int | None, *, signed: bool, younger: bool
) -> None:
    """A little more than what clocks differ by; where either time is missing it is unknown."""
    made = request(ResponseURL="https://localhost/?X-Amz-Date=20300101T000000Z" if signed else "https://localhost/")
    details = {} if seconds is None else {"CreationTime": moment(1) + timedelta(seconds=seconds)}

    assert identity.created_after(Observed("test", Status.RUNNING, details=details), made) is younger


@pytest.mark.parametrize("changes", [{"LogicalResourceId": LONG}, {"StackId": "x" * 200}])
def test_long_parts_are_hashed(changes: dict[str, str]) -> None:
    """The request's id is never cut off, or two requests would look the same."""
    first, second = request(**changes), request(**changes, RequestId="request-2")

    assert identity.owner(first) == identity.owner(second)
    assert identity.ownership(identity.owner_tag(first), second) is Ownership.RESOURCE


@pytest.mark.parametrize(
    ("text", "invented"),
    [
        ("shop-Experiment-1A2B3C4D5E6F", True),
        ("create-failed:request-1", True),
        ("shop-Experiment-0a1b2c3d4e5f", False),
        ("shop-Experiment-012345678901", False),
        ("Experiment", False),
        ("test", False),
        ("shop-Other-1A2B3C4D5E6F", False),
    ],
)
def test_ids_that_we_never_returned(text: str, *, invented: bool) -> None:
    """CloudFormation makes one up when a Create is cancelled before it answered."""
    assert identity.is_cloudformation_generated_id(text, request("Delete")) is invented
