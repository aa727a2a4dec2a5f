"""One JSON line per log record, without secrets: a ResponseURL lets its reader answer for us for two hours."""

import json
import logging
import re
from collections.abc import Iterable
from typing import Final

STANDARD_ATTRIBUTES: Final = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName", "aws_request_id"}
SIGNED_URL: Final = re.compile(r"https?://[^\s\"']*[?&][^\s\"']*")
# At finer levels these loggers write events and URLs (C18).
ERROR_ONLY_LOGGERS: Final = ("boto3", "botocore", "urllib3", "crhelper")
# Fields that may quote AWS or the template.
REDACTED_FIELDS: Final = frozenset({"exception", "message", "reason"})
# Shorter tag values occur in ordinary words.
MIN_SECRET_LENGTH: Final = 6


class JsonFormatter(logging.Formatter):
    """Formats a record with its extra fields and the request that is being handled."""

    def __init__(self) -> None:
        super().__init__()
        self.handle_request("", ())

    def handle_request(self, request_id: str, secrets: Iterable[str]) -> None:
        """Set the request's id and the values to redact for the next lines."""
        self._request_id = request_id
        long = sorted({secret for secret in secrets if len(secret) >= MIN_SECRET_LENGTH}, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, long)) or r"(?!)")

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of JSON."""
        line = {"level": record.levelname, "message": record.getMessage(), "request_id": self._request_id}
        line |= {key: str(value) for key, value in vars(record).items() if key not in STANDARD_ATTRIBUTES}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        for key in REDACTED_FIELDS & line.keys():
            line[key] = SIGNED_URL.sub("<URL>", self._secrets.sub("<value>", line[key]))
        return json.dumps(line)


FORMATTER: Final = JsonFormatter()


def set_up(level: str) -> None:
    """Make every handler of the root logger write JSON; crhelper sets up its own at import (C19)."""
    root = logging.getLogger()
    root.setLevel(level)
    if not root.handlers:
        root.addHandler(logging.StreamHandler())
    for handler in root.handlers:
        handler.setFormatter(FORMATTER)
    for name in ERROR_ONLY_LOGGERS:
        logging.getLogger(name).setLevel("ERROR")
