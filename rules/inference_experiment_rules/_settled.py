"""Which parts of some properties cfn-lint need not walk: what is valid by plain JSON Schema, or stays to be looked up.

cfn-lint's walk takes tenths of a millisecond for every value, for the sake of intrinsic functions and of rules that
watch a property. A literal is valid or not by itself, and the rules that watch it can be asked directly; of functions
whose value nobody knows before deployment the walk finds out no more than that what they name exists.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from jsonschema import Draft7Validator

from cfn_template.values import NO_VALUE, Raw, function_of

Schema: TypeAlias = Any  # a mapping, or True
REFERENCE: Final = "#/definitions/"
# Texts that cfn-lint reads more into than their characters: dynamic references, variables, pseudo parameters.
MEANINGFUL: Final = ("{{", "${", "AWS::")
# Says to cfn-lint which rules' property a value is.
KEYWORD: Final = "cfnLint"
NESTING: Final = {"items", "patternProperties", "properties"}
# What cfn-lint reads into a format is its own.
UNJUDGED: Final = "format"
# What a mapping of known members always has right.
NEUTRAL: Final = {"description", "properties", "type"}
TAGS: Final = "Tags"
KEPT: Final = 10_000


class Answers:
    """What cfn-lint's walk would find in a single value; this one knows nothing, so that all is walked."""

    def is_content(self, path: str, value: Raw, schema: Schema) -> bool:  # noqa: ARG002 - the signature
        """Tell whether the rules that watch the property at `path` find nothing in a literal value."""
        return False

    def gives_text(self, argument: Raw, form: str | None) -> bool:  # noqa: ARG002
        """Tell whether Fn::GetAtt with this argument is a text, of a certain format if there is one."""
        return False

    def fills(self, text: str) -> bool:  # noqa: ARG002
        """Tell whether Fn::Sub with this text is sound, and only known once the stack is deployed."""
        return False

    def is_open(self, condition: Raw) -> bool:  # noqa: ARG002
        """Tell whether a condition may hold, and may not."""
        return False


class Literals:
    """Which literals are valid; what was asked once of a text or number is kept, since the same few come again."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.schema = schema
        self._validator = Draft7Validator(schema)
        self._known: dict[tuple[int, type, Raw], bool] = {}

    def accepts(self, schema: Schema, value: Raw) -> bool:
        """Tell whether a value is valid by a part of the schema."""
        if not isinstance(value, str | int | float):
            return bool(self._validator.evolve(schema=schema).is_valid(value))
        key = id(schema), type(value), value
        if key not in self._known:
            if len(self._known) > KEPT:
                self._known.clear()
            self._known[key] = bool(self._validator.evolve(schema=schema).is_valid(value))
        return self._known[key]


class Unsettled:
    """What of the literals' schema is left to check in some properties, which are at `path`.

    `watched` are the paths of properties that rules of cfn-lint look at. In `schema` they are marked as cfn-lint does
    it, where that is possible; otherwise `unmarked` is true.
    """

    def __init__(
        self,
        literals: Literals,
        watched: Collection[str],
        properties: Mapping[str, Raw],
        path: str,
        answers: Answers = Answers(),  # noqa: B008 - it has no state
    ) -> None:
        self.unmarked = False
        self._literals = literals
        self._given = literals.schema
        self._watched = tuple(watched)
        self._answers = answers
        self.schema: Mapping[str, Any] = self._of_properties(properties, path)

    def _of_properties(self, properties: Mapping[str, Raw], path: str) -> Mapping[str, Any]:
        if is_plain_mapping(properties, self._given["properties"]):
            return self._object(self._given, [properties], path)
        self.unmarked = bool(self._watched)
        return self._given

    def _rest(self, given: Schema, values: Sequence[Raw], path: str) -> Schema:
        """Return what of a schema is left to check in values that are all at one path; True is nothing."""
        schema = self._resolved(given)
        settled = all(self._is_settled(value, schema) for value in values)
        if settled and self._is_quiet(values, schema, path):
            return True
        if UNJUDGED not in schema:
            if all(map(is_literal, values)) and not (settled and NESTING & schema.keys()):
                return {KEYWORD: [path]} if settled else self._whole(given, path)
            if "properties" in schema and all(is_plain_mapping(value, schema["properties"]) for value in values):
                left = self._object(schema, values, path)
                return left if left["properties"] or not left.keys() <= NEUTRAL else True
            if "items" in schema and all(isinstance(value, list) for value in values):
                return self._list(schema, values, path)
        return self._whole(given, path)

    def _whole(self, given: Schema, path: str) -> Schema:
        """Return a schema as it is given: cfn-lint follows functions before it follows a `$ref` or a mark."""
        self.unmarked |= self._is_watched(path)
        return given

    def _object(self, schema: Mapping[str, Any], values: Sequence[Mapping[str, Raw]], path: str) -> dict[str, Any]:
        rests = {
            name: self._rest(member, [value[name] for value in values if name in value], f"{path}/{name}")
            for name, member in schema["properties"].items()
            if any(name in value for value in values)
        }
        settled = {"additionalProperties"}
        required = [(name, value) for name in schema.get("required", ()) for value in values]
        if all(name in value and not may_be_absent(value[name]) for name, value in required):
            settled.add("required")
        if rests.get(TAGS, True) is True and all(has_plain_tags(value.get(TAGS, [])) for value in values):
            settled.add("tagging")
        kept = {keyword: argument for keyword, argument in schema.items() if keyword not in settled}
        return self._marked(
            {**kept, "properties": {name: rest for name, rest in rests.items() if rest is not True}}, path
        )

    def _list(self, schema: Mapping[str, Any], values: Sequence[list[Raw]], path: str) -> Schema:
        items = [item for value in values for item in value]
        rest = self._rest(schema["items"], items, f"{path}/*")
        around = {keyword: argument for keyword, argument in schema.items() if keyword != "items"}
        counted = "uniqueItems" not in schema and not any(map(may_be_absent, items))
        if (
            rest is True
            and counted
            and path not in self._watched
            and all(self._literals.accepts(around, each) for each in values)
        ):
            return True
        return self._marked({**around, "items": rest}, path)

    def _marked(self, schema: dict[str, Any], path: str) -> dict[str, Any]:
        return {**schema, KEYWORD: [path]} if path in self._watched else schema

    def _resolved(self, schema: Schema) -> Schema:
        reference = schema.get("$ref")
        return self._given["definitions"][reference.removeprefix(REFERENCE)] if reference else schema

    def _is_settled(self, value: Raw, schema: Schema, *, within: bool = False) -> bool:
        """Tell whether a value is valid whatever its functions give; `within` an Fn::If others may be unreachable."""
        if is_literal(value):
            return UNJUDGED not in schema and self._literals.accepts(schema, value)
        name, argument = function_of(value) or ("", None)
        if name == "Fn::If" and isinstance(argument, list) and len(argument) == 3 and not within:  # noqa: PLR2004
            condition, *branches = argument
            settled = (self._is_settled(branch, schema, within=True) for branch in branches)
            return self._answers.is_open(condition) and all(settled)
        if schema.get("type") != "string":
            return False
        if name == "Fn::GetAtt":
            return self._answers.gives_text(argument, schema.get(UNJUDGED))
        if UNJUDGED in schema or not isinstance(argument, str):
            return False
        return (
            is_literal(argument) if name == "Fn::ImportValue" else name == "Fn::Sub" and self._answers.fills(argument)
        )

    def _is_quiet(self, values: Sequence[Raw], schema: Schema, path: str) -> bool:
        """Tell whether no rule that watches the property, or a part of it, has anything to say of its values."""
        if not self._is_watched(path):
            return True
        if any(one.startswith(f"{path}/") for one in self._watched) or not all(map(is_literal, values)):
            return False
        return all(self._answers.is_content(path, value, schema) for value in values)

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
    if name == "Fn::If":
        return not isinstance(argument, list) or any(map(may_be_absent, argument))
    return name == "Ref" and argument == NO_VALUE


def has_plain_tags(tags: Raw) -> bool:
    """Tell whether the keys of valid tags are spelt out, differ and are not AWS's own."""
    keys = [tag.get("Key") if isinstance(tag, dict) else None for tag in (tags if isinstance(tags, list) else [None])]
    spelt = all(isinstance(key, str) and is_literal(key) and not key.startswith("aws:") for key in keys)
    return spelt and len(set(keys)) == len(keys)


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
