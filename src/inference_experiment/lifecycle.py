"""Observe, plan, act once, observe again: the only loop, for a first delivery, a wait and a redelivery alike.

No decision about statuses and no botocore here: planner.py decides, gateway.py calls. The loop owns time: it waits
inside the invocation, hands over when the invocation ends, and fails at the request's deadline.
"""

from dataclasses import replace
from typing import Final

from inference_experiment import backoff, criteria, identity, planner, properties
from inference_experiment.clock import Clock
from inference_experiment.decision import DecisionInput, RequestKind
from inference_experiment.errors import (
    AccessDenied,
    AlreadyExists,
    Conflict,
    DeadlineExceeded,
    ExperimentError,
    InvalidProperties,
    NotFound,
    NotUpdatable,
    Refused,
)
from inference_experiment.event import Request
from inference_experiment.gateway import Gateway
from inference_experiment.model import (
    TRANSITIONAL,
    WITHOUT_CALL,
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
from inference_experiment.notices import Decision, Problem, ProblemKind, Report, log_notice
from inference_experiment.observation import Observation, Observer

# A Create that is older may be Lambda's retry of one that CloudFormation no longer waits for.
FIRST_ATTEMPT_SECONDS: Final = 5.0
# No transitional status follows these calls.
WITHOUT_TRANSITION: Final = frozenset({ActionKind.ADD_TAGS, ActionKind.DELETE_TAGS, ActionKind.MEASURE})


class Lifecycle:
    """Carries one request out. Decisions and problems go to `report` as they occur."""

    def __init__(
        self, request: Request, gateway: Gateway, clock: Clock, progress: Progress, report: Report = log_notice
    ) -> None:
        self._request = request
        self._gateway = gateway
        self._clock = clock
        self._progress = progress
        self._desired: Desired | None = None
        self._stop = StopRequest()
        self._failure: ExperimentError | None = None
        self._seen = Observed("")
        self._attempts = 0
        self._report = report
        self._reported: Decision | None = None

    def run(self) -> RequestResult:
        """Return the result of the request, or its progress when this invocation has to end."""
        name = ""
        try:
            if self._request.type is RequestType.DELETE:
                name, self._stop = properties.parse_deletion(self._request)
            else:
                self._desired = properties.parse(self._request)
                self._stop = self._desired.stop
        except InvalidProperties as error:
            self._failure = error
        self._observer = Observer(self._request, self._gateway, self._desired, name)
        result = None
        while result is None:
            result = self._attempt()
        return result

    def _attempt(self) -> RequestResult | None:
        """Observe, decide and act once; None to go on. A failure is kept for the next attempt, which answers it."""
        self._attempts += 1
        try:
            if self._failure:
                return self._end_in(self._failure)
            observation = self._observe()
            action = self._decide(observation)
            if action.error:
                raise action.error
            accepted = self._perform(action, observation)
        except ExperimentError as error:
            if error.retryable:
                return self._back_off(error)
            self._failure = error
            return None
        self._progress = backoff.after_success(self._progress)
        target = observation.target
        # SageMaker has no status between accepted and gone (docs/decisions/0012-no-describe-after-delete.md).
        if action.kind is ActionKind.DELETE and accepted and observation.is_only_candidate:
            return RequestResult(self._request.physical_id, Observed(target.name))
        if action.kind is ActionKind.DONE and not observation.abandoned_replacement:
            deleted = observation.kind is RequestKind.DELETE
            return RequestResult(self._request.physical_id if deleted else target.name, target)
        return self._wait(action) if action.kind is ActionKind.WAIT else None

    def _observe(self) -> Observation:
        desired, kind = self._desired, RequestKind.CREATE
        creating = desired and self._request.type is RequestType.CREATE
        if desired and creating and planner.is_refused(kind, desired.desired_state):
            observation = Observation(kind, Observed(""))
        else:
            observation = self._observer.observe(self._progress)
        self._seen = observation.target
        replaced_or_deleted = observation.kind in (RequestKind.REPLACE, RequestKind.DELETE)
        if replaced_or_deleted and not observation.abandoned_replacement:
            self._progress = replace(self._progress, target=observation.target.name)
        if observation.target.status in TRANSITIONAL:
            self._progress = replace(self._progress, transition_seen=True)
        return observation

    def _decide(self, observation: Observation) -> Action:
        desired, target = self._desired, observation.target
        if desired and target.name:
            desired = replace(desired, configuration=replace(desired.configuration, name=target.name))
        deleting = observation.kind is RequestKind.DELETE
        inputs = DecisionInput(
            request=self._request,
            kind=observation.kind,
            desired_state=DesiredState.GONE if deleting or not desired else desired.desired_state,
            target=target,
            progress=self._progress,
            now=self._clock.now(),
            template=None if deleting else desired,
            stop=self._stop,
            replaced=observation.replaced,
        )
        action = planner.plan(inputs)
        decision = Decision(observation.kind, target, action.kind, action.reason)
        if decision != self._reported:
            self._report(decision)
        self._reported = decision
        return action

    def _perform(self, action: Action, observation: Observation) -> bool:
        """Carry an action out; return whether AWS accepted it: False where there is nothing to delete."""
        if action.kind in WITHOUT_CALL:
            return True
        if self._clock.now() >= self._progress.deadline:
            raise DeadlineExceeded(f"{action.kind} of {action.name} was not called yet")
        if action.kind is ActionKind.CREATE:
            self._refuse_late_creation(observation)
        accepted, measured = True, []
        try:
            measured = self._gateway.perform(action)
        except (AlreadyExists, NotFound) as error:
            # The state has changed since it was observed, by us where an answer was lost: observe again, then decide.
            # A creation fails at once for what is not about its name: a missing model, an endpoint in use.
            if action.kind is ActionKind.CREATE and self._observer.describe(action.name).status is Status.ABSENT:
                raise
            if action.kind is not ActionKind.DELETE:
                raise Conflict(str(error)) from error
            accepted = False
        if action.kind is ActionKind.MEASURE and self._stop.criteria:
            criteria.check_promotion(self._stop.criteria, measured)
        acted = {**self._progress.acted, f"{action.kind}:{action.name}": self._clock.now()}
        failure = action.failure or self._progress.failure
        seen = self._progress.transition_seen and action.kind in WITHOUT_TRANSITION
        self._progress = replace(self._progress, acted=acted, failure=failure, transition_seen=seen)
        return accepted

    def _refuse_late_creation(self, observation: Observation) -> None:
        """Raise where a new experiment would outlive a stack that has turned back.

        The stack is described, except on the first attempt of a first delivery.
        """
        if observation.kind is RequestKind.REPLACE and self._stack_is("ROLLBACK", "DELETE"):
            raise NotUpdatable("The stack is rolling back; a rollback does not start a new experiment")
        issued = self._request.issued
        first = self._attempts == 1 and self._progress.handovers == 0
        fresh = first and (issued is None or self._clock.now() - issued <= FIRST_ATTEMPT_SECONDS)
        if observation.kind is RequestKind.CREATE and not fresh and self._stack_is("ROLLBACK", "DELETE"):
            raise NotFound("The stack is being rolled back or deleted, so no experiment was created")

    def _wait(self, action: Action) -> RequestResult | None:
        """Wait until the next observation; return the progress when that is another invocation's."""
        if self._clock.now() < self._progress.deadline:
            return self._pause()
        self._failure = DeadlineExceeded(f"Experiment {self._seen.name} was {self._seen.status} ({action.reason})")
        return None

    def _pause(self) -> RequestResult | None:
        attempt = f"{self._request.request_id}/{self._progress.handovers}/{self._attempts}"
        seconds = backoff.delay(self._progress, self._clock.interval, attempt, self._clock.now())
        if not self._clock.may_sleep(seconds):
            progress = replace(self._progress, handovers=self._progress.handovers + 1)
            return RequestResult(self._physical_id_after_failure(), self._seen, waiting=progress, delay=seconds)
        self._clock.sleep(seconds)
        return None

    def _back_off(self, error: ExperimentError) -> RequestResult | None:
        """Wait after a transient error; make it the failure once it has lasted too long."""
        now = self._clock.now()
        self._progress = backoff.after_error(self._progress, error, now)
        self._problem(ProblemKind.RETRIED, error)
        if not backoff.expired(self._progress, now):
            return self._pause()
        # An earlier failure ends the request: the stack does not answer whether it is rolling back.
        before, self._failure = self._failure, self._failure or backoff.final_error(error)
        self._progress = replace(self._progress, failing_since=None)
        return self._fail(before) if before else None

    def _stack_is(self, *words: str) -> bool:
        """Return whether the stack's status has one of the words. Raises Throttled or Unavailable: retry."""
        try:
            status = self._gateway.describe_stacks(self._request.stack_id)
        except Refused:  # CloudFormation has no such stack any more
            status = "DELETE_COMPLETE"
        except AccessDenied as error:
            self._problem(ProblemKind.STACK_STATUS_UNKNOWN, error)
            return False
        return any(word in status for word in words)

    def _end_in(self, failure: ExperimentError) -> RequestResult:
        if self._request.type is RequestType.UPDATE and self._stack_is("ROLLBACK"):
            return self._accept_in_rollback(failure)
        return self._fail(failure)

    def _fail(self, failure: ExperimentError) -> RequestResult:
        self._problem(ProblemKind.FAILED, failure)
        return RequestResult(self._physical_id_after_failure(), self._seen, error=failure)

    def _physical_id_after_failure(self) -> str:
        return identity.physical_id_after_failure(self._request, self._desired, self._seen, self._progress)

    def _accept_in_rollback(self, failure: ExperimentError) -> RequestResult:
        """Return success for what a rollback cannot undo; a failure would leave the stack in UPDATE_ROLLBACK_FAILED."""
        try:
            physical_id = self._observer.physical_id_after_rollback(self._seen)
        except ExperimentError as error:
            if error.retryable:
                raise
            return self._fail(error)  # a guess could lose an experiment; the rollback can be repeated
        self._problem(ProblemKind.IGNORED_IN_ROLLBACK, failure)
        return RequestResult(physical_id, self._seen, warning=str(failure))

    def _problem(self, kind: ProblemKind, error: ExperimentError) -> None:
        self._report(Problem(kind, error, self._seen))
