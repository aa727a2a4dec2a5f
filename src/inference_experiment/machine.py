"""The lifecycle of one request as a machine: advance(state, event) -> (state, effect). Pure.

An effect is what the driver (lifecycle.py) does next, an event what came of it. The first delivery, a wait and a
redelivery start alike: observe, decide, act once, observe again. Which event a state can meet is TRANSITIONS, and a
test proves it total; which action follows from what is known is the table in planner.py.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

from inference_experiment import actions, backoff, identity, planner, properties, stopping
from inference_experiment.currentness import StackState, Standing, StandingKind, standing
from inference_experiment.decision import NO_EXPERIMENT, DecisionInput, Observation, RequestKind
from inference_experiment.errors import (
    AlreadyExists,
    Conflict,
    DeadlineExceeded,
    Failure,
    InvalidProperties,
    NotFound,
    NotUpdatable,
    Overtaken,
)
from inference_experiment.event import Request
from inference_experiment.model import (
    MUTATING,
    READING,
    TRANSITIONAL,
    Action,
    ActionKind,
    Desired,
    DesiredState,
    Observed,
    Progress,
    RequestResult,
    RequestType,
    Status,
    StopRequest,
)
from inference_experiment.notices import Decision, Notice, Problem, ProblemKind

# An older request may be Lambda's retry of one that CloudFormation no longer waits for.
FRESH_SECONDS: Final = 2.0
# How long CloudFormation is asked again where it does not answer; then it is unknown what it waits for.
ASKING_SECONDS: Final = 300.0
# No transitional status follows these calls.
WITHOUT_TRANSITION: Final = READING | {ActionKind.ADD_TAGS, ActionKind.DELETE_TAGS}
GONE_OR_TAKEN: Final = (AlreadyExists, NotFound)
NOTHING_SEEN: Final = Observation(RequestKind.CREATE, NO_EXPERIMENT)


# States.


@dataclass(frozen=True)
class Working:
    """A request that is being carried out, and what is known since the last observation.

    `interval` is the shortest pause in seconds. `desired` is None for a Delete, whose explicit Name is `name`.
    `refusal` is SageMaker's of a creation, until an observation shows whether the experiment is there; `asking_since`
    the first of consecutive questions about the stack that got no answer.
    """

    request: Request
    progress: Progress
    interval: float
    desired: Desired | None = None
    name: str = ""
    stop: StopRequest = field(default_factory=StopRequest)
    attempts: int = 0
    observation: Observation = NOTHING_SEEN
    standing: Standing | None = None
    measured: Sequence[Mapping[str, Any]] | None = None
    published: bytes | None = None
    refusal: Failure | None = None
    asking_since: float | None = None

    @property
    def seen(self) -> Observed:
        """The experiment of the last observation."""
        return self.observation.target


@dataclass(frozen=True)
class Failed:
    """A request that cannot be carried out. An Update fails only once the stack says that it is not rolling back.

    `unseen`: the experiment could not be observed, so nothing is known of what a rollback has to take back.
    """

    work: Working
    failure: Failure
    unseen: bool = False


@dataclass(frozen=True)
class Waiting:
    """A pause, after which `then` continues."""

    then: Working | Failed
    seconds: float


@dataclass(frozen=True)
class Ended:
    """The end of the invocation: answered, handed over or abandoned, as the result says."""

    result: RequestResult


State: TypeAlias = Working | Failed | Waiting | Ended


# Effects.


@dataclass(frozen=True)
class Observe:
    """Observe the experiment: Observed or Erred."""

    progress: Progress
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True)
class Act:
    """Call a mutating operation: Acted or Erred."""

    action: Action
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True)
class Measure:
    """Read what the criteria of a promotion are about, metrics or a published result: Measured or Erred."""

    action: Action
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True)
class AskStack:
    """Ask CloudFormation about the stack and the resource: StackAnswered or Erred."""

    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True)
class FindPrevious:
    """Find the experiment to which a rollback returns: PreviousFound or Erred."""

    seen: Observed
    replaced: Observed | None = None
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True)
class Sleep:
    """Wait in this invocation: Woke, or OutOfTime where it has to end before."""

    seconds: float
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True)
class HandOver:
    """Send the request to a later invocation, and end this one."""

    result: RequestResult
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True)
class Answer:
    """Answer CloudFormation, unless the request is abandoned, and end."""

    result: RequestResult
    notices: tuple[Notice, ...] = ()


Effect: TypeAlias = Observe | Act | Measure | AskStack | FindPrevious | Sleep | HandOver | Answer
Step: TypeAlias = tuple[State, Effect]


# Events; `now` is in epoch seconds.


@dataclass(frozen=True)
class Began:
    """The invocation has begun."""

    now: float


@dataclass(frozen=True)
class Woke:
    """The pause is over."""

    now: float


@dataclass(frozen=True)
class OutOfTime:
    """The pause does not fit into this invocation."""

    now: float


@dataclass(frozen=True)
class Looked:
    """An observation."""

    now: float
    observation: Observation


@dataclass(frozen=True)
class Acted:
    """SageMaker has accepted a call."""

    now: float
    action: Action


@dataclass(frozen=True)
class Measured:
    """The MetricDataResults of a query, or the content of a published result."""

    now: float
    action: Action
    results: Sequence[Mapping[str, Any]] | bytes


@dataclass(frozen=True)
class StackAnswered:
    """What CloudFormation says."""

    now: float
    state: StackState


@dataclass(frozen=True)
class PreviousFound:
    """The experiment to which a rollback returns."""

    now: float
    experiment: Observed


@dataclass(frozen=True)
class Erred:
    """An effect has failed."""

    now: float
    effect: Effect
    failure: Failure


Event: TypeAlias = Began | Woke | OutOfTime | Looked | Acted | Measured | StackAnswered | PreviousFound | Erred


def begin(request: Request, progress: Progress, interval: float) -> Working | Failed:
    """Return the state in which the delivery of a request begins; `progress` is what earlier deliveries have done."""
    work = Working(request, progress, interval)
    try:
        if request.type is RequestType.DELETE:
            name, stop = properties.parse_deletion(request)
            return replace(work, name=name, stop=stop)
        desired = properties.parse(request)
    except InvalidProperties as error:
        return Failed(work, Failure.of(error))
    return replace(work, desired=desired, stop=desired.stop)


def advance(state: State, event: Event) -> Step:
    """Return the next state and the effect to perform. Raises KeyError for an event that the state cannot meet."""
    return TRANSITIONS[type(state), type(event)](state, event)


def _go_on(state: Working | Failed, event: Event) -> Step:
    return _observe(state, event) if isinstance(state, Working) else _fail(state, event)


def _observe(work: Working, event: Event) -> Step:
    """Observe, unless the request fails whatever there is."""
    work = replace(work, attempts=work.attempts + 1, standing=None, measured=None, published=None)
    creating, desired = work.request.type is RequestType.CREATE, work.desired
    if desired and creating and planner.is_refused(RequestKind.CREATE, desired.desired_state):
        return _decide(replace(work, observation=NOTHING_SEEN), event.now)
    return work, Observe(work.progress)


def _looked(work: Working, event: Looked) -> Step:
    observation, progress = event.observation, work.progress
    target = observation.target
    if observation.kind in (RequestKind.REPLACE, RequestKind.DELETE) and not observation.abandoned_replacement:
        progress = replace(progress, target=target.name)
    if target.status in TRANSITIONAL:
        progress = replace(progress, transition_seen=True)
    if progress.status != target.status:
        progress = replace(progress, status=target.status.value, status_since=event.now)
    refusal = work.refusal
    work = replace(work, observation=observation, progress=progress, refusal=None)
    if refusal and target.status is Status.ABSENT:
        return _fail(Failed(work, refusal), event)
    return _decide(work, event.now)


def _stack_answered(work: Working, event: StackAnswered) -> Step:
    return _decide_as(work, standing(work.request, event.state), event.now)


def _decide_as(work: Working, found: Standing, now: float) -> Step:
    state, effect = _decide(replace(work, standing=found, asking_since=None), now)
    return state, replace(effect, notices=(*_unknown(work, found), *effect.notices))


def _unknown(work: Working, found: Standing) -> tuple[Notice, ...]:
    """Return the notice that CloudFormation could not be asked: a permission may be missing."""
    if found.kind is not StandingKind.UNKNOWN:
        return ()
    return (Problem(ProblemKind.STACK_STATUS_UNKNOWN, Failure(Overtaken, found.reason), work.seen),)


def _measured(work: Working, event: Measured) -> Step:
    found = event.results
    work = replace(work, published=found) if isinstance(found, bytes) else replace(work, measured=found)
    return _decide(replace(work, progress=_noted(work.progress, event.action, event.now)), event.now)


def situation(work: Working, now: float) -> DecisionInput:
    """Return everything that is known, as the planner takes it."""
    observation, desired = work.observation, work.desired
    if desired and work.seen.name:
        desired = replace(desired, configuration=replace(desired.configuration, name=work.seen.name))
    deleting = observation.kind is RequestKind.DELETE
    issued, first = work.request.issued, work.attempts == 1 and not work.progress.handovers and not work.progress.acted
    return DecisionInput(
        request=work.request,
        kind=observation.kind,
        desired_state=DesiredState.GONE if deleting or not desired else desired.desired_state,
        target=work.seen,
        progress=work.progress,
        now=now,
        template=None if deleting else desired,
        stop=work.stop,
        replaced=observation.replaced,
        standing=work.standing,
        measured=work.measured,
        published=work.published,
        fresh=first and issued is not None and abs(now - issued) <= FRESH_SECONDS,
    )


def _decide(work: Working, now: float) -> Step:
    action = planner.plan(situation(work, now))
    notice = Decision(work.observation.kind, work.seen, action.kind, action.reason)
    if action.error:
        return _settle_failure(work, action, now, notice)
    if action.kind is ActionKind.ASK_STACK:
        return work, AskStack((notice,))
    if action.kind in (ActionKind.WAIT, ActionKind.DONE):
        work = replace(work, progress=backoff.after_success(work.progress))
        return _wait(work, action, now, notice) if action.kind is ActionKind.WAIT else _done(work, now, notice)
    if now >= work.progress.deadline:
        late = DeadlineExceeded(f"{action.kind} of {action.name} was not called yet")
        return _fail(Failed(work, Failure.of(late)), Began(now), notice)
    return work, (Act if action.kind in MUTATING else Measure)(action, (notice,))


def _settle_failure(work: Working, action: Action, now: float, notice: Notice) -> Step:
    error = action.error
    assert error is not None  # noqa: S101 - for the type checker
    if action.kind is ActionKind.ABANDON:
        return _abandon(work, error, notice)
    return _fail(Failed(work, error), Began(now), notice)


def _done(work: Working, now: float, notice: Notice) -> Step:
    if work.observation.abandoned_replacement:
        return _observe(work, Began(now))
    target, deleted = work.seen, work.observation.kind is RequestKind.DELETE
    name = work.request.physical_id if deleted else target.name
    note = "" if deleted else stopping.production_after_end(target)
    return _answer(RequestResult(name, target, note=note), notice)


def _wait(work: Working, action: Action, now: float, notice: Notice) -> Step:
    if now < work.progress.deadline:
        return _pause(work, now, notice)
    late = DeadlineExceeded(f"Experiment {work.seen.name} was {work.seen.status} ({action.reason})")
    return _fail(Failed(work, Failure.of(late)), Began(now), notice)


def _pause(then: Working | Failed, now: float, *notices: Notice) -> Step:
    work = then if isinstance(then, Working) else then.work
    attempt = f"{work.request.request_id}/{work.progress.handovers}/{work.attempts}"
    seconds = backoff.delay(work.progress, work.interval, attempt, now, followed=_is_followed(work))
    return Waiting(then, seconds), Sleep(seconds, notices)


def _is_followed(work: Working) -> bool:
    """Return whether another transition follows the one that is waited for: an experiment that starts by itself."""
    configuration = work.seen.configuration
    return work.seen.status is Status.CREATING and configuration is not None and configuration.start_time is None


def _out_of_time(state: Waiting, _event: OutOfTime) -> Step:
    work = state.then if isinstance(state.then, Working) else state.then.work
    progress = replace(work.progress, handovers=work.progress.handovers + 1)
    result = RequestResult(_physical_id_after_failure(work), work.seen, waiting=progress, delay=state.seconds)
    return Ended(result), HandOver(result)


def _acted(work: Working, event: Acted) -> Step:
    """Note a call that SageMaker has accepted."""
    action, target = event.action, work.seen
    work = replace(work, progress=backoff.after_success(_noted(work.progress, action, event.now)))
    # SageMaker has no status between accepted and gone (docs/decisions/0012-no-describe-after-delete.md).
    if action.kind is ActionKind.DELETE and work.observation.is_only_candidate:
        return _answer(RequestResult(work.request.physical_id, Observed(target.name)))
    return _observe(work, event)


def _noted(progress: Progress, action: Action, now: float) -> Progress:
    return replace(
        progress,
        acted={**progress.acted, f"{action.kind}:{action.name}": now},
        failure=action.failure or progress.failure,
        transition_seen=progress.transition_seen and action.kind in WITHOUT_TRANSITION,
    )


def _erred(work: Working, event: Erred) -> Step:
    failure, effect = event.failure, event.effect
    if isinstance(effect, AskStack):
        return _unasked(work, failure, event.now)
    if isinstance(effect, Act) and issubclass(failure.kind, GONE_OR_TAKEN):
        # The state has changed since it was observed, by us where an answer was lost: observe again, then decide.
        if effect.action.kind is ActionKind.CREATE:
            return _observe(replace(work, refusal=failure), event)
        if effect.action.kind is ActionKind.DELETE:
            return _observe(replace(work, progress=_noted(work.progress, effect.action, event.now)), event)
        failure = Failure(Conflict, failure.reason)
    if failure.retryable:
        return _back_off(work, failure, event.now)
    # A refusal of what was seen is not a failure to see.
    unseen = isinstance(effect, Observe) and failure.kind is not NotUpdatable
    return _fail(Failed(work, failure, unseen=unseen), event)


def _unasked(work: Working, failure: Failure, now: float) -> Step:
    """Ask again for a while; then continue without an answer."""
    since = now if work.asking_since is None else work.asking_since
    work = replace(work, asking_since=since)
    if now - since < ASKING_SECONDS and now < work.progress.deadline:
        return _back_off(work, failure, now)
    return _decide_as(work, Standing(StandingKind.UNKNOWN, failure.reason), now)


def _back_off(state: Working | Failed, failure: Failure, now: float) -> Step:
    """Wait after a transient error; make it the failure once it has lasted too long."""
    work = state if isinstance(state, Working) else state.work
    work = replace(work, progress=backoff.after_error(work.progress, failure, now))
    notice = Problem(ProblemKind.RETRIED, failure, work.seen)
    if not backoff.expired(work.progress, now):
        return _pause(work if isinstance(state, Working) else replace(state, work=work), now, notice)
    work = replace(work, progress=replace(work.progress, failing_since=None))
    if isinstance(state, Failed):  # the stack does not answer whether it is rolling back
        return _answer_failure(work, state.failure, notice)
    return _fail(Failed(work, backoff.final_failure(failure)), Began(now), notice)


def _fail(state: Failed, _event: Event, *notices: Notice) -> Step:
    """Answer a failure; an Update asks first whether the stack is rolling back."""
    if state.work.request.type is not RequestType.UPDATE:
        return _answer_failure(state.work, state.failure, *notices)
    if state.work.standing is None:
        return state, AskStack(notices)
    return _judge_failure(state, state.work.standing, *notices)


def _failed_stack_answered(state: Failed, event: StackAnswered) -> Step:
    found = standing(state.work.request, event.state)
    return _judge_failure(state, found, *_unknown(state.work, found))


def _judge_failure(state: Failed, found: Standing, *notices: Notice) -> Step:
    """A rollback succeeds with what cannot be undone: a failure would leave the stack in UPDATE_ROLLBACK_FAILED.

    It fails with what it could not see, or could not remove of a replacement: success could lose an experiment, and a
    rollback can be continued.
    """
    certain = not (state.unseen or state.work.observation.abandoned_replacement)
    if found.kind is StandingKind.ROLLING_BACK and certain:
        return state, FindPrevious(state.work.seen, state.work.observation.replaced, notices)
    if found.kind is StandingKind.OVERTAKEN:
        return _abandon(state.work, Failure.of(actions.overtaken(found)), *notices)
    return _answer_failure(state.work, state.failure, *notices)


def _previous_found(state: Failed, event: PreviousFound) -> Step:
    experiment = event.experiment
    if experiment.name != state.work.request.physical_id:
        # The replacement is undone: CloudFormation deletes the other experiment.
        return _answer(RequestResult(experiment.name, experiment))
    notice = Problem(ProblemKind.IGNORED_IN_ROLLBACK, state.failure, experiment)
    return _answer(RequestResult(experiment.name, experiment, note=state.failure.reason), notice)


def _failed_erred(state: Failed, event: Erred) -> Step:
    if event.failure.retryable:
        return _back_off(state, event.failure, event.now)
    if isinstance(event.effect, AskStack):
        return _answer_failure(state.work, state.failure)
    return _answer_failure(state.work, event.failure)  # a guess could lose an experiment; a rollback can be repeated


def _abandon(work: Working, failure: Failure, *notices: Notice) -> Step:
    """End a request that CloudFormation no longer waits for.

    A delivery that has called or handed over something belongs to a request without an answer, and FAILED, which
    CloudFormation does not read, costs nothing. A redelivery may be one of a request that has been answered: no second,
    other answer. Without the time of the signing the verdict is less sure, and silence could cost a stack an hour.
    """
    begun = bool(work.progress.acted or work.progress.handovers or work.request.issued is None)
    problem = Problem(ProblemKind.ABANDONED, failure, work.seen)
    result = RequestResult(_physical_id_after_failure(work), work.seen, error=failure, abandoned=not begun)
    return _answer(result, *notices, problem)


def _answer_failure(work: Working, failure: Failure, *notices: Notice) -> Step:
    problem = Problem(ProblemKind.FAILED, failure, work.seen)
    return _answer(RequestResult(_physical_id_after_failure(work), work.seen, error=failure), *notices, problem)


def _answer(result: RequestResult, *notices: Notice) -> Step:
    return Ended(result), Answer(result, notices)


def _physical_id_after_failure(work: Working) -> str:
    return identity.physical_id_after_failure(work.request, work.desired, work.seen, work.progress)


def _woke(state: Waiting, event: Woke) -> Step:
    return _go_on(state.then, event)


Transition: TypeAlias = Callable[[Any, Any], Step]

TRANSITIONS: Final[Mapping[tuple[type, type], Transition]] = {
    (Working, Began): _go_on,
    (Working, Looked): _looked,
    (Working, StackAnswered): _stack_answered,
    (Working, Measured): _measured,
    (Working, Acted): _acted,
    (Working, Erred): _erred,
    (Failed, Began): _go_on,
    (Failed, StackAnswered): _failed_stack_answered,
    (Failed, PreviousFound): _previous_found,
    (Failed, Erred): _failed_erred,
    (Waiting, Woke): _woke,
    (Waiting, OutOfTime): _out_of_time,
}
