"""Which parts of some properties cfn-lint need not walk: literals that are valid, as plain JSON Schema tells.

cfn-lint's walk takes tenths of a millisecond for every value, for the sake of intrinsic functions and of rules that
watch a property. Where there is neither, a JSON Schema validator comes to the same result in a fraction of that.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from jsonschema import Draft7Validator

from inference_experiment_rules._values import Raw, function_of
from inference_experiment_rules._worlds import NO_VALUE

Schema: TypeAlias = Any  # a mapping, or True
REFERENCE: Final = "#/definitions/"
# Texts that cfn-lint reads more into than their characters: dynamic references, variables, pseudo parameters.
MEANINGFUL: Final = ("{{", "${", "AWS::")
# Says to cfn-lint which rules' property a value is.
KEYWORD: Final = "cfnLint"
NESTING: Final = {"items", "patternProperties", "properties"}
# What cfn-lint reads into a format is its own.
UNJUDGED: Final = "format"


class Unsettled:
    """What of a schema is left to check in some properties, which are at `path`.

    `watched` are the paths of properties that rules of cfn-lint look at. In `schema` they are marked as cfn-lint does
    it, where that is possible; otherwise `unmarked` is true.
    """

    def __init__(
        self, schema: Mapping[str, Any], watched: Collection[str], properties: Mapping[str, Raw], path: str
    ) -> None:
        self.unmarked = False
        self._given = schema
        self._watched = tuple(watched)
        self._validator = Draft7Validator(schema)
        self.schema: Mapping[str, Any] = self._of_properties(properties, path)

    def _of_properties(self, properties: Mapping[str, Raw], path: str) -> Mapping[str, Any]:
        if is_plain_mapping(properties, self._given["properties"]):
            return self._object(self._given, [properties], path)
        self.unmarked = bool(self._watched)
        return self._given

    def _rest(self, given: Schema, values: Sequence[Raw], path: str) -> Schema:
        """Return what of a schema is left to check in values that are all at one path; True is nothing."""
        schema = self._resolved(given)
        if UNJUDGED not in schema:
            if all(map(is_literal, values)):
                if not all(map(self._validator.evolve(schema=schema).is_valid, values)):
                    return self._whole(given, path)
                if not self._is_watched(path):
                    return True
                if not NESTING & schema.keys():
                    return {KEYWORD: [path]}
            if "properties" in schema and all(is_plain_mapping(value, schema["properties"]) for value in values):
                return self._object(schema, values, path)
            if "items" in schema and all(isinstance(value, list) for value in values):
                items = [item for value in values for item in value]
                return self._marked({**schema, "items": self._rest(schema["items"], items, f"{path}/*")}, path)
        return self._whole(given, path)

    def _whole(self, given: Schema, path: str) -> Schema:
        """Return a schema as it is given: cfn-lint follows functions before it follows a `$ref` or a mark."""
        self.unmarked |= self._is_watched(path)
        return given

    def _object(self, schema: Mapping[str, Any], values: Sequence[Mapping[str, Raw]], path: str) -> Mapping[str, Any]:
        rests = {
            name: self._rest(member, [value[name] for value in values if name in value], f"{path}/{name}")
            for name, member in schema["properties"].items()
        }
        settled = {"additionalProperties"}
        required = [(name, value) for name in schema.get("required", ()) for value in values]
        if all(name in value and not may_be_absent(value[name]) for name, value in required):
            settled.add("required")
        kept = {keyword: argument for keyword, argument in schema.items() if keyword not in settled}
        return self._marked(
            {**kept, "properties": {name: rest for name, rest in rests.items() if rest is not True}}, path
        )

    def _marked(self, schema: Mapping[str, Any], path: str) -> Mapping[str, Any]:
        return {**schema, KEYWORD: [path]} if path in self._watched else schema

    def _resolved(self, schema: Schema) -> Schema:
        reference = schema.get("$ref")
        return self._given["definitions"][reference.removeprefix(REFERENCE)] if reference else schema

    def _is_watched(self, path: str) -> bool:
        return any(one == path or one.startswith(f"{path}/") for one in self._watched)


def is_literal(value: Raw) -> bool:
    """Tell whether a value is what the author typed, without a function or a text that stands for something."""
    return all(
        not any(mark in text for mark in MEANINGFUL) and text != "Ref" and not text.startswith("Fn::")
        for text in texts_of(value)
    )


def is_plain_mapping(value: Raw, members: Mapping[str, Schema]) -> bool:
    """Tell whether a value is a mapping of known members, and no function."""
    return isinstance(value, dict) and value.keys() <= members.keys()


def may_be_absent(value: Raw) -> bool:
    """Tell whether a value may turn out to be AWS::NoValue, or is null, which counts as left out."""
    if value is None:
        return True
    name, argument = function_of(value) or ("", None)
    return name == "Fn::If" or (name == "Ref" and argument == NO_VALUE)


def texts_of(value: Raw) -> Iterator[str]:
    """Yield the texts in a value, names of members included."""
    stack: list[Raw] = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            stack += [*item, *item.values()]
        elif isinstance(item, list):
            stack += item
