"""Log lines: one JSON object each, with the request's id, without secrets."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from requests_for_tests import URL

from inference_experiment import logs


@pytest.fixture
def formatter() -> logs.JsonFormatter:
    return logs.JsonFormatter()


def line(formatter: logs.JsonFormatter, message: str = "decision", **extra: Any) -> dict[str, Any]:
    record = logging.makeLogRecord({"msg": message, "levelname": "INFO", "levelno": logging.INFO, **extra})
    text = formatter.format(record)
    assert "\n" not in text
    made: dict[str, Any] = json.loads(text)
    return made


def test_a_line_has_level_message_request_and_the_extra_fields(formatter: logs.JsonFormatter) -> None:
    formatter.handle_request("request-1", ())

    assert line(formatter, step="wait") == {
        "level": "INFO",
        "message": "decision",
        "request_id": "request-1",
        "step": "wait",
    }


@pytest.mark.parametrize("text", [URL, f"PUT {URL} failed", f"'{URL}'", f'{{"ResponseURL": "{URL}"}}', f"a\n{URL}\nb"])
def test_signed_urls_are_hidden_everywhere(formatter: logs.JsonFormatter, text: str) -> None:
    """Whoever reads a ResponseURL can answer for us for two hours."""
    for made in (line(formatter, text), line(formatter, reason=text), line(formatter, reason={"url": text})):
        assert "5ecret51gnature" not in json.dumps(made)
        assert "<URL>" in json.dumps(made)


def test_urls_without_a_query_are_no_secrets(formatter: logs.JsonFormatter) -> None:
    assert line(formatter, reason="no answer from https://localhost:1/x")["reason"].endswith("https://localhost:1/x")


def test_exceptions_are_on_the_same_line(formatter: logs.JsonFormatter) -> None:
    """Crhelper logs the exception of a handler; its text may hold anything."""
    error = ValueError(f"could not reach {URL}")
    made = line(formatter, exc_info=(ValueError, error, None))

    assert "ValueError: could not reach <URL>" in made["exception"]


def test_tag_values_are_hidden_in_free_texts_only(formatter: logs.JsonFormatter) -> None:
    """A tag value such as Running must not make a decision unreadable."""
    formatter.handle_request("request-1", {"Running", "Update", "only-for-the-tag", "only-for-the-tag-too", "ml"})
    made = line(
        formatter,
        status="Running",
        step="UpdateInferenceExperiment",
        reason="Value 'only-for-the-tag-too' at 'tags.1.member.value' and only-for-the-tag of ml",
    )

    assert (made["status"], made["step"]) == ("Running", "UpdateInferenceExperiment")
    assert made["reason"] == "Value '<value>' at 'tags.1.member.value' and <value> of ml"


def test_the_next_request_has_its_own_secrets(formatter: logs.JsonFormatter) -> None:
    formatter.handle_request("request-1", {"only-for-the-tag"})
    formatter.handle_request("request-2", ())

    assert line(formatter, reason="only for request-1")["request_id"] == "request-2"


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root logger, put back afterwards as it was."""
    root = logging.getLogger()
    before = (root.level, list(root.handlers), [handler.formatter for handler in root.handlers])
    yield root
    root.setLevel(before[0])
    root.handlers[:] = before[1]
    for handler, formatter in zip(*before[1:], strict=True):
        handler.setFormatter(formatter)


def test_set_up_takes_the_handler_of_the_runtime(root: logging.Logger) -> None:
    """Lambda's runtime client has a handler of its own; crhelper has changed its form at import (C19)."""
    root.handlers[:] = [own := logging.StreamHandler()]
    logs.set_up("WARNING")

    assert root.handlers == [own]
    assert own.formatter is logs.FORMATTER
    assert root.level == logging.WARNING


def test_set_up_makes_a_handler_where_there_is_none(root: logging.Logger) -> None:
    root.handlers.clear()
    logs.set_up("INFO")

    (made,) = root.handlers
    assert made.formatter is logs.FORMATTER


@pytest.mark.parametrize("name", ["boto3", "botocore", "urllib3", "crhelper"])
def test_libraries_speak_of_errors_only(root: logging.Logger, name: str) -> None:
    """At finer levels they print events, requests and URLs, whatever LOG_LEVEL says (C18)."""
    logs.set_up("DEBUG")

    assert not logging.getLogger(f"{name}.below").isEnabledFor(logging.WARNING)
