"""Properties in the API's spelling, from snake case or JSON text, as StackQL's statements and manifests write them."""

import json
from collections.abc import Mapping
from typing import Any, Final

from cfn_template.values import Path
from inference_experiment import contract

TEXT_TYPES: Final = frozenset({"object", "array"})
WRITABLE: Final = tuple(
    name
    for name in contract.schema()["properties"]
    if name not in contract.read_only() and name not in contract.SERVICE_PROPERTIES
)


def definition(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a schema with its reference followed."""
    name = schema.get("$ref", "").rpartition("/")[2]
    found: Mapping[str, Any] = contract.schema()["definitions"][name] if name else schema
    return found


def schema_at(keys: Path) -> Mapping[str, Any]:
    """Return the schema of a part of the properties; an empty one for what the schema does not know."""
    schema: Mapping[str, Any] = contract.schema()
    for key in keys:
        inner = schema.get("items", {}) if isinstance(key, int) else schema.get("properties", {}).get(key, {})
        schema = definition(inner)
    return schema


def api_name(name: str, known: Mapping[str, Any] | tuple[str, ...] = WRITABLE) -> str:
    """Return the known name that is written in snake case or in other capitals; any other name as it is."""
    plain = name.replace("_", "").lower()
    return next((each for each in known if each.lower() == plain), name)


def property_value(name: str, value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return the value of a property in the API's spelling; a text for an object or a list is JSON.

    Raises ValueError where it is not.
    """
    schema = schema_at((name,))
    if isinstance(value, str) and schema.get("type") in TEXT_TYPES and value.strip():
        try:
            value = json.loads(value)
        except ValueError as error:
            expected = "a list" if schema["type"] == "array" else "an object"
            raise ValueError(f"is not {expected} in JSON: {error}") from error
    if name == "Tags" and isinstance(value, Mapping) and not {"Ref", "Fn::Sub"} & value.keys():
        value = [{"Key": key, "Value": text} for key, text in value.items()]
    return api_value(value, schema)


def api_value(
    value: Any,  # noqa: ANN401 - any JSON value
    schema: Mapping[str, Any],
    written: Path = (),
    keys: Path = (),
    places: dict[Path, Path] | None = None,
) -> Any:  # noqa: ANN401
    """Return a value with the keys of its mappings in the API's spelling.

    `places` receives for the keys of each part of the value where it is written.
    """
    schema = definition(schema)
    if places is not None:
        places[keys] = written
    if isinstance(value, Mapping):
        members = schema.get("properties", {})
        named = {key: api_name(str(key), members) for key in value}
        return {
            name: api_value(value[key], members.get(name, {}), (*written, key), (*keys, name), places)
            for key, name in named.items()
        }
    if isinstance(value, list):
        item = schema.get("items", {})
        return [api_value(each, item, (*written, at), (*keys, at), places) for at, each in enumerate(value)]
    return value
