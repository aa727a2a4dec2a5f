"""The lifecycle is one pure machine: total, without input or output, and never acting on a stale request.

hypothesis draws what comes of every effect; nothing of AWS takes part. What each decision is, tests/src/test_planner.py
says; that the driver performs the effects, every other test of the function.
"""

import itertools
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest
from experiment_properties import properties
from hypothesis import given, settings
from hypothesis import strategies as st

from inference_experiment import errors, machine, payloads
from inference_experiment.contract import OWNER_TAG
from inference_experiment.currentness import DELETED, NO_STACK, StackResource, StackState, StandingKind, standing
from inference_experiment.decision import Observation, RequestKind
from inference_experiment.errors import Failure
from inference_experiment.event import Request
from inference_experiment.model import (
    IRREVERSIBLE,
    MUTATING,
    Action,
    ActionKind,
    Observed,
    Ownership,
    Progress,
    RequestType,
    Status,
)
from inference_experiment.predictions import Figures, Origin, seal

NOW = 1_900_000_000.0
STACK = "arn:aws:cloudformation:us-east-1:123456789012:stack/shop/guid"
MAXIMUM_STEPS = 3000
# Effect -> the events that come of it. HandOver and Answer end the invocation.
OUTCOMES: Mapping[type, set[type]] = {
    machine.Observe: {machine.Looked, machine.Erred},
    machine.Act: {machine.Acted, machine.Erred},
    machine.Measure: {machine.Measured, machine.Erred},
    machine.AskStack: {machine.StackAnswered, machine.Erred},
    machine.FindPrevious: {machine.PreviousFound, machine.Erred},
    machine.Sleep: {machine.Woke, machine.OutOfTime},
    machine.HandOver: set(),
    machine.Answer: set(),
}
# State -> the effects that it waits for, besides its beginning.
WAITS_FOR: Mapping[type, set[type]] = {
    machine.Working: {machine.Observe, machine.Act, machine.Measure, machine.AskStack},
    machine.Failed: {machine.AskStack, machine.FindPrevious},
    machine.Waiting: {machine.Sleep},
    machine.Ended: {machine.HandOver, machine.Answer},
}
FAILURES = [
    Failure(kind, f"{kind.__name__}, drawn")
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.ExperimentError) and kind is not errors.ExperimentError
]
STACK_STATUSES = [
    "CREATE_IN_PROGRESS",
    "UPDATE_IN_PROGRESS",
    "UPDATE_COMPLETE",
    "UPDATE_ROLLBACK_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    "ROLLBACK_IN_PROGRESS",
    "DELETE_IN_PROGRESS",
    "",
]
RESOURCE_STATUSES = ["CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE", "DELETE_IN_PROGRESS"]
CHANGES: list[dict[str, Any]] = [
    {},
    {"Description": "new"},
    {"DesiredState": "Running"},
    {"DesiredState": "Completed", "ModelVariantActions": {"production": "Remove", "shadow": "Promote"}},
    {"DesiredState": "Completed", "PromotionCriteria": {"MaxErrorRate": "1%"}},
    {
        "DesiredState": "Completed",
        "ModelVariantActions": {"production": "Remove", "shadow": "Promote"},
        "PromotionCriteria": {"MinAgreement": "99%", "PredictionResult": "s3://results/test.json"},
    },
    {"DesiredState": "Cancelled"},
    {"Tags": [{"Key": "a", "Value": "b"}]},
    {"Type": "Nonsense"},
]


def test_every_state_takes_every_event_that_its_effects_can_bring() -> None:
    assert set(get_args(machine.State)) == set(WAITS_FOR)
    assert set(get_args(machine.Effect)) == set(OUTCOMES)
    events = {event for outcomes in OUTCOMES.values() for event in outcomes} | {machine.Began}
    assert set(get_args(machine.Event)) == events

    possible = {
        (state, event) for state, effects in WAITS_FOR.items() for effect in effects for event in OUTCOMES[effect]
    }
    beginning = {(state, machine.Began) for state in (machine.Working, machine.Failed)}
    assert set(machine.TRANSITIONS) == possible | beginning


def test_states_and_effects_are_values() -> None:
    """A state can be kept, compared and advanced again: nothing in it changes, and none of it is an exception."""
    for each in (*get_args(machine.State), *get_args(machine.Effect), *get_args(machine.Event)):
        assert is_dataclass(each)
        assert each.__dataclass_params__.frozen, each
        assert not [one.name for one in fields(each) if "Error" in str(one.type) or "Exception" in str(one.type)], each


def test_machine_has_no_way_to_the_outside() -> None:
    """It is loaded without boto3, sockets or threads: it cannot call, and it does not ask what time it is."""
    source = "import sys, inference_experiment.machine; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True).stdout.split()

    assert not {"boto3", "botocore", "socket", "http.client", "inference_experiment.gateway"} & set(loaded)
    text = Path(machine.__file__).read_text(encoding="utf-8")
    assert "import time" not in text
    assert "logging" not in text


def test_same_state_and_event_give_the_same_step() -> None:
    state = machine.begin(_request(RequestType.CREATE, {}, fresh=True), Progress(NOW + 3600), 5.0)
    first, second = (machine.advance(state, machine.Began(NOW)) for _ in range(2))

    assert first == second
    assert isinstance(first[1], machine.Observe)


@pytest.mark.parametrize(("state", "event"), list(itertools.product(get_args(machine.State), get_args(machine.Event))))
def test_an_impossible_event_is_refused(state: type, event: type) -> None:
    if (state, event) not in machine.TRANSITIONS:
        blank = object.__new__(state)
        with pytest.raises(KeyError):
            machine.advance(blank, object.__new__(event))


def _asking(kind: RequestType) -> tuple[machine.State, machine.Effect]:
    """Return the state of a late request of which the stack has to be asked."""
    state: machine.State = machine.begin(_request(kind, {"Description": "new"}, fresh=False), Progress(NOW + 3000), 5.0)
    state, _ = machine.advance(state, machine.Began(NOW))
    kinds = {RequestType.UPDATE: RequestKind.UPDATE, RequestType.DELETE: RequestKind.DELETE}
    seen = Observed(
        "test", Status.CREATED, Ownership.RESOURCE, "arn:test", payloads.configuration(properties(), "test", "e")
    )
    return machine.advance(state, machine.Looked(NOW, Observation(kinds[kind], seen)))


@pytest.mark.parametrize("kind", [RequestType.UPDATE, RequestType.DELETE])
def test_where_the_stack_does_not_answer_for_long_only_the_reversible_goes_on(kind: RequestType) -> None:
    """Throttling passes; after ASKING_SECONDS an edit is made, and a deletion fails with the reason."""
    throttled = Failure(errors.Throttled, "slow down")
    state, effect = _asking(kind)
    asked = 0
    while isinstance(effect, machine.AskStack):
        now = NOW + asked * 100.0
        state, effect = machine.advance(state, machine.Erred(now, effect, throttled))
        asked += 1
        if isinstance(effect, machine.Sleep):
            state, _ = machine.advance(state, machine.Woke(now))
            kinds = {RequestType.UPDATE: RequestKind.UPDATE, RequestType.DELETE: RequestKind.DELETE}
            configuration = payloads.configuration(properties(), "test", "e")
            seen = Observed("test", Status.CREATED, Ownership.RESOURCE, "arn:test", configuration)
            state, effect = machine.advance(state, machine.Looked(now, Observation(kinds[kind], seen)))

    assert asked == machine.ASKING_SECONDS / 100 + 1
    if kind is RequestType.UPDATE:
        assert isinstance(effect, machine.Act)
    else:
        assert isinstance(effect, machine.Answer)
        assert "slow down" in str(effect.result.error)


def test_a_failure_stays_the_failure_where_the_stack_cannot_be_asked() -> None:
    state: machine.State = machine.begin(
        _request(RequestType.UPDATE, {"Type": "X"}, fresh=True), Progress(NOW + 9), 5.0
    )
    state, effect = machine.advance(state, machine.Began(NOW))
    assert isinstance(effect, machine.AskStack)
    _, effect = machine.advance(state, machine.Erred(NOW, effect, Failure(errors.Refused, "odd")))

    assert isinstance(effect, machine.Answer)
    assert effect.result.error is not None
    assert effect.result.error.kind is errors.InvalidProperties


def test_what_a_failed_replacement_left_is_gone_before_the_update_goes_on() -> None:
    state: machine.State = machine.begin(_request(RequestType.UPDATE, {}, fresh=True), Progress(NOW + 3000), 5.0)
    state, _ = machine.advance(state, machine.Began(NOW))
    gone = Observation(RequestKind.DELETE, Observed("test-2"), abandoned_replacement=True)
    _, effect = machine.advance(state, machine.Looked(NOW, gone))

    assert isinstance(effect, machine.Observe)


def _denied_in_a_rollback(*, abandoned: bool) -> machine.Effect:
    """Return what comes of a call that is denied while the stack rolls back."""
    state: machine.State = machine.begin(
        _request(RequestType.UPDATE, {"Description": "new"}, fresh=False), Progress(NOW + 3000), 5.0
    )
    kind, name = (RequestKind.DELETE, "test-2") if abandoned else (RequestKind.UPDATE, "test")
    configuration = payloads.configuration(properties(), name, "endpoint")
    seen = Observed(name, Status.CREATED, Ownership.RESOURCE, "arn:test", configuration)
    resource = StackResource("UPDATE_IN_PROGRESS", "test", NOW - 600)
    rolling_back = machine.StackAnswered(NOW, StackState("UPDATE_ROLLBACK_IN_PROGRESS", resource))
    state, _ = machine.advance(state, machine.Began(NOW))
    state, _ = machine.advance(state, machine.Looked(NOW, Observation(kind, seen, abandoned_replacement=abandoned)))
    state, act = machine.advance(state, rolling_back)
    assert isinstance(act, machine.Act)
    return machine.advance(state, machine.Erred(NOW, act, Failure(errors.AccessDenied, "no")))[1]


def test_a_rollback_does_not_succeed_while_a_replacement_is_left() -> None:
    """Success would name the replacement, or orphan it; UPDATE_ROLLBACK_FAILED can be continued."""
    assert isinstance(_denied_in_a_rollback(abandoned=False), machine.FindPrevious)
    effect = _denied_in_a_rollback(abandoned=True)

    assert isinstance(effect, machine.Answer)
    assert effect.result.physical_id == "test"
    assert effect.result.error is not None


def _request(kind: RequestType, changes: Mapping[str, Any], *, fresh: bool) -> Request:
    new, old = properties(**changes), properties()
    return Request(
        type=kind,
        response_url="https://x",
        stack_id=STACK,
        request_id="r1",
        logical_id="Experiment",
        physical_id="" if kind is RequestType.CREATE else "test",
        properties=new,
        old_properties=old if kind is RequestType.UPDATE else {},
        issued=NOW if fresh else NOW - 600,
    )


class World:
    """The outcomes of the effects, drawn; each one takes time."""

    def __init__(self, data: st.DataObject, request: Request) -> None:
        self.data = data
        self.request = request
        self.now = NOW
        self.allowed: StandingKind | None = None
        self.observed = 0
        self.good = False

    def pick(self, values: Any) -> Any:
        return self.data.draw(st.sampled_from(values))

    def outcome(self, effect: machine.Effect) -> machine.Event:
        """Return an event that can come of the effect."""
        if isinstance(effect, machine.Sleep):
            self.now += effect.seconds
            return machine.OutOfTime(self.now) if self.pick([False] * 9 + [True]) else machine.Woke(self.now)
        self.now += 0.5
        if self.pick([False, False, False, True]):
            transient = [each for each in FAILURES if each.retryable]
            kinds = transient if isinstance(effect, machine.AskStack) else FAILURES
            return machine.Erred(self.now, effect, self.pick(kinds))
        return self._success(effect)

    def _success(self, effect: machine.Effect) -> machine.Event:
        if isinstance(effect, machine.Observe):
            self.allowed = None
            self.observed += 1
            return machine.Looked(self.now, self.observation())
        if isinstance(effect, machine.Act):
            return machine.Acted(self.now, effect.action)
        if isinstance(effect, machine.Measure):
            return machine.Measured(self.now, effect.action, self.read(effect.action))
        if isinstance(effect, machine.AskStack):
            state = self.stack()
            self.allowed = standing(self.request, state).kind
            return machine.StackAnswered(self.now, state)
        return machine.PreviousFound(self.now, Observed("test"))

    def read(self, action: Action) -> Any:
        """Return metrics that are enough or none, or a result that is good or cut."""
        if action.kind is ActionKind.READ_RESULT:
            origin = Origin("arn:test", NOW - 3600, "production", "shadow")
            content = seal(origin, Figures("text", 500, 500, 500), f"{datetime.fromtimestamp(NOW, UTC):%FT%TZ}", "")
            self.good = self.pick([True, False])
            return content if self.good else content[:50]
        moment = [action.arguments["StartTime"]]
        queries = [{"Id": query["Id"], "Timestamps": moment} for query in action.arguments["MetricDataQueries"]]
        return self.pick([[], [{**query, "Values": [1000.0 * ("inv" in query["Id"])]} for query in queries]])

    def stack(self) -> StackState:
        if self.pick([False] * 4 + [True]):
            return self.pick([NO_STACK, DELETED, StackState("", None, "denied", "denied")])
        updated = self.request.issued if self.pick([True, False]) else NOW + 60
        resource = StackResource(self.pick(RESOURCE_STATUSES), "test", updated)
        return StackState(self.pick(STACK_STATUSES), self.pick([resource, resource, None]))

    def observation(self) -> Observation:
        kinds = {
            RequestType.CREATE: [RequestKind.CREATE],
            RequestType.UPDATE: [RequestKind.UPDATE, RequestKind.REPLACE],
            RequestType.DELETE: [RequestKind.DELETE],
        }
        kind, status = self.pick(kinds[self.request.type]), self.pick(list(Status))
        # After many observations the status is final, so that every run ends.
        if self.observed > 40:
            status = Status.ABSENT if kind is RequestKind.DELETE else Status.COMPLETED
        owner = self.pick([Ownership.RESOURCE, Ownership.REQUEST, Ownership.OTHER])
        return Observation(kind, self.observed_as(status, owner), is_only_candidate=kind is RequestKind.DELETE)

    def observed_as(self, status: Status, owner: Ownership) -> Observed:
        if status is Status.ABSENT:
            return Observed("test")
        details = {"CreationTime": datetime.fromtimestamp(NOW - 3600, UTC)}
        configuration = payloads.configuration(properties(), "test", "endpoint")
        return Observed("test", status, owner, "arn:test", configuration, tags={OWNER_TAG: "x"}, details=details)

    def check(self, effect: machine.Effect, *, fresh: bool) -> None:
        """What may never happen, whatever AWS has answered."""
        if not isinstance(effect, machine.Act):
            return
        kind, arguments = effect.action.kind, effect.action.arguments
        promotes = "Promote" in arguments.get("ModelVariantActions", {}).values()
        assert kind in MUTATING
        assert self.good or not (promotes and "PromotionCriteria" in self.request.properties)
        assert self.allowed is not StandingKind.OVERTAKEN
        assert self.allowed is not None or (fresh and self.observed == 1 and not promotes)
        if kind in IRREVERSIBLE and self.allowed is StandingKind.UNKNOWN:
            assert fresh
            assert self.observed == 1
        if self.allowed is StandingKind.ROLLING_BACK:
            assert kind not in (ActionKind.CREATE, ActionKind.START)
            assert not promotes


@settings(max_examples=4 * settings().max_examples, deadline=None)
@given(
    data=st.data(),
    kind=st.sampled_from(list(RequestType)),
    changes=st.sampled_from(CHANGES),
    fresh=st.booleans(),
    handovers=st.sampled_from([0, 0, 1]),
)
def test_whatever_aws_answers_the_machine_ends_and_acts_on_no_stale_request(
    data: st.DataObject, kind: RequestType, changes: Mapping[str, Any], *, fresh: bool, handovers: int
) -> None:
    request = _request(kind, changes, fresh=fresh)
    world = World(data, request)
    state: machine.State = machine.begin(request, Progress(NOW + 3000, handovers=handovers), 60.0)
    event: machine.Event = machine.Began(NOW)
    for _ in range(MAXIMUM_STEPS):
        state, effect = machine.advance(state, event)
        world.check(effect, fresh=fresh and not handovers)
        if isinstance(effect, machine.Answer | machine.HandOver):
            break
        event = world.outcome(effect)
    assert isinstance(state, machine.Ended)
    result = state.result
    assert (result.waiting is not None) == isinstance(effect, machine.HandOver)
    assert not (result.abandoned and result.error is None)
    if isinstance(effect, machine.Answer) and not result.error and kind is not RequestType.CREATE:
        assert result.physical_id
