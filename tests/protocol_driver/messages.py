"""What CloudFormation sends to a custom resource, and what it makes of the response put to the ResponseURL.

Requests: members, texts for scalars, invented ids (aws-facts 6.1, 6.2). Responses (aws-facts 6.1, CloudFormation user
guide, "Custom resource response objects"): a body of at most 4,096 bytes; a physical id that is not empty and at most
1 KB; StackId, RequestId and LogicalResourceId copied verbatim; Reason where the status is FAILED; Data flat. The first
response to a request is taken, others overwrite an object that is no longer read.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from protocol_driver.response_bucket import BucketResponse

Properties: TypeAlias = dict[str, Any]

DEFAULT_SERVICE_TIMEOUT: Final = 3600
MAXIMUM_BODY: Final = 4096
MAXIMUM_PHYSICAL_ID: Final = 1024
_COPIED: Final = ("StackId", "RequestId", "LogicalResourceId")
_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class Answer:
    """How a request ended for CloudFormation: `reason` says why where `success` is False.

    `physical_id` is empty where no usable response came: the service timeout, or the request was cancelled.
    """

    success: bool
    physical_id: str = ""
    reason: str = ""


@dataclass
class StackRequest:
    """One request to the custom resource; times are epoch seconds. `answer` and `ended` are None until it ended."""

    event: dict[str, Any]
    sent: float
    expires: float
    answer: Answer | None = None
    ended: float | None = None

    @property
    def request_id(self) -> str:
        """RequestId of the event."""
        return str(self.event["RequestId"])

    @property
    def type(self) -> str:
        """RequestType of the event."""
        return str(self.event["RequestType"])


def make_request(
    kind: str, members: Mapping[str, str], properties: Properties, physical_id: str, old: Properties | None, now: float
) -> StackRequest:
    """Return a request sent at `now`; `members` are its ids and URL, `old` belongs to an Update only."""
    event: dict[str, Any] = {
        "RequestType": kind,
        "ServiceToken": properties.get("ServiceToken", ""),
        **members,
        "ResourceType": "Custom::SageMakerInferenceExperiment",
        "ResourceProperties": properties,
    }
    if physical_id:
        event["PhysicalResourceId"] = physical_id
    if old is not None:
        event["OldResourceProperties"] = old
    timeout = float(properties.get("ServiceTimeout", DEFAULT_SERVICE_TIMEOUT))
    return StackRequest(json.loads(json.dumps(event)), now, now + timeout)


def stringified(value: Any) -> Any:
    """Return a property value as a custom resource gets it: every scalar a text (coverage-roadmap 1037)."""
    if isinstance(value, Mapping):
        return {key: stringified(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [stringified(item) for item in value]
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def invented_id(stack_id: str, stack_name: str, logical_id: str) -> str:
    """Return an id as CloudFormation makes them up: stack, logical id and 13 capitals and digits (aws-cdk 26139)."""
    number = int.from_bytes(hashlib.sha256(stack_id.encode()).digest(), "big")
    return f"{stack_name}-{logical_id}-" + "".join(_ALPHABET[number // 36**place % 36] for place in range(13))


def verdict(response: BucketResponse, event: Mapping[str, Any]) -> Answer:
    """Return what CloudFormation makes of a response to the request in `event`."""
    body = response.body
    if len(response.raw) > MAXIMUM_BODY:
        return Answer(success=False, reason="Response object is too long.")
    problem = _problem(body, event)
    if problem:
        return Answer(success=False, reason=problem)
    success = body["Status"] == "SUCCESS"
    return Answer(success, body["PhysicalResourceId"], body.get("Reason", ""))


def _problem(body: Any, event: Mapping[str, Any]) -> str:
    if not isinstance(body, dict) or body.get("Status") not in {"SUCCESS", "FAILED"}:
        return "Invalid Status"
    physical_id = body.get("PhysicalResourceId")
    if not isinstance(physical_id, str) or not 0 < len(physical_id.encode()) <= MAXIMUM_PHYSICAL_ID:
        return "Invalid PhysicalResourceId"
    if any(body.get(key) != event[key] for key in _COPIED):
        return f"{', '.join(_COPIED)} must be copied from the request"
    if body["Status"] == "FAILED" and not body.get("Reason"):
        return "Reason is required when Status is FAILED"
    values = (body.get("Data") or {}).values()
    if any(isinstance(value, dict | list) for value in values):
        return "Value of property Data must be an object with String (or simple type) properties"
    return ""
