"""The form of a scenario file: one YAML document per file, described in README.md. Unknown keys fail loudly.

Only the form is known here; scenario_run.py gives it its meaning.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

import yaml

Members = dict[str, Any]


class WrongScenarioError(Exception):
    """A scenario file that cannot be understood."""


@dataclass(frozen=True)
class Given:
    """An experiment that exists before the first request; `origin` is the status that Updating comes from."""

    status: str
    owner: str = "resource"
    origin: str = "Running"
    properties: Members = field(default_factory=dict)
    tags: Members = field(default_factory=dict)


@dataclass(frozen=True)
class Fault:
    """An error of AWS: instead of the effect of a call, or after it. `bucket` faults are those of the answer's PUT."""

    call: str
    code: str = ""
    message: str = "injected by the scenario"
    status: int = 400
    times: int = 1
    after_effect: bool = False


@dataclass(frozen=True)
class Answer:
    """Members that AWS answers differently: on the nth call of this request, or on each. null leaves a member out."""

    call: str
    members: Members
    nth: int = 0


@dataclass(frozen=True)
class Meanwhile:
    """What somebody else does right after the nth call of an operation."""

    after: str
    do: str
    nth: int = 1
    name: str = "test"
    value: Any = None


@dataclass(frozen=True)
class Response:
    """The expected answer; `reason` are words of Reason, `data` a part of Data."""

    status: str
    id: str
    reason: tuple[str, ...] = ()
    data: Members = field(default_factory=dict)


@dataclass(frozen=True)
class After:
    """What there is after a request: status per experiment (null: gone), model per variant, tags per experiment."""

    experiments: Mapping[str, str | None] = field(default_factory=dict)
    variants: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Resource:
    """What CloudFormation shows of the resource: by default what fits the request.

    `error` is an error's code instead; `seconds` is how long ago the status changed, from when the request was signed.
    """

    status: str = ""
    id: str | None = None
    seconds: float = 0
    error: str = ""


@dataclass(frozen=True)
class Result:
    """The published object that PredictionResult names: of this experiment and good, but for what is given.

    `edit` are a text and what takes its place, after the sealing; `cut` leaves so many bytes; `age` is in seconds.
    """

    figures: Members = field(default_factory=dict)
    origin: Members = field(default_factory=dict)
    age: float = 0
    edit: tuple[str, str] = ("", "")
    cut: int | None = None


@dataclass(frozen=True)
class Request:
    """One delivery to the function and everything that is expected of it.

    Questions about the stack (DescribeStacks, DescribeStackResource) are compared in a scenario that lists one.
    """

    send: str
    calls: tuple[Members, ...]
    response: Response | None = None
    raises: str = ""
    properties: Members = field(default_factory=dict)
    old: Members | None = None
    id: str | None = None
    number: int = 0
    event: Members = field(default_factory=dict)
    issued: float | None = None
    progress: Members | None = None
    container: str = "warm"
    remaining: float = 60
    step: float = 1
    stack: str = ""
    resource: Resource = field(default_factory=Resource)
    faults: tuple[Fault, ...] = ()
    answers: tuple[Answer, ...] = ()
    meanwhile: tuple[Meanwhile, ...] = ()
    messages: int = 0
    logs: tuple[str, ...] = ()
    after: After = field(default_factory=After)
    result: Result | None = None


@dataclass(frozen=True)
class Scenario:
    """One file."""

    why: str
    requests: tuple[Request, ...]
    given: Mapping[str, Given] = field(default_factory=dict)
    durations: Mapping[str, float] = field(default_factory=dict)
    staleness: float = 0
    deletion_lag: float = 0


T = TypeVar("T")


def _build(kind: type[T], value: Any, where: str, **parsed: Any) -> T:
    if not isinstance(value, dict):
        raise WrongScenarioError(f"{where}: must be a mapping, not {value!r}")
    known = {each.name for each in fields(kind)}  # type: ignore[arg-type]
    unknown = set(value) - known
    if unknown:
        raise WrongScenarioError(f"{where}: unknown keys {sorted(map(str, unknown))}; known are {sorted(known)}")
    try:
        return kind(**{**value, **parsed})
    except TypeError as error:
        raise WrongScenarioError(f"{where}: {error}") from None


def _several(kind: type[T], value: Members, key: str, where: str) -> tuple[T, ...]:
    return tuple(_build(kind, each, f"{where}/{key}/{index}") for index, each in enumerate(value.get(key) or ()))


def _response(value: Any, where: str) -> Response | None:
    if value is None:
        return None
    reason = value.get("reason", ()) if isinstance(value, dict) else ()
    response = _build(Response, value, where, reason=(reason,) if isinstance(reason, str) else tuple(reason))
    if (response.status == "FAILED") != bool(response.reason) and not response.data:
        raise WrongScenarioError(f"{where}: a FAILED answer, and only that, must say words of its reason")
    return response


def _request(value: Any, where: str) -> Request:
    if not isinstance(value, dict):
        raise WrongScenarioError(f"{where}: must be a mapping")
    calls = tuple(each if isinstance(each, dict) else {each: None} for each in value.get("calls") or ())
    return _build(
        Request,
        value,
        where,
        calls=calls,
        response=_response(value.get("response"), f"{where}/response"),
        faults=_several(Fault, value, "faults", where),
        answers=_several(Answer, value, "answers", where),
        meanwhile=_several(Meanwhile, value, "meanwhile", where),
        logs=tuple(value.get("logs", ())),
        resource=_build(Resource, value.get("resource", {}), f"{where}/resource"),
        after=_build(After, value.get("after", {}), f"{where}/after"),
        result=_build(Result, value["result"], f"{where}/result") if "result" in value else None,
    )


def read(path: Path) -> Scenario:
    """Return the scenario of a file. Raises WrongScenarioError, naming file and place."""
    value = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(value, dict):
        raise WrongScenarioError(f"{path.name}: must be a mapping")
    requests = tuple(
        _request(each, f"{path.name}/requests/{index}") for index, each in enumerate(value.get("requests") or ())
    )
    if not requests:
        raise WrongScenarioError(f"{path.name}: no requests")
    given = {name: _build(Given, each, f"{path.name}/given/{name}") for name, each in value.get("given", {}).items()}
    return _build(Scenario, value, path.name, requests=requests, given=given)
