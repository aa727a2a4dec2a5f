"""Requests to the lifecycle that CloudFormation did not send: the requester, the experiment and the properties."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from inference_experiment import identity
from inference_experiment.contract import OWNER_TAG
from inference_experiment.event import Request
from inference_experiment.model import RequestType

CLI_OWNER: Final = "command-line"
"""In the owner tag in place of a stack's GUID: this command created the experiment."""
OWNER_TAG_PARTS: Final = 3  # GUID, logical id, request id


@dataclass(frozen=True)
class Requester:
    """Who makes a request: a stack (its GUID or name) and logical id, or this command."""

    stack: str
    logical_id: str


def manual_request(
    kind: RequestType,
    requester: Requester,
    name: str,
    properties: Mapping[str, Any],
    old_properties: Mapping[str, Any] | None = None,
) -> Request:
    """Return a request about the experiment `name`."""
    return Request(
        type=kind,
        response_url="",
        stack_id=requester.stack,
        request_id=str(uuid.uuid4()),
        logical_id=requester.logical_id,
        physical_id="" if kind is RequestType.CREATE else name,
        properties=properties,
        old_properties=old_properties or {},
    )


def earlier_owner_tag(request: Request) -> str:
    """Return the owner tag's value of an experiment that an earlier request of the same resource created."""
    return identity.owner(request) + "earlier"


def creator_of(tags: Mapping[str, str]) -> Requester | None:
    """Return who created an experiment, by its owner tag."""
    parts = tags.get(OWNER_TAG, "").split("/")
    return Requester(parts[0], "/".join(parts[1:-1])) if len(parts) >= OWNER_TAG_PARTS else None
