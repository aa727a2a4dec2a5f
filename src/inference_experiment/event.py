"""A CloudFormation custom-resource event, or a message of the wait queue, as a frozen Request.

A malformed event never reaches crhelper: in a warm container crhelper would answer it on the previous request's
URL, in a cold one it would retry for ever (C26). Sources: aws-facts 6.1.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from math import isnan
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from inference_experiment.model import Progress, RequestType

# Required texts and their lengths; CloudFormation sends no longer ones, which would not fit into an answer.
REQUIRED: Final = {
    "RequestType": 1024,
    "ResponseURL": 8192,
    "StackId": 1024,
    "RequestId": 128,
    "LogicalResourceId": 255,
}
MAXIMUM_PHYSICAL_ID: Final = 1024  # bytes, as JSON writes them
MAXIMUM_DEPTH: Final = 50  # of nested values; the schema's own is 7
# The event's own key for what a request has done so far; CloudFormation's keys have no dash.
PROGRESS_KEY: Final = "inference-experiment-progress"
# Of the time that CloudFormation waits, what is kept for the answer: a tenth, at most this many seconds.
RESPONSE_MARGIN_SECONDS: Final = 120.0
CLOCK_SKEW_SECONDS: Final = 300.0  # seconds
URL_LIFE_SECONDS: Final = 7200.0  # a ResponseURL works for two hours (aws-facts 6.1)

# The members of a progress that another version of the function, or another sender, may have written.
MEMBER_TYPES: Final[Mapping[str, type | tuple[type, ...]]] = {
    "acted": dict,
    "failure": str,
    "handovers": int,
    "status": str,
    "target": str,
    "transition_seen": bool,
    **dict.fromkeys(("deadline", "failing_since", "slowdown", "status_since"), (int, float)),
}
# Characters that SQS refuses; JSON can escape them.
NOT_IN_MESSAGES: Final = re.compile("[\ud800-\udfff\ufffe\uffff]")
MAXIMUM_SERVICE_TIMEOUT: Final = 3600
MAXIMUM_TAGS: Final = 50
MAXIMUM_TAG_VALUE: Final = 256
STACK_ID: Final = re.compile(r"arn:[^:]+:cloudformation:[^:]+:[^:]*:stack/([^/]+)/([^/]+)")


class MalformedEventError(Exception):
    """The event is not a custom-resource request. `addressee` is set where it can still be answered FAILED."""

    def __init__(self, message: str, addressee: "Request | None" = None) -> None:
        super().__init__(message)
        self.addressee = addressee


@dataclass(frozen=True)
class Request:
    """One custom-resource request. `issued` is the time of its signature (epoch seconds), where the URL has one."""

    type: RequestType
    response_url: str = field(repr=False)
    stack_id: str
    request_id: str
    logical_id: str
    physical_id: str = ""
    properties: Mapping[str, Any] = field(default_factory=dict, repr=False)
    old_properties: Mapping[str, Any] = field(default_factory=dict, repr=False)
    issued: float | None = None

    @property
    def stack_name(self) -> str:
        """Name of the stack."""
        return self._stack_part(1)

    @property
    def stack_guid(self) -> str:
        """GUID of the stack, which a later stack of the same name does not share."""
        return self._stack_part(2)

    def _stack_part(self, group: int) -> str:
        match = STACK_ID.fullmatch(self.stack_id)
        return match[group] if match else self.stack_id

    @property
    def changed(self) -> frozenset[str]:
        """Paths of the properties that the template changed: members of maps one by one, lists as a whole."""
        return frozenset(_differences(self.properties, self.old_properties, ""))

    @property
    def tag_values(self) -> frozenset[str]:
        """Values of the tags, now and before, which no log shows."""
        lists = [properties.get("Tags") for properties in (self.properties, self.old_properties)]
        tags = [tag for listed in lists if isinstance(listed, list) for tag in listed[:MAXIMUM_TAGS]]
        values = [tag.get("Value") for tag in tags if isinstance(tag, Mapping)]
        return frozenset(str(value)[:MAXIMUM_TAG_VALUE] for value in values if isinstance(value, str | int | float))

    @property
    def service_timeout(self) -> int:
        """Seconds that CloudFormation waits; its default where the property is absent or unusable."""
        text = scalar_text(self.properties.get("ServiceTimeout")) or ""
        usable = text.isascii() and text.isdigit() and len(text) <= len(str(MAXIMUM_SERVICE_TIMEOUT))
        seconds = int(text) if usable else MAXIMUM_SERVICE_TIMEOUT
        return min(max(seconds, 1), MAXIMUM_SERVICE_TIMEOUT)


def _same(new: object, old: object) -> bool:
    """Return whether two property values are equal once scalars are strings, as CloudFormation may make them."""
    if isinstance(new, list) and isinstance(old, list):
        return len(new) == len(old) and all(map(_same, new, old))
    if isinstance(new, Mapping) and isinstance(old, Mapping):
        return new.keys() == old.keys() and all(_same(new[key], old[key]) for key in new)
    text = scalar_text(new)
    return (type(new) is type(old) and new == old) or (text is not None and text == scalar_text(old))


def scalar_text(value: object) -> str | None:
    """Return a scalar as CloudFormation sends it; None for any other value."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else None


def _differences(new: Mapping[str, Any], old: Mapping[str, Any], prefix: str) -> list[str]:
    paths: list[str] = []
    for key in dict.fromkeys((*new, *old)):
        first, second = new.get(key), old.get(key)
        if _same(first, second):
            continue
        paths.append(prefix + key)
        if isinstance(first, Mapping) or isinstance(second, Mapping):
            members = [value if isinstance(value, Mapping) else {} for value in (first, second)]
            paths += _differences(members[0], members[1], f"{prefix}{key}/")
    return paths


def _issued(response_url: str) -> float | None:
    """Return the signing time of a presigned URL: X-Amz-Date of Signature Version 4; in Version 2, by its Expires."""
    try:
        query = parse_qs(urlsplit(response_url).query)
        if "X-Amz-Date" in query:
            return datetime.strptime(query["X-Amz-Date"][0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
        expires = datetime.fromtimestamp(int(query["Expires"][0]), UTC)
        return expires.timestamp() - URL_LIFE_SECONDS
    except (KeyError, ValueError, OverflowError, OSError):
        return None


class TooDeep:
    """Replaces a value that is nested too deeply to be walked; no schema accepts it."""

    def __repr__(self) -> str:
        return f"a value nested more than {MAXIMUM_DEPTH} deep"


def _pruned(value: Any, depth: int) -> Any:  # noqa: ANN401 - any JSON value
    if depth == 0 and isinstance(value, Mapping | list):
        return TooDeep()
    if isinstance(value, Mapping):
        return {key: _pruned(item, depth - 1) for key, item in value.items()}
    return [_pruned(item, depth - 1) for item in value] if isinstance(value, list) else value


def _mapping(event: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return the properties of an event without what is nested too deeply."""
    value = event.get(key)
    if not isinstance(value, Mapping):
        return {}
    return {name: _pruned(item, MAXIMUM_DEPTH) for name, item in value.items()}


def _check_texts(event: Mapping[str, Any]) -> None:
    missing = [key for key in REQUIRED if not isinstance(event.get(key), str) or not event[key]]
    if missing:
        raise MalformedEventError("not a custom-resource request: missing or not a string: " + ", ".join(missing))
    long = [key for key, length in REQUIRED.items() if len(event[key]) > length or not event[key].isascii()]
    if long:
        raise MalformedEventError("not a custom-resource request: too long, or not ASCII: " + ", ".join(long))


def parse(event: object) -> Request:
    """Return the request that an event carries. Raises MalformedEventError, naming what is missing or wrong."""
    if not isinstance(event, Mapping):
        raise MalformedEventError(f"an event must be a JSON object, not {type(event).__name__}")
    _check_texts(event)
    physical_id = event.get("PhysicalResourceId")
    named = isinstance(physical_id, str) and physical_id and len(json.dumps(physical_id)) - 2 <= MAXIMUM_PHYSICAL_ID
    request = Request(
        type=RequestType.CREATE,
        response_url=event["ResponseURL"],
        stack_id=event["StackId"],
        request_id=event["RequestId"],
        logical_id=event["LogicalResourceId"],
        physical_id=str(physical_id) if named else "",
        properties=_mapping(event, "ResourceProperties"),
        old_properties=_mapping(event, "OldResourceProperties"),
        issued=_issued(event["ResponseURL"]),
    )
    if event["RequestType"] not in list(RequestType):
        raise MalformedEventError(
            f"RequestType is {event['RequestType'][:40]!r}, not Create, Update or Delete", request
        )
    request = replace(request, type=RequestType(event["RequestType"]))
    if request.type is not RequestType.CREATE and not named:
        raise MalformedEventError("PhysicalResourceId is missing or too long", request)
    return request


def first_progress(request: Request, now: float) -> Progress:
    """Return the progress of a request at its first delivery: nothing done, and when to give up."""
    issued = now if request.issued is None or request.issued > now + CLOCK_SKEW_SECONDS else min(request.issued, now)
    return Progress(
        deadline=issued + request.service_timeout - min(RESPONSE_MARGIN_SECONDS, request.service_timeout / 10)
    )


def carried_progress(carried: object, first: Progress) -> Progress:
    """Return the progress that a message carries; `first` for what it does not carry in a usable form.

    It cannot put the deadline off: the request itself says how long CloudFormation waits.
    """
    if not isinstance(carried, Mapping):
        return first
    usable = {name: carried[name] for name, kind in MEMBER_TYPES.items() if _is_usable(carried.get(name), kind)}
    acted = {key: at for key, at in usable.get("acted", {}).items() if _is_usable(at, (int, float))}
    deadline = min(first.deadline, usable.get("deadline", first.deadline))
    return replace(first, **{**usable, "acted": acted, "deadline": deadline})


def _is_usable(value: object, kind: type | tuple[type, ...]) -> bool:
    """Return whether a value has a type; JSON may also hold NaN, which is neither before nor after any time."""
    return isinstance(value, kind) and not (isinstance(value, float) and isnan(value))


def message(request: Request, progress: Progress) -> str:
    """Return the message that hands a request over to a later invocation: an event with what has been done so far.

    It is UTF-8 and no longer than the event but for the progress, so that it fits where the event fitted.
    """
    first = Progress(deadline=0.0)
    done = {name: value for name, value in vars(progress).items() if value != getattr(first, name)}
    members = {
        "RequestType": request.type.value,
        "ResponseURL": request.response_url,
        "StackId": request.stack_id,
        "RequestId": request.request_id,
        "LogicalResourceId": request.logical_id,
        "PhysicalResourceId": request.physical_id,
        "ResourceProperties": _without_token(request.properties),
        "OldResourceProperties": _without_token(request.old_properties),
        PROGRESS_KEY: done,
    }
    kept = {key: value for key, value in members.items() if value not in ("", {})}
    text = json.dumps(kept, default=str, ensure_ascii=False, separators=(",", ":"))
    return NOT_IN_MESSAGES.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _without_token(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in properties.items() if key != "ServiceToken"}
