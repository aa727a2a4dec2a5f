"""conforms() agrees with jsonschema."""

from typing import Any

import pytest
from experiment_properties import properties
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from test_hostile_input import OURS, VALID, WHOLE, damaged

from inference_experiment import contract
from inference_experiment.conformity import ANNOTATIONS, KEYWORDS, conforms
from inference_experiment.properties import restore

# Keywords of the whole type, for CloudFormation.
REGISTRY = {"typeName", "tagging", "attributes", "primaryIdentifier"} | {
    f"{which}Properties" for which in ("createOnly", "readOnly", "writeOnly")
}
WHOLE_SCHEMA = {key: value for key, value in contract.exact_schema().items() if key not in REGISTRY} | {
    "type": "object"
}
JSONSCHEMA = Draft7Validator(WHOLE_SCHEMA)


def keywords(schema: dict[str, Any]) -> set[str]:
    """Return every keyword that a schema uses."""
    found = set(schema)
    for keyword in ("definitions", "properties", "patternProperties"):
        found = found.union(*map(keywords, schema.get(keyword, {}).values()))
    return found.union(*(keywords(schema[keyword]) for keyword in ("items", "propertyNames") if keyword in schema))


def test_every_keyword_of_the_schema_is_known() -> None:
    assert keywords(WHOLE_SCHEMA) == {*KEYWORDS, *ANNOTATIONS}


@pytest.mark.parametrize("raw", [VALID, properties()])
def test_valid_properties_conform(raw: dict[str, Any]) -> None:
    assert conforms(restore(raw, contract.schema()), WHOLE_SCHEMA)


@OURS
@given(st.one_of(damaged(VALID), WHOLE.flatmap(damaged)))
@example({"Tags": [{"Key": True, "Value": 1}], "ModelVariants": [None] * 3, "ModelVariantActions": {"a\n": 1, "b": 2}})
@example({"PromotionCriteria": {"MinPairs": False, "MaxResultAge": True, "MinInvocations": "0"}})
@example({**VALID, "Name": "a\n"})
def test_what_conforms_has_no_error_of_jsonschema(raw: dict[str, Any]) -> None:
    """Both ways."""
    value = restore(raw, contract.schema())
    assert conforms(value, WHOLE_SCHEMA) == JSONSCHEMA.is_valid(value)


def test_an_unknown_keyword_is_for_jsonschema() -> None:
    assert not conforms("a", {"type": "string", "contains": "a"})
    assert not conforms("a", {"type": "null"})
    assert not conforms({}, {"type": "object", "additionalProperties": True})
