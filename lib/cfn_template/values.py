"""Values of a template, as far as they are known before a deployment.

A known scalar is itself. A string that CloudFormation resolves in part is a `SymbolicString`: two of them are equal if
their parts are, anything else about them is unknown. `UNKNOWN` is everything else, `None` stands for AWS::NoValue.
Nothing here raises on a malformed template.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

# What the template has: any shape at all.
Raw = Any
Path = tuple[str | int, ...]


class Unknown:
    """The type of UNKNOWN."""

    def __repr__(self) -> str:
        return "UNKNOWN"


class MissingRow(LookupError, Unknown):  # noqa: N818 - a value, raised only within the evaluator
    """The value of Fn::FindInMap with keys that the mapping does not have: CloudFormation refuses the template."""


UNKNOWN: Final = Unknown()
SUB_VARIABLE: Final = re.compile(r"\$\{([^!{}][^{}]*)\}")
NO_VALUE: Final = "AWS::NoValue"
DYNAMIC: Final = "resolve"  # {{resolve:service:name}}
MAXIMUM_HOLES: Final = 4  # of a string that is compared
MAXIMUM_COMPARED_LENGTH: Final = 256  # of a text that is compared with several unresolved parts
TRANSFORM: Final = "Fn::Transform"
NOTIFICATIONS: Final = "AWS::NotificationARNs"
_GIVE_LISTS: Final = frozenset({"!Cidr", "!GetAZs", "!Split"})
_GIVE_TEXTS: Final = frozenset({"!Base64", "!ImportValue", "!Join", "!Length", "!Sub", "!ToJsonString"})


@dataclass(frozen=True)
class Unresolved:
    """A value that only CloudFormation can resolve: `Ref`, `Fn::GetAtt` of a.b, an import or a dynamic reference."""

    function: str
    argument: str

    def __str__(self) -> str:
        return self.argument if self.function == DYNAMIC else f"${{{self.argument}}}"


@dataclass(frozen=True)
class SymbolicString:
    """A string with at least one unresolved part."""

    parts: tuple[str | Unresolved, ...]

    def __str__(self) -> str:
        return "".join(map(str, self.parts))

    @property
    def only_unresolved(self) -> Unresolved | None:
        """The unresolved value, when the string has no other part."""
        part = self.parts[0]
        return part if len(self.parts) == 1 and isinstance(part, Unresolved) else None

    def filling(self, text: str) -> dict[Unresolved, str] | None:
        """Return values of the unresolved parts that make the string equal to a text, None if it cannot be equal.

        They are the only such values if there is one unresolved part, and are left out if there are many.
        """
        holes = list(dict.fromkeys(part for part in self.parts if isinstance(part, Unresolved)))
        # Each further part that may be anything multiplies the work by the length.
        if len(holes) > MAXIMUM_HOLES or (len(holes) > 1 and len(text) > MAXIMUM_COMPARED_LENGTH):
            return {}
        groups = dict.fromkeys(holes, "(.*)")
        pattern = ""
        for part in self.parts:
            pattern += re.escape(part) if isinstance(part, str) else groups[part]
            groups |= {part: rf"\{holes.index(part) + 1}"} if isinstance(part, Unresolved) else {}
        match = re.fullmatch(pattern, text, re.DOTALL)
        return dict(zip(holes, match.groups(), strict=True)) if match else None


def text_of(parts: Sequence[str | Unresolved]) -> str | SymbolicString:
    """Join parts into a string, or into a SymbolicString with adjacent literals merged if one is unresolved."""
    merged: list[str | Unresolved] = []
    for part in parts:
        if isinstance(part, str) and merged and isinstance(merged[-1], str):
            merged[-1] += part
        elif part != "":
            merged.append(part)
    if any(isinstance(part, Unresolved) for part in merged):
        return SymbolicString(tuple(merged))
    return "".join(map(str, merged))


def unresolved(function: str, argument: str) -> SymbolicString:
    """Return the string that is one unresolved value."""
    return SymbolicString((Unresolved(function, argument),))


def function_of(raw: Raw) -> tuple[str, Raw] | None:
    """Return name and argument when a raw value is an intrinsic function."""
    if isinstance(raw, dict) and len(raw) == 1:
        name, argument = next(iter(raw.items()))
        if isinstance(name, str) and (name == "Ref" or name.startswith("Fn::")):
            return name, argument
    return None


def values_beneath(raw: Raw) -> Iterator[Raw]:
    """Yield a raw value and all values in it, at any depth."""
    stack = [raw]
    while stack:
        value = stack.pop()
        stack += value if isinstance(value, list) else value.values() if isinstance(value, dict) else ()
        yield value


def scalar_text(value: object) -> str | None:
    """Return a scalar as CloudFormation writes it, None for anything else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):  # YAML's type of an unquoted time; CloudFormation keeps the text
        return value.isoformat()
    return str(value) if isinstance(value, str | int | float) else None


def keys_of(raw: Raw) -> list[str]:
    """Return the keys of a mapping as texts, empty for any other value."""
    return [text for key in raw if (text := scalar_text(key)) is not None] if isinstance(raw, dict) else []


def parts_of(value: object) -> list[str | Unresolved] | None:
    """Return a scalar as parts of a string, None when it is not a scalar or unknown."""
    if isinstance(value, SymbolicString):
        return list(value.parts)
    text = scalar_text(value)
    return None if text is None else [text]


class ShortForm(str):
    """The YAML short form of a value that is resolved at deployment: `!GetAtt Role.Arn`."""

    __slots__ = ()

    @classmethod
    def of(cls, raw: Raw, value: object) -> "ShortForm":
        """Return the short form of a value that is not known."""
        if isinstance(value, SymbolicString):
            only = value.only_unresolved
            functions = {part.function for part in value.parts if isinstance(part, Unresolved)}
            if functions == {DYNAMIC}:
                return cls(value)
            return cls(f"!{only.function.removeprefix('Fn::')} {only.argument}" if only else f"!Sub {value}")
        name, argument = function_of(raw) or ("", raw)
        shown = argument if isinstance(argument, str) and argument else json.dumps(argument, default=str)
        return cls(f"!{name.removeprefix('Fn::')} {shown}" if name else shown)

    def gives(self, is_list: Callable[[str], bool]) -> str:
        """Return "string" or "array" where a function gives nothing else at deployment, else an empty text.

        `is_list` tells whether Ref of a name gives a list. A string may also be that of a number or a boolean.
        """
        function, _, argument = self.partition(" ")
        if function == "!Ref":
            return "array" if argument == NOTIFICATIONS or is_list(argument) else "string"
        if function in _GIVE_LISTS:
            return "array"
        return "string" if function in _GIVE_TEXTS or self.startswith("{{resolve:") else ""
