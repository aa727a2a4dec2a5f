"""Names and owner tags: how an experiment is told to be ours, and how one is named that has no Name.

SageMaker has no client token (aws-facts 1.2), so a redelivered Create finds what the first delivery made by the
owner tag: stack GUID / logical id / request id. Everything here is deterministic.
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


def _digest(text: str, length: int) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def is_name(text: str) -> bool:
    """Return whether a physical id can be the name of an experiment (a marker cannot)."""
    return len(text) <= MAXIMUM_NAME and bool(re.fullmatch(schema()["properties"]["Name"]["pattern"], text))


def failed_create_id(request: Request) -> str:
    """Return the physical id of a Create that made nothing: the rollback's Delete cannot take it for a name."""
    return FAILED_CREATE_PREFIX + request.request_id


def physical_id_after_failure(request: Request, desired: Desired | None, seen: Observed, progress: Progress) -> str:
    """Return the physical id of a FAILED answer: never another than before, never a name not ours (R2)."""
    if request.type is not RequestType.CREATE:
        return request.physical_id
    name = desired.configuration.name if desired else ""
    made = seen.ownership is Ownership.REQUEST or progress.when(ActionKind.CREATE, name) is not None
    return name if name and made else failed_create_id(request)


def owner(request: Request) -> str:
    """Return the owner tag's value up to the request id; equal for every request of one resource of one stack."""
    logical_id = request.logical_id
    # GUID, two slashes and a request id leave room for about 180 characters; CloudFormation allows 255.
    if len(logical_id) > MAXIMUM_NAME:
        logical_id = _digest(logical_id, 64)
    guid = request.stack_guid if len(request.stack_guid) <= DIGEST_LENGTH * 4 else _digest(request.stack_guid, 64)
    return f"{guid}/{logical_id}/"


def owner_tag(request: Request) -> dict[str, str]:
    """Return the tag that an experiment made by this request carries."""
    return {OWNER_TAG: (owner(request) + request.request_id)[:MAXIMUM_TAG_VALUE]}


def ownership(tags: Mapping[str, str], request: Request) -> Ownership:
    """Return whose experiment it is that carries these tags."""
    value = tags.get(OWNER_TAG, "")
    if value == owner_tag(request)[OWNER_TAG]:
        return Ownership.REQUEST
    return Ownership.RESOURCE if value.startswith(owner(request)) else Ownership.OTHER


def name_prefix(request: Request) -> str:
    """Return what every derived name of this resource begins with."""
    readable = re.sub(r"[^a-zA-Z0-9]+", "-", f"{request.stack_name}-{request.logical_id}").strip("-")
    return readable[: MAXIMUM_NAME - DIGEST_LENGTH - 1].rstrip("-") + "-"


def derived_name(request: Request) -> str:
    """Return the name for an experiment without Name; the same for every delivery of one request."""
    return name_prefix(request) + _digest(request.stack_id + request.logical_id + request.request_id, DIGEST_LENGTH)


def is_cloudformation_generated_id(text: str, request: Request) -> bool:
    """Return whether CloudFormation may have made up a physical id because we never returned one.

    It does so when another resource fails while our Create is in flight: <stack>-<logical id>-<random capitals>
    (aws-facts 6.2, cancelled create). Ids that we return are names from the template, derived names and markers; of
    the derived names one in 280 ends in digits alone, so at least one capital is asked for.
    """
    if text.startswith(FAILED_CREATE_PREFIX):
        return True
    return request.logical_id in text and bool(re.search(r"[-_](?=[0-9]*[A-Z])[A-Z0-9]{8,}$", text))
