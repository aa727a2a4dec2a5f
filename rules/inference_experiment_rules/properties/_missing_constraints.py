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
COMPARED: Final = ("type", "pattern", "minimum", "minLength", "maxLength", "maxItems")
# Tags: 49 is the custom type's own limit. InstanceType: E3642 and E9509 check the values. Description and StatusReason:
# their patterns exclude line breaks, which the function requires and SageMaker does not document.
PROVIDER_ONLY: Final = frozenset({"Tags", "InstanceType", "Description", "StatusReason"})
Schema = Mapping[str, Any]
Constraints = tuple[tuple[Keys, str, Any], ...]


@cache
def missing_constraints() -> Constraints:
    """Return (path, keyword, value) for each constraint that only the provider's schema has."""
    native = {(keys, keyword): value for keys, keyword, value in _constraints((), _cfnlint.native_schema())}
    return tuple(
        (keys, keyword, value)
        for keys, keyword, value in _constraints((), contract.schema())
        if keyword != "type" and (keys, "type") in native and native.get((keys, keyword)) != value
        if (contract.read_only() | PROVIDER_ONLY).isdisjoint(keys)
    )


@cache
def all_constraints() -> Constraints:
    """Return (path, keyword, value) for each constraint of a property that users set."""
    found = _constraints((), contract.schema(), keywords=(*COMPARED, "maximum", "enum"))
    return tuple(each for each in found if (contract.read_only() | PROVIDER_ONLY).isdisjoint(each[0]))


@cache
def integer_properties() -> tuple[Keys, ...]:
    """Return the paths of the properties that are integers."""
    constraints = _constraints((), contract.schema())
    return tuple(keys for keys, keyword, value in constraints if (keyword, value) == ("type", "integer"))


def _constraints(
    keys: Keys, schema: Schema, root: Schema | None = None, keywords: tuple[str, ...] = COMPARED
) -> Iterator[tuple[Keys, str, Any]]:
    """Yield (path, keyword, value) for each constraint of a schema."""
    root = root or schema
    if "$ref" in schema:
        schema = root["definitions"][schema["$ref"].rpartition("/")[2]]
    yield from (((*keys, name), "required", True) for name in schema.get("required", ()))
    yield from ((keys, keyword, schema[keyword]) for keyword in keywords if keyword in schema)
    if "items" in schema:
        yield from _constraints((*keys, ANY_ELEMENT), schema["items"], root, keywords)
    for name, member in schema.get("properties", {}).items():
        yield from _constraints((*keys, name), member, root, keywords)
