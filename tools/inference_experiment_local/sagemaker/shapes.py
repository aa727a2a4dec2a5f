"""Validation of requests and responses against botocore's service model, in AWS's words.

boto3 checks types, required members and minima only, on the client (aws-facts 1.8). A server also refuses
what the model says about maxima, patterns and enumerations; this module is that half, and it holds the
simulation's own answers to the same shapes. Values are JSON as it travels: timestamps are epoch seconds
(aws-facts 1.1).
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, TypeAlias

import botocore.session
import regex  # type: ignore[import-untyped]  # it has no stubs of its own
from botocore.model import OperationModel, OperationNotFoundError

from inference_experiment_local.errors import ServiceError

Shape: TypeAlias = Any
"""A shape of botocore's model: the attributes depend on its type, and the stubs name one class only."""

Finding: TypeAlias = tuple[str, Any, str]
"""The path, the value and the constraint that it breaks."""


@cache
def service_model(service: str) -> Any:  # noqa: ANN401 - botocore's stubs and its loader disagree on the class
    """Return botocore's model of a service."""
    return botocore.session.get_session().get_service_model(service)


@cache
def operation_model(operation: str) -> OperationModel:
    """Return botocore's model of a SageMaker operation; an unknown one is UnknownOperationException."""
    try:
        model: OperationModel = service_model("sagemaker").operation_model(operation)
    except OperationNotFoundError as unknown:
        raise ServiceError("UnknownOperationException", str(unknown)) from unknown
    return model


def require_shape(shape: Shape | None, value: Any, code: str = "ValidationException") -> None:  # noqa: ANN401
    """Raise ServiceError with this code, or SerializationException, for a value that breaks its shape."""
    broken = list(findings(shape, value)) if shape else []
    if broken:
        raise ServiceError(code, message_of(broken))


def findings(shape: Shape, value: Any, path: str = "") -> Iterator[Finding]:  # noqa: ANN401 - parsed JSON
    """Yield what `value` breaks in `shape`; raises ServiceError, as AWS does, for a wrong JSON type."""
    expected, check = _TYPES[shape.type_name]
    if not isinstance(value, expected) or (isinstance(value, bool) and shape.type_name != "boolean"):
        text = f"{type(value).__name__} at '{path}' can not be converted to {shape.type_name}"
        raise ServiceError("SerializationException", text)
    if check is not None:
        yield from check(shape, value, path)


def message_of(broken: list[Finding]) -> str:
    """Return the text with which AWS reports these findings."""
    noun = "validation error" if len(broken) == 1 else "validation errors"
    shown = [(path, "null" if value is None else f"'{value}'", constraint) for path, value, constraint in broken]
    parts = [
        f"Value {value} at '{path}' failed to satisfy constraint: {constraint}" for path, value, constraint in shown
    ]
    return f"{len(broken)} {noun} detected: " + "; ".join(parts)


def _structure(shape: Shape, value: Mapping[str, Any], path: str) -> Iterator[Finding]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield _member_path(path, name), None, "Member must not be null"
    for name, inner in value.items():
        member = shape.members.get(name)
        if member is None:
            yield _member_path(path, name), inner, "Member must be one of the members that the operation knows"
        elif inner is not None:
            yield from findings(member, inner, _member_path(path, name))


def _member_path(path: str, name: str) -> str:
    lowered = name[:1].lower() + name[1:]
    return f"{path}.{lowered}" if path else lowered


def _list(shape: Shape, value: list[Any], path: str) -> Iterator[Finding]:
    yield from _length(shape, value, path)
    for position, inner in enumerate(value, start=1):
        yield from findings(shape.member, inner, f"{path}.{position}.member")


def _map(shape: Shape, value: dict[str, Any], path: str) -> Iterator[Finding]:
    yield from _length(shape, value, path)
    shown = "{" + ", ".join(f"{key}={inner}" for key, inner in value.items()) + "}"
    for key, inner in value.items():
        for _, _, constraint in findings(shape.key, key, path):
            yield path, shown, f"Map keys must satisfy constraint: [{constraint}]"
        for _, _, constraint in findings(shape.value, inner, path):
            yield path, shown, f"Map value must satisfy constraint: [{constraint}]"


def _length(shape: Shape, value: Any, path: str) -> Iterator[Finding]:  # noqa: ANN401 - str, list or dict
    return _within(shape, value, path, "length", len(value))


def _number(shape: Shape, value: float, path: str) -> Iterator[Finding]:
    return _within(shape, value, path, "value", value)


def _within(shape: Shape, value: Any, path: str, noun: str, size: float) -> Iterator[Finding]:  # noqa: ANN401
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield path, value, f"Member must have {noun} greater than or equal to {least}"
    if most is not None and size > most:
        yield path, value, f"Member must have {noun} less than or equal to {most}"


def _string(shape: Shape, value: str, path: str) -> Iterator[Finding]:
    yield from _length(shape, value, path)
    pattern, allowed = shape.metadata.get("pattern"), shape.metadata.get("enum")
    # `regex` and not `re`: tag patterns use \p{L} (aws-facts 1.11). AWS matches the whole value.
    if pattern and not regex.fullmatch(pattern, value):
        yield path, value, f"Member must satisfy regular expression pattern: {pattern}"
    if allowed and value not in allowed:
        yield path, value, f"Member must satisfy enum value set: [{', '.join(allowed)}]"


Check: TypeAlias = Callable[[Shape, Any, str], Iterator[Finding]]

_TYPES: Mapping[str, tuple[type | tuple[type, ...], Check | None]] = {
    "structure": (dict, _structure),
    "map": (dict, _map),
    "list": (list, _list),
    "string": (str, _string),
    "boolean": (bool, None),
    "integer": (int, _number),
    "long": (int, _number),
    "float": ((int, float), _number),
    "double": ((int, float), _number),
    "timestamp": ((int, float), None),
    "blob": (str, None),
}
"""Type of a shape -> its JSON types and what checks its values."""
