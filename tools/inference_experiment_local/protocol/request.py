"""What CloudFormation sends to a custom resource: members, texts for scalars, invented ids (aws-facts 6.1, 6.2)."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from inference_experiment_local.protocol.response import Answer

Properties: TypeAlias = dict[str, Any]

DEFAULT_SERVICE_TIMEOUT: Final = 3600
_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass
class StackRequest:
    """One request to the custom resource; times are epoch seconds. `answer` is None until it ended."""

    event: dict[str, Any]
    sent: float
    expires: float
    answer: Answer | None = None

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


def stringified(value: Any) -> Any:  # noqa: ANN401 - any JSON value
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
