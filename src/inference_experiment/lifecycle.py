"""Observe, plan, act once, observe again: the only loop, for a first delivery, a wait and a redelivery alike.

No decision about statuses and no botocore here: planner.py decides, gateway.py calls. The loop owns time: it waits
inside the invocation, hands over when the invocation ends, and gives up at the request's deadline.
"""

import logging
from dataclasses import replace
from typing import Final, Protocol

from inference_experiment import criteria, identity, planner, properties
from inference_experiment.errors import (
    AlreadyExists,
    Conflict,
    DeadlineExceeded,
    ExperimentError,
    NotFound,
    NotUpdatable,
    Throttled,
)
from inference_experiment.event import Request
from inference_experiment.gateway import Gateway
from inference_experiment.model import (
    OUTCOMES,
    TRANSITIONAL,
    Desired,
    Ending,
    Goal,
    Observed,
    Outcome,
    Ownership,
    Progress,
    RequestType,
    Status,
    Step,
    StepKind,
)
from inference_experiment.observation import Look, Observer
from inference_experiment.situation import Case, Situation

logger = logging.getLogger(__name__)

# Seconds of errors that pass by themselves (no answer, throttling, conflicts) after which a request fails.
PATIENCE: Final = 300.0
# A Create older than this (seconds) may be Lambda's retry of one that CloudFormation no longer waits for.
FRESH: Final = 45.0
# Calls after which no transitional status is to be expected.
NEUTRAL: Final = frozenset({StepKind.ADD_TAGS, StepKind.DELETE_TAGS, StepKind.MEASURE})


class Clock(Protocol):
    """Time as one invocation has it; all in seconds."""

    def now(self) -> float:
        """Return the epoch time."""

    def sleep(self) -> None:
        """Wait for one polling interval."""

    def may_sleep(self) -> bool:
        """Return whether another interval and an answer fit into this invocation."""


class Lifecycle:
    """Carries one request out."""

    def __init__(self, request: Request, gateway: Gateway, clock: Clock, progress: Progress) -> None:
        self._request = request
        self._gateway = gateway
        self._clock = clock
        self._progress = progress
        self._seen = Observed("")
        self._logged = ("", "")
        self._stack_status: str | None = None

    def run(self) -> Outcome:
        """Return how the request ends, or where it stands when this invocation has to end."""
        desired: Desired | None = None
        try:
            name, ending = "", Ending()
            if self._request.type is RequestType.DELETE:
                name, ending = properties.parse_deletion(self._request)
            else:
                desired = properties.parse(self._request)
                ending = desired.ending
            return self._loop(Observer(self._request, self._gateway, desired, name), desired, ending)
        except ExperimentError as error:
            if self._request.type is RequestType.UPDATE and self._stack_is("ROLLBACK"):
                return self._forgiven(error, desired)
            line = {"experiment": self._seen.name, "status": self._seen.status.value}
            logger.error("failed", extra={**line, "error": type(error).__name__, "reason": str(error)})  # noqa: TRY400
            return Outcome(self._failed_id(desired), self._seen, error=error)

    def _loop(self, observer: Observer, desired: Desired | None, ending: Ending) -> Outcome:
        while True:
            try:
                look = self._look(observer, desired)
                step = self._decide(look, desired, ending)
                self._perform(step, look, observer, ending)
                self._progress = replace(self._progress, troubled_since=None)
            except (Conflict, Throttled) as error:
                look, step = None, self._be_patient(error)
            if step.error:
                raise step.error
            if step.kind is StepKind.DONE and look and not look.leftover:
                target = look.target.name if look.case is not Case.DELETE else self._request.physical_id
                return Outcome(target, look.target)
            if step.kind is StepKind.WAIT and not self._wait(step):
                return Outcome(self._failed_id(desired), self._seen, waiting=self._progress)

    def _look(self, observer: Observer, desired: Desired | None) -> Look:
        refused = desired and self._request.type is RequestType.CREATE and planner.is_refused(Case.CREATE, desired.goal)
        look = Look(Case.CREATE, Observed("")) if refused else observer.look(self._progress)
        self._seen = look.target
        if look.case in (Case.REPLACE, Case.DELETE) and not look.leftover:
            self._progress = replace(self._progress, target=look.target.name)
        if look.target.status in TRANSITIONAL:
            self._progress = replace(self._progress, transition_seen=True)
        return look

    def _decide(self, look: Look, desired: Desired | None, ending: Ending) -> Step:
        if desired and look.target.name:
            desired = replace(desired, configuration=replace(desired.configuration, name=look.target.name))
        deleting = look.case is Case.DELETE
        situation = Situation(
            request=self._request,
            case=look.case,
            goal=Goal.GONE if deleting or not desired else desired.goal,
            target=look.target,
            progress=self._progress,
            now=self._clock.now(),
            desired=None if deleting else desired,
            ending=ending,
            current=look.current,
        )
        step = planner.plan(situation)
        self._log(step, look)
        return step

    def _perform(self, step: Step, look: Look, observer: Observer, ending: Ending) -> None:
        if step.kind in OUTCOMES:
            return
        if self._clock.now() >= self._progress.deadline:
            raise DeadlineExceeded(f"CloudFormation no longer waits for this request; {step.kind} was not called")
        if step.kind is StepKind.CREATE:
            self._refuse_late_creation(look)
        try:
            measured = self._gateway.perform(step)
        except (AlreadyExists, NotFound) as error:
            # What was observed has changed meanwhile, by us where an answer was lost: look again, then decide.
            # A creation fails at once for what is not about its name: a missing model, an endpoint in use.
            if step.kind is StepKind.CREATE and observer.observe(step.name).status is Status.ABSENT:
                raise
            raise Conflict(str(error)) from error
        if step.kind is StepKind.MEASURE and ending.criteria:
            criteria.judge(ending.criteria, measured)
        acted = {**self._progress.acted, f"{step.kind}:{step.name}": self._clock.now()}
        failure = step.failure or self._progress.failure
        seen = self._progress.transition_seen and step.kind in NEUTRAL
        self._progress = replace(self._progress, acted=acted, failure=failure, transition_seen=seen)

    def _refuse_late_creation(self, look: Look) -> None:
        """Raise where a new experiment would outlive a stack that no longer wants it."""
        if look.case is Case.REPLACE and self._stack_is("ROLLBACK"):
            raise NotUpdatable("the stack is rolling back, and a rollback starts no new experiment")
        issued = self._request.issued
        late = look.case is Case.CREATE and issued is not None and self._clock.now() - issued > FRESH
        if late and self._stack_is("ROLLBACK", "DELETE"):
            raise NotFound("the stack is being rolled back or deleted, so no experiment was created")

    def _wait(self, step: Step) -> bool:
        """Wait for one interval; return False when the next look is another invocation's."""
        if self._clock.now() >= self._progress.deadline:
            text = f"Experiment {self._seen.name} is {self._seen.status} and CloudFormation is about to stop waiting"
            raise DeadlineExceeded(f"{text} ({step.reason}); raise ServiceTimeout, or look at the endpoint")
        if not self._clock.may_sleep():
            return False
        self._clock.sleep()
        return True

    def _be_patient(self, error: ExperimentError) -> Step:
        """Return a wait after an error that passes by itself, a failure once it has lasted too long."""
        since = self._progress.troubled_since or self._clock.now()
        self._progress = replace(self._progress, troubled_since=since)
        logger.warning("error", extra={"error": type(error).__name__, "reason": str(error)})
        if self._clock.now() - since >= PATIENCE:
            return Step(StepKind.FAIL, error=error)
        return Step(StepKind.WAIT, reason=str(error))

    def _stack_is(self, *words: str) -> bool:
        """Return whether the stack's status holds one of the words; False where it cannot be asked."""
        if self._stack_status is None:
            try:
                self._stack_status = self._gateway.describe_stacks(self._request.stack_id)
            except ExperimentError as error:
                logger.warning("stack status unknown", extra={"error": type(error).__name__, "reason": str(error)})
                self._stack_status = ""
        return any(word in self._stack_status for word in words)

    def _failed_id(self, desired: Desired | None) -> str:
        """Return the id of a FAILED answer: never another than before, never a name that is not ours (R2)."""
        if self._request.type is not RequestType.CREATE:
            return self._request.physical_id
        name = desired.configuration.name if desired else ""
        made = self._seen.ownership is Ownership.REQUEST or self._progress.when(StepKind.CREATE, name) is not None
        return name if name and made else identity.marker(self._request)

    def _forgiven(self, error: ExperimentError, desired: Desired | None) -> Outcome:
        """Return success for what a rollback cannot undo: failing it would wedge the stack."""
        physical_id = self._request.physical_id
        if desired and self._seen.ours and self._seen.name != physical_id:
            physical_id = self._seen.name
        elif desired and not desired.explicit_name and self._seen.name != physical_id:
            observer = Observer(self._request, self._gateway, desired, "")
            physical_id = observer.adoptable(desired)
        logger.warning("a rollback cannot undo this", extra={"error": type(error).__name__, "reason": str(error)})
        return Outcome(physical_id, self._seen, warning=str(error))

    def _log(self, step: Step, look: Look) -> None:
        line = {
            "case": look.case.value,
            "experiment": look.target.name,
            "status": look.target.status.value,
            "step": step.kind.value,
            "reason": step.reason,
        }
        shown = (line["step"] + line["experiment"], line["status"] + line["reason"])
        if shown != self._logged:
            logger.info("decision", extra=line)
        self._logged = shown
