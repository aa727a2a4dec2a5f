"""The edge to crhelper: deadlines, clock of an invocation, and what happens to defects of our own."""

import ast
import inspect
import logging
import textwrap
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pytest
from crhelper import CfnResource
from requests_for_tests import event, request

from inference_experiment.clock import Clock, InvocationClock
from inference_experiment.crhelper_adapter import ExperimentResource, Invocation
from inference_experiment.event import CLOCK_SKEW_SECONDS, carried_progress, first_progress
from inference_experiment.gateway import Gateway
from inference_experiment.model import Progress, RequestResult

if TYPE_CHECKING:
    from protocol_driver.cloud import ProtocolCloud

NOW = 1893456000.0  # 2030-01-01T00:00:00Z


class Remaining:
    """A context with so many seconds left."""

    function_name = "provider"

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def get_remaining_time_in_millis(self) -> int:
        return int(self.seconds * 1000)


def signed(date: str) -> str:
    return f"https://localhost/?X-Amz-Date={date}"


@pytest.mark.parametrize(
    ("url", "timeout", "seconds"),
    [
        ("https://localhost/", None, 3480),
        ("https://localhost/", "600", 540),
        ("https://localhost/", "1", 0.9),
        (signed("20300101T000000Z"), None, 3480),
        (signed("20291231T235000Z"), None, 3480 - 600),
        (signed("20300101T000400Z"), None, 3480),
        (signed("20300101T010000Z"), None, 3480),
    ],
)
def test_deadline(url: str, timeout: str | None, seconds: float) -> None:
    """Counted from when CloudFormation asked, less a margin; a clock that is ahead is not believed."""
    made = request(ResponseURL=url, ResourceProperties={} if timeout is None else {"ServiceTimeout": timeout})

    assert first_progress(made, NOW).deadline == pytest.approx(NOW + seconds)
    assert CLOCK_SKEW_SECONDS == 300


@pytest.mark.parametrize(("carried", "kept"), [(50.0, 50.0), (1e12, 100.0), (float("nan"), 100.0), ("soon", 100.0)])
def test_no_message_puts_the_deadline_off(carried: object, kept: float) -> None:
    """Whoever may send to the queue could otherwise keep the function busy for ever."""
    assert carried_progress({"deadline": carried, "handovers": 7}, Progress(100.0)) == Progress(kept, handovers=7)


@pytest.mark.parametrize(
    ("total", "left", "may"),
    [(300, 300, True), (300, 36, True), (300, 34, False), (10, 8, True), (10, 7, False), (5, 6.9, False)],
)
def test_an_invocation_keeps_time_for_its_answer(total: float, left: float, *, may: bool) -> None:
    """A tenth of the invocation, two seconds at least."""
    context = Remaining(total)
    clock = InvocationClock(context, 5)
    context.seconds = left

    assert clock.may_sleep(clock.interval) is may


def test_outside_lambda_there_is_no_limit() -> None:
    assert Clock(5).may_sleep(1e9)


def test_crhelper_is_the_version_whose_fields_are_set() -> None:
    """Every field that a method kept of crhelper reads is set by the adapter, or by crhelper for each request."""
    hooks = [getattr(CfnResource, name) for name in ("__call__", "_crhelper_init", "_polling_init", "_cfn_response")]
    set_here = set(vars(ExperimentResource(Gateway(), frozenset()))) | set(dir(ExperimentResource))
    set_by_crhelper = fields(CfnResource._crhelper_init, ast.Store)

    assert version("crhelper") == "2.0.12"
    assert {name for hook in hooks for name in fields(hook, ast.Load)} <= set_here | set_by_crhelper


def fields(method: Any, context: type[ast.expr_context]) -> set[str]:
    """Return the names of the attributes of `self` that a method reads (Load) or sets (Store)."""
    nodes = [
        node
        for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(method))))
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, context)
    ]
    return {node.attr for node in nodes if isinstance(node.value, ast.Name) and node.value.id == "self"}


def test_the_constructor_needs_no_region_and_makes_no_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """Crhelper's own would make three clients and set the level of the root logger (C9, C19, C31)."""
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.delenv("AWS_REGION", raising=False)
    level = logging.getLogger().level
    resource = ExperimentResource(Gateway(), frozenset())

    assert not any("client" in name for name in vars(resource))
    assert logging.getLogger().level == level


def test_an_exception_without_a_text_is_no_success(cloud: "ProtocolCloud", monkeypatch: pytest.MonkeyPatch) -> None:
    """What crhelper passes on is the text of what it has caught, which may be empty."""
    monkeypatch.setenv("SSL_CERT_FILE", str(cloud.bucket.ca_file))
    resource = ExperimentResource(Gateway(), frozenset({"localhost"}))

    @resource.create
    def wait(_event: Any, invocation: Invocation) -> str:
        invocation.result = RequestResult("test", waiting=Progress(deadline=NOW))
        return "test"

    class Unprintable:
        def __repr__(self) -> str:
            raise MemoryError

    odd = {"Odd": Unprintable()}
    resource(event(ResponseURL=cloud.bucket.issue("request-1"), ResourceProperties=odd), Remaining(300))
    (arrival,) = cloud.bucket.arrivals("request-1")

    assert arrival.body["Status"] == "FAILED"
    assert arrival.body["Reason"].startswith("The provider failed unexpectedly: no message")


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
def test_a_defect_of_our_own_is_answered(cloud: "ProtocolCloud", monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """Whatever a handler raises, CloudFormation hears of it at once, with an id that harms nobody."""
    monkeypatch.setenv("SSL_CERT_FILE", str(cloud.bucket.ca_file))
    resource = ExperimentResource(Gateway(), frozenset({"localhost"}))

    @resource.create
    @resource.update
    @resource.delete
    def fail(_event: Any, _context: Any) -> str:
        raise RuntimeError("not thought of")

    resource(event(kind, ResponseURL=cloud.bucket.issue("request-1")), Remaining(300))
    (arrival,) = cloud.bucket.arrivals("request-1")
    answer = arrival.body

    assert answer["Status"] == "FAILED"
    assert answer["Reason"].startswith("The provider failed unexpectedly: not thought of. Its log has the details")
    assert answer["PhysicalResourceId"] == ("create-failed:request-1" if kind == "Create" else "test")
