"""API constraints missing from cfn-lint's schema of the native type: the provider's schema minus the native one.

Computed, not listed: a constraint that a later cfn-lint adds is dropped here automatically.
"""

from functools import cache
from typing import Any, Final

from inference_experiment import contract
from inference_experiment_rules import _cfnlint
from shadow_test_policies.resolved_values import PROVIDER_ONLY, Keys, constraints

COMPARED: Final = frozenset({"required", "pattern", "minimum", "minLength", "maxLength", "maxItems"})


@cache
def missing_constraints() -> tuple[tuple[Keys, str, Any, Any], ...]:
    """Return (path, keyword, value, native value or None) for each constraint that only the provider's schema has."""
    schema = _cfnlint.native_schema()
    native = {(keys, keyword): value for keys, keyword, value in constraints((), schema, schema)}
    return tuple(
        (keys, keyword, value, native.get((keys, keyword)))
        for keys, keyword, value in constraints((), contract.schema(), contract.schema())
        if keyword in COMPARED and (keys, "type") in native and native.get((keys, keyword)) != value
        if (contract.read_only() | PROVIDER_ONLY).isdisjoint(keys)
    )


@cache
def integer_properties() -> tuple[Keys, ...]:
    """Return the paths of the properties that are integers."""
    listed = constraints((), contract.schema(), contract.schema())
    return tuple(keys for keys, keyword, value in listed if (keyword, value) == ("type", "integer"))
