"""The response to CloudFormation: a body that is never too long (aws-facts 6.1), and its delivery.

crhelper's sender retries forever, has no timeout and accepts any HTTP status (C20, C21, C22). A failed delivery ends
the invocation with an error, so that Lambda or the queue delivers the request again.
"""

import json
import logging
import math
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from http.client import HTTPException, HTTPSConnection
from typing import Any, Final
from urllib.parse import urlsplit

from inference_experiment import contract
from inference_experiment.event import Request
from inference_experiment.model import Observed, RequestResult
from inference_experiment.observed_properties import timestamp

logger = logging.getLogger(__name__)

SOCKET_TIMEOUT_SECONDS: Final = 4.0  # seconds for one connection, and for each read
MAX_ATTEMPTS: Final = 3
FIRST_RETRY_SECONDS: Final = 0.5  # seconds before the second try, doubled before each further one

ATTEMPT_SECONDS: Final = 6.0  # seconds for one attempt once it is connected, however slowly the answer trickles in

# aws-facts 6.1; partition -> the suffix of its hosts, from botocore's endpoints.
SUFFIXES: Final = {
    "aws": "amazonaws.com",
    "aws-cn": "amazonaws.com.cn",
    "aws-us-gov": "amazonaws.com",
    "aws-eusc": "amazonaws.eu",
    "aws-iso": "c2s.ic.gov",
    "aws-iso-b": "sc2s.sgov.gov",
    "aws-iso-e": "cloud.adc-e.uk",
    "aws-iso-f": "csp.hci.ic.gov",
}
HTTPS_PORT: Final = 443
# CloudFormation's limit for the whole body, in bytes; beyond it the stack fails with "Response object is too long".
MAX_BODY_BYTES: Final = 4096
MAX_REASON_BYTES: Final = 1500  # bytes; what the stack's events show without cutting


def _text(value: object) -> str:
    """Return an attribute as text: times as ISO 8601 in UTC, absent values as an empty text."""
    if isinstance(value, datetime):
        return timestamp(value)
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
    answer["Reason"] = cut(str(outcome.error or outcome.note), min(MAX_REASON_BYTES, _left(answer)))
    if "Data" in answer and outcome.observed:
        answer["Data"]["StatusReason"] = cut(outcome.observed.status_reason, _left(answer))
    return _json(answer)


def _left(answer: dict[str, Any]) -> int:
    """Return the bytes left for one more text, with its quotes."""
    return MAX_BODY_BYTES - len(_json(answer)) + len('""')


class UndeliverableError(Exception):
    """The answer did not reach CloudFormation. The text never holds the URL, which is a credential."""


def response_hosts(stack_id: str) -> frozenset[str]:
    """Return the hosts of CloudFormation's bucket in the region of a stack: the virtual-hosted forms that exist."""
    arn = stack_id.split(":")
    partition, region = arn[1:4:2] if len(arn) > 3 else ("", "")  # noqa: PLR2004 - arn:partition:service:region
    if partition not in SUFFIXES or not region:
        return frozenset()
    forms = [f"s3.{region}"]
    if partition in ("aws", "aws-us-gov"):
        forms += [f"s3-{region}", f"s3.dualstack.{region}"]
    if partition == "aws":
        forms.append("s3")
    if partition == "aws-cn":
        forms.append(f"s3.dualstack.{region}")
    if region.startswith(("us-", "ca-")) and partition in ("aws", "aws-us-gov"):
        forms += [f"s3-fips.{region}", f"s3-fips.dualstack.{region}"]
    bucket = "cloudformation-custom-resource-response-" + region.replace("-", "")
    return frozenset(f"{bucket}.{form}.{SUFFIXES[partition]}" for form in forms)


def check_url(request: Request, extra_hosts: frozenset[str]) -> None:
    """Raise UndeliverableError unless ResponseURL leads to CloudFormation in the stack's region or to `extra_hosts`."""
    try:
        parts = urlsplit(request.response_url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise UndeliverableError("ResponseURL is not a URL") from None
    if parts.scheme != "https":
        raise UndeliverableError("ResponseURL is not an https URL")
    if host in extra_hosts:
        return
    if host not in response_hosts(request.stack_id):
        text = f'ResponseURL leads to "{host[:100]}", which is not CloudFormation\'s bucket in the region of the stack'
        raise UndeliverableError(text)
    if port not in (None, HTTPS_PORT):
        raise UndeliverableError(f"ResponseURL leads to port {port}, not {HTTPS_PORT}")


def _put(response_url: str, body: bytes, seconds: float) -> int:
    parts = urlsplit(response_url)
    context = ssl.create_default_context()
    connection = HTTPSConnection(parts.hostname or "", parts.port, timeout=SOCKET_TIMEOUT_SECONDS, context=context)
    cut = threading.Timer(seconds, _cut_off, (connection,))
    cut.daemon = True
    try:
        target = parts.path + ("?" + parts.query if parts.query else "")
        connection.connect()
        cut.start()
        # The empty content type is part of what CloudFormation signed.
        connection.request("PUT", target, body=body, headers={"content-type": "", "content-length": str(len(body))})
        return connection.getresponse().status
    finally:
        cut.cancel()
        connection.close()


def _cut_off(connection: HTTPSConnection) -> None:
    """End a connection whose response trickles in: each byte restarts the socket's own timeout."""
    with suppress(OSError, AttributeError):
        connection.sock.shutdown(socket.SHUT_RDWR)


def deliver(
    request: Request,
    body: bytes,
    extra_hosts: frozenset[str] = frozenset(),
    seconds_left: Callable[[], float] = lambda: math.inf,
) -> None:
    """Put a response to a request's URL, within the time that the invocation has left.

    Raises UndeliverableError after MAX_ATTEMPTS attempts, at once for a URL that is not CloudFormation's.
    """
    check_url(request, extra_hosts)
    problem = ""
    for attempt in range(MAX_ATTEMPTS):
        pause = FIRST_RETRY_SECONDS * 2 ** (attempt - 1) if attempt else 0.0
        if attempt and seconds_left() - pause < SOCKET_TIMEOUT_SECONDS:
            break
        time.sleep(pause)
        try:
            status = _put(request.response_url, body, min(ATTEMPT_SECONDS, max(1.0, seconds_left() - 1.0)))
        except (OSError, HTTPException, ValueError) as error:
            problem = type(error).__name__
        else:
            if status // 100 == 2:  # noqa: PLR2004 - 2xx
                return
            problem = f"HTTP status {status}"
        logger.warning("answer not delivered", extra={"attempt": attempt + 1, "reason": problem})
    raise UndeliverableError(f"CloudFormation did not accept the answer: {problem}")
