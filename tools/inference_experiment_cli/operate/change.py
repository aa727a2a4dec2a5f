"""One change of a live experiment: whose it is, what would happen, whether it may, then the lifecycle."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from inference_experiment import identity
from inference_experiment.clock import Clock
from inference_experiment.event import Request
from inference_experiment.lifecycle import Lifecycle
from inference_experiment.model import OPERATIONS, ActionKind, Observed, Progress, RequestResult, RequestType, Status
from inference_experiment.notices import Notice, Problem
from inference_experiment_cli.inventory.properties import properties_of
from inference_experiment_cli.operate.gateway import DeskGateway, existing
from inference_experiment_cli.operate.ownership import Owner, find_owner, require
from inference_experiment_cli.operate.request import DESK, Asker, desk_request, earlier_owner_tag
from inference_experiment_cli.output import confirm, console, fail, note
from inference_experiment_cli.plan.plan import Plan, make_plan
from inference_experiment_cli.plan.simulate import RehearsalGateway
from inference_experiment_cli.session import explain, open_session

if TYPE_CHECKING:
    import boto3
    from rich.console import Console


@dataclass(frozen=True)
class Settings:
    """The options that every change has."""

    region: str = ""
    profile: str = ""
    dry_run: bool = False
    yes: bool = False
    force: bool = False
    timeout: float = 3600.0
    interval: float = 5.0


@dataclass
class Change:
    """A live experiment that is about to be changed."""

    session: "boto3.Session"
    gateway: DeskGateway
    observed: Observed
    owner: Owner
    live: dict[str, Any]
    tags: dict[str, str]
    settings: Settings

    @classmethod
    def of(cls, name: str, settings: Settings) -> "Change":
        """Find an experiment and whose it is. Ends the command where it is not there, or not to be touched."""
        session = open_session(settings.region, settings.profile)
        gateway = DeskGateway()
        observed, tags = existing(gateway, name, session.region_name)
        owner = find_owner(session, name, tags)
        if not settings.dry_run:
            require(owner, name, force=settings.force)
        return cls(session, gateway, observed, owner, properties_of(observed.details, tags), tags, settings)

    def apply(self, kind: RequestType, properties: Mapping[str, Any], question: str) -> RequestResult | None:
        """Carry out an Update or a Delete; None for a dry run. Ends the command where it cannot be done."""
        old = self.live if kind is RequestType.UPDATE else {}
        request = desk_request(kind, self.owner.asker, self.observed.name, properties, old)
        rehearsal = RehearsalGateway(earlier_owner_tag(request), self.gateway, of_provider=False)
        rehearsal.know(self.observed.details, self.tags)
        plan = make_plan(request, rehearsal, self.observed)
        if settle(plan, self.settings, question):
            return None
        if self.owner.stack_owned:
            note(f"{self.observed.name} belongs to {self.owner.text}; its stack is not told")
        self.gateway.adopt(self.observed.arn, earlier_owner_tag(request))
        return carry_out(request, self.gateway, self.settings)


def create(properties: Mapping[str, Any], logical_id: str, settings: Settings) -> RequestResult | None:
    """Create an experiment; None for a dry run. Ends the command where it cannot be done."""
    open_session(settings.region, settings.profile)
    name = str(properties.get("Name", ""))
    request = desk_request(RequestType.CREATE, Asker(DESK, name or logical_id), "", properties)
    gateway = DeskGateway()
    rehearsal = RehearsalGateway(identity.owner(request), gateway, of_provider=False)
    target = gateway.look(name)[0] if name else Observed(identity.derived_name(request))
    if settle(make_plan(request, rehearsal, target), settings, ""):
        return None
    return carry_out(request, gateway, settings)


def settle(plan: Plan, settings: Settings, question: str) -> bool:
    """Return whether a plan was only to be shown. Ends the command where it cannot, or is not to, be carried out."""
    if settings.dry_run:
        from inference_experiment_cli.commands.plan import show  # noqa: PLC0415 - a command module, for its output
        from inference_experiment_cli.output import Format  # noqa: PLC0415

        show(plan, None, Format.TABLE)
    if not plan.possible:
        fail(plan.reason)
    if not settings.dry_run and question and any(call.operation == ActionKind.STOP for call in plan.calls):
        confirm(question, yes=settings.yes)
    return settings.dry_run


def carry_out(request: Request, gateway: DeskGateway, settings: Settings) -> RequestResult:
    """Run the lifecycle to its end, telling what it does. Ends the command where it fails."""
    progress = Progress(deadline=time.time() + settings.timeout)
    screen = console(stderr=True)
    with screen.status("looking") as status:
        view = _ProgressView(screen, status.update)
        outcome = Lifecycle(request, gateway, Clock(settings.interval), progress, view).run()
    if outcome.error:
        rest = ""
        if request.type is RequestType.CREATE and identity.is_name(outcome.physical_id):
            rest = f". {outcome.physical_id} is there; remove it with inference-experiment delete {outcome.physical_id}"
        fail(explain(outcome.error) + rest)
    return outcome


class _ProgressView:
    """Prints the lifecycle's decisions: calls as they are made, statuses as they change; and its problems."""

    def __init__(self, screen: "Console", status: Callable[[str], None]) -> None:
        self._screen = screen
        self._status = status
        self._began = time.monotonic()
        self._last: Status | None = None

    def __call__(self, notice: Notice) -> None:
        """Print one notice."""
        seconds = f"{time.monotonic() - self._began:6.1f} s"
        if isinstance(notice, Problem):
            self._screen.print(f"{seconds}  {notice.kind}: {notice.error}", style="yellow")
            return
        status = notice.experiment.status
        self._status(f"{notice.experiment.name} is {status}")
        if status != self._last:
            self._screen.print(f"{seconds}  status  {status}")
        if notice.action in OPERATIONS:
            self._screen.print(f"{seconds}  call    {notice.action}")
        self._last = status
