"""API constraints missing from cfn-lint's schema of the native type: the provider's schema minus the native one.

Computed, not listed: a constraint that a later cfn-lint adds is dropped here automatically.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from inference_experiment import contract
from inference_experiment_rules import _cfnlint

Keys = tuple[str, ...]
ANY_ELEMENT: Final = "*"
COMPARED: Final = ("pattern", "minimum", "minLength", "maxLength", "maxItems")
# Tags: 49 is the custom type's own limit. InstanceType: E3642 and E9509 check the values. Description and StatusReason:
# their patterns exclude line breaks, which the function requires and SageMaker does not document.
PROVIDER_ONLY: Final = frozenset({"Tags", "InstanceType", "Description", "StatusReason"})
Schema = Mapping[str, Any]


@cache
def missing_constraints() -> tuple[tuple[Keys, str, Any], ...]:
    """Return (path, keyword, value) for each constraint that only the provider's schema has."""
    return tuple(_difference((), contract.schema(), _cfnlint.native_schema()))


@cache
def integer_properties() -> tuple[Keys, ...]:
    """Return the paths of the properties that are integers."""
    return tuple(_integers((), contract.schema()))


def _integers(keys: Keys, schema: Schema) -> Iterator[Keys]:
    schema = _target(schema, contract.schema())
    if schema.get("type") == "integer":
        yield keys
    if "items" in schema:
        yield from _integers((*keys, ANY_ELEMENT), schema["items"])
    for name, member in schema.get("properties", {}).items():
        yield from _integers((*keys, name), member)


def _difference(keys: Keys, ours: Schema, native: Schema) -> Iterator[tuple[Keys, str, Any]]:
    ours, native = _target(ours, contract.schema()), _target(native, _cfnlint.native_schema())
    for name in ours.get("required", ()):
        if name not in native.get("required", ()) and name in native.get("properties", {}):
            yield (*keys, name), "required", True
    for keyword in COMPARED:
        if keyword in ours and ours[keyword] != native.get(keyword):
            yield keys, keyword, ours[keyword]
    if "items" in ours and "items" in native:
        yield from _difference((*keys, ANY_ELEMENT), ours["items"], native["items"])
    for name, member in ours.get("properties", {}).items():
        if name in native.get("properties", {}) and name not in contract.read_only() | PROVIDER_ONLY:
            yield from _difference((*keys, name), member, native["properties"][name])


def _target(schema: Schema, root: Schema) -> Schema:
    reference = schema.get("$ref")
    if not isinstance(reference, str):
        return schema
    definition: Schema = root["definitions"][reference.rsplit("/", 1)[-1]]
    return definition
