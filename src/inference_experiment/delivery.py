"""Delivery of an answer to its ResponseURL: bounded in time, with the HTTP status checked, to CloudFormation only.

crhelper's sender retries forever, has no timeout and accepts any HTTP status (C20, C21, C22). A failed delivery ends
the invocation with an error, so that Lambda or the queue delivers the request again.
"""

import logging
import re
import ssl
import time
from http.client import HTTPException, HTTPSConnection
from typing import Final
from urllib.parse import urlsplit

logger = logging.getLogger(__name__)

SOCKET_TIMEOUT_SECONDS: Final = 4.0  # seconds for one connection, and for each read
MAX_ATTEMPTS: Final = 3
FIRST_RETRY_SECONDS: Final = 0.5  # seconds before the second try, doubled before each further one

# aws-facts 6.1; the suffixes are those of botocore's partitions.
KNOWN_HOST: Final = re.compile(
    r"cloudformation-custom-resource-response-[a-z0-9]+\.s3[.-](?:dualstack\.)?(?:[a-z0-9-]+\.)?"
    r"(?:amazonaws\.com|amazonaws\.com\.cn|amazonaws\.eu|c2s\.ic\.gov|sc2s\.sgov\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)"
)


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
    """Put an answer to its URL. Raises UndeliverableError after TRIES tries, or at once for a URL that is not right."""
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
