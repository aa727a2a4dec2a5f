"""The evaluator of intrinsic functions: the result of each in one scenario, UNKNOWN if it cannot be determined.

Pure: the values of Ref, the outcome of conditions and the mappings are passed in. A malformed template never raises.
"""

import itertools
import json
import re
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Final

from cfn_template.forms import as_pieces, may_contain
from cfn_template.values import (
    DYNAMIC,
    SUB_VARIABLE,
    TRANSFORM,
    UNKNOWN,
    MissingRow,
    Raw,
    SymbolicString,
    Unresolved,
    function_of,
    parts_of,
    scalar_text,
    text_of,
    unresolved,
)

RESOLVE: Final = "{{resolve:"
_HOLE: Final = "\0"
_REFERENCE_OR_HOLE: Final = re.compile(r"(\{\{resolve:(?:(?!\{\{resolve:).)*?\}\}|\0)", re.DOTALL)
MAXIMUM_DEPTH: Final = 40
MAXIMUM_LENGTH: Final = 1_000_000  # a template's own limit


@dataclass
class Evaluator:
    """Evaluate intrinsic functions, given the values of Ref, the outcome of conditions, and the mappings."""

    refer: Callable[[str], object]
    decide: Callable[[Raw], bool | None]
    mappings: Raw
    refer_key: Callable[[str], object] | None = None
    resources: Mapping[str, Raw] = field(default_factory=dict)
    deployed: Mapping[Unresolved, str] = field(default_factory=dict)

    @cached_property
    def keys(self) -> "Evaluator":
        """The evaluator of what decides a condition or a row: values that are hidden elsewhere are known."""
        return Evaluator(self.refer_key, self.decide, self.mappings) if self.refer_key else self

    def evaluate(self, raw: Raw, depth: int = 0) -> object:
        """Return the value of a raw scalar, list or function; a mapping that is not a function is UNKNOWN."""
        try:
            value = self._evaluate(raw, depth)
        except MissingRow as missing:
            if depth:
                raise
            return missing
        return with_references(value) if isinstance(value, str | SymbolicString) and RESOLVE in str(value) else value

    def _evaluate(self, raw: Raw, depth: int) -> object:
        function = function_of(raw)
        if function is None:
            if isinstance(raw, list) and depth < MAXIMUM_DEPTH:
                return [value for item in raw if (value := self.evaluate(item, depth + 1)) is not None]
            if isinstance(raw, date):
                return scalar_text(raw)
            return raw if isinstance(raw, str | int | float | SymbolicString) else UNKNOWN
        name, argument = function
        method = FUNCTIONS.get(name)
        if method is None or depth > MAXIMUM_DEPTH:
            return UNKNOWN
        return method(self, argument, depth + 1)

    def if_(self, argument: Raw, depth: int) -> object:
        """Fn::If."""
        branch = chosen_branch(argument, self.decide)
        return UNKNOWN if branch is None else self.evaluate(branch[1], depth)

    def ref(self, argument: Raw, _depth: int) -> object:
        """Ref."""
        return self.refer(argument) if isinstance(argument, str) else UNKNOWN

    def get_att(self, argument: Raw, _depth: int) -> object:
        """Fn::GetAtt."""
        if isinstance(argument, list) and argument and all(isinstance(part, str) for part in argument):
            argument = ".".join(argument)
        return self._deployed("Fn::GetAtt", argument) if isinstance(argument, str) else UNKNOWN

    def _deployed(self, function: str, argument: str) -> str | SymbolicString:
        """Return the value that a deployed stack has, unresolved without one."""
        value = self.deployed.get(Unresolved(function, argument)) if self.deployed else None
        return unresolved(function, argument) if value is None else value

    def import_value(self, argument: Raw, depth: int) -> object:
        """Fn::ImportValue."""
        name = self.evaluate(argument, depth)
        is_text = isinstance(name, str | SymbolicString)
        return self._deployed("Fn::ImportValue", str(name) if is_text else json.dumps(argument, default=str))

    def sub(self, argument: Raw, depth: int) -> object:
        """Fn::Sub."""
        match argument:
            case [str(text), variables]:
                pass
            case str(text):
                variables = {}
            case _:
                return UNKNOWN
        known: dict[str, list[str | Unresolved] | None] = {}
        parts: list[str | Unresolved] = []
        for index, piece in enumerate(SUB_VARIABLE.split(text)):
            if index % 2 == 0:
                parts.append(piece.replace("${!", "${"))
                continue
            name = piece.strip()
            if name not in known:
                known[name] = parts_of(self._variable(name, variables, depth))
            value = known[name]
            if value is None:
                return UNKNOWN
            parts += value
        return bounded(parts)

    def _variable(self, name: str, variables: Raw, depth: int) -> object:
        if isinstance(variables, dict) and name in variables:
            return self.evaluate(variables[name], depth)
        value = self.refer(name)
        if "." in name and isinstance(value, SymbolicString):
            return self._deployed("Fn::GetAtt", name)
        return value

    def join(self, argument: Raw, depth: int) -> object:
        """Fn::Join."""
        delimiter, values = self._text_and_value(argument, depth)
        if not isinstance(values, list):
            return UNKNOWN
        parts: list[str | Unresolved] = []
        for index, value in enumerate(values):
            found = parts_of(value)
            if found is None:
                return UNKNOWN
            parts += [delimiter, *found] if index else found
        return bounded(parts)

    def _text_and_value(self, argument: Raw, depth: int) -> tuple[str, object]:
        """Return the text and the value of the second part of an argument, UNKNOWN if it is malformed."""
        match argument:
            case [str(text), raw]:
                return text, self.evaluate(raw, depth)
        return "", UNKNOWN

    def select(self, argument: Raw, depth: int) -> object:
        """Fn::Select."""
        if not isinstance(argument, list) or len(argument) != 2:  # noqa: PLR2004 - index and list
            return UNKNOWN
        index = self.evaluate(argument[0], depth)
        function, inner = function_of(argument[1]) or ("", None)
        values = self._pieces(inner, depth)[0] if function == "Fn::Split" else self.evaluate(argument[1], depth)
        if not isinstance(values, list) or not str(index).isdecimal() or int(str(index)) >= len(values):
            return UNKNOWN
        return values[int(str(index))]

    def split(self, argument: Raw, depth: int) -> object:
        """Fn::Split."""
        pieces, complete = self._pieces(argument, depth)
        return pieces if complete else UNKNOWN

    def _pieces(self, argument: Raw, depth: int) -> tuple[list[str | SymbolicString], bool]:
        """Return the pieces of Fn::Split before the first that is not known, and whether they are all."""
        delimiter, text = self._text_and_value(argument, depth)
        if not delimiter or not isinstance(text, str | SymbolicString):
            return [], False
        pieces: list[list[str | Unresolved]] = [[]]
        for part in itertools.chain.from_iterable(
            [part] if isinstance(part, str) else as_pieces(part, self.resources) for part in parts_of(text) or []
        ):
            if isinstance(part, Unresolved):
                if may_contain(part, delimiter, self.resources):
                    return list(map(text_of, pieces[:-1])), False
                pieces[-1].append(part)
                continue
            first, *others = part.split(delimiter)
            pieces[-1].append(first)
            pieces += [[other] for other in others]
        return list(map(text_of, pieces)), True

    def find_in_map(self, argument: Raw, depth: int) -> object:
        """Fn::FindInMap, with the default value of AWS::LanguageExtensions."""
        if not isinstance(argument, list) or len(argument) < 3:  # noqa: PLR2004 - map and two keys
            return UNKNOWN
        entry: Raw = self.mappings
        names: list[str] = []
        for key in argument[:3]:
            name = scalar_text(self.keys.evaluate(key, depth))
            if name is None or (isinstance(entry, dict) and TRANSFORM in entry):
                return UNKNOWN
            names.append(name)
            entry = member(entry, name)
        if entry is None and len(argument) > 3 and isinstance(argument[3], dict):  # noqa: PLR2004
            entry = argument[3].get("DefaultValue")
        if entry is None and not isinstance(member(self.mappings, names[0]), dict):
            return UNKNOWN
        if entry is None:
            raise MissingRow(f"the mapping {names[0]} has no value for {', '.join(names[1:])}")
        return self.evaluate(entry, depth)

    def length(self, argument: Raw, depth: int) -> object:
        """Fn::Length of AWS::LanguageExtensions."""
        value = self.evaluate(argument, depth)
        return len(value) if isinstance(value, list) else UNKNOWN

    def to_json_string(self, argument: Raw, depth: int) -> object:
        """Fn::ToJsonString of AWS::LanguageExtensions, for entirely known values."""
        try:
            return json.dumps(self._deep(argument, depth), separators=(",", ":"))
        except TypeError:  # a part of it is not known
            return UNKNOWN

    def _deep(self, raw: Raw, depth: int) -> Raw:
        """Return a value with all functions evaluated."""
        if depth > MAXIMUM_DEPTH:
            return UNKNOWN
        if isinstance(raw, dict) and function_of(raw) is None:
            members = ((str(key), self._deep(item, depth + 1)) for key, item in raw.items())
            return {key: item for key, item in members if item is not None}
        if isinstance(raw, list):
            return [item for each in raw if (item := self._deep(each, depth + 1)) is not None]
        return self.evaluate(raw, depth)

    def base64(self, argument: Raw, depth: int) -> object:
        """Fn::Base64 of a known text."""
        text = scalar_text(self.evaluate(argument, depth))
        return UNKNOWN if text is None else b64encode(text.encode("utf-8", "surrogatepass")).decode()


def with_references(value: str | SymbolicString) -> object:
    """Return a string with its dynamic references as unresolved parts: they are read at deployment."""
    parts = parts_of(value) or []
    if any(isinstance(part, str) and _HOLE in part for part in parts):
        return UNKNOWN
    holes = iter([part for part in parts if isinstance(part, Unresolved)])
    text = "".join(part if isinstance(part, str) else _HOLE for part in parts)
    resolved: list[str | Unresolved] = []
    for index, piece in enumerate(_REFERENCE_OR_HOLE.split(text)):
        if index % 2 == 0:
            resolved.append(piece)
        elif piece == _HOLE:
            resolved.append(next(holes))
        else:
            resolved.append(Unresolved(DYNAMIC, re.sub(_HOLE, lambda _: str(next(holes)), piece)))
    return UNKNOWN if any(isinstance(part, str) and RESOLVE in part for part in resolved) else text_of(resolved)


def bounded(parts: Sequence[str | Unresolved]) -> object:
    """Return parts as a text, UNKNOWN beyond the length that any property can have."""
    length = sum(len(part) for part in parts if isinstance(part, str))
    return UNKNOWN if length > MAXIMUM_LENGTH or len(parts) > MAXIMUM_LENGTH else text_of(parts)


def member(mapping: Raw, name: str) -> Raw:
    """Return a member by its key as text: YAML may have read it as a number."""
    if not isinstance(mapping, dict):
        return None
    return (
        mapping[name] if name in mapping else next((mapping[key] for key in mapping if scalar_text(key) == name), None)
    )


def chosen_branch(argument: Raw, decide: Callable[[Raw], bool | None]) -> tuple[int, Raw] | None:
    """Return the branch that an Fn::If takes and its index, None when that is unknown."""
    match argument:
        case [condition, held, otherwise] if (holds := decide(condition)) is not None:
            return (1, held) if holds else (2, otherwise)
    return None


# Other functions (Fn::Cidr, Fn::GetAZs, Fn::Transform ...) are resolved at deployment.
FUNCTIONS: Final[Mapping[str, Callable[[Evaluator, Raw, int], object]]] = {
    "Ref": Evaluator.ref,
    "Fn::Base64": Evaluator.base64,
    "Fn::FindInMap": Evaluator.find_in_map,
    "Fn::GetAtt": Evaluator.get_att,
    "Fn::If": Evaluator.if_,
    "Fn::ImportValue": Evaluator.import_value,
    "Fn::Join": Evaluator.join,
    "Fn::Length": Evaluator.length,
    "Fn::Select": Evaluator.select,
    "Fn::Split": Evaluator.split,
    "Fn::Sub": Evaluator.sub,
    "Fn::ToJsonString": Evaluator.to_json_string,
}
