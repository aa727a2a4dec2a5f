"""Amazon resource names: six segments, compared one by one.

`*` spans `/` inside a segment but no colon. An ARN with fewer than six segments is completed with `*`. Service, region
and partition are compared without regard to case, the resource with regard to it. Source: IAM User Guide,
"IAM JSON policy elements: Resource" and "Identify AWS resources with ARNs"; where these pages are silent or ambiguous
the answer is unknown.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final, TypeVar

from iam_policy.match.patterns import Pattern, Token, Truth, Variable, Wild, all_of, compile_pattern
from iam_policy.match.symbols import ANY, Charset, Symbol, Text, parts_of, text

SEGMENTS: Final = 6
RESOURCE: Final = SEGMENTS - 1

# Their resource segment begins with a name, not with a type, so a wildcard there is not a wildcard in a type.
UNTYPED_SERVICES: Final = frozenset({"execute-api", "s3", "sns", "sqs"})


_Part = TypeVar("_Part", Token, str | Symbol)  # of a pattern, of a text


def _split(parts: Iterable[_Part]) -> list[list[_Part]] | None:
    """Split at the first five colons; None if a symbol before the last of them may hold a colon."""
    segments: list[list[_Part]] = [[]]
    for part in parts:
        if isinstance(part, str):
            head, *rest = part.split(":", SEGMENTS - len(segments))
            segments[-1].append(head)
            segments.extend([piece] for piece in rest)
        elif isinstance(part, Symbol) and len(segments) < SEGMENTS and part.charset.holds(":"):
            return None
        else:
            segments[-1].append(part)
    return segments


@lru_cache(maxsize=4096)
def split(whole: Text) -> tuple[Text, ...] | None:
    """Return the segments of an ARN, fewer than six for `*`; None if a symbol may hide a colon."""
    segments = _split(parts_of(whole))
    return None if segments is None else tuple(text(*segment) for segment in segments)


def split_pattern(pattern: Pattern) -> tuple[Pattern, ...] | None:
    """Return the segments of a pattern, at most six; None if a symbol may hide a colon."""
    segments = _split(pattern.tokens)
    if segments is None:
        return None
    return tuple(Pattern(tuple(token for token in segment if token != "")) for segment in segments)


def _begins_with_type(segments: tuple[Text, ...]) -> bool:
    """Tell whether the resource segment begins with a type, as in `role/name`."""
    head = str(segments[RESOURCE])
    return segments[2] not in UNTYPED_SERVICES and ("/" in head or ":" in head)


@dataclass(frozen=True)
class ResourcePattern:
    """One compiled entry of Resource or NotResource, its policy variables resolved."""

    pattern: Pattern

    @cached_property
    def segments(self) -> tuple[Pattern, ...] | None:
        """The pattern's segments, at most six; None if a symbol may hide a colon."""
        return split_pattern(self.pattern)

    @cached_property
    def wild_type(self) -> bool:
        """Whether there is a wildcard in what looks like the type of the resource: `web-*/x`."""
        if self.segments is None or len(self.segments) < SEGMENTS:
            return False
        wild = False
        for token in self.segments[RESOURCE].tokens:
            if isinstance(token, Wild):
                wild = True
            elif isinstance(token, str) and ("/" in token or ":" in token):
                return wild
        return False

    def match(self, target: Text) -> Truth:
        """Match the resource of a request."""
        if self.pattern.everything:
            return True
        others = split(target)
        if self.segments is None or others is None:
            return self._match_unsplit(target)
        if len(self.segments) < SEGMENTS:
            return self._match_short(self.segments, target, others)
        if len(others) < SEGMENTS:
            return False
        truth = _match_segments(self.segments, others)
        # IAM's documentation forbids wildcards in the type, AWS's own policies have them: undecided.
        return None if truth and self.wild_type and _begins_with_type(others) else truth

    def _match_unsplit(self, target: Text) -> Truth:
        if self.pattern.tokens == parts_of(target):
            return True
        truth = self.pattern.match(target)
        return truth if truth is False or (self._same_beginning(target) and truth) else None

    def _same_beginning(self, target: Text) -> bool:
        """Whether both begin with the same symbol and all that differs is within the last segment."""
        head, *rest = parts_of(target)
        if self.pattern.tokens[:1] != (head,) or not isinstance(head, Symbol):
            return False
        return not any(":" in part if isinstance(part, str) else part.charset.holds(":") for part in rest)

    def _match_short(self, segments: tuple[Pattern, ...], target: Text, others: tuple[Text, ...]) -> Truth:
        if len(others) < SEGMENTS:
            return self.pattern.match(target)
        truth = _match_segments(segments, others[: len(segments)])
        # A `*` at the end of a segment "can expand to match beyond the colon": undecided where only that would match.
        return truth if truth or self.pattern.match(target, fold=True) is False else None

    @property
    def is_short(self) -> bool:
        """Whether it is an ARN with fewer than six segments, which only some types of policy may have."""
        return not self.pattern.everything and self.segments is not None and len(self.segments) < SEGMENTS


def _match_segments(patterns: tuple[Pattern, ...], targets: tuple[Text, ...]) -> Truth:
    return all_of(
        pattern.match(target, fold=index < RESOURCE)
        for index, (pattern, target) in enumerate(zip(patterns, targets, strict=True))
    )


@lru_cache(maxsize=65536)
def compile_resource(source: Text, *, variables: bool) -> ResourcePattern:
    """Compile an entry of Resource or NotResource."""
    return ResourcePattern(compile_pattern(source, variables=variables))


_NO_COLON: Final = Charset(frozenset(map(chr, range(32, 127))) - {":"})


@lru_cache(maxsize=65536)
def may_overlap(pattern: str, other: Text) -> bool:
    """Tell whether some resource matches both; short and unsplittable ARNs are assumed to."""
    segments = compile_resource(other, variables=True).segments
    if segments is None or len(segments) < SEGMENTS:
        return True
    return compile_resource(pattern, variables=False).match(as_target(other)) is not False


@lru_cache(maxsize=65536)
def as_target(pattern: Text) -> Text:
    """Return the resource that a pattern stands for: its wildcards and variables become symbols."""
    segments = compile_resource(pattern, variables=True).segments or ()
    pieces: list[Text | Symbol] = []
    for index, segment in enumerate(segments):
        pieces.append(":" if index else "")
        charset = _NO_COLON if index < RESOURCE else ANY
        for place, token in enumerate(segment.tokens):
            identity = f"{pattern}#{index}.{place}"
            if isinstance(token, str | Symbol):
                pieces.append(token)
            elif isinstance(token, Variable) or token is Wild.STAR:
                pieces.append(Symbol(identity, charset))
            else:
                pieces.append(Symbol(identity, charset, minimum=1, exact=True))
    return text(*pieces)
