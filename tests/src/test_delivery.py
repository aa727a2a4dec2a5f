"""Answers reach CloudFormation, or the invocation fails: bounded, checked, and never too long."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from experiment_properties import properties
from hypothesis import given, settings
from hypothesis import strategies as st
from requests_for_tests import request

from inference_experiment import identity, response
from inference_experiment.errors import Failure, UnexpectedStatus
from inference_experiment.event import REQUIRED, Request, parse
from inference_experiment.model import Observed, RequestResult, Status
from inference_experiment_local.certificate import make_certificates
from protocol_driver.delivery import MAXIMUM_RECEIVES

if TYPE_CHECKING:
    from protocol_driver.cloud import ProtocolCloud

LOCAL = frozenset({"localhost"})
BODY = b'{"Status": "SUCCESS"}'


@contextmanager
def trusting(cloud: "ProtocolCloud", monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The bucket's authority is trusted, and time is the driver's: pauses between tries cost nothing."""
    monkeypatch.setenv("SSL_CERT_FILE", str(cloud.bucket.ca_file))
    with cloud.clock.ruling():
        yield


@pytest.fixture
def sent(cloud: "ProtocolCloud", monkeypatch: pytest.MonkeyPatch) -> Iterator[Request]:
    with trusting(cloud, monkeypatch):
        yield request(ResponseURL=cloud.bucket.issue("request"))


def test_first_try(cloud: "ProtocolCloud", sent: Request) -> None:
    response.deliver(sent, BODY, LOCAL)

    assert [arrival.raw for arrival in cloud.bucket.arrivals("request")] == [BODY]


@pytest.mark.parametrize("status", [400, 403, 500, 503, 302])
def test_status_is_checked_and_the_put_repeated(cloud: "ProtocolCloud", sent: Request, status: int) -> None:
    """Anything but 2xx is no delivery (C21); the last of three tries counts (C20)."""
    cloud.bucket.answer_next(status, times=response.MAX_ATTEMPTS - 1)

    response.deliver(sent, BODY, LOCAL)

    assert len(cloud.bucket.attempts) == response.MAX_ATTEMPTS
    assert len(cloud.bucket.arrivals("request")) == 1


def test_tries_are_bounded(cloud: "ProtocolCloud", sent: Request) -> None:
    cloud.bucket.answer_next(503, times=100)
    before = cloud.clock.now()

    with pytest.raises(response.UndeliverableError, match=r"HTTP status 503$"):
        response.deliver(sent, BODY, LOCAL)

    assert len(cloud.bucket.attempts) == response.MAX_ATTEMPTS
    assert cloud.clock.now() - before == response.FIRST_RETRY_SECONDS * 3  # doubled once


def test_connection_that_is_dropped(cloud: "ProtocolCloud", sent: Request) -> None:
    cloud.bucket.drop_next()

    response.deliver(sent, BODY, LOCAL)

    assert len(cloud.bucket.arrivals("request")) == 1


@pytest.mark.parametrize("broken", ["https://[::1/x", "https://localhost:port/x"])
def test_what_is_no_url_is_not_tried(broken: str) -> None:
    with pytest.raises(response.UndeliverableError, match=r"^ResponseURL is not a URL$"):
        response.deliver(request(ResponseURL=broken), BODY, LOCAL)


def test_nobody_listens(monkeypatch: pytest.MonkeyPatch, cloud: "ProtocolCloud") -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with trusting(cloud, monkeypatch), pytest.raises(response.UndeliverableError, match="ConnectionRefusedError"):
        response.deliver(request(ResponseURL=f"https://localhost:{port}/x"), BODY, LOCAL)


def test_bucket_that_never_answers_is_given_up(cloud: "ProtocolCloud", sent: Request) -> None:
    """A socket has a timeout (C22), so that there is a second try; this one takes TIMEOUT of real time."""
    cloud.bucket.hang_next()

    response.deliver(sent, BODY, LOCAL)

    assert len(cloud.bucket.attempts) == 2


@contextmanager
def trickling(directory: Path, answer: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An https server that sends an answer byte by byte, four a second; yields its URL."""
    certificates = make_certificates(directory)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.ca_file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.server_certificate, certificates.server_key)
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=trickle, args=(server, context, answer), daemon=True).start()
        yield f"https://localhost:{server.getsockname()[1]}/x"


def trickle(server: socket.socket, context: ssl.SSLContext, answer: bytes) -> None:
    with suppress(OSError), context.wrap_socket(server.accept()[0], server_side=True) as connection:
        for byte in answer:
            connection.sendall(bytes([byte]))
            time.sleep(0.25)


def test_answer_that_trickles_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte would start the socket's own timeout anew; the invocation has two seconds, of which one may pass."""
    with trickling(tmp_path, b"HTTP/1.1 200 OK" + b" " * 100, monkeypatch) as url:
        begun = time.monotonic()
        with pytest.raises(response.UndeliverableError, match="BadStatusLine"):
            response.deliver(request(ResponseURL=url), BODY, LOCAL, lambda: 2.0)

    assert time.monotonic() - begun < 3


def test_unknown_authority_is_not_trusted(cloud: "ProtocolCloud", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with cloud.clock.ruling(), pytest.raises(response.UndeliverableError, match="SSLCertVerificationError"):
        response.deliver(request(ResponseURL=cloud.bucket.issue("request")), BODY, LOCAL)

    assert cloud.bucket.attempts == []


def test_error_never_holds_the_url(cloud: "ProtocolCloud", sent: Request) -> None:
    cloud.bucket.answer_next(500, times=3)

    with pytest.raises(response.UndeliverableError) as caught:
        response.deliver(sent, BODY, LOCAL)

    assert "Signature" not in str(caught.value)
    assert "/request" not in str(caught.value)


def test_undeliverable_answer_ends_the_invocation_in_error(cloud: "ProtocolCloud") -> None:
    """Lambda repeats it: the answer of the second attempt arrives, and there is one experiment."""
    cloud.bucket.answer_next(503, times=response.MAX_ATTEMPTS)
    stack = cloud.stack("shop")
    stack.begin_create(properties())
    cloud.settle()

    assert [bool(each.error) for each in cloud.deliveries.log] == [True, False]
    assert "UndeliverableError" in cloud.deliveries.log[0].error
    assert stack.status == "CREATE_COMPLETE"
    assert len(cloud.bucket.arrivals(stack.requests[0].request_id)) == 1
    assert len([call for call in cloud.sagemaker.calls_of("CreateInferenceExperiment") if not call.error]) == 1


def test_dead_letter_queue_sees_what_is_never_delivered(cloud: "ProtocolCloud") -> None:
    cloud.bucket.answer_next(403, times=1000)
    stack = cloud.stack("shop")
    stack.begin_create(properties())
    cloud.drain()

    assert [letter.origin for letter in cloud.queue.dead_letters] == ["function", "function"]  # Create, then Delete
    assert stack.status == "ROLLBACK_FAILED"
    assert cloud.queue.messages == []


def test_dead_letter_queue_sees_a_wait_that_is_never_delivered(cloud: "ProtocolCloud") -> None:
    """A message that waits is received for longer than a request lives, then given up."""
    cloud.sagemaker.durations["Creating"] = 100.0
    cloud.function.timeout = 20.0
    stack = cloud.stack("shop")
    stack.begin_create(properties())
    cloud.step()
    assert len(cloud.queue.messages) == 1

    cloud.bucket.answer_next(403, times=1000)
    creation = stack.requests[0].request_id
    while not any(letter.origin == "queue" for letter in cloud.queue.dead_letters):
        assert cloud.step()

    queued = [each for each in cloud.deliveries.log if (each.request_id, each.source) == (creation, "queue")]
    received = [each for each in queued if each.error]
    assert [each.attempt for each in received] == list(range(1, MAXIMUM_RECEIVES + 1))
    assert received[-1].began - received[0].began > stack.requests[0].expires - stack.requests[0].sent


texts = st.text(max_size=6000)
# What event.parse lets through: longer members, or others than ASCII, are not CloudFormation's.
ascii_characters = st.characters(max_codepoint=127)
members = {key: st.text(ascii_characters, min_size=1, max_size=length) for key, length in REQUIRED.items()}


@settings(max_examples=2 * settings().max_examples, deadline=None)
@given(
    event=st.fixed_dictionaries({**members, "RequestType": st.sampled_from(["Create", "Update", "Delete"])}),
    physical_id=st.text(min_size=1, max_size=1024),
    error=st.none() | texts,
    reason=texts,
    note=texts,
)
def test_body_is_never_too_long(event: Any, physical_id: str, error: str | None, reason: str, note: str) -> None:
    """At most 4,096 bytes, whatever comes in: CloudFormation takes nothing longer (aws-facts 6.1)."""
    made = parse({**event, "PhysicalResourceId": physical_id})
    observed = Observed("x" * 120, Status.RUNNING, arn="arn:" + "x" * 252, status_reason=reason)
    failure = Failure(UnexpectedStatus, error) if error is not None else None
    body = response.body(made, RequestResult(physical_id, observed, error=failure, note=note))

    assert len(body) <= response.MAX_BODY_BYTES


def test_marker_of_a_failed_create_is_the_id(cloud: "ProtocolCloud") -> None:
    stack = cloud.stack("shop")
    stack.begin_create(properties(Name="no_name"))
    cloud.step()

    created = parse(stack.requests[0].event)
    assert stack.requests[0].answer is not None
    assert stack.requests[0].answer.physical_id == identity.failed_create_id(created)
