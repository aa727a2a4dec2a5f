"""No secrets in the log, which Lambda writes as JSON: a ResponseURL lets its reader answer for us for two hours."""

import logging
import re
from collections.abc import Iterable
from typing import Final

SIGNED_URL: Final = re.compile(r"https?://(?:(?!https?://)[^\s\"'?&])*[?&][^\s\"']*")
# At finer levels these loggers write events and URLs (C18).
ERROR_ONLY_LOGGERS: Final = ("boto3", "botocore", "urllib3", "crhelper")
# Shorter tag values occur in ordinary words.
MIN_SECRET_LENGTH: Final = 6


class Redaction(logging.Filter):
    """Adds the request that is being handled; hides secrets in what may quote AWS or the template."""

    def __init__(self) -> None:
        super().__init__()
        self.handle_request("", ())

    def handle_request(self, request_id: str, secrets: Iterable[str]) -> None:
        """Set the request's id and the values to redact for the next lines."""
        self._request_id = request_id
        long = sorted({secret for secret in secrets if len(secret) >= MIN_SECRET_LENGTH}, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, long)) or r"(?!)")

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact message, reason and exception; the other fields stay."""
        fields = vars(record)
        fields |= {"request_id": self._request_id, "msg": self._redacted(record.getMessage()), "args": ()}
        if "reason" in fields:
            fields["reason"] = self._redacted(fields["reason"])
        if record.exc_info and record.exc_info[0]:
            kind, error, trace = record.exc_info
            # Another exception: formatters read its text, and some those of its causes.
            record.exc_info, record.exc_text = (kind, Exception(self._redacted(error)), trace), None
        return True

    def _redacted(self, value: object) -> str:
        return SIGNED_URL.sub("<URL>", self._secrets.sub("<value>", str(value)))


REDACTION: Final = Redaction()


def set_up() -> None:
    """Redact what the handlers of the root logger write; Lambda's runtime has made one before it imports us."""
    logging.basicConfig()  # makes a handler where there is no runtime
    for handler in logging.getLogger().handlers:
        handler.addFilter(REDACTION)
    for name in ERROR_ONLY_LOGGERS:
        logging.getLogger(name).setLevel("ERROR")
