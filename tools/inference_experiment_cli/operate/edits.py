"""Changes of an experiment's properties by options: --sampling 50, --end-time +3d, --set PATH=VALUE.

An edit is a path and a value. The paths are those that `get`, `manifest` and `plan` show; the schema says what a path
may be and what type its value has.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

import typer

from inference_experiment import checks, contract
from inference_experiment import properties as property_rules
from inference_experiment.observed_properties import timestamp
from inference_experiment_cli.errors import UsageError, nearest
from inference_experiment_cli.inputs.times import NOT_A_TIME, moment, parse_moment

SAMPLING: Final = "ShadowModeConfig/ShadowModelVariants/0/SamplingPercentage"
IDENTITIES: Final = ("VariantName", "ShadowModelVariantName", "Key")
"""Members by which an entry of a list can be named, instead of by its index."""
_PERCENTAGE: Final = re.compile(r"(\d{1,3})(?:\.0+)?\s*%?")
_DOTTED: Final = re.compile(r"[^.\[\]]+")
_TIMES: Final = (("Schedule", "StartTime"), ("Schedule", "EndTime"))
_REMOVED: Final = object()

Schema = Mapping[str, Any]
Assignments = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="Set a property: a path as get and plan show it, a text or JSON. Without a value it is removed.",
    ),
]


@dataclass(frozen=True)
class Edit:
    """One change: the option as it was typed, the path, and the text of the value; None removes."""

    option: str
    path: str
    text: str | None


@dataclass(frozen=True)
class EditOptions:
    """The options that change single properties."""

    sampling: Annotated[
        str | None,
        typer.Option(metavar="PERCENT", help="Percentage of the requests that the shadow variant gets: 0 to 100."),
    ] = None
    start_time: Annotated[str | None, moment("Start of the schedule:")] = None
    end_time: Annotated[str | None, moment("End of the schedule:")] = None
    description: Annotated[str | None, typer.Option(help="Description; an empty one removes it.")] = None
    assigned: Assignments = None
    unset: Annotated[list[str] | None, typer.Option(metavar="PATH", help="Remove a property. Repeatable.")] = None
    tag: Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE", help="Add or change a tag. Repeatable.")] = None
    untag: Annotated[list[str] | None, typer.Option(metavar="KEY", help="Remove a tag. Repeatable.")] = None

    def edits(self) -> list[Edit]:
        """Return the changes in the order in which they apply. Raises UsageError."""
        times = {"--start-time": ("StartTime", self.start_time), "--end-time": ("EndTime", self.end_time)}
        return [
            *(_assignment(text) for text in self.assigned or ()),
            *(Edit(f"--unset {path}", path, None) for path in self.unset or ()),
            *(
                [Edit(f"--sampling {self.sampling}", SAMPLING, _percentage(self.sampling))]
                if self.sampling is not None
                else ()
            ),
            *(
                Edit(f"{option} {text}", f"Schedule/{key}", text)
                for option, (key, text) in times.items()
                if text is not None
            ),
            *([Edit("--description", "Description", self.description or None)] if self.description is not None else ()),
            *(_tag(text) for text in self.tag or ()),
            *(Edit(f"--untag {key}", f"/Tags/{_escaped(key)}", None) for key in self.untag or ()),
        ]


def apply_edit(properties: Mapping[str, Any], edit: Edit) -> tuple[dict[str, Any], tuple[str | int, ...]]:
    """Return the changed properties, and the path of what was changed. Raises UsageError."""
    editor = _Editor(edit)
    return editor.applied(properties), tuple(editor.path)


def path_of(edit: Edit) -> list[str]:
    """Return the segments of an edit's path: of a JSON pointer, of names with slashes, or of names with dots."""
    if edit.path.startswith("/"):
        return [part.replace("~1", "/").replace("~0", "~") for part in edit.path[1:].split("/")]
    return edit.path.split("/") if "/" in edit.path else _DOTTED.findall(edit.path)


def _assignment(text: str) -> Edit:
    path, equals, value = text.partition("=")
    if not equals or not path.strip():
        raise UsageError(f"--set {text}: write it as PATH=VALUE, such as {SAMPLING}=50")
    return Edit(f"--set {text}", path.strip(), value or None)


def _percentage(text: str) -> str:
    match = _PERCENTAGE.fullmatch(text.strip())
    if match is None or int(match[1]) > 100:  # noqa: PLR2004 - percent
        raise UsageError(f"--sampling {text}: is not a percentage; write a whole number from 0 to 100")
    return match[1]


def _tag(text: str) -> Edit:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise UsageError(f"--tag {text}: write it as KEY=VALUE")
    return Edit(f"--tag {text}", f"/Tags/{_escaped(key)}/Value", json.dumps(value))


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


class _Editor:
    """Applies one edit to a copy; what it changes is checked against the schema on the way."""

    def __init__(self, edit: Edit) -> None:
        self._edit = edit
        self._keys = path_of(edit)
        self.path: list[str | int] = []

    def applied(self, properties: Mapping[str, Any]) -> dict[str, Any]:
        """Return the changed properties. Raises UsageError."""
        schema = contract.schema()
        if not self._keys:
            raise self._error("names no property")
        own = {key: each for key, each in schema["properties"].items() if key not in contract.SERVICE_PROPERTIES}
        changed = self._changed(properties, {**schema, "type": "object", "properties": own}, self._keys)
        return {} if changed is _REMOVED else dict(changed)

    def _error(self, problem: str) -> UsageError:
        where = "/".join(map(str, self.path))
        prefix = f"{where}: " if where and where != self._edit.path else ""
        return UsageError(f"{self._edit.option}: {prefix}{problem}")

    def _changed(self, value: Any, schema: Schema, keys: Sequence[str]) -> Any:  # noqa: ANN401 - any JSON value
        schema = _resolved(schema)
        if not keys:
            return _REMOVED if self._edit.text is None else self._value(self._edit.text, schema)
        kind = schema.get("type")
        if kind == "array":
            return self._in_list(value if isinstance(value, list) else [], schema["items"], keys)
        if kind != "object":
            raise self._error(f"has no member {keys[0]}")
        return self._in_mapping(value if isinstance(value, Mapping) else {}, schema, keys)

    def _in_mapping(self, value: Mapping[str, Any], schema: Schema, keys: Sequence[str]) -> Any:  # noqa: ANN401
        name = keys[0]
        inner = self._member(name, schema, keys)
        self.path.append(name)
        if self._edit.text is None and name not in value:
            return value
        changed = self._changed(value.get(name), inner, keys[1:])
        left = {**value, name: changed} if changed is not _REMOVED else {k: v for k, v in value.items() if k != name}
        # An empty mapping says nothing, and the schema refuses most of them.
        return left if left or len(self.path) == 1 else _REMOVED

    def _member(self, name: str, schema: Schema, keys: Sequence[str]) -> Schema:
        """Return the schema of a member. Raises UsageError with the nearest name."""
        known: Mapping[str, Schema] = schema.get("properties", {})
        if name in known and (self.path or name not in contract.read_only()):
            return known[name]
        for pattern, inner in schema.get("patternProperties", {}).items():
            if re.search(pattern, name):
                found: Schema = inner
                return found
        if not self.path and name in contract.read_only():
            self.path.append(name)
            raise self._error("is set by SageMaker")
        near = nearest(name, known)
        deeper = next((path for path in _leaves() if path.rpartition("/")[2].lower() == keys[-1].lower()), "")
        if near:
            advice = f"did you mean {'/'.join(map(str, [*self.path, near]))}?"
        elif deeper:
            advice = f"did you mean {deeper}?"
        else:
            writable = known.keys() - contract.read_only() if not self.path else known.keys()
            advice = f"it is one of {', '.join(sorted(writable))}"
        raise self._error(f"{name} is not a property; {advice}")

    def _in_list(self, value: list[Any], schema: Schema, keys: Sequence[str]) -> Any:  # noqa: ANN401
        members = _resolved(schema).get("properties", {})
        if "Value" in members and len(keys) == 1 and self._edit.text and not self._edit.text.startswith("{"):
            keys = (*keys, "Value")  # Tags/team=ml
        index, entry = self._entry(value, keys[0], _resolved(schema))
        self.path.append(index)
        if self._edit.text is None and index >= len(value):
            return value
        changed = self._changed(entry, schema, keys[1:])
        rest = [] if changed is _REMOVED else [changed]
        left = [*value[:index], *rest, *value[index + 1 :]]
        return left or _REMOVED

    def _entry(self, value: list[Any], key: str, schema: Schema) -> tuple[int, Any]:
        """Return index and value of the entry of a list that a segment is about; the index behind the last adds one."""
        for index, entry in enumerate(value):
            if isinstance(entry, Mapping) and key in (entry.get(name) for name in IDENTITIES):
                return index, entry
        if key == "-" or (key.isdecimal() and int(key) == len(value)):
            return len(value), None
        if key.isdecimal() and int(key) < len(value):
            return int(key), value[int(key)]
        if "Key" in schema.get("properties", {}) and not key.isdecimal():
            return len(value), {"Key": key}
        names = [str(entry[name]) for entry in value for name in IDENTITIES if name in entry]
        raise self._error(f"has no entry {key}; it has {', '.join(names) or 'none'}")

    def _value(self, text: str, schema: Schema) -> Any:  # noqa: ANN401 - any JSON value
        """Return the value of a text for its type. Raises UsageError."""
        kind = schema.get("type")
        if kind in ("array", "object"):
            value = self._json(text, str(kind))
            if self.path == ["Schedule"]:
                value = {key: self._moment(item) for key, item in value.items()}
            return value
        if text.startswith('"') and (written := _parsed(text)) is not None:
            text = str(written)
        if tuple(self.path) in _TIMES:
            return self._moment(text)
        return checks.nearest_by_case(text, schema.get("enum", ())) or property_rules.restore(text, schema)

    def _json(self, text: str, kind: str) -> Any:  # noqa: ANN401 - any JSON value
        value = _parsed(text)
        expected = list if kind == "array" else dict
        if not isinstance(value, expected):
            form = "a list; write JSON: [...]" if kind == "array" else "a mapping; write JSON: {...}"
            raise self._error(f"is {form}, or name a member in the path")
        return value

    def _moment(self, text: object) -> str:
        parsed = parse_moment(str(text))
        if parsed is None:
            raise self._error(NOT_A_TIME)
        return timestamp(parsed)


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _resolved(schema: Schema) -> Schema:
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    resolved: Schema = contract.schema()["definitions"][name] if name else schema
    return resolved


def _leaves() -> Iterator[str]:
    """Yield the path of every property that can be written; the first entry stands for those of a list."""
    stack: list[tuple[str, Schema]] = [
        (name, each) for name, each in contract.schema()["properties"].items() if name not in contract.read_only()
    ]
    while stack:
        path, schema = stack.pop()
        schema = _resolved(schema)
        if "items" in schema:
            stack.append((f"{path}/0", schema["items"]))
        for name, each in schema.get("properties", {}).items():
            stack.append((f"{path}/{name}", each))
        if "/" in path and "properties" not in schema and "items" not in schema:
            yield path
