"""What is waited out, for how long, and how slowly."""

from dataclasses import replace

import pytest

from inference_experiment import backoff
from inference_experiment.errors import Conflict, Failure, Throttled, Unavailable
from inference_experiment.model import Progress

NOW = 1_000_000.0
FIRST = Progress(deadline=NOW + 3480)
THROTTLED = Failure(Throttled, "DescribeInferenceExperiment: Rate exceeded (ThrottlingException)")


def throttled(times: int) -> Progress:
    """Return the progress after so many throttled looks."""
    progress = FIRST
    for _ in range(times):
        progress = backoff.after_error(progress, THROTTLED, NOW)
    return progress


@pytest.mark.parametrize("error", [Failure(Conflict, "busy"), Failure(Unavailable, "no answer")])
def test_what_may_be_permanent_is_retried_for_five_minutes(error: Failure) -> None:
    progress = backoff.after_error(backoff.after_error(FIRST, error, NOW), error, NOW + 200)

    assert not backoff.expired(progress, NOW + backoff.MAX_FAILING_SECONDS - 1)
    assert backoff.expired(progress, NOW + backoff.MAX_FAILING_SECONDS)
    assert not backoff.expired(backoff.after_success(progress), NOW + backoff.MAX_FAILING_SECONDS)
    assert backoff.final_failure(error) is error
    assert backoff.delay(progress, 5, "look", NOW) == 5


def test_throttling_is_retried_until_the_deadline_and_then_named() -> None:
    """What went before it does not count: a refusal is an answer."""
    progress = backoff.after_error(replace(FIRST, failing_since=NOW - 299), THROTTLED, NOW)

    assert not backoff.expired(progress, FIRST.deadline - 1)
    assert backoff.expired(progress, FIRST.deadline)
    failure = backoff.final_failure(THROTTLED)
    assert failure.kind is Throttled
    assert "throttled" in str(failure)
    assert "Rate exceeded (ThrottlingException). Deploy fewer stacks in parallel" in str(failure)


def test_pauses_grow_with_throttling_and_shrink_slowly_after_it() -> None:
    longest = [backoff.MAX_SLOWDOWN, backoff.MAX_SLOWDOWN]
    assert [throttled(times).slowdown for times in range(6)] == [1, 2, 4, 8, *longest]

    progress, looks = throttled(9), 0
    while progress.slowdown > 1:
        progress, looks = backoff.after_success(progress), looks + 1
    assert looks == 123


@pytest.mark.parametrize("times", [0, 1, 2, 9])
def test_pauses_differ_between_requests_and_are_never_shorter_than_an_interval(times: int) -> None:
    progress = throttled(times)
    pauses = [backoff.delay(progress, 5, f"request-{number}/0/1", NOW) for number in range(200)]

    assert min(pauses) >= max(5, progress.slowdown * 2.5)
    assert max(pauses) <= progress.slowdown * 5
    assert len({round(pause, 3) for pause in pauses}) > 150 or times < 2
    assert pauses == [backoff.delay(progress, 5, f"request-{number}/0/1", NOW) for number in range(200)]


def test_a_pause_ends_with_the_deadline() -> None:
    progress = throttled(9)

    assert backoff.delay(progress, 5, "look", progress.deadline - 7) == 7
    assert backoff.delay(progress, 5, "look", progress.deadline - 1) == 5


@pytest.mark.parametrize("pace", [10**400, -(10**400), float("inf"), float("nan")])
def test_a_pace_that_somebody_else_wrote_does_no_harm(pace: float) -> None:
    progress = replace(FIRST, slowdown=pace)

    for each in (progress, backoff.after_success(progress), backoff.after_error(progress, THROTTLED, NOW)):
        assert 5 <= backoff.delay(each, 5, "look", NOW) <= 5 * backoff.MAX_SLOWDOWN
