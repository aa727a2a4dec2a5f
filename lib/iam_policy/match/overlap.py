"""Whether two patterns can match the same resource."""

from functools import lru_cache
from typing import Final

from iam_policy.match.arns import RESOURCE, SEGMENTS, arn, compile_resource
from iam_policy.match.symbols import ANY, Charset, Hole, Text, text
from iam_policy.match.tokens import Variable, Wild

_NO_COLON: Final = Charset(frozenset(map(chr, range(32, 127))) - {":"})


@lru_cache(maxsize=65536)
def may_overlap(pattern: str, other: Text) -> bool:
    """Tell whether some resource matches both; short and unsplittable ARNs get the benefit of the doubt."""
    segments = compile_resource(other, variables=True).segments
    if segments is None or len(segments) < SEGMENTS:
        return True
    target = as_target(other)
    return compile_resource(pattern, variables=False).match(arn(target)) is not False


@lru_cache(maxsize=65536)
def as_target(pattern: Text) -> Text:
    """Return the resource that a pattern stands for: its wildcards and variables become holes."""
    segments = compile_resource(pattern, variables=True).segments or ()
    pieces: list[Text | Hole] = []
    for index, segment in enumerate(segments):
        pieces.append(":" if index else "")
        charset = _NO_COLON if index < RESOURCE else ANY
        for place, token in enumerate(segment.tokens):
            identity = f"{pattern}#{index}.{place}"
            if isinstance(token, str | Hole):
                pieces.append(token)
            elif isinstance(token, Variable) or token is Wild.STAR:
                pieces.append(Hole(identity, charset))
            else:
                pieces.append(Hole(identity, charset, minimum=1, exact=True))
    return text(*pieces)
