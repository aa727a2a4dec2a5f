"""Requests to the lifecycle that no CloudFormation sent: who asks, for which experiment, with which properties."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from inference_experiment import identity
from inference_experiment.contract import OWNER_TAG
from inference_experiment.event import Request
from inference_experiment.model import RequestType

DESK: Final = "command-line"
"""In the owner tag where a stack's GUID would be: this command made the experiment."""


@dataclass(frozen=True)
class Asker:
    """In whose name a request is made: a stack (its GUID or name) and logical id, or this command."""

    stack: str
    logical_id: str


def desk_request(
    kind: RequestType,
    asker: Asker,
    name: str,
    properties: Mapping[str, Any],
    old_properties: Mapping[str, Any] | None = None,
) -> Request:
    """Return a request about the experiment `name`."""
    return Request(
        type=kind,
        response_url="",
        stack_id=asker.stack,
        request_id=str(uuid.uuid4()),
        logical_id=asker.logical_id,
        physical_id="" if kind is RequestType.CREATE else name,
        properties=properties,
        old_properties=old_properties or {},
    )


def earlier_owner_tag(request: Request) -> str:
    """Return the owner tag's value of an experiment that an earlier request of the same resource made."""
    return identity.owner(request) + "earlier"


def maker_of(tags: Mapping[str, str]) -> Asker | None:
    """Return who made an experiment, by its owner tag."""
    parts = tags.get(OWNER_TAG, "").split("/")
    return Asker(parts[0], "/".join(parts[1:-1])) if len(parts) > 2 else None  # noqa: PLR2004 - GUID/logical id/request
