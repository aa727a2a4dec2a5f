"""Owner tags, and names of experiments without Name. Everything here is deterministic.

SageMaker has no client token (aws-facts 1.2), so a redelivered Create recognises the experiment of the first delivery
by the owner tag: stack GUID / logical id / request id.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Final

from inference_experiment.contract import OWNER_TAG, schema
from inference_experiment.event import Request
from inference_experiment.model import ActionKind, Desired, Observed, Ownership, Progress, RequestType

FAILED_CREATE_PREFIX: Final = "create-failed:"
MAXIMUM_NAME: Final = 120
MAXIMUM_TAG_VALUE: Final = 256
DIGEST_LENGTH: Final = 12
# What SageMaker's and CloudFormation's clocks may differ by, and the time of a creation that was already on its way.
CREATION_SKEW_SECONDS: Final = 5.0


def _digest(text: str, length: int) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def is_name(text: str) -> bool:
    """Return whether a physical id can be the name of an experiment."""
    return len(text) <= MAXIMUM_NAME and bool(re.fullmatch(schema()["properties"]["Name"]["pattern"], text))


def failed_create_id(request: Request) -> str:
    """Return the physical id of a Create without effect; it is not a name, so the rollback's Delete harms nothing."""
    return FAILED_CREATE_PREFIX + request.request_id


def physical_id_after_failure(request: Request, desired: Desired | None, seen: Observed, progress: Progress) -> str:
    """Return the physical id of a FAILED answer: the one from before, or a name that is ours (R2)."""
    if request.type is not RequestType.CREATE:
        return request.physical_id
    name = desired.configuration.name if desired else ""
    created = seen.ownership is Ownership.REQUEST or progress.called_at(ActionKind.CREATE, name) is not None
    return name if name and created else failed_create_id(request)


def owner(request: Request) -> str:
    """Return the owner tag's value up to the request id, which all requests of a resource share."""
    logical_id = request.logical_id
    # GUID, two slashes and a request id leave room for about 180 characters; CloudFormation allows 255.
    if len(logical_id) > MAXIMUM_NAME:
        logical_id = _digest(logical_id, 64)
    guid = request.stack_guid if len(request.stack_guid) <= DIGEST_LENGTH * 4 else _digest(request.stack_guid, 64)
    return f"{guid}/{logical_id}/"


def owner_tag(request: Request) -> dict[str, str]:
    """Return the tag of an experiment that this request creates."""
    return {OWNER_TAG: (owner(request) + request.request_id)[:MAXIMUM_TAG_VALUE]}


def ownership(tags: Mapping[str, str], request: Request) -> Ownership:
    """Return whose experiment has these tags."""
    value = tags.get(OWNER_TAG, "")
    if value == owner_tag(request)[OWNER_TAG]:
        return Ownership.REQUEST
    return Ownership.RESOURCE if value.startswith(owner(request)) else Ownership.OTHER


def created_after(observed: Observed, request: Request) -> bool:
    """Return whether an experiment is younger than a request: a later request has created it."""
    if observed.created is None or request.issued is None:
        return False
    return observed.created > request.issued + CREATION_SKEW_SECONDS


def name_prefix(request: Request) -> str:
    """Return the beginning of every derived name of this resource."""
    readable = re.sub(r"[^a-zA-Z0-9]+", "-", f"{request.stack_name}-{request.logical_id}").strip("-")
    return readable[: MAXIMUM_NAME - DIGEST_LENGTH - 1].rstrip("-") + "-"


def derived_name(request: Request) -> str:
    """Return the name of an experiment without Name, which all deliveries of a request share."""
    return name_prefix(request) + _digest(request.stack_id + request.logical_id + request.request_id, DIGEST_LENGTH)


def is_cloudformation_generated_id(text: str, request: Request) -> bool:
    """Return whether CloudFormation may have generated a physical id because we never returned one.

    It does so when another resource fails while our Create is in flight: <stack>-<logical id>-<random capitals>
    (aws-facts 6.2, cancelled create). About 1 in 280 digests is all digits, so at least one capital is required.
    """
    if text.startswith(FAILED_CREATE_PREFIX):
        return True
    return request.logical_id in text and bool(re.search(r"[-_](?=[0-9]*[A-Z])[A-Z0-9]{8,}$", text))
