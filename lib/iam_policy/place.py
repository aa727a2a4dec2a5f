"""Where the policies apply: partition, region and account, with symbols where they are not known."""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from iam_policy.match.arns import SEGMENTS, compile_resource
from iam_policy.match.patterns import Pattern
from iam_policy.match.symbols import ACCOUNT, PARTITION, REGION, Symbolic, Text
from iam_policy.parse.document import Document

UNKNOWN_PARTITION: Final = Symbolic((PARTITION,))
UNKNOWN_REGION: Final = Symbolic((REGION,))
UNKNOWN_ACCOUNT: Final = Symbolic((ACCOUNT,))


@dataclass(frozen=True)
class Place:
    """The partition, region and account that decisions are made for; symbols where they are not known.

    `local_types` (such as `sqs:` or `ecs:cluster/`) are the resources that must be in this account and region: buckets,
    images and keys need not be. `passed_to` is the service that findings advise for iam:PassedToService.
    """

    partition: Text = UNKNOWN_PARTITION
    region: Text = UNKNOWN_REGION
    account: Text = UNKNOWN_ACCOUNT
    local_types: tuple[str, ...] = field(default=(), kw_only=True)
    passed_to: str = field(default="", kw_only=True)


AnyPlace = TypeVar("AnyPlace", bound=Place)


def assumed(place: AnyPlace, documents: Iterable[Document]) -> AnyPlace:
    """Return the place completed from the documents, for documents that are checked without a template.

    An unknown partition, region or account is the one that all Allow statements have, if any.
    """
    services = {"iam", *(each.partition(":")[0] for each in place.local_types)}
    arns = [segments for document in documents for segments in _granted(document, services)]
    changes: dict[str, Any] = {}
    for name, index in (("partition", 1), ("region", 3), ("account", 4)):
        literals = {str(segments[index]) for segments in arns if segments[index].literal}
        if getattr(place, name) == getattr(Place, name) and len(literals) == 1:
            changes[name] = literals.pop()
    return replace(place, **changes)


def _granted(document: Document, services: Container[str]) -> Iterator[tuple[Pattern, ...]]:
    for statement in document.statements:
        for one in statement.resources.texts if statement.effect == "Allow" and statement.resources else ():
            segments = compile_resource(one, variables=True).segments
            if segments and len(segments) == SEGMENTS and str(segments[2]) in services:
                yield segments
