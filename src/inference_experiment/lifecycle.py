"""The driver of the lifecycle: performs what the machine asks for, and owns time.

No decision here and no botocore: machine.py and planner.py decide, gateway.py calls.
"""

from typing import TypeAlias

from inference_experiment import machine
from inference_experiment.api import Api
from inference_experiment.clock import Clock
from inference_experiment.errors import ExperimentError, Failure
from inference_experiment.event import Request
from inference_experiment.machine import Act, Answer, AskStack, Event, FindPrevious, HandOver, Measure, Observe, Sleep
from inference_experiment.model import ActionKind, Progress, RequestResult
from inference_experiment.notices import Decision, Notice, Report, log_notice
from inference_experiment.observation import Observer

# The effects that something comes of.
Undertaking: TypeAlias = Observe | Act | Measure | AskStack | FindPrevious | Sleep


class Lifecycle:
    """Carries one request out. Decisions and problems go to `report` as they occur."""

    def __init__(
        self, request: Request, gateway: Api, clock: Clock, progress: Progress, report: Report = log_notice
    ) -> None:
        self._request = request
        self._gateway = gateway
        self._clock = clock
        first = machine.begin(request, progress, clock.interval)
        work = first if isinstance(first, machine.Working) else first.work
        self._state: machine.State = first
        self._observer = Observer(request, gateway, work.desired, work.name)
        self._report = report
        self._reported: Notice | None = None

    def run(self) -> RequestResult:
        """Return the result of the request, or its progress when this invocation has to end."""
        event: Event = machine.Began(self._clock.now())
        while True:
            self._state, effect = machine.advance(self._state, event)
            for notice in effect.notices:
                self._tell(notice)
            if isinstance(effect, Answer | HandOver):
                return effect.result
            try:
                event = self._perform(effect)
            except ExperimentError as error:
                event = machine.Erred(self._clock.now(), effect, Failure.of(error))

    def _tell(self, notice: Notice) -> None:
        """Report a notice, but not a decision twice in a row."""
        if notice != self._reported:
            self._report(notice)
        if isinstance(notice, Decision):
            self._reported = notice

    def _perform(self, effect: Undertaking) -> Event:
        """Perform an effect and return what came of it. Raises ExperimentError."""
        if isinstance(effect, Sleep):
            return self._sleep(effect.seconds)
        if isinstance(effect, Observe):
            observation = self._observer.observe(effect.progress)
            return machine.Looked(self._clock.now(), observation)
        if isinstance(effect, FindPrevious):
            experiment = self._observer.experiment_after_rollback(effect.seen, effect.replaced)
            return machine.PreviousFound(self._clock.now(), experiment)
        if isinstance(effect, AskStack):
            state = self._gateway.describe_stack(self._request)
            return machine.StackAnswered(self._clock.now(), state)
        return self._call(effect)

    def _call(self, effect: Act | Measure) -> Event:
        if isinstance(effect, Act):
            self._gateway.perform(effect.action)
            return machine.Acted(self._clock.now(), effect.action)
        if effect.action.kind is ActionKind.READ_RESULT:
            content = self._gateway.get_object(effect.action.arguments)
            return machine.Measured(self._clock.now(), effect.action, content)
        results = self._gateway.get_metric_data(effect.action.arguments)
        return machine.Measured(self._clock.now(), effect.action, results)

    def _sleep(self, seconds: float) -> Event:
        if not self._clock.may_sleep(seconds):
            return machine.OutOfTime(self._clock.now())
        self._clock.sleep(seconds)
        return machine.Woke(self._clock.now())
