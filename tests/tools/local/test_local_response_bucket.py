"""The place for custom-resource responses, and its certificate."""

import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from inference_experiment_local.certificate import make_certificates
from protocol_driver.response_bucket import ResponseBucket


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[ResponseBucket]:
    with ResponseBucket(make_certificates(tmp_path)) as running:
        yield running


def put(bucket: ResponseBucket, request_id: str = "request-1", body: bytes = b'{"Status": "SUCCESS"}') -> int:
    """PUT a response while trusting the bucket's authority only; returns the HTTP status."""
    context = ssl.create_default_context(cafile=bucket.ca_file)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    handlers = urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
    request = urllib.request.Request(f"{bucket.url}/{request_id}", body, method="PUT")
    try:
        with urllib.request.build_opener(*handlers).open(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code


def test_responses_are_kept_parsed_and_raw(bucket: ResponseBucket) -> None:
    assert put(bucket) == 200
    assert put(bucket, "request-2", b"not JSON") == 200

    first, second = bucket.responses
    assert (first.path, first.body, first.raw) == ("/request-1", {"Status": "SUCCESS"}, b'{"Status": "SUCCESS"}')
    assert (second.path, second.body) == ("/request-2", None)


def test_statuses_can_be_set(bucket: ResponseBucket) -> None:
    bucket.answer_next(503, times=2)
    bucket.answer_next(403)

    assert [put(bucket) for _ in range(4)] == [503, 503, 403, 200]
    assert (len(bucket.responses), len(bucket.attempts)) == (1, 4)


def test_dropped_connection(bucket: ResponseBucket) -> None:
    bucket.drop_next()
    with pytest.raises(OSError, match=r"(?i)remote end closed|eof|reset|errno"):
        put(bucket)

    assert put(bucket) == 200
    assert len(bucket.responses) == 1


def test_hanging_connection(bucket: ResponseBucket) -> None:
    bucket.hang_next(0.05)
    with pytest.raises(OSError, match=r"(?i)remote end closed|eof|reset|errno"):
        put(bucket)

    assert bucket.responses == []


def test_nobody_trusts_it_by_default(bucket: ResponseBucket) -> None:
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(bucket.url)
