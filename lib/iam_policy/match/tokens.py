"""What patterns consist of: plain strings, wildcards, holes and policy variables."""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

from iam_policy.match.symbols import Hole


class Wild(Enum):
    """The two wildcards."""

    STAR = "*"
    QUESTION = "?"


@dataclass(frozen=True)
class Variable:
    """A policy variable, `${aws:username}` or `${aws:PrincipalTag/team, 'none'}`; the key is in lower case."""

    key: str
    default: str | None = None

    def __str__(self) -> str:
        return "${" + self.key + (f", '{self.default}'" if self.default is not None else "") + "}"


Token: TypeAlias = str | Wild | Hole | Variable

ESCAPES: Final = {"*", "?", "$"}
_WILDCARDS: Final = re.compile(r"[*?]")
_SPECIAL: Final = re.compile(r"\$\{([^{}]*)\}|[*?]")
_VARIABLE: Final = re.compile(r"\s*([^,\s']+)\s*(?:,\s*'([^']*)'\s*)?")


def tokens_of(string: str, *, wildcards: bool, variables: bool) -> list[Token]:
    """Take a string of a policy apart; some of the strings in the result may be empty."""
    tokens: list[Token] = []
    position = 0
    for match in (_SPECIAL if variables else _WILDCARDS).finditer(string):
        inner = match.group(1) if variables else None
        if inner is None and not wildcards:
            continue
        tokens.append(string[position : match.start()])
        tokens.append(Wild(match.group()) if inner is None else _variable(inner))
        position = match.end()
    return [*tokens, string[position:]]


def _variable(inner: str) -> Token:
    if inner in ESCAPES:
        return inner
    parsed = _VARIABLE.fullmatch(inner)
    # What IAM cannot read as a variable is a variable that never has a value.
    return Variable(parsed.group(1).lower(), parsed.group(2)) if parsed else Variable(inner.lower())
