"""Values of a template: what an intrinsic function gives in one scenario, as far as that can be known.

A known scalar is itself. A text with parts that only CloudFormation knows is a `Text` with holes: two texts with the
same holes are equal, anything else about them is unknown. `UNKNOWN` is everything else, `None` stands for
AWS::NoValue. Nothing here knows an experiment or cfn-lint, and nothing raises on a malformed template.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

# What an author typed: any shape at all.
Raw = Any
Path = tuple[str | int, ...]


class Unknown:
    """The type of UNKNOWN."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()
SUB_VARIABLE: Final = re.compile(r"\$\{([^!{}][^{}]*)\}")
DYNAMIC_REFERENCE: Final = "{{resolve:"
MAXIMUM_DEPTH: Final = 40


@dataclass(frozen=True)
class Hole:
    """A part of a text that only CloudFormation can fill: `Ref` of something, `Fn::GetAtt` of a.b, or an import."""

    function: str
    argument: str

    def __str__(self) -> str:
        return f"${{{self.argument}}}"


@dataclass(frozen=True)
class Text:
    """A text with at least one hole."""

    parts: tuple[str | Hole, ...]

    def __str__(self) -> str:
        return "".join(map(str, self.parts))

    @property
    def only_hole(self) -> Hole | None:
        """The hole, when the text is nothing else."""
        part = self.parts[0]
        return part if len(self.parts) == 1 and isinstance(part, Hole) else None


def text_of(parts: Sequence[str | Hole]) -> str | Text:
    """Join parts into a plain text when there is no hole, else a Text with neighbouring literals merged."""
    merged: list[str | Hole] = []
    for part in parts:
        if isinstance(part, str) and merged and isinstance(merged[-1], str):
            merged[-1] += part
        elif part != "":
            merged.append(part)
    if any(isinstance(part, Hole) for part in merged):
        return Text(tuple(merged))
    return "".join(map(str, merged))


def hole(function: str, argument: str) -> Text:
    """Return the text that is one hole."""
    return Text((Hole(function, argument),))


def function_of(raw: Raw) -> tuple[str, Raw] | None:
    """Return name and argument when a raw value is an intrinsic function."""
    if isinstance(raw, dict) and len(raw) == 1:
        name, argument = next(iter(raw.items()))
        if isinstance(name, str) and (name == "Ref" or name.startswith("Fn::")):
            return name, argument
    return None


def parts_of(value: object) -> list[str | Hole] | None:
    """Return a scalar as parts of a text, None when it is not a scalar or unknown."""
    if isinstance(value, Text):
        return list(value.parts)
    if isinstance(value, bool):
        return ["true" if value else "false"]
    if isinstance(value, str | int | float):
        return [str(value)]
    return None


def chosen_branch(argument: Raw, decide: Callable[[Raw], bool | None]) -> tuple[int, Raw] | None:
    """Return the branch that an Fn::If takes and its index, None when that is unknown."""
    if not isinstance(argument, list) or len(argument) != 3:  # noqa: PLR2004 - condition and two branches
        return None
    holds = decide(argument[0])
    index = 1 if holds else 2
    return None if holds is None else (index, argument[index])


class Evaluator:
    """Evaluate intrinsic functions, given what Ref gives, whether a condition holds, and the mappings."""

    def __init__(self, refer: Callable[[str], object], decide: Callable[[Raw], bool | None], mappings: Raw) -> None:
        self.refer = refer
        self.decide = decide
        self.mappings = mappings if isinstance(mappings, dict) else {}

    def evaluate(self, raw: Raw, depth: int = 0) -> object:
        """Return the value of a raw scalar, list or function; a mapping that is no function is UNKNOWN."""
        value = self._evaluate(raw, depth)
        # What a dynamic reference stands for is read from Systems Manager or Secrets Manager at deployment.
        return UNKNOWN if isinstance(value, str | Text) and DYNAMIC_REFERENCE in str(value) else value

    def _evaluate(self, raw: Raw, depth: int) -> object:
        function = function_of(raw)
        if function is None:
            if isinstance(raw, list):
                return self._list(raw, depth + 1)
            if isinstance(raw, date):  # what YAML makes of an unquoted time; CloudFormation keeps the text
                return raw.isoformat()
            return raw if isinstance(raw, str | int | float | Text) else UNKNOWN
        name, argument = function
        method = FUNCTIONS.get(name)
        if method is None or depth > MAXIMUM_DEPTH:
            return UNKNOWN
        return method(self, argument, depth + 1)

    def _list(self, raw: list[Raw], depth: int) -> object:
        if depth > MAXIMUM_DEPTH:
            return UNKNOWN
        return [value for item in raw if (value := self.evaluate(item, depth)) is not None]

    def if_(self, argument: Raw, depth: int) -> object:
        """Return what Fn::If gives; UNKNOWN where that cannot be known."""
        branch = chosen_branch(argument, self.decide)
        return UNKNOWN if branch is None else self.evaluate(branch[1], depth)

    def ref(self, argument: Raw, _depth: int) -> object:
        """Return what Fn::Ref gives; UNKNOWN where that cannot be known."""
        return self.refer(argument) if isinstance(argument, str) else UNKNOWN

    def get_att(self, argument: Raw, _depth: int) -> object:
        """Return what Fn::GetAtt gives; UNKNOWN where that cannot be known."""
        if isinstance(argument, list) and argument and all(isinstance(part, str) for part in argument):
            argument = ".".join(argument)
        return hole("Fn::GetAtt", argument) if isinstance(argument, str) else UNKNOWN

    def import_value(self, argument: Raw, _depth: int) -> object:
        """Return what Fn::ImportValue gives; UNKNOWN where that cannot be known."""
        return hole("Fn::ImportValue", repr(argument))

    def sub(self, argument: Raw, depth: int) -> object:
        """Return what Fn::Sub gives; UNKNOWN where that cannot be known."""
        variables: Mapping[str, Raw] = {}
        if isinstance(argument, list) and len(argument) == 2:  # noqa: PLR2004 - text and variables
            argument, given = argument
            variables = given if isinstance(given, dict) else {}
        if not isinstance(argument, str):
            return UNKNOWN
        parts: list[str | Hole] = []
        for index, piece in enumerate(SUB_VARIABLE.split(argument)):
            found = parts_of(self._variable(piece.strip(), variables, depth)) if index % 2 else [piece]
            if found is None:
                return UNKNOWN
            parts += found
        return text_of([part.replace("${!", "${") if isinstance(part, str) else part for part in parts])

    def _variable(self, name: str, variables: Mapping[str, Raw], depth: int) -> object:
        if name in variables:
            return self.evaluate(variables[name], depth)
        value = self.refer(name)
        if "." in name and isinstance(value, Text):
            return hole("Fn::GetAtt", name)
        return value

    def join(self, argument: Raw, depth: int) -> object:
        """Return what Fn::Join gives; UNKNOWN where that cannot be known."""
        if not isinstance(argument, list) or len(argument) != 2 or not isinstance(argument[0], str):  # noqa: PLR2004
            return UNKNOWN
        values = self.evaluate(argument[1], depth)
        if not isinstance(values, list):
            return UNKNOWN
        parts: list[str | Hole] = []
        for index, value in enumerate(values):
            found = parts_of(value)
            if found is None:
                return UNKNOWN
            parts += [argument[0], *found] if index else found
        return text_of(parts)

    def select(self, argument: Raw, depth: int) -> object:
        """Return what Fn::Select gives; UNKNOWN where that cannot be known."""
        if not isinstance(argument, list) or len(argument) != 2:  # noqa: PLR2004 - index and list
            return UNKNOWN
        index, values = self.evaluate(argument[0], depth), self.evaluate(argument[1], depth)
        if not isinstance(values, list) or not str(index).isdecimal() or int(str(index)) >= len(values):
            return UNKNOWN
        return values[int(str(index))]

    def split(self, argument: Raw, depth: int) -> object:
        """Return what Fn::Split gives; UNKNOWN where that cannot be known."""
        if not isinstance(argument, list) or len(argument) != 2:  # noqa: PLR2004 - delimiter and text
            return UNKNOWN
        text = self.evaluate(argument[1], depth)
        delimiter = argument[0]
        if not isinstance(text, str) or not isinstance(delimiter, str) or not delimiter:
            return UNKNOWN
        return text.split(delimiter)

    def find_in_map(self, argument: Raw, depth: int) -> object:
        """Return what Fn::FindInMap gives; UNKNOWN where that cannot be known."""
        if not isinstance(argument, list) or len(argument) < 3:  # noqa: PLR2004 - map and two keys
            return UNKNOWN
        found: Raw = self.mappings
        for key in argument[:3]:
            name = self.evaluate(key, depth)
            if isinstance(name, Text | Unknown) or not isinstance(found, dict):
                return UNKNOWN
            found = found.get(name, found.get(str(name))) if isinstance(name, str | int) else None
        if found is None and len(argument) > 3 and isinstance(argument[3], dict):  # noqa: PLR2004
            found = argument[3].get("DefaultValue")
        return UNKNOWN if found is None else self.evaluate(found, depth)


FUNCTIONS: Final[Mapping[str, Callable[[Evaluator, Raw, int], object]]] = {
    "Ref": Evaluator.ref,
    "Fn::If": Evaluator.if_,
    "Fn::GetAtt": Evaluator.get_att,
    "Fn::ImportValue": Evaluator.import_value,
    "Fn::Sub": Evaluator.sub,
    "Fn::Join": Evaluator.join,
    "Fn::Select": Evaluator.select,
    "Fn::Split": Evaluator.split,
    "Fn::FindInMap": Evaluator.find_in_map,
}
