"""Watches every log line of a test session for what must never be in one: signatures of ResponseURLs, tag values.

Tests give tags the value SECRET_TAG_VALUE and sign ResponseURLs with SECRET_SIGNATURE. Log records of this process are
collected by a handler of the root logger, in the form in which the function writes them, and so is captured output;
what runs in a process of its own (the runtime client) is handed in with `AUDIT.inspect`. To use it, a conftest.py says

    pytest_plugins = ["log_audit"]

and the session fails in the end if a line held a secret. The line itself is not repeated, only where it came from.
"""

import logging
import re
from collections import Counter
from typing import Any, Final

import pytest
from awslambdaric.lambda_runtime_log_utils import JsonFormatter  # type: ignore[import-untyped]

from inference_experiment.logs import REDACTION

SECRET_TAG_VALUE: Final = "only-for-the-tag"
SECRET_SIGNATURE: Final = "5ecret51gnature"
SECRETS: Final = re.compile(f"X-Amz-(?:Signature|Credential|Security-Token)|{SECRET_SIGNATURE}|{SECRET_TAG_VALUE}")


class FunctionHandler(logging.Handler):
    """Formats records as the handler of Lambda's runtime client does after the function has set up its logs."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonFormatter())
        self.addFilter(REDACTION)


class Audit(FunctionHandler):
    """Counts lines; keeps a note of each that holds a secret."""

    def __init__(self) -> None:
        super().__init__()
        self.lines = 0
        self.breaches: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        """Inspect a record as the function writes it: its filter knows the request that is being handled."""
        self.inspect(self.format(record), f"logger {record.name}: {record.msg!r:.80}")

    def inspect(self, text: str, source: str) -> None:
        """Inspect the output of a process, line by line; `source` names it in the report."""
        for line in text.splitlines():
            self.lines += 1
            found = SECRETS.search(line)
            if found:
                self.breaches[f"{source} shows {found[0][:12]}..."] += 1


AUDIT: Final = Audit()


def pytest_configure() -> None:
    """Listen from the beginning."""
    root = logging.getLogger()
    root.setLevel("INFO")  # as Lambda does for template.yaml's LogLevel
    if AUDIT not in root.handlers:
        root.addHandler(AUDIT)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Inspect what a test and the processes that share its terminal printed."""
    for title, content in report.sections:
        AUDIT.inspect(content, f"{title} of {report.nodeid}")


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add the counts of a pytest-xdist worker."""
    lines, breaches = getattr(node, "workeroutput", {}).get("log_audit", (0, {}))
    AUDIT.lines += lines
    AUDIT.breaches.update(breaches)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a session whose logs showed a secret."""
    logging.getLogger().removeHandler(AUDIT)
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["log_audit"] = (AUDIT.lines, dict(AUDIT.breaches))
    elif AUDIT.breaches and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was searched and what was found."""
    terminalreporter.write_line(f"log audit: {AUDIT.lines} lines, {AUDIT.breaches.total()} with a secret")
    for source, count in AUDIT.breaches.most_common():
        terminalreporter.write_line(f"  {count} x {source}", red=True)
