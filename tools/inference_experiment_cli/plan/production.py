"""What runs in production as a test starts, stops or is promoted: the one table of plan, dry run and report. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from inference_experiment import differences, payloads
from inference_experiment.model import ENDED, Observed, Status, Variant

UNKNOWN: Final = "unknown"
TITLE: Final = "What changes for production"
# Creating an experiment also changes the production variant's instances to those of the experiment.
AT_CREATION: Final = "as the experiment's ModelVariants say"
COLUMNS: Final = ("event", "when", "variant", "model", "instance_type", "instance_count", "autoscaling")
VALUES: Final = COLUMNS[2:-1]
GONE: Final = ("Deleted", "Deleting")


class Event(StrEnum):
    """What can change production."""

    START = "start"
    STOP = "stop"
    PROMOTION = "promotion"


class When(StrEnum):
    """Whether it has happened, is what the plan does, or could follow."""

    DONE = "done"
    UNDER_WAY = "under way"
    PLANNED = "planned"
    POSSIBLE = "possible"


class Stage(StrEnum):
    """How far a test has come."""

    WAITING = "waiting"
    RUNNING = "running"
    OVER = "over"


@dataclass(frozen=True)
class Change:
    """One event: the production variant before and after it; None where the experiment does not tell."""

    event: Event
    when: When
    before: Variant | None
    after: Variant | None
    resized: bool = False

    @property
    def note(self) -> str:
        """What the numbers do not say."""
        if self.event is Event.START:
            return "becomes what the experiment's ModelVariants say, whatever instance count autoscaling has set"
        if self.after is None:
            return "the experiment does not tell which variant stayed: see DescribeEndpoint"
        if self.event is Event.PROMOTION and self.before and self.before.variant_name != self.after.variant_name:
            return f"a scaling policy of {self.before.variant_name} does not apply to {self.after.variant_name}"
        if self.resized:
            return "DesiredModelVariants replaces the instance count that autoscaling may have set"
        return "no instances are sent, so that production keeps those that it has"


@dataclass(frozen=True)
class Serving:
    """The variants of an endpoint under test, and the changes of its production variant so far."""

    variants: Mapping[str, Variant] = field(default_factory=dict)
    production: str = ""
    shadow: str = ""
    stage: Stage = Stage.WAITING
    changes: tuple[Change, ...] = ()

    @property
    def variant(self) -> Variant | None:
        """The production variant."""
        return self.variants.get(self.production)

    def billed(self) -> list[Variant]:
        """Return the variants that have instances."""
        shadow_runs = self.stage is not Stage.WAITING
        return [each for name, each in self.variants.items() if shadow_runs or name == self.production]

    def started(self, when: When, before: Variant | None = None) -> "Serving":
        """Return what runs once the test has started."""
        change = Change(Event.START, when, before, self.variant)
        return replace(self, stage=Stage.RUNNING, changes=(*self.changes, change))

    def stopped(
        self, actions: Mapping[str, str], when: When, desired: Mapping[str, Variant] | None = None
    ) -> "Serving":
        """Return what is left once the test has been stopped with these actions and DesiredModelVariants."""
        kept = {name: each for name, each in self.variants.items() if actions.get(name) != differences.REMOVE}
        promoted = [name for name, action in actions.items() if action == differences.PROMOTE and name in kept]
        stays = [self.production] if self.production in kept else list(kept)
        name = next(iter([*promoted, *stays]), "")
        after = {**kept, **(desired or {})}
        event = Event.PROMOTION if name not in ("", self.production) else Event.STOP
        change = Change(event, when, self.variant, after.get(name), resized=bool(desired))
        return replace(self, variants=after, production=name, stage=Stage.OVER, changes=(*self.changes, change))

    def outlook(self) -> tuple[Change, ...]:
        """Return the changes so far, and those that could follow."""
        if self.stage is Stage.OVER or self.variant is None:
            return self.changes
        running = self.started(When.POSSIBLE) if self.stage is Stage.WAITING else self
        removed = running.stopped({self.shadow: differences.REMOVE}, When.POSSIBLE).changes
        if self.shadow not in self.variants:
            return removed
        promotion = {self.production: differences.REMOVE, self.shadow: differences.PROMOTE}
        return (*removed, running.stopped(promotion, When.POSSIBLE).changes[-1])


def status_after(transition: Status, start: datetime | None, now: datetime) -> Status:
    """Return the status in which a transition ends; Describe does not show the one that a stop leads to."""
    if transition is Status.STOPPING:
        return Status.COMPLETED
    waits = transition is not Status.STARTING and start is not None and start > now
    return Status.CREATED if waits else Status.RUNNING


def serving_of(observed: Observed, now: datetime, actions: Mapping[str, str] | None = None) -> Serving | None:
    """Return what the endpoint of an experiment runs, None without one.

    `actions` are those of the stop of an ended experiment, for an answer of Describe that has no variant statuses.
    """
    configuration, status = observed.configuration, observed.status
    if configuration is None or status is Status.ABSENT:
        return None
    variants = {each.variant_name: each for each in configuration.model_variants}
    serving = Serving(variants, configuration.source_variant, configuration.shadow_variant)
    settled = (
        status_after(status, configuration.start_time, now) if status in (Status.CREATING, Status.UPDATING) else status
    )
    if settled is Status.CREATED:
        return serving
    if status in ENDED:
        return _ended(serving, observed, actions)
    serving = serving.started(When.UNDER_WAY if status in (Status.CREATING, Status.STARTING) else When.DONE)
    leaving = _gone(observed)
    return serving.stopped(leaving, When.UNDER_WAY) if status is Status.STOPPING and leaving else serving


def _gone(observed: Observed) -> dict[str, str]:
    return {name: differences.REMOVE for name, status in observed.variant_statuses.items() if status in GONE}


def _ended(serving: Serving, observed: Observed, actions: Mapping[str, str] | None) -> Serving:
    # A test may be cancelled before its start.
    begun = serving.started(When.DONE) if observed.status is Status.COMPLETED else serving
    known = any(observed.variant_statuses.values())
    if not known and actions is None:
        untold = Change(Event.STOP, When.DONE, begun.variant, None)
        return replace(begun, variants={}, production="", stage=Stage.OVER, changes=(*begun.changes, untold))
    return begun.stopped(_gone(observed) if known else actions or {}, When.DONE)


def observed_of(members: Mapping[str, Any]) -> Observed:
    """Return an experiment as Describe answers; of one whose status is not known, only the name."""
    name, status = str(members.get("Name", "")), members.get("Status")
    if status not in list(Status):
        return Observed(name)
    endpoint = str((members.get("EndpointMetadata") or {}).get("EndpointName", ""))
    return Observed(
        name, Status(status), configuration=payloads.configuration(members, name, endpoint), details=members
    )


def variant_row(variant: Variant | None) -> dict[str, Any] | None:
    """Return a variant; what a deployment alone knows of its instances is null."""
    if variant is None:
        return None
    return {
        "variant": variant.variant_name,
        "model": variant.model_name,
        "instance_type": variant.instance_type or None,
        "instance_count": variant.instance_count or None,
    }


def rows(endpoint: str, changes: Iterable[Change]) -> list[dict[str, Any]]:
    """Return changes as JSON has them; autoscaling is not part of an experiment, so that it is unknown."""
    return [
        {
            "endpoint": endpoint,
            "event": change.event.value,
            "when": change.when.value,
            "before": variant_row(change.before),
            "after": variant_row(change.after),
            "autoscaling": UNKNOWN,
            "note": change.note,
        }
        for change in changes
    ]


def cells(changes: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, str]]:
    """Yield rows as a table has them: `before -> after`, or one value where it stays."""
    for change in changes:
        after = change["after"] or {}
        # A test starts on a variant of the endpoint: whatever it runs, its name is known.
        before = change["before"] or {"variant": after.get("variant")}
        yield {
            **{key: str(change[key]) for key in ("event", "when", "autoscaling")},
            **{key: _cell(before.get(key), after.get(key)) for key in VALUES},
        }


def _cell(before: object, after: object) -> str:
    texts = [UNKNOWN if value is None else str(value) for value in (before, after)]
    return " -> ".join(dict.fromkeys(texts))


def notes(changes: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the notes of rows, each once."""
    return [f"{event}: {text}" for event, text in dict.fromkeys((one["event"], one["note"]) for one in changes)]


def describe_variant(row: Mapping[str, Any]) -> str:
    """Return a variant's row as a text."""
    instances = f"{row['instance_count'] or '?'} x {row['instance_type'] or '?'}"
    return f"{row['variant']} ({row['model']}, {instances})"


def changes_of(observed: Observed, now: datetime) -> list[dict[str, Any]]:
    """Return the rows of an experiment: what has happened, and what could follow."""
    serving, configuration = serving_of(observed, now), observed.configuration
    return rows(configuration.endpoint_name, serving.outlook()) if serving and configuration else []


def left_variant(observed: Observed, now: datetime) -> dict[str, Any] | None:
    """Return the variant that a test that has ended left in production, with its endpoint; None where it is unknown."""
    serving, configuration = serving_of(observed, now), observed.configuration
    variant = serving.variant if serving else None
    if configuration is None or variant is None:
        return None
    return {
        "EndpointName": configuration.endpoint_name,
        "VariantName": variant.variant_name,
        "ModelName": variant.model_name,
        "InstanceType": variant.instance_type or None,
        "InstanceCount": variant.instance_count or None,
    }


def result_of(observed: Observed, now: datetime) -> str:
    """Return what a test that has ended left in production; empty while it has not."""
    serving, configuration = serving_of(observed, now), observed.configuration
    if serving is None or configuration is None or observed.status not in ENDED:
        return ""
    row = variant_row(serving.variant)
    left = (
        f"{describe_variant(row)}, as the test left it"
        if row
        else "not known from the experiment: see DescribeEndpoint"
    )
    return f"production of {configuration.endpoint_name} is now {left}"
