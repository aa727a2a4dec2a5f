"""Observe, plan, act once, observe again: the only loop, for a first delivery, a wait and a redelivery alike.

No decision about statuses and no botocore here: planner.py decides, gateway.py calls. The loop owns time: it waits
inside the invocation, hands over when the invocation ends, and gives up at the request's deadline.
"""

from collections.abc import Callable
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
    UnexpectedStatus,
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
from inference_experiment.notices import Decision, Notice, Problem, ProblemKind, log_notice
from inference_experiment.observation import Observation, Observer

# A Create older than this (seconds) may be Lambda's retry of one that CloudFormation no longer waits for.
FIRST_ATTEMPT_SECONDS: Final = 5.0
# Calls after which no transitional status is to be expected.
WITHOUT_TRANSITION: Final = frozenset({ActionKind.ADD_TAGS, ActionKind.DELETE_TAGS, ActionKind.MEASURE})


class Lifecycle:
    """Carries one request out. Decisions and problems go to `report` as they occur."""

    def __init__(
        self,
        request: Request,
        gateway: Gateway,
        clock: Clock,
        progress: Progress,
        report: Callable[[Notice], None] = log_notice,
    ) -> None:
        self._request = request
        self._gateway = gateway
        self._clock = clock
        self._progress = progress
        self._desired: Desired | None = None
        self._ending = StopRequest()
        self._failure: ExperimentError | None = None
        self._seen = Observed("")
        self._attempts = 0
        self._report = report
        self._reported: Decision | None = None

    def run(self) -> RequestResult:
        """Return how the request ends, or where it stands when this invocation has to end."""
        name = ""
        try:
            if self._request.type is RequestType.DELETE:
                name, self._ending = properties.parse_deletion(self._request)
            else:
                self._desired = properties.parse(self._request)
                self._ending = self._desired.ending
        except InvalidProperties as error:
            self._failure = error
        self._observer = Observer(self._request, self._gateway, self._desired, name)
        outcome = None
        while outcome is None:
            outcome = self._attempt()
        return outcome

    def _attempt(self) -> RequestResult | None:
        """Go one round; None is to go on. A failure is kept first, since it may yet be asked about."""
        self._attempts += 1
        try:
            if self._failure:
                return self._end_in(self._failure)
            look = self._look()
            step = self._decide(look)
            if step.error:
                raise step.error
            accepted = self._perform(step, look)
        except ExperimentError as error:
            if error.retryable:
                return self._be_patient(error)
            self._failure = error
            return None
        self._progress = backoff.after_success(self._progress)
        # SageMaker has no status between accepted and gone (docs/decisions/0012-no-describe-after-delete.md).
        if step.kind is ActionKind.DELETE and accepted and look.is_only_candidate:
            return RequestResult(self._request.physical_id, Observed(look.target.name))
        if step.kind is ActionKind.DONE and not look.abandoned_replacement:
            target = look.target.name if look.case is not RequestKind.DELETE else self._request.physical_id
            return RequestResult(target, look.target)
        return self._wait(step) if step.kind is ActionKind.WAIT else None

    def _look(self) -> Observation:
        desired = self._desired
        refused = (
            desired
            and self._request.type is RequestType.CREATE
            and planner.is_refused(RequestKind.CREATE, desired.goal)
        )
        look = Observation(RequestKind.CREATE, Observed("")) if refused else self._observer.look(self._progress)
        self._seen = look.target
        if look.case in (RequestKind.REPLACE, RequestKind.DELETE) and not look.abandoned_replacement:
            self._progress = replace(self._progress, target=look.target.name)
        if look.target.status in TRANSITIONAL:
            self._progress = replace(self._progress, transition_seen=True)
        return look

    def _decide(self, look: Observation) -> Action:
        desired = self._desired
        if desired and look.target.name:
            desired = replace(desired, configuration=replace(desired.configuration, name=look.target.name))
        deleting = look.case is RequestKind.DELETE
        situation = DecisionInput(
            request=self._request,
            case=look.case,
            goal=DesiredState.GONE if deleting or not desired else desired.goal,
            target=look.target,
            progress=self._progress,
            now=self._clock.now(),
            desired=None if deleting else desired,
            ending=self._ending,
            current=look.current,
        )
        step = planner.plan(situation)
        decision = Decision(look.case, look.target, step.kind, step.reason)
        if decision != self._reported:
            self._report(decision)
        self._reported = decision
        return step

    def _perform(self, step: Action, look: Observation) -> bool:
        """Carry a step out; return whether AWS accepted it: False where it knows of nothing to delete."""
        if step.kind in WITHOUT_CALL:
            return True
        if self._clock.now() >= self._progress.deadline:
            raise DeadlineExceeded(f"{step.kind} of {step.name} was not called yet")
        if step.kind is ActionKind.CREATE:
            self._refuse_late_creation(look)
        accepted, measured = True, []
        try:
            measured = self._gateway.perform(step)
        except (AlreadyExists, NotFound) as error:
            # What was observed has changed meanwhile, by us where an answer was lost: look again, then decide.
            # A creation fails at once for what is not about its name: a missing model, an endpoint in use.
            if step.kind is ActionKind.CREATE and self._observer.observe(step.name).status is Status.ABSENT:
                raise
            if step.kind is not ActionKind.DELETE:
                raise Conflict(str(error)) from error
            accepted = False
        if step.kind is ActionKind.MEASURE and self._ending.criteria:
            criteria.check_promotion(self._ending.criteria, measured)
        acted = {**self._progress.acted, f"{step.kind}:{step.name}": self._clock.now()}
        failure = step.failure or self._progress.failure
        seen = self._progress.transition_seen and step.kind in WITHOUT_TRANSITION
        self._progress = replace(self._progress, acted=acted, failure=failure, transition_seen=seen)
        return accepted

    def _refuse_late_creation(self, look: Observation) -> None:
        """Raise where a new experiment would outlive a stack that no longer wants it.

        CloudFormation may have turned round since it asked, unless this is the first attempt of a first delivery.
        """
        if look.case is RequestKind.REPLACE and self._stack_is("ROLLBACK", "DELETE"):
            raise NotUpdatable("the stack is rolling back, and a rollback starts no new experiment")
        issued = self._request.issued
        first = self._attempts == 1 and self._progress.handovers == 0
        fresh = first and (issued is None or self._clock.now() - issued <= FIRST_ATTEMPT_SECONDS)
        if look.case is RequestKind.CREATE and not fresh and self._stack_is("ROLLBACK", "DELETE"):
            raise NotFound("the stack is being rolled back or deleted, so no experiment was created")

    def _wait(self, step: Action) -> RequestResult | None:
        """Wait until the next look; return where the request stands when that is another invocation's."""
        if self._clock.now() < self._progress.deadline:
            return self._pause()
        self._failure = DeadlineExceeded(f"Experiment {self._seen.name} was {self._seen.status} ({step.reason})")
        return None

    def _pause(self) -> RequestResult | None:
        look = f"{self._request.request_id}/{self._progress.handovers}/{self._attempts}"
        seconds = backoff.delay(self._progress, self._clock.interval, look, self._clock.now())
        if not self._clock.may_sleep(seconds):
            progress = replace(self._progress, handovers=self._progress.handovers + 1)
            failed_id = identity.physical_id_after_failure(self._request, self._desired, self._seen, progress)
            return RequestResult(failed_id, self._seen, waiting=progress, delay=seconds)
        self._clock.sleep(seconds)
        return None

    def _be_patient(self, error: ExperimentError) -> RequestResult | None:
        """Wait after an error that passes by itself; make it the failure once it has lasted too long."""
        now = self._clock.now()
        self._progress = backoff.after_error(self._progress, error, now)
        self._problem(ProblemKind.RETRIED, error)
        if not backoff.expired(self._progress, now):
            return self._pause()
        # A failure before this one ends the request: whether the stack is rolling back cannot be asked.
        before, self._failure = self._failure, self._failure or backoff.final_error(error)
        self._progress = replace(self._progress, failing_since=None)
        return self._fail(before) if before else None

    def _stack_is(self, *words: str) -> bool:
        """Return whether the stack's status holds one of the words. Raises Throttled or Unavailable: ask again."""
        try:
            status = self._gateway.describe_stacks(self._request.stack_id)
        except Refused:  # CloudFormation knows of no such stack any more
            status = "DELETE_COMPLETE"
        except AccessDenied as error:
            self._problem(ProblemKind.STACK_STATUS_UNKNOWN, error)
            return False
        return any(word in status for word in words)

    def _end_in(self, failure: ExperimentError) -> RequestResult:
        if self._request.type is RequestType.UPDATE and self._stack_is("ROLLBACK"):
            return self._forgive(failure)
        return self._fail(failure)

    def _fail(self, failure: ExperimentError) -> RequestResult:
        self._problem(ProblemKind.FAILED, failure)
        failed_id = identity.physical_id_after_failure(self._request, self._desired, self._seen, self._progress)
        return RequestResult(failed_id, self._seen, error=failure)

    def _forgive(self, failure: ExperimentError) -> RequestResult:
        """Return success for what a rollback cannot undo: failing it would wedge the stack."""
        try:
            kept = self._observer.physical_id_after_rollback(self._seen)
        except (AccessDenied, Refused, UnexpectedStatus) as error:
            return self._fail(error)  # a guess could lose an experiment; the rollback can be repeated
        self._problem(ProblemKind.IGNORED_IN_ROLLBACK, failure)
        return RequestResult(kept, self._seen, warning=str(failure))

    def _problem(self, kind: ProblemKind, error: ExperimentError) -> None:
        self._report(Problem(kind, error, self._seen))
