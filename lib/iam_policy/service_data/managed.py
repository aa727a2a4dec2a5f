"""AWS's managed policies with version and date, as `scripts/extract_managed_policies.py` writes them."""

import json
import lzma
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from iam_policy.parse.document import Document, DocumentKind
from iam_policy.parse.reading import read_node
from iam_policy.service_data import data_folder, packaged

PREFIX: Final = ":iam::aws:policy"


def _common() -> Mapping[str, Any]:
    policies: Mapping[str, Any] = packaged(__package__, "managed_policies.json")["policies"]
    return policies


@cache
def _others() -> Mapping[str, Any]:
    compressed = data_folder(__package__).joinpath("other_managed_policies.json.xz").read_bytes()
    policies: Mapping[str, Any] = json.loads(lzma.decompress(compressed))["policies"]
    return policies


def managed_names() -> tuple[str, ...]:
    """Return the names of AWS's managed policies."""
    return (*_common(), *_others())


def managed_arn(name: str) -> str | None:
    """Return the ARN of an AWS-managed policy in the standard partition; None if the name is not known."""
    entry = _entry(name)
    return None if entry is None else f"arn:aws{PREFIX}{entry['path']}{name}"


def _entry(name: str) -> Mapping[str, Any] | None:
    return _common().get(name) or _others().get(name)


@cache
def managed_policy(name_or_arn: str) -> Document | None:
    """Return an AWS-managed policy by name (`AdministratorAccess`) or ARN of any partition; None if it is not known."""
    _, _, path = name_or_arn.partition(PREFIX)
    if name_or_arn.startswith("arn:") and not path:
        return None
    name = (path or name_or_arn).rpartition("/")[2]
    entry = _entry(name)
    if entry is None or (path and path != entry["path"] + name):
        return None
    label = f"{name} {entry['version']} of {entry['date']}"
    text = json.dumps(entry["document"])
    if path:  # the resources are in the partition of the policy
        text = text.replace("arn:aws:", name_or_arn.partition(PREFIX)[0] + ":")
    return read_node(json.loads(text), label, DocumentKind.AWS)
