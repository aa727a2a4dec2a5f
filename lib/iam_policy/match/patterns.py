"""IAM's patterns over texts with holes: `*`, `?`, the escapes `${*}` `${?}` `${$}` and policy variables.

A match is three-valued and sound: True only if every filling of the holes matches, False only if none does. Plain
patterns against plain strings take a fast path without backtracking, so no pattern is slow.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from iam_policy.match.symbolic_match import match_symbolic
from iam_policy.match.symbols import Hole, Text, parts_of
from iam_policy.match.tokens import Token, Variable, Wild, tokens_of
from iam_policy.match.truth import Truth


@dataclass(frozen=True)
class Pattern:
    """A compiled pattern: strings that mean themselves, wildcards, holes and policy variables, in order."""

    tokens: tuple[Token, ...]

    @cached_property
    def variables(self) -> tuple[Variable, ...]:
        """The policy variables that have to be resolved before matching."""
        return tuple(token for token in self.tokens if isinstance(token, Variable))

    @cached_property
    def everything(self) -> bool:
        """Whether the pattern consists of `*` alone, so that it matches whatever there is."""
        return bool(self.tokens) and all(token is Wild.STAR for token in self.tokens)

    @cached_property
    def literal(self) -> str | None:
        """The only string that matches, if there is only one."""
        if all(isinstance(token, str) for token in self.tokens):
            return "".join(map(str, self.tokens))
        return None

    @cached_property
    def symbolic(self) -> bool:
        """Whether there is a hole."""
        return any(isinstance(token, Hole) for token in self.tokens)

    @cached_property
    def _exact(self) -> "_Glob":
        return _Glob(self.tokens, fold=False)

    @cached_property
    def _folding(self) -> "_Glob":
        return _Glob(self.tokens, fold=True)

    def match(self, target: Text, *, fold: bool = False) -> Truth:
        """Match a text, in lower case on both sides with `fold`. The variables must have been resolved."""
        if isinstance(target, str) and not self.symbolic:
            return (self._folding if fold else self._exact).match(target)
        return match_symbolic(self.tokens, target, fold=fold)

    def resolve(self, value_of: "Callable[[Variable], Text | Hole | None]") -> "Pattern | None":
        """Replace the variables by their values; None if one has no value."""
        tokens: list[Token] = []
        for token in self.tokens:
            if not isinstance(token, Variable):
                tokens.append(token)
                continue
            value = value_of(token)
            if value is None:
                return None
            tokens.extend(parts_of(value))
        return Pattern(tuple(tokens))

    def split(self, separator: str, most: int) -> "tuple[Pattern, ...] | None":
        """Split at the first `most` separators; None if a hole before them may hold one."""
        segments: list[list[Token]] = [[]]
        for token in self.tokens:
            if isinstance(token, str):
                head, *rest = token.split(separator, most - len(segments) + 1)
                segments[-1].append(head)
                segments.extend([part] for part in rest)
            elif isinstance(token, Hole) and len(segments) <= most and token.charset.holds(separator):
                return None
            else:
                segments[-1].append(token)
        return tuple(Pattern(tuple(token for token in segment if token != "")) for segment in segments)

    def __str__(self) -> str:
        return "".join(token.value if isinstance(token, Wild) else str(token) for token in self.tokens)


class _Glob:
    """A pattern without holes. Greedy search piece by piece is exact because pieces have a fixed length."""

    def __init__(self, tokens: Sequence[Token], *, fold: bool) -> None:
        flags = re.DOTALL | (re.IGNORECASE if fold else 0)
        pieces = [""]
        for token in tokens:
            if token is Wild.STAR:
                pieces.append("")
            else:
                pieces[-1] += "." if token is Wild.QUESTION else re.escape(str(token))
        self._head, *rest = (re.compile(piece, flags) for piece in pieces)
        self._tail = re.compile(pieces[-1] + r"\Z", flags) if rest else None
        self._middle = [piece for piece in rest[:-1] if piece.pattern]
        self._tail_length = sum(
            1 if isinstance(token, Wild) else len(str(token)) for token in self._after_last_star(tokens)
        )

    @staticmethod
    def _after_last_star(tokens: Sequence[Token]) -> Sequence[Token]:
        stars = [index for index, token in enumerate(tokens) if token is Wild.STAR]
        return tokens[stars[-1] + 1 :] if stars else ()

    def match(self, target: str) -> bool:
        if self._tail is None:
            return self._head.fullmatch(target) is not None
        match = self._head.match(target)
        for piece in self._middle:
            if match is None:
                return False
            match = piece.search(target, match.end())
        if match is None or len(target) - self._tail_length < match.end():
            return False
        return self._tail.match(target, len(target) - self._tail_length) is not None


@lru_cache(maxsize=65536)
def compile_pattern(source: Text, *, wildcards: bool = True, variables: bool = False) -> Pattern:
    """Compile what a policy says. Without `wildcards`, `*` and `?` mean themselves (StringEquals)."""
    tokens: list[Token] = []
    for part in parts_of(source):
        if isinstance(part, str):
            tokens.extend(tokens_of(part, wildcards=wildcards, variables=variables))
        else:
            tokens.append(part if wildcards else Hole(**{**vars(part), "literal": True}))
    return Pattern(tuple(token for token in tokens if token != ""))
