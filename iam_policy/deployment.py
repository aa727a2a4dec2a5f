"""Where and for what the policies are: the facts that decisions are made for, holes where they are not known."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from iam_policy.arns import SEGMENTS, compile_resource
from iam_policy.document import Document, Unknown
from iam_policy.patterns import Pattern
from iam_policy.symbols import ACCOUNT, PARTITION, REGION, Symbolic, Text

UNKNOWN_PARTITION: Final = Symbolic((PARTITION,))
UNKNOWN_REGION: Final = Symbolic((REGION,))
UNKNOWN_ACCOUNT: Final = Symbolic((ACCOUNT,))


@dataclass(frozen=True)
class Deployment:
    """Partition, region and account, and the resources that the permissions are needed for.

    A resource that is None may be chosen by the policies: the needed actions must be allowed for some name. One with
    holes must be allowed for every filling. `experiment` is a name, `capture_uri` is `s3://bucket/prefix`, everything
    else is an ARN. `tags` are the tags of the experiment besides the owner tag; None: nobody knows them.
    """

    partition: Text = UNKNOWN_PARTITION
    region: Text = UNKNOWN_REGION
    account: Text = UNKNOWN_ACCOUNT
    experiment: Text | None = None
    experiment_role: Text | None = None
    queue: Text | None = None
    dead_letter_queue: Text | None = None
    log_group: Text | None = None
    stack: Text | None = None
    endpoint: Text | None = None
    capture_uri: Text | None = None
    capture_key: Text | None = None
    volume_key: Text | None = None
    tags: Mapping[str, Text] | None = field(default=None, hash=False)


def assumed(deployment: Deployment, documents: Iterable[Document]) -> Deployment:
    """Return the deployment with what the documents agree on, for documents that are checked without a template.

    An unknown partition, region or account becomes the only one that the Allow statements write out, if they do.
    """
    arns = [segments for document in documents for segments in _granted(document)]
    changes: dict[str, Any] = {}
    for name, index, unknown in (
        ("partition", 1, UNKNOWN_PARTITION),
        ("region", 3, UNKNOWN_REGION),
        ("account", 4, UNKNOWN_ACCOUNT),
    ):
        literals = {str(segments[index]) for segments in arns if segments[index].literal}
        if getattr(deployment, name) == unknown and len(literals) == 1:
            changes[name] = literals.pop()
    return replace(deployment, **changes)


def _granted(document: Document) -> Iterator[tuple[Pattern, ...]]:
    for statement in document.statements:
        items = statement.resources.items if statement.effect == "Allow" and statement.resources else ()
        for item in items:
            segments = None if isinstance(item.text, Unknown) else compile_resource(item.text, variables=True).segments
            # Elsewhere is legitimate for buckets, images and keys.
            if segments and len(segments) == SEGMENTS and str(segments[2]) in {"iam", "sagemaker"}:
                yield segments
