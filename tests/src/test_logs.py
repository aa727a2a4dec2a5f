"""Log lines: those of Lambda's runtime client, one JSON object each, with the request's id, without secrets."""

import json
import logging
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import pytest
from awslambdaric.lambda_runtime_log_utils import JsonFormatter  # type: ignore[import-untyped]
from requests_for_tests import URL

from inference_experiment import logs


@pytest.fixture
def redaction() -> logs.Redaction:
    return logs.Redaction()


def line(redaction: logs.Redaction, message: str = "decision", **extra: Any) -> dict[str, Any]:
    record = logging.makeLogRecord({"msg": message, "levelname": "INFO", "levelno": logging.INFO, **extra})
    assert redaction.filter(record)
    text = JsonFormatter().format(record)
    assert text.count("\n") == 1, "only at the end"
    made: dict[str, Any] = json.loads(text)
    return made


def test_a_line_has_level_message_request_and_the_extra_fields(redaction: logs.Redaction) -> None:
    redaction.handle_request("request-1", ())
    made = line(redaction, step="wait", attempt=2, aws_request_id="invocation-1")

    assert made.pop("timestamp")
    assert made.pop("logger", None) is None
    assert made == {
        "level": "INFO",
        "message": "decision",
        "request_id": "request-1",
        "requestId": "invocation-1",
        "step": "wait",
        "attempt": 2,
    }


@pytest.mark.parametrize("text", [URL, f"PUT {URL} failed", f"'{URL}'", f'{{"ResponseURL": "{URL}"}}', f"a\n{URL}\nb"])
def test_signed_urls_are_hidden_everywhere(redaction: logs.Redaction, text: str) -> None:
    """Whoever reads a ResponseURL can answer for us for two hours."""
    lines = (
        line(redaction, text),
        line(redaction, "%s and %s", args=(text, 1)),
        line(redaction, {"url": text}),  # type: ignore[arg-type] # crhelper logs its event, a dict
        line(redaction, reason=text),
        line(redaction, reason={"url": text}),
    )
    for made in lines:
        assert "5ecret51gnature" not in json.dumps(made)
        assert "<URL>" in json.dumps(made)


def test_urls_without_a_query_are_no_secrets(redaction: logs.Redaction) -> None:
    assert line(redaction, reason="no answer from https://localhost:1/x")["reason"].endswith("https://localhost:1/x")


def raised() -> tuple[type[BaseException], BaseException, TracebackType | None]:
    """Return the information of an exception whose text and whose cause hold a secret."""
    try:
        try:
            {}[URL]
        except KeyError as cause:
            raise ValueError(f"could not reach {URL}") from cause
    except ValueError as error:
        return type(error), error, error.__traceback__


def test_exceptions_are_on_the_same_line(redaction: logs.Redaction) -> None:
    """Crhelper logs the exception of a handler; its text may hold anything."""
    made = line(redaction, exc_info=raised(), exc_text=f"kept by another handler: {URL}")

    assert (made["errorType"], made["errorMessage"]) == ("ValueError", "could not reach <URL>")
    assert "in raised" in made["stackTrace"][0]
    assert "5ecret51gnature" not in json.dumps(made)


def test_no_exception_is_fine_too(redaction: logs.Redaction) -> None:
    """As after `logger.error(..., exc_info=True)` outside an except clause."""
    record = logging.makeLogRecord({"msg": "x", "exc_info": (None, None, None)})

    assert redaction.filter(record)
    assert record.exc_info == (None, None, None)


def test_tag_values_are_hidden_in_free_texts_only(redaction: logs.Redaction) -> None:
    """A tag value such as Running must not make a decision unreadable."""
    redaction.handle_request("request-1", {"Running", "Update", "only-for-the-tag", "only-for-the-tag-too", "ml"})
    made = line(
        redaction,
        status="Running",
        step="UpdateInferenceExperiment",
        reason="Value 'only-for-the-tag-too' at 'tags.1.member.value' and only-for-the-tag of ml",
    )

    assert (made["status"], made["step"]) == ("Running", "UpdateInferenceExperiment")
    assert made["reason"] == "Value '<value>' at 'tags.1.member.value' and <value> of ml"


def test_the_next_request_has_its_own_secrets(redaction: logs.Redaction) -> None:
    redaction.handle_request("request-1", {"only-for-the-tag"})
    redaction.handle_request("request-2", ())

    made = line(redaction, reason="only-for-the-tag of request-1")
    assert (made["request_id"], made["reason"]) == ("request-2", "only-for-the-tag of request-1")


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root logger, put back afterwards as it was."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    yield root
    root.setLevel(level)
    root.handlers[:] = handlers


def test_set_up_takes_the_handler_of_the_runtime(root: logging.Logger) -> None:
    """Its form and the level are those of LoggingConfig; twice is once, as in a test that imports the handler anew."""
    root.handlers[:] = [own := logging.StreamHandler()]
    own.setFormatter(form := JsonFormatter())
    root.setLevel("WARNING")
    logs.set_up()
    logs.set_up()

    assert root.handlers == [own]
    assert (own.formatter, own.filters, root.level) == (form, [logs.REDACTION], logging.WARNING)


def test_without_a_runtime_lines_are_text_without_secrets(
    root: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    root.handlers.clear()
    logs.set_up()
    logging.getLogger("crhelper").error("failed: %s", URL, exc_info=raised())

    text = capsys.readouterr().err
    assert text.startswith("ERROR:crhelper:failed: <URL>\nTraceback")
    assert text.endswith("Exception: could not reach <URL>\n")
    assert "5ecret51gnature" not in text


@pytest.mark.parametrize("name", ["boto3", "botocore", "urllib3", "crhelper"])
def test_libraries_speak_of_errors_only(root: logging.Logger, name: str) -> None:
    """At finer levels they print events, requests and URLs, whatever LogLevel says (C18)."""
    root.setLevel("DEBUG")
    logs.set_up()

    assert not logging.getLogger(f"{name}.below").isEnabledFor(logging.WARNING)
