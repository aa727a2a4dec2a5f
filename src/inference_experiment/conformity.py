"""Check that properties conform to schema.json without importing jsonschema, which slows the first request.

Only True is a verdict. Everything else is left to jsonschema, which also provides the errors. Pure.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from inference_experiment import contract

Schema: TypeAlias = Mapping[str, Any]

TYPES: Final = {"array": list, "integer": int, "object": dict, "string": str}
ANNOTATIONS: Final = frozenset({"$ref", "definitions", "description", "format"})


def resolved(schema: Schema) -> Schema:
    """Return the definition that a subschema of exact_schema() refers to, or the subschema itself."""
    name = schema.get("$ref", "").rpartition("/")[2]
    definition: Schema = contract.exact_schema()["definitions"][name] if name else schema
    return definition


def conforms(value: object, schema: Schema) -> bool:
    """Return True only if a JSON Schema validator finds no error; `schema` is exact_schema() or a part of it.

    False is no verdict: a keyword may be unknown here, or the value may be valid after all.
    """
    schema = resolved(schema)
    return isinstance(value, TYPES.get(schema.get("type", "string"), ())) and all(
        keyword in ANNOTATIONS or (keyword in KEYWORDS and KEYWORDS[keyword](value, limit, schema))
        for keyword, limit in schema.items()
    )


def _is_known(name: str, schema: Schema) -> bool:
    patterns = schema.get("patternProperties", {})
    return name in schema.get("properties", {}) or any(re.search(each, name) for each in patterns)


# Of a value that has the schema's type: where there is none, of a string.
KEYWORDS: Final[Mapping[str, Callable[[Any, Any, Schema], bool]]] = {
    "type": lambda value, name, _: name != "integer" or not isinstance(value, bool),
    "enum": lambda value, allowed, _: value in allowed,
    "pattern": lambda text, pattern, _: re.search(pattern, text) is not None,
    "minLength": lambda text, limit, _: len(text) >= limit,
    "maxLength": lambda text, limit, _: len(text) <= limit,
    "minimum": lambda number, limit, _: number >= limit,
    "maximum": lambda number, limit, _: number <= limit,
    "multipleOf": lambda number, factor, _: number % factor == 0,
    "minItems": lambda items, limit, _: len(items) >= limit,
    "maxItems": lambda items, limit, _: len(items) <= limit,
    "items": lambda items, schema, _: all(conforms(item, schema) for item in items),
    "minProperties": lambda members, limit, _: len(members) >= limit,
    "maxProperties": lambda members, limit, _: len(members) <= limit,
    "required": lambda members, names, _: all(name in members for name in names),
    "properties": lambda members, schemas, _: all(
        conforms(members[name], schema) for name, schema in schemas.items() if name in members
    ),
    "patternProperties": lambda members, schemas, _: all(
        conforms(member, schema)
        for pattern, schema in schemas.items()
        for name, member in members.items()
        if re.search(pattern, name)
    ),
    "propertyNames": lambda members, schema, _: all(conforms(name, schema) for name in members),
    "additionalProperties": lambda members, allowed, schema: (
        allowed is False and all(_is_known(name, schema) for name in members)
    ),
}
