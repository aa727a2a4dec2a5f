"""The relevant AWS-managed policies, as data with version and date (see `_extract_managed_policies`)."""

from functools import cache
from typing import Any

from iam_policy.parse.document import Document, DocumentKind
from iam_policy.parse.reading import read_node
from iam_policy.service_data import packaged


def _policies() -> dict[str, Any]:
    policies: dict[str, Any] = packaged(__package__, "managed_policies.json")["policies"]
    return policies


@cache
def managed_names() -> tuple[str, ...]:
    """Return the names of the policies whose text is known."""
    return tuple(_policies())


@cache
def managed_policy(name_or_arn: str) -> Document | None:
    """Return an AWS-managed policy by name (`AdministratorAccess`) or ARN of any partition; None if it is not known."""
    _, _, path = name_or_arn.partition(":iam::aws:policy/")
    if name_or_arn.startswith("arn:") and not path:
        return None
    name = (path or name_or_arn).rpartition("/")[2]
    entry = _policies().get(name)
    if entry is None:
        return None
    label = f"{name} {entry['version']} of {entry['date']}"
    return read_node(entry["document"], label, DocumentKind.AWS)
