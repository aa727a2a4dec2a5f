"""The response to CloudFormation: a body that is never too long (aws-facts 6.1), and its delivery.

crhelper's sender retries forever, has no timeout and accepts any HTTP status (C20, C21, C22). A failed delivery ends
the invocation with an error, so that Lambda or the queue delivers the request again.
"""

import json
import logging
import re
import ssl
import time
from datetime import UTC, datetime
from http.client import HTTPException, HTTPSConnection
from typing import Any, Final
from urllib.parse import urlsplit

from inference_experiment import contract
from inference_experiment.event import Request
from inference_experiment.model import Observed, RequestResult

logger = logging.getLogger(__name__)

SOCKET_TIMEOUT_SECONDS: Final = 4.0  # seconds for one connection, and for each read
MAX_ATTEMPTS: Final = 3
FIRST_RETRY_SECONDS: Final = 0.5  # seconds before the second try, doubled before each further one

# aws-facts 6.1; the suffixes are those of botocore's partitions.
KNOWN_HOST: Final = re.compile(
    r"cloudformation-custom-resource-response-[a-z0-9]+\.s3[.-](?:dualstack\.)?(?:[a-z0-9-]+\.)?"
    r"(?:amazonaws\.com|amazonaws\.com\.cn|amazonaws\.eu|c2s\.ic\.gov|sc2s\.sgov\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)"
)
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
    """Return the JSON body of the answer to a request, at most MAX_BODY_BYTES."""
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


class UndeliverableError(Exception):
    """The answer did not reach CloudFormation. The text never holds the URL, which is a credential."""


def check_url(response_url: str, extra_hosts: frozenset[str]) -> None:
    """Raise UndeliverableError unless a URL is https and leads to CloudFormation, or to one of `extra_hosts`."""
    try:
        parts = urlsplit(response_url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise UndeliverableError("ResponseURL is not a URL") from None
    if parts.scheme != "https":
        raise UndeliverableError("ResponseURL is not an https URL")
    if not KNOWN_HOST.fullmatch(host) and host not in extra_hosts:
        raise UndeliverableError(f"ResponseURL leads to {host[:100]!r}, which is not CloudFormation's bucket")


def _put(response_url: str, body: bytes) -> int:
    parts = urlsplit(response_url)
    context = ssl.create_default_context()
    connection = HTTPSConnection(parts.hostname or "", parts.port, timeout=SOCKET_TIMEOUT_SECONDS, context=context)
    try:
        target = parts.path + ("?" + parts.query if parts.query else "")
        # The empty content type is part of what CloudFormation signed.
        connection.request("PUT", target, body=body, headers={"content-type": "", "content-length": str(len(body))})
        return connection.getresponse().status
    finally:
        connection.close()


def deliver(response_url: str, body: bytes, extra_hosts: frozenset[str] = frozenset()) -> None:
    """Put a response to its URL. Raises UndeliverableError after MAX_ATTEMPTS attempts, at once for an invalid URL."""
    check_url(response_url, extra_hosts)
    problem = ""
    for attempt in range(MAX_ATTEMPTS):
        if attempt:
            time.sleep(FIRST_RETRY_SECONDS * 2 ** (attempt - 1))
        try:
            status = _put(response_url, body)
        except (OSError, HTTPException, ValueError) as error:
            problem = type(error).__name__
        else:
            if status // 100 == 2:  # noqa: PLR2004 - 2xx
                return
            problem = f"HTTP status {status}"
        logger.warning("answer not delivered", extra={"attempt": attempt + 1, "reason": problem})
    raise UndeliverableError(f"CloudFormation did not accept the answer: {problem}, {MAX_ATTEMPTS} attempts")
