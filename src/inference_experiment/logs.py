"""One JSON line per log record, without secrets: a ResponseURL lets its reader answer for us for two hours."""

import json
import logging
import re
from typing import Final

STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "aws_request_id"}
SIGNED_URL: Final = re.compile(r"https?://[^\s\"']*[?&][^\s\"']*")
# The loggers of the libraries below us speak only of errors: at finer levels they print events and URLs (C18).
QUIET: Final = ("boto3", "botocore", "urllib3", "crhelper")


class JsonFormatter(logging.Formatter):
    """Formats a record with its extra fields and the request that is being handled."""

    request_id = ""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of JSON."""
        line = {"level": record.levelname, "message": record.getMessage(), "request_id": self.request_id}
        line |= {key: value for key, value in vars(record).items() if key not in STANDARD}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return SIGNED_URL.sub("<URL>", json.dumps(line, default=str))


FORMATTER: Final = JsonFormatter()


def set_up(level: str) -> None:
    """Make every handler of the root logger write JSON; crhelper sets up its own at import (C19)."""
    root = logging.getLogger()
    root.setLevel(level)
    if not root.handlers:
        root.addHandler(logging.StreamHandler())
    for handler in root.handlers:
        handler.setFormatter(FORMATTER)
    for name in QUIET:
        logging.getLogger(name).setLevel("ERROR")
