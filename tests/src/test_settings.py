"""The function's settings: what is usable is used, what is wrong is said, and a stack is answered all the same."""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import pytest
from experiment_properties import properties

from inference_experiment import settings
from inference_experiment.settings import MAX_POLL_SECONDS, POLL_SECONDS, queue_host
from protocol_driver.function import InProcessFunction

if TYPE_CHECKING:
    from protocol_driver.cloud import ProtocolCloud

QUEUE: Final = "https://sqs.us-east-1.amazonaws.com/123456789012/wait"
RIGHT: Final = {"WAIT_QUEUE_URL": QUEUE, "POLL_SECONDS": "7.5", "RESPONSE_HOSTS": ""}


def problems(**changes: str) -> tuple[str, ...]:
    return settings.read({**RIGHT, **changes}).problems


def test_right_settings() -> None:
    assert settings.read(RIGHT) == settings.Settings(QUEUE, 7.5, frozenset(), ())


def test_no_settings() -> None:
    """Each that must be there is named; without RESPONSE_HOSTS only CloudFormation is answered."""
    assert settings.read({}) == settings.Settings(
        "",
        POLL_SECONDS,
        frozenset(),
        (
            "WAIT_QUEUE_URL is empty, not the URL of a queue; no request can wait",
            "POLL_SECONDS is empty, not a number of seconds above 0 and up to 300; 5 is used",
        ),
    )


@pytest.mark.parametrize(("text", "seconds"), [("0.2", 0.2), (" 5 ", 5.0), ("300", MAX_POLL_SECONDS), ("1e1", 10.0)])
def test_poll_seconds(text: str, seconds: float) -> None:
    found = settings.read({**RIGHT, "POLL_SECONDS": text})

    assert (found.poll_seconds, found.problems) == (seconds, ())


@pytest.mark.parametrize("text", ["five", "5s", "NaN", "nan", "inf", "-inf", "Infinity", "-5", "0", "301", "1e999"])
def test_poll_seconds_that_are_wrong(text: str) -> None:
    """A pause that never ends, or never is one, would cost an hour or a bill."""
    found = settings.read({**RIGHT, "POLL_SECONDS": text})

    assert found.poll_seconds == POLL_SECONDS
    assert found.problems == (f'POLL_SECONDS is "{text}", not a number of seconds above 0 and up to 300; 5 is used',)


@pytest.mark.parametrize("text", [" " + QUEUE + "\n", "http://127.0.0.1:4566/000000000000/wait"])
def test_queue_url(text: str) -> None:
    found = settings.read({**RIGHT, "WAIT_QUEUE_URL": text})

    assert (found.queue_url, found.problems) == (text.strip(), ())


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "wait", "arn:aws:sqs:us-east-1:123456789012:wait", "https://", "https://host", "https://host/"),
        *("ftp://host/wait", "https://[::1/wait", "x" * 500),
    ],
)
def test_queue_url_that_is_wrong(text: str) -> None:
    found = settings.read({**RIGHT, "WAIT_QUEUE_URL": text})
    shown = f'is "{text[:60]}"' if text.strip() else "is empty"

    assert found.problems == (f"WAIT_QUEUE_URL {shown}, not the URL of a queue; no request can wait",)
    assert queue_host(text) == ""


def test_response_hosts() -> None:
    """Host names do not depend on the case, as those of URLs."""
    found = settings.read({**RIGHT, "RESPONSE_HOSTS": " LocalHost,127.0.0.1,, a.Example.com ,"})

    assert found.response_hosts == {"localhost", "127.0.0.1", "a.example.com"}
    assert found.problems == ()


@pytest.mark.parametrize(
    "text", ["https://localhost", "localhost:443", "*.example.com", "a b", "-a", "a-", "l\u00f6cal"]
)
def test_response_hosts_that_are_wrong(text: str) -> None:
    """The others still count."""
    found = settings.read({**RIGHT, "RESPONSE_HOSTS": f"localhost,{text}"})

    assert found.response_hosts == {"localhost"}
    assert found.problems == (f'RESPONSE_HOSTS is "{text}", not a host name; it is left out',)


def test_names_of_other_cases_are_other_variables() -> None:
    assert len(settings.read({name.lower(): value for name, value in RIGHT.items()}).problems) == 2


BAD: Final[dict[str, dict[str, str]]] = {
    "nothing is set": {"WAIT_QUEUE_URL": "", "POLL_SECONDS": "", "LOG_LEVEL": ""},
    "misspelt": {"WAIT_QUEUE_URL": "wait", "POLL_SECONDS": "five", "RESPONSE_HOSTS": "localhost,https://x"},
    "no number": {"POLL_SECONDS": "NaN"},
    "no end": {"POLL_SECONDS": "inf"},
    "negative": {"POLL_SECONDS": "-5"},
    "another case": {"RESPONSE_HOSTS": "LOCALHOST", "POLL_SECONDS": "5S"},
    "no URL": {"WAIT_QUEUE_URL": "https://[::1/wait"},
}


class Warnings(logging.Handler):
    """The reasons of the warnings about settings."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.reasons: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the reason."""
        if record.getMessage() == "wrong setting":
            self.reasons.append(str(vars(record)["reason"]))


def environment(cloud: "ProtocolCloud", changes: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a cloud's function with these changes."""
    assert isinstance(cloud.function, InProcessFunction)
    return {**cloud.function.environment, **changes}


@pytest.mark.parametrize("name", BAD)
def test_wrong_settings_are_logged_and_the_request_is_answered(cloud: "ProtocolCloud", name: str) -> None:
    """An import that fails would leave the stack waiting for an hour."""
    heard, wrong = Warnings(), environment(cloud, BAD[name])
    logging.getLogger().addHandler(heard)
    stack = cloud.stack("shop")
    stack.begin_create(properties())
    try:
        error = InProcessFunction(cloud.clock, wrong).invoke(stack.requests[0].event, "invocation")
    finally:
        logging.getLogger().removeHandler(heard)
    cloud.notice()

    assert error == ""
    assert heard.reasons
    assert heard.reasons == list(settings.read(wrong).problems)
    assert stack.status == "CREATE_COMPLETE"


def test_a_wait_without_a_queue_fails_with_the_setting(cloud: "ProtocolCloud") -> None:
    """The answer names WAIT_QUEUE_URL; the experiment's id is in it, so that the rollback removes it."""
    cloud.sagemaker.durations["Creating"] = 1000.0
    function = InProcessFunction(cloud.clock, environment(cloud, {"WAIT_QUEUE_URL": "wait"}))
    function.timeout = 30.0
    stack = cloud.stack("shop")
    stack.begin_create(properties())
    assert function.invoke(stack.requests[0].event, "invocation") == ""
    (arrival,) = cloud.bucket.arrivals(stack.requests[0].request_id)

    assert arrival.body["Status"] == "FAILED"
    assert arrival.body["PhysicalResourceId"] == "test"
    assert arrival.body["Reason"] == (
        "The request could not be handed over to the queue in WAIT_QUEUE_URL: "
        'SendMessage: "wait" is not the URL of a queue'
    )
