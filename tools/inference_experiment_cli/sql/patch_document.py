"""The value of PatchDocument: a JSON patch, or the expression from which stack-deploy generates one. Pure."""

import json
from collections.abc import Mapping
from typing import Any, Final

import yaml

from inference_experiment_cli.errors import Place, UsageError
from inference_experiment_cli.inputs.api_names import api_name, property_value
from inference_experiment_cli.inputs.documents import parse_document
from inference_experiment_cli.inputs.placeholders import value_of

FILTER: Final = "generate_patch_document"
EXAMPLE: Final = '[{"op": "replace", "path": "/Description", "value": "new"}]'


def operations_of(text: str, values: Mapping[str, str], place: Place) -> list[Any]:
    """Return the operations of a patch; `values` are those of the variables of an expression. Raises UsageError."""
    written = text.strip()
    if written.startswith("{{"):
        return _generated(written, values, place)
    value: Any = None
    try:
        value = json.loads(written)
    except ValueError as error:
        raise UsageError(f"is not a JSON patch: {error}; write {EXAMPLE}", place) from error
    operations = value if isinstance(value, list) else [value]
    if not operations or any(not isinstance(each, dict) or "op" not in each for each in operations):
        raise UsageError(f"is not a list of operations; write {EXAMPLE}", place)
    return operations


def _generated(text: str, values: Mapping[str, str], place: Place) -> list[Any]:
    """Return what the filter of stack-deploy makes of {{ {"Property": value, ...} | generate_patch_document }}."""
    body, _, name = text.removeprefix("{{").removesuffix("}}").rpartition("|")
    if not text.endswith("}}") or name.strip() != FILTER:
        raise UsageError(f'is not {{{{ {{"Property": value}} | {FILTER} }}}}; write {EXAMPLE}', place)
    try:
        node = yaml.compose(body.replace("\t", " "), Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        problem = getattr(error, "problem", None) or "cannot be read"
        raise UsageError(f"the properties before | {FILTER} are not JSON: {problem}", place) from error
    if not isinstance(node, yaml.MappingNode):
        raise UsageError(f"the properties before | {FILTER} are not an object in JSON", place)
    operations = []
    for key, item in node.value:
        property_name = api_name(key.value)
        value = _value(item, values, place)
        try:
            value = property_value(property_name, value)
        except ValueError as error:
            raise UsageError(f"{property_name} {error}", place) from error
        operations.append({"op": "add", "path": f"/{property_name}", "value": value})
    return operations


def _value(node: yaml.Node, values: Mapping[str, str], place: Place) -> Any:  # noqa: ANN401 - any JSON value
    """Return the value of a node; a bare word is a variable."""
    if isinstance(node, yaml.MappingNode):
        return {key.value: _value(item, values, place) for key, item in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, values, place) for item in node.value]
    style = getattr(node, "style", None)
    if style is None and node.tag.endswith(":str"):
        value = value_of(node.value, values)
        if value is None:
            raise UsageError(
                f"{node.value} has no value; write it in double quotes, or pass --parameter {node.value}=VALUE", place
            )
        return value
    return parse_document(f"[{json.dumps(node.value) if style else node.value}]", str(place)).value[0]
