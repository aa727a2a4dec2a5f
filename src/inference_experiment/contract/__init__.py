"""The two data files that every part of the project agrees on, and access to them.

Standard library only: the cfn-lint rules and the IAM policy linter read the same facts as the function, and
neither needs boto3. Nothing that depends on a request or on AWS belongs here.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

CUSTOM_TYPE: Final = "Custom::SageMakerInferenceExperiment"
NATIVE_TYPE: Final = "AWS::SageMaker::InferenceExperiment"

# Every experiment that we create carries this tag; without it we change nothing (docs/decisions/0002-ownership-tag.md).
OWNER_TAG: Final = "cfn-inference-experiment:owner"

# Consumed by CloudFormation and the custom-resource contract, never sent to SageMaker.
SERVICE_PROPERTIES: Final = frozenset({"ServiceToken", "ServiceTimeout"})


@dataclass(frozen=True)
class Permission:
    """One IAM action on one kind of resource; `resource` is a key of `resource_arns()`.

    `dependent` says why a call of the operation needs it; without a `recommended` one the function works, less surely.
    """

    action: str
    resource: str
    condition: dict[str, dict[str, str]] = field(default_factory=dict, hash=False)
    dependent: str = ""
    recommended: bool = False


@cache
def _load(name: str, hook: Callable[[dict[str, Any]], Any] | None = None) -> dict[str, Any]:
    # importlib.resources takes 10 ms to import, and the function is never run from an archive.
    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text, object_hook=hook)
    return loaded


def schema() -> dict[str, Any]:
    """Return the properties of the custom type in CloudFormation's registry dialect (JSON Schema draft 7).

    The object is shared: callers that change it must copy it first.
    """
    return _load("schema.json")


def exact_schema() -> dict[str, Any]:
    """Return schema() for validators in Python: patterns end at the very end of a text, and integers are whole.

    Python's $ also matches before a final line break, and some validators take 0.5 for an integer.
    """
    return _load("schema.json", _exact)


def _exact(part: dict[str, Any]) -> dict[str, Any]:
    exact = {_anchored(key): _anchored(value) if isinstance(value, str) else value for key, value in part.items()}
    return exact | {"multipleOf": 1} if part.get("type") == "integer" else exact


def _anchored(text: str) -> str:
    return text[:-1] + r"\Z" if text.endswith("$") else text


def _names(pointers: list[str]) -> frozenset[str]:
    return frozenset(pointer.removeprefix("/properties/") for pointer in pointers)


def create_only() -> frozenset[str]:
    """Return the properties that only a new experiment can have."""
    return _names(schema()["createOnlyProperties"])


@cache
def read_only() -> frozenset[str]:
    """Return the properties that only SageMaker sets."""
    return _names(schema()["readOnlyProperties"])


def attributes() -> tuple[str, ...]:
    """Return the names that Fn::GetAtt knows on the custom type."""
    return tuple(schema()["attributes"])


def handlers() -> tuple[str, ...]:
    """Return the handler names: create, read, update, delete, list."""
    return tuple(_load("operations.json")["handlers"])


def operations() -> tuple[str, ...]:
    """Return every AWS operation that the function can call, by its API name."""
    return tuple(_load("operations.json")["operations"])


def operations_of(handler: str) -> frozenset[str]:
    """Return the operations that one handler can reach. Raises KeyError for an unknown handler."""
    return frozenset(_load("operations.json")["handlers"][handler])


def service_of(operation: str) -> str:
    """Return boto3's name of the service that has an operation. Raises KeyError for an unknown operation."""
    return str(_load("operations.json")["operations"][operation]["service"])


@cache
def permissions_of(operation: str) -> tuple[Permission, ...]:
    """Return the permissions that a call of an operation needs. Raises KeyError for an unknown operation."""
    return tuple(Permission(**entry) for entry in _load("operations.json")["operations"][operation]["permissions"])


def function_permissions() -> tuple[Permission, ...]:
    """Return what the function needs whatever it handles: its log group and its queue."""
    return tuple(Permission(**entry) for entry in _load("operations.json")["function"])


@cache
def actions_for(handler: str) -> frozenset[str]:
    """Return the IAM actions of one handler, dependent ones included. Raises KeyError for an unknown handler."""
    return frozenset(each.action for operation in operations_of(handler) for each in permissions_of(operation))


def resource_arns() -> dict[str, str]:
    """Return the ARN form of each kind of resource, with ${Partition}, ${Region}, ${Account} and ${...} for names."""
    arns: dict[str, str] = _load("operations.json")["resources"]
    return arns
