"""Updates to plan: properties before and after, the status, and what has happened to the experiment meanwhile."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from one_answer.mutants import COMPLETE

ROLE = "arn:aws:iam::123456789012:role/other"


def _in_days(days: int) -> str:
    return f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"


LATER = {"StartTime": _in_days(10), "EndTime": _in_days(12)}
PROMOTION = {"production": "Remove", "shadow": "Promote"}
STABLE = ("Created", "Running", "Completed", "Cancelled")
TRANSITIONAL = ("Creating", "Updating", "Starting", "Stopping")


def _variants(shadow_model: str = "model-2", count: int = 1, *, production: bool = True) -> list[dict[str, Any]]:
    first, second = COMPLETE["ModelVariants"]
    hardware = {"InstanceType": "ml.m5.xlarge", "InstanceCount": count}
    infrastructure = {"InfrastructureType": "RealTimeInference", "RealTimeInferenceConfig": hardware}
    shadow = {**second, "ModelName": shadow_model, "InfrastructureConfig": infrastructure}
    return [first, shadow] if production else [shadow]


def _sampling(percentage: int) -> dict[str, Any]:
    shadows = [{"ShadowModelVariantName": "shadow", "SamplingPercentage": percentage}]
    return {"SourceModelVariantName": "production", "ShadowModelVariants": shadows}


def _capture(bucket: str) -> dict[str, Any]:
    return {"Destination": f"s3://{bucket}/captured"}


def _tags(**tags: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def properties(**changes: Any) -> dict[str, Any]:
    """Return valid properties with these changed; None leaves one out."""
    kept = ("Type", "RoleArn", "EndpointName", "ModelVariants", "ShadowModeConfig")
    made = {
        "ServiceToken": "arn:aws:lambda:us-east-1:123456789012:function:provider",
        "Name": "fraud",
        **{name: COMPLETE[name] for name in kept},
        "Tags": _tags(team="ml"),
        **changes,
    }
    return {key: value for key, value in made.items() if value is not None}


ENDED: dict[str, Any] = {"DesiredState": "Completed"}
PROMOTED: dict[str, Any] = {"DesiredState": "Completed", "ModelVariantActions": PROMOTION}
CRITERIA = {"MaxLatencyIncrease": "1000%", "MinInvocations": 100}
# What changes from one template to the next: name -> properties after; those before are the valid ones.
CHANGES: Mapping[str, dict[str, Any]] = {
    "nothing": {},
    "description": {"Description": "new"},
    "sampling": {"ShadowModeConfig": _sampling(20)},
    "sampling and description": {"ShadowModeConfig": _sampling(20), "Description": "new"},
    "tag added": {"Tags": _tags(team="ml", stage="test")},
    "tag changed": {"Tags": _tags(team="other")},
    "tags removed": {"Tags": None},
    "tags replaced": {"Tags": _tags(stage="test"), "Description": "new"},
    "shadow model": {"ModelVariants": _variants("model-3")},
    "instances": {"ModelVariants": _variants(count=2)},
    "capture": {"DataStorageConfig": _capture("bucket")},
    "end": {"Schedule": {"EndTime": _in_days(13)}},
    "started": {"DesiredState": "Running"},
    "started and described": {"DesiredState": "Running", "Description": "new"},
    "completed": ENDED,
    "cancelled": {"DesiredState": "Cancelled", "StatusReason": "too slow"},
    "completed with other instances": {**ENDED, "ModelVariants": _variants(count=2)},
    "completed with a reason and a tag": {**ENDED, "StatusReason": "enough", "Tags": _tags(team="x")},
    "promoted": PROMOTED,
    "promoted and sampled": {**PROMOTED, "ShadowModeConfig": _sampling(100)},
    "promoted by leaving production out": {**ENDED, "ModelVariants": _variants(production=False)},
    "promoted with criteria": {**PROMOTED, "PromotionCriteria": CRITERIA, "Description": "new"},
    "role": {"RoleArn": ROLE},
    "role and name": {"RoleArn": ROLE, "Name": "fraud-2"},
    "name": {"Name": "fraud-2"},
    "name and endpoint": {"Name": "fraud-2", "EndpointName": "endpoint-2"},
    "name and endpoint, started": {"Name": "fraud-2", "EndpointName": "endpoint-2", "DesiredState": "Running"},
    "name and endpoint, completed": {"Name": "fraud-2", "EndpointName": "endpoint-2", **ENDED},
    "name removed": {"Name": None},
    "name removed, other endpoint": {"Name": None, "EndpointName": "endpoint-2"},
}
# Properties before that are not the usual ones, with changes that matter to them.
BEFORE: Mapping[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "captured": ({"DataStorageConfig": _capture("first")}, ("nothing", "capture", "description")),
    "described": ({"Description": "old"}, ("nothing", "sampling", "description")),
    "unnamed": ({"Name": None}, ("nothing", "description", "completed", "role")),
    "unnamed, other endpoint": ({"Name": None, "EndpointName": "endpoint-2"}, ("nothing",)),
    "untagged": ({"Tags": None}, ("nothing", "tag added", "tag changed")),
}


@dataclass(frozen=True)
class Pair:
    """One update. `status` is what there is when it comes; `old` of None is a creation."""

    name: str
    old: dict[str, Any] | None
    new: dict[str, Any]
    status: str
    live: bool = False
    tags: dict[str, str] = field(default_factory=dict)
    actions: dict[str, str] = field(default_factory=dict)


def _of_status(status: str, old: Mapping[str, Any]) -> dict[str, Any]:
    """Return properties before that lead to a status: one that waits for its start has a schedule."""
    waits = status in {"Created", "Starting"}
    return {**old, "Schedule": LATER} if waits else dict(old)


def _pair(name: str, status: str, before: Mapping[str, Any], change: Mapping[str, Any], *, live: bool) -> Pair:
    old = _of_status(status, before)
    new = {**old, **change}
    if "Schedule" in change and "Schedule" in old:
        new["Schedule"] = {**LATER, **change["Schedule"]}
    where = "live" if live else "files"
    return Pair(f"{where}, {status}: {name}", properties(**old), properties(**new), status, live)


def updates() -> list[Pair]:
    """Return the updates from file to file, and of what is live."""
    made = [
        _pair(name, status, {}, CHANGES[name], live=live)
        for live, names in ((False, CHANGES), (True, OF_LIVE))
        for status, name in itertools.product(STABLE, names)
        if not (live and (status, name) in UNKNOWABLE)
    ]
    made += [
        _pair(name, status, {}, CHANGES[name], live=True) for status, name in itertools.product(TRANSITIONAL, GOING_ON)
    ]
    made += [
        _pair(f"scheduled, {name}", status, {"Schedule": LATER}, CHANGES[name], live=True)
        for status, name in itertools.product(("Creating", "Updating"), SCHEDULED)
    ]
    for before, (old, names) in BEFORE.items():
        made += [
            _pair(f"{before}, {name}", status, old, CHANGES[name], live=live)
            for name in names
            for status, live in (("Created", False), ("Running", True))
        ]
    return [*made, *_ended_before(), *_ends()]


OF_LIVE = (
    *("nothing", "sampling and description", "tag added", "shadow model", "capture", "end", "started", "completed"),
    *("promoted", "promoted with criteria", "role", "name and endpoint, started", "name removed, other endpoint"),
)
# After the end a live experiment does not tell whether the file has said Running all the time: plan takes it for that.
# Nor does it tell which of its tags the file had: plan leaves them alone, and says so.
UNKNOWABLE = {("Completed", "started"), ("Cancelled", "started")}
SCHEDULED = ("nothing", "started", "shadow model", "completed")
GOING_ON = (
    "nothing",
    "description",
    "tag added",
    "shadow model",
    "started",
    "completed",
    "promoted",
    "name and endpoint",
)


def _ended_before() -> list[Pair]:
    """Return updates of what an earlier update ended, promoted or started: deployed as it is, or changed."""
    made = []
    ends = {"promoted": (PROMOTED, PROMOTION), "completed": (ENDED, {"production": "Retain", "shadow": "Remove"})}
    for (ending, (old, actions)), live in itertools.product(ends.items(), (False, True)):
        for name in ("nothing", "description", "tag added", "name and endpoint, started"):
            new = {**old, **CHANGES[name]}
            where = "live" if live else "files"
            pair = Pair(f"{where}, {ending} before: {name}", properties(**old), properties(**new), "Completed", live)
            made.append(Pair(pair.name, pair.old, pair.new, pair.status, live, actions=actions))
    started = {"Schedule": LATER, "DesiredState": "Running"}
    for name in ("nothing", "description", "tag added", "completed"):
        new = {**started, **CHANGES[name]}
        made.append(
            Pair(f"live, started early: {name}", properties(**started), properties(**new), "Running", live=True)
        )
    return made


def _ends() -> list[Pair]:
    """Return updates of the end alone, of a test that runs: past, too late, and as late as can be."""
    return [
        Pair(f"{'live' if live else 'files'}, Running: end {end}", properties(), new, "Running", live)
        for live in (False, True)
        for end in ("2020-01-01T00:00:00Z", "2091-01-01T00:00:00Z")
        for new in [properties(Schedule={"EndTime": end})]
    ]


def creations() -> list[Pair]:
    """Return creations where nothing is."""
    changes: Mapping[str, dict[str, Any]] = {
        **{name: CHANGES[name] for name in ("nothing", "description", "capture", "tags removed", "completed")},
        **{name: CHANGES[name] for name in ("started", "cancelled", "promoted", "shadow model")},
        "scheduled": {"Schedule": LATER},
        "scheduled and started": {"Schedule": LATER, "DesiredState": "Running"},
        "without a name": {"Name": None},
        "ended too late": {"Schedule": {"EndTime": "2091-01-01T00:00:00Z"}},
        "end in the past": {"Schedule": {"EndTime": "2020-01-01T00:00:00Z"}},
    }
    return [Pair(f"creation: {name}", None, properties(**change), "Absent") for name, change in changes.items()]
