"""One change of a live experiment: its owner, the plan, the confirmation, then the lifecycle."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from inference_experiment import identity
from inference_experiment.clock import Clock
from inference_experiment.event import Request
from inference_experiment.lifecycle import Lifecycle
from inference_experiment.model import ENDED, MUTATING, OPERATIONS, ActionKind, Observed, Progress, RequestType, Status
from inference_experiment.notices import Notice, Problem, ProblemKind
from inference_experiment.observed_properties import to_properties
from inference_experiment_cli.errors import ExperimentFailedError, NotPossibleError, describe_failure
from inference_experiment_cli.interrupts import Interrupted
from inference_experiment_cli.operate.gateway import CliGateway
from inference_experiment_cli.operate.ownership import (
    CLI_OWNER,
    Owner,
    Requester,
    earlier_owner_tag,
    find_owner,
    manual_request,
)
from inference_experiment_cli.operate.settings import Settings
from inference_experiment_cli.output import Screen, confirm, console, note
from inference_experiment_cli.plan.plan import KEPT, Plan, make_plan
from inference_experiment_cli.plan.production import left_variant, result_of
from inference_experiment_cli.plan.simulate import SimulatedGateway, now
from inference_experiment_cli.plan.view import show


@dataclass
class LiveChange:
    """A live experiment that is about to be changed."""

    gateway: CliGateway
    observed: Observed
    owner: Owner
    live: dict[str, Any]
    tags: dict[str, str]
    settings: Settings

    @classmethod
    def of(cls, name: str, settings: Settings) -> "LiveChange":
        """Find an experiment and its owner. Raises NotPossibleError where it is missing or must not be changed."""
        gateway = CliGateway(settings.region, settings.profile)
        observed, tags = gateway.describe_existing(name)
        owner = find_owner(gateway.session, name, tags)
        if owner.is_stack and not (settings.dry_run or settings.force):
            raise NotPossibleError(
                f"{name} belongs to {owner.text}; update it through its stack, or pass --force to override"
            )
        return cls(gateway, observed, owner, to_properties(observed.details, tags), tags, settings)

    def update(self, properties: Mapping[str, Any], command: str) -> None:
        """Update the experiment to these properties; a stop without StatusReason names the command."""
        wanted = dict(properties)
        if wanted.get("DesiredState") in (Status.COMPLETED, Status.CANCELLED):
            wanted.setdefault("StatusReason", f"Stopped by inference-experiment {command}")
        self.apply(RequestType.UPDATE, wanted, f"{self.observed.name} is running and would be stopped. Continue?")

    def delete(self, command: str) -> None:
        """Delete the experiment; a running one is stopped first, with a StatusReason that names the command."""
        properties = {key: value for key, value in self.live.items() if key != "DesiredState"}
        properties["StatusReason"] = f"Stopped by inference-experiment {command}"
        name, status = self.observed.name, self.observed.status
        question = f"{name} is running and would be stopped and deleted. Continue?"
        if status in ENDED:
            question = f"{name} is {status}; with it its report would be gone, and nothing brings it back. Continue?"
        self.apply(RequestType.DELETE, properties, question)

    def apply(self, kind: RequestType, properties: Mapping[str, Any], question: str) -> None:
        """Plan an Update or a Delete and, unless it is a dry run, carry it out. Raises NotPossibleError."""
        old = self.live if kind is RequestType.UPDATE else {}
        request = manual_request(kind, self.owner.requester, self.observed.name, properties, old)
        simulated = SimulatedGateway(earlier_owner_tag(request), self.gateway, of_provider=False)
        simulated.add(self.observed.details, self.tags)
        plan = make_plan(request, simulated, self.observed)
        if kind is RequestType.UPDATE:
            _note_what_stays(plan)
        if not confirm_plan(plan, self.settings, question):
            return
        if self.owner.is_stack:
            note(f"{self.observed.name} belongs to {self.owner.text}; the stack will drift")
        self.gateway.adopt(self.observed.arn, earlier_owner_tag(request))
        carry_out(request, self.gateway, self.settings, self.observed.arn)


def _note_what_stays(plan: Plan) -> None:
    """Explain each change that results in no call."""
    kept = [f"{row['path']}: {row['how']}" for row in plan["properties"] if row["how"] == KEPT]
    for text in kept:
        note(text)
    if plan["possible"] and not plan["calls"] and not kept:
        note(f"{plan['experiment']}: nothing to do")


def create_experiment(properties: Mapping[str, Any], logical_id: str, settings: Settings) -> None:
    """Plan a creation and, unless it is a dry run, carry it out. Raises NotPossibleError."""
    gateway = CliGateway(settings.region, settings.profile)
    name = str(properties.get("Name", ""))
    request = manual_request(RequestType.CREATE, Requester(CLI_OWNER, name or logical_id), "", properties)
    simulated = SimulatedGateway(identity.owner(request), gateway, of_provider=False)
    target = gateway.observe(name)[0] if name else Observed(identity.derived_name(request))
    if confirm_plan(make_plan(request, simulated, target), settings, ""):
        carry_out(request, gateway, settings)


def confirm_plan(plan: Plan, settings: Settings, question: str) -> bool:
    """Return whether to carry a plan out; a dry run shows it. Raises NotPossibleError where it is not possible."""
    if settings.dry_run:
        show(plan, None, settings.output)
    if not plan["possible"]:
        raise NotPossibleError(plan["reason"])
    # The report of a test that has ended is all that is left of it.
    final = {ActionKind.STOP, ActionKind.DELETE} if plan["status"] in ENDED else {ActionKind.STOP}
    if not settings.dry_run and question and any(call["operation"] in final for call in plan["calls"]):
        confirm(question, yes=settings.yes)
    return not settings.dry_run


def carry_out(request: Request, gateway: CliGateway, settings: Settings, arn: str = "") -> None:
    """Run the lifecycle to its end; print its progress, and the experiment. Raises ExperimentFailedError."""
    progress = Progress(deadline=time.time() + settings.timeout)
    screen = console(stderr=True)
    with screen.status("reading the experiment") as show_status:
        view = ProgressView(screen, show_status)
        try:
            result = Lifecycle(request, gateway, Clock(settings.interval), progress, view).run()
        except (Interrupted, KeyboardInterrupt) as interrupt:
            interrupt.add_note(view.what_goes_on(settings))
            raise
    if result.error:
        name = result.physical_id if request.type is RequestType.CREATE else ""
        exists = f"{name} exists; remove it with inference-experiment delete {name}"
        raise ExperimentFailedError(result.error, exists if identity.is_name(name) else "")
    observed = result.observed
    if observed:
        note(f"{observed.name} is {observed.status}" + (f"; {result.note}" if result.note else ""))
    if view.ended and (left := result_of(view.ended, now())):
        note(left)
    if observed:
        production = left_variant(view.ended, now()) if view.ended else None
        record = {"Name": observed.name, "Status": observed.status.value, "Arn": observed.arn or arn}
        settings.print_record({**record, **({"Production": production} if production else {})})


class ProgressView:
    """Prints the lifecycle's decisions (calls as they are made, statuses as they change) and its problems."""

    def __init__(self, screen: Screen, status: Callable[[str], None]) -> None:
        self._screen = screen
        self._status = status
        self._began = time.monotonic()
        self._last: Status | None = None
        self._stopped = False
        self._experiment: Observed | None = None
        self._last_call: ActionKind | None = None
        self.ended: Observed | None = None
        """The experiment as its stop left it, where this request has stopped it."""

    def what_goes_on(self, settings: Settings) -> str:
        """Return what AWS does after an interruption, and how to continue."""
        if self._last_call is None or self._experiment is None:
            return "nothing was changed"
        name, status = self._experiment.name, self._experiment.status
        options = "".join(f" --{key} {value}" for key in ("region", "profile") if (value := getattr(settings, key)))
        return (
            f"{self._last_call} was called and AWS carries on; {name} was last {status}. Follow it with "
            f"inference-experiment watch {name}{options}"
        )

    def __call__(self, notice: Notice) -> None:
        """Print one notice."""
        seconds = f"{time.monotonic() - self._began:6.1f} s"
        if isinstance(notice, Problem):
            if notice.kind is not ProblemKind.FAILED:  # which is raised, and printed at the end
                text = describe_failure(notice.error)
                self._screen.line(f"{seconds}  {notice.kind}: {text}", style="yellow")
            return
        self._experiment, status = notice.experiment, notice.experiment.status
        self._stopped = self._stopped or notice.action is ActionKind.STOP
        if self._stopped and status in ENDED:
            self.ended = notice.experiment
        self._status(f"{notice.experiment.name} is {status}")
        if status != self._last:
            self._screen.line(f"{seconds}  status  {status}")
        if notice.action in MUTATING:
            self._last_call = notice.action
        if notice.action in OPERATIONS:
            self._screen.line(f"{seconds}  call    {notice.action}")
        self._last = status
