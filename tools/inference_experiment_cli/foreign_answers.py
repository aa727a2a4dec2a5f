"""Answers that are not AWS's: the page of a portal, a proxy or another server in its place.

botocore takes what it cannot parse for an answer without members: a page with status 200 would be "no experiments".
"""

import json
import re
from typing import Any, Final

from botocore.exceptions import BotoCoreError

PAGE: Final = re.compile(r"\s*(?:<!--.{0,1000}?-->\s*)?<(?:!doctype html|html|head|body)\b", re.IGNORECASE | re.DOTALL)
TITLE: Final = re.compile(r"<title[^>]{0,100}>([^<]{1,200})", re.IGNORECASE)
SERVER_ERROR: Final = 500
REDIRECTION: Final = 300


class ForeignAnswerError(BotoCoreError):  # type: ignore[misc,unused-ignore] # depends on the stubs
    """The endpoint does not answer as AWS does."""

    fmt = "{answer}; check the endpoint, the proxy and the network"


def describe_page(text: str) -> str | None:
    """Return what a text is that is a web page; None for any other."""
    if not PAGE.match(text[:2000]):
        return None
    title = TITLE.search(text[:10_000])
    return f'an HTML page ("{" ".join(title[1].split())}")' if title else "an HTML page"


def check_answer(operation_model: Any, response_dict: Any, **_: object) -> None:  # noqa: ANN401 - botocore's
    """Raise ForeignAnswerError for an answer of another server. botocore calls this before it parses one."""
    status, body = response_dict["status_code"], response_dict["body"]
    if not isinstance(body, bytes) or status >= SERVER_ERROR:  # a stream; or an error that is tried again
        return
    text = body.decode(errors="replace")
    found = describe_page(text)
    if found is None and status < REDIRECTION and operation_model.output_shape is not None:
        found = _foreign(text, operation_model)
    if found is not None:
        answer = f"the endpoint answered with {found} and HTTP status {status}, not as AWS does"
        raise ForeignAnswerError(answer=answer)


def _foreign(text: str, operation_model: Any) -> str | None:  # noqa: ANN401
    """Return what an answer is that cannot be that of an operation; None for one that can."""
    service = operation_model.service_model
    protocol = getattr(service, "resolved_protocol", None) or service.metadata["protocol"]
    if protocol == "json":
        return _other_json(text, operation_model.output_shape)
    has_body = protocol == "query" or (protocol == "rest-xml" and operation_model.http.get("method") == "GET")
    return "nothing" if has_body and not text.strip() else None


def _other_json(text: str, shape: Any) -> str | None:  # noqa: ANN401
    """Return what an answer is that is no JSON object with members of a shape."""
    try:
        value = json.loads(text)
    except ValueError:
        return "text that is not JSON" if text.strip() else "nothing"
    if not isinstance(value, dict):
        return "JSON that is not an object"
    if (value and not value.keys() & shape.members.keys()) or not value.keys() >= set(shape.required_members):
        return "JSON of something else"
    return None
