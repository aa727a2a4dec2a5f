"""The answer to CloudFormation: attributes, Reason, and a body that is never too long (aws-facts 6.1). Pure."""

import json
from datetime import UTC, datetime
from typing import Any, Final

from inference_experiment import contract
from inference_experiment.event import Request
from inference_experiment.model import Observed, RequestResult

# CloudFormation's limit for the whole body, in bytes; beyond it the stack fails with "Response object is too long".
MAX_BODY_BYTES: Final = 4096
MAX_REASON_BYTES: Final = 1500  # bytes; what the stack's events show without cutting


def _text(value: object) -> str:
    """Return an attribute as text: times as ISO 8601 in UTC, absent values as an empty text."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return "" if value is None else str(value)


def attributes(observed: Observed) -> dict[str, str]:
    """Return the values for Fn::GetAtt, all of them texts."""
    endpoint: dict[str, Any] = observed.details.get("EndpointMetadata") or {}
    values: dict[str, object] = {
        **observed.details,
        **{f"EndpointMetadata.{name}": value for name, value in endpoint.items()},
        "Arn": observed.arn,
        "Name": observed.name,
        "Status": observed.status.value,
        "StatusReason": observed.status_reason,
        "SourceModelVariantName": observed.configuration and observed.configuration.source_variant,
        "ShadowModelVariantName": observed.configuration and observed.configuration.shadow_variant,
    }
    return {name: _text(values.get(name)) for name in contract.attributes()}


def cut(text: str, limit: int) -> str:
    """Return a text, cut at the end to so many bytes of JSON."""
    if len(text) <= limit and len(_json(text)) <= limit:
        return text
    low, high = 0, min(len(text), limit)
    while low < high:
        middle = (low + high + 1) // 2
        fits = len(_json(text[:middle] + "...")) <= limit
        low, high = (middle, high) if fits else (low, middle - 1)
    return text[:low] + "..."


def _json(value: object) -> bytes:
    # Escaped throughout: hostile input may hold lone surrogates, which no encoding of Unicode has.
    return json.dumps(value).encode("ascii")


def body(request: Request, outcome: RequestResult) -> bytes:
    """Return the JSON body of the answer to a request, at most MAXIMUM_BODY bytes."""
    answer: dict[str, Any] = {
        "Status": "FAILED" if outcome.error else "SUCCESS",
        "PhysicalResourceId": outcome.physical_id,
        "StackId": request.stack_id,
        "RequestId": request.request_id,
        "LogicalResourceId": request.logical_id,
        "Reason": "",
        "NoEcho": False,
    }
    if outcome.observed and not outcome.error:
        answer["Data"] = {**attributes(outcome.observed), "StatusReason": ""}
    # The rest is bounded; the remaining bytes are for the two texts, Reason first.
    answer["Reason"] = cut(str(outcome.error or outcome.warning), min(MAX_REASON_BYTES, _left(answer)))
    if "Data" in answer and outcome.observed:
        answer["Data"]["StatusReason"] = cut(outcome.observed.status_reason, _left(answer))
    return _json(answer)


def _left(answer: dict[str, Any]) -> int:
    """Return the bytes left for one more text, with its quotes."""
    return MAX_BODY_BYTES - len(_json(answer)) + len('""')
