"""Values of a template, as far as they are known before a deployment.

A known scalar is itself. A text with parts that only CloudFormation knows is a `Text` with holes: two texts with the
same holes are equal, anything else about them is unknown. `UNKNOWN` is everything else, `None` stands for
AWS::NoValue. Nothing here raises on a malformed template.
"""

import json
import re
from collections.abc import Sequence
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
NO_VALUE: Final = "AWS::NoValue"
TRANSFORM: Final = "Fn::Transform"


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


def scalar_text(value: object) -> str | None:
    """Return a scalar as CloudFormation writes it, None for anything else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):  # what YAML makes of an unquoted time; CloudFormation keeps the text
        return value.isoformat()
    return str(value) if isinstance(value, str | int | float) else None


def parts_of(value: object) -> list[str | Hole] | None:
    """Return a scalar as parts of a text, None when it is not a scalar or unknown."""
    if isinstance(value, Text):
        return list(value.parts)
    text = scalar_text(value)
    return None if text is None else [text]


class Unresolved(str):
    """A value that only a deployment knows, as the template writes it: `!GetAtt Role.Arn`."""

    __slots__ = ()


def unresolved(raw: Raw, value: object) -> Unresolved:
    """Return how a value that is not known is written."""
    if isinstance(value, Text):
        only = value.only_hole
        return Unresolved(f"!{only.function.removeprefix('Fn::')} {only.argument}" if only else f"!Sub {value}")
    name, argument = function_of(raw) or ("", raw)
    shown = argument if isinstance(argument, str) else json.dumps(argument, default=str)
    return Unresolved(f"!{name.removeprefix('Fn::')} {shown}" if name else shown)
