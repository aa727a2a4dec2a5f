"""Whether CloudFormation still waits for a request, from what it shows of the stack and of the resource."""

from itertools import product
from typing import Final

import pytest
from requests_for_tests import request

from inference_experiment.currentness import (
    DELETED,
    NO_STACK,
    SIGNING_SECONDS,
    StackResource,
    StackState,
    Standing,
    StandingKind,
    standing,
)
from inference_experiment.event import Request

CURRENT, ROLLING_BACK = StandingKind.CURRENT, StandingKind.ROLLING_BACK
OVERTAKEN, UNKNOWN = StandingKind.OVERTAKEN, StandingKind.UNKNOWN
SIGNED: Final = 1893456000.0  # 2030-01-01T00:00:00Z
LATER, EARLIER = SIGNED + SIGNING_SECONDS + 1, SIGNED - SIGNING_SECONDS - 1
DENIED: Final = "The provider's role may not cloudformation:DescribeStackResource: denied"
# StackStatus of CloudFormation's API reference, and of no answer.
STACK_STATUSES: Final = (
    *(f"{name}_{end}" for name in ("CREATE", "ROLLBACK", "DELETE") for end in ("IN_PROGRESS", "COMPLETE", "FAILED")),
    *("UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE", "UPDATE_FAILED"),
    *("UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"),
    *("UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED", "REVIEW_IN_PROGRESS", "IMPORT_IN_PROGRESS"),
    *("IMPORT_COMPLETE", "IMPORT_ROLLBACK_IN_PROGRESS", "IMPORT_ROLLBACK_FAILED", "IMPORT_ROLLBACK_COMPLETE"),
)
RESOURCE_STATUSES: Final = tuple(
    f"{name}_{end}" for name, end in product(("CREATE", "UPDATE", "DELETE"), ("IN_PROGRESS", "COMPLETE", "FAILED"))
)


def sent(kind: str, *, signed: bool = True) -> Request:
    """Return a request, signed at SIGNED or at a time that its URL does not tell."""
    return request(
        kind, ResponseURL="https://localhost/?X-Amz-Date=20300101T000000Z" if signed else "https://localhost/"
    )


def resource(status: str, updated: float | None = SIGNED, physical_id: str = "test") -> StackResource:
    return StackResource(status, physical_id, updated)


def kind_of(made: Request, state: StackState) -> StandingKind:
    return standing(made, state).kind


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
@pytest.mark.parametrize("signed", [True, False])
def test_a_request_in_progress_is_current(kind: str, *, signed: bool) -> None:
    """Its resource is in progress since it was signed, and so is its stack."""
    status = f"{kind.upper()}_IN_PROGRESS"
    for updated in (SIGNED, SIGNED + SIGNING_SECONDS, SIGNED - SIGNING_SECONDS, EARLIER, None):
        assert standing(sent(kind, signed=signed), StackState(status, resource(status, updated))) == Standing(CURRENT)


# request type -> the statuses of a stack in which its resource may be in progress for it, and with what standing.
EXPECTED: Final = {
    "Create": {
        "CREATE_IN_PROGRESS": CURRENT,
        "UPDATE_IN_PROGRESS": CURRENT,
        "CREATE_FAILED": ROLLING_BACK,
        "ROLLBACK_IN_PROGRESS": ROLLING_BACK,
        "UPDATE_ROLLBACK_IN_PROGRESS": ROLLING_BACK,
        "IMPORT_ROLLBACK_IN_PROGRESS": ROLLING_BACK,
    },
    "Update": {"UPDATE_IN_PROGRESS": CURRENT, "UPDATE_ROLLBACK_IN_PROGRESS": ROLLING_BACK},
    "Delete": {
        "UPDATE_IN_PROGRESS": CURRENT,
        "ROLLBACK_IN_PROGRESS": ROLLING_BACK,
        "DELETE_IN_PROGRESS": CURRENT,
        "UPDATE_ROLLBACK_IN_PROGRESS": ROLLING_BACK,
        "IMPORT_ROLLBACK_IN_PROGRESS": ROLLING_BACK,
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": CURRENT,
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": ROLLING_BACK,
    },
}


@pytest.mark.parametrize("kind", EXPECTED)
def test_every_status_of_the_stack(kind: str) -> None:
    """In every other status the stack has gone on, whatever the resource shows; the reason names the status."""
    for status in STACK_STATUSES:
        state = StackState(status, resource(f"{kind.upper()}_IN_PROGRESS"))
        found = standing(sent(kind), state)

        assert found.kind is EXPECTED[kind].get(status, OVERTAKEN), status
        assert found.reason == ("" if found.kind is CURRENT else f"the stack is {status}")


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
@pytest.mark.parametrize("updated", [SIGNED, None])
def test_every_status_of_the_resource(kind: str, updated: float | None) -> None:
    """The resource is in progress with this type of request, or the request is not waited for."""
    for status in RESOURCE_STATUSES:
        found = standing(sent(kind), StackState(f"{kind.upper()}_IN_PROGRESS", resource(status, updated)))
        in_progress = status == f"{kind.upper()}_IN_PROGRESS"

        assert found == (Standing(CURRENT) if in_progress else Standing(OVERTAKEN, f"the resource is {status}"))


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
def test_a_later_request_of_the_same_type_overtakes(kind: str) -> None:
    """The status is the same, its time is not; without the time of the signing they look alike."""
    status = f"{kind.upper()}_IN_PROGRESS"
    state = StackState(status, resource(status, LATER))

    assert standing(sent(kind), state) == Standing(OVERTAKEN, f"the resource has been {status} for a later request")
    assert kind_of(sent(kind, signed=False), state) is CURRENT


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
@pytest.mark.parametrize("status", RESOURCE_STATUSES)
def test_what_was_before_the_signing_says_nothing(kind: str, status: str) -> None:
    """The stack shows a request a little after it has sent it."""
    state = StackState(f"{kind.upper()}_IN_PROGRESS", resource(status, EARLIER))

    assert kind_of(sent(kind), state) is CURRENT
    if not status.startswith(kind.upper()):
        assert kind_of(sent(kind, signed=False), state) is OVERTAKEN


@pytest.mark.parametrize(
    ("kind", "status", "expected"),
    [
        ("Create", "CREATE_IN_PROGRESS", CURRENT),
        ("Create", "ROLLBACK_IN_PROGRESS", ROLLING_BACK),
        ("Create", "CREATE_FAILED", ROLLING_BACK),
        ("Create", "UPDATE_IN_PROGRESS", OVERTAKEN),
        ("Create", "UPDATE_ROLLBACK_IN_PROGRESS", OVERTAKEN),
        ("Update", "UPDATE_IN_PROGRESS", OVERTAKEN),
        ("Update", "UPDATE_ROLLBACK_IN_PROGRESS", OVERTAKEN),
        ("Delete", "DELETE_IN_PROGRESS", CURRENT),
        ("Delete", "ROLLBACK_IN_PROGRESS", ROLLING_BACK),
        ("Delete", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", CURRENT),
        ("Delete", "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", ROLLING_BACK),
        ("Delete", "UPDATE_IN_PROGRESS", OVERTAKEN),
    ],
)
def test_a_stack_without_the_resource(kind: str, status: str, expected: StandingKind) -> None:
    """A first Create may not be shown yet, and a removed resource no longer; no update is without its resource."""
    for signed in (True, False):
        found = standing(sent(kind, signed=signed), StackState(status))

        assert found.kind is expected
        if expected is OVERTAKEN:
            assert found.reason == "the stack has no such resource"


@pytest.mark.parametrize("status", RESOURCE_STATUSES)
def test_deletion_of_another_experiment_than_the_resource_shows(status: str) -> None:
    """A replacement shows the new experiment while the old one is deleted; the experiment's own age tells the rest."""
    other = resource(status, LATER, "test-2")

    for stack in ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "DELETE_IN_PROGRESS"):
        expected = ROLLING_BACK if stack.startswith("ROLLBACK") else CURRENT
        assert kind_of(sent("Delete"), StackState(stack, other)) is expected
        assert kind_of(sent("Delete", signed=False), StackState(stack, other)) is expected
    assert kind_of(sent("Delete"), StackState("UPDATE_IN_PROGRESS", other)) is CURRENT
    unsigned = kind_of(sent("Delete", signed=False), StackState("UPDATE_IN_PROGRESS", other))
    assert unsigned is (CURRENT if status == "DELETE_IN_PROGRESS" else OVERTAKEN), "its age is unknown"
    assert kind_of(sent("Delete"), StackState("UPDATE_COMPLETE", other)) is OVERTAKEN


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_another_physical_id_says_nothing_of_other_requests(kind: str) -> None:
    """A Create has none yet, and the one of a replacement changes with the answer."""
    status = f"{kind.upper()}_IN_PROGRESS"

    assert kind_of(sent(kind), StackState(status, resource(status, SIGNED, "test-2"))) is CURRENT
    assert kind_of(sent(kind), StackState(status, resource(status, LATER, "test-2"))) is OVERTAKEN


def test_clean_up_of_an_experiment_whose_id_the_resource_has_again() -> None:
    """A replacement and its rollback may end with the same id; the resource then shows the update, not the Delete."""
    for status in ("UPDATE_COMPLETE", "CREATE_COMPLETE", "UPDATE_FAILED"):
        state = StackState("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", resource(status, LATER))
        assert kind_of(sent("Delete"), state) is ROLLING_BACK
    deleted = StackState("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", resource("DELETE_COMPLETE"))
    assert standing(sent("Delete"), deleted) == Standing(OVERTAKEN, "the resource is DELETE_COMPLETE")


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
def test_a_stack_that_is_gone_waits_for_nothing(kind: str) -> None:
    assert standing(sent(kind), DELETED) == Standing(OVERTAKEN, "the stack is DELETE_COMPLETE")


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
def test_a_command_has_no_stack_and_is_current(kind: str) -> None:
    for signed in (True, False):
        assert standing(sent(kind, signed=signed), NO_STACK) == Standing(CURRENT)


@pytest.mark.parametrize(
    ("kind", "status", "expected"),
    [
        ("Create", "CREATE_IN_PROGRESS", CURRENT),
        ("Create", "UPDATE_IN_PROGRESS", UNKNOWN),
        ("Update", "UPDATE_IN_PROGRESS", UNKNOWN),
        ("Delete", "DELETE_IN_PROGRESS", CURRENT),
        ("Delete", "ROLLBACK_IN_PROGRESS", ROLLING_BACK),
        ("Delete", "UPDATE_IN_PROGRESS", UNKNOWN),
        ("Delete", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", UNKNOWN),
        ("Delete", "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", UNKNOWN),
    ],
)
def test_a_resource_that_cannot_be_asked(kind: str, status: str, expected: StandingKind) -> None:
    """The stack's status and LastUpdatedTime serve instead: the request was signed after the operation began."""
    part_of_it = Standing(ROLLING_BACK, f"the stack is {status}") if "ROLLBACK" in status else Standing(CURRENT)
    found = Standing(UNKNOWN, DENIED) if expected is UNKNOWN else part_of_it

    assert standing(sent(kind), StackState(status, None, "", DENIED)) == found
    assert kind_of(sent(kind, signed=False), StackState(status, None, "", DENIED, SIGNED)) is expected
    for updated in (SIGNED - 3600, SIGNED, SIGNED + SIGNING_SECONDS):
        assert standing(sent(kind), StackState(status, None, "", DENIED, updated)) == part_of_it
    assert kind_of(sent(kind), StackState(status, None, "", DENIED, LATER)) is expected


@pytest.mark.parametrize(
    ("kind", "status", "expected"),
    [
        ("Create", "ROLLBACK_IN_PROGRESS", ROLLING_BACK),
        ("Update", "UPDATE_ROLLBACK_IN_PROGRESS", ROLLING_BACK),
        ("Update", "UPDATE_COMPLETE", OVERTAKEN),
        ("Create", "CREATE_COMPLETE", OVERTAKEN),
        ("Delete", "DELETE_FAILED", OVERTAKEN),
    ],
)
def test_the_stack_alone_may_be_enough(kind: str, status: str, expected: StandingKind) -> None:
    for updated in (None, SIGNED, LATER):
        found = standing(sent(kind), StackState(status, None, "", DENIED, updated))
        assert found == Standing(expected, f"the stack is {status}")


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
def test_a_stack_that_cannot_be_asked(kind: str) -> None:
    """The resource alone can overtake a request; that it is in progress does not tell of a rollback."""
    status = f"{kind.upper()}_IN_PROGRESS"
    denied = DENIED.replace("Resource", "s")

    assert standing(sent(kind), StackState("", None, denied, DENIED)) == Standing(UNKNOWN, denied)
    assert standing(sent(kind), StackState("", None, denied, DENIED, SIGNED)) == Standing(UNKNOWN, denied)
    assert kind_of(sent(kind), StackState("", None, denied)) is (UNKNOWN if kind == "Delete" else OVERTAKEN)
    unclear = Standing(UNKNOWN, "CloudFormation gives no status")
    assert standing(sent(kind), StackState("", resource(status))) == unclear
    assert standing(sent(kind), StackState("", resource(status), denied)) == Standing(UNKNOWN, denied)
    assert kind_of(sent(kind), StackState("", resource(status, LATER), denied)) is OVERTAKEN
    assert kind_of(sent(kind), StackState("", resource(f"{kind.upper()}_COMPLETE"), denied)) is OVERTAKEN
