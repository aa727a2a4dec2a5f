"""The confidence intervals against published values and against simulated samples."""

import random
from statistics import NormalDist

import pytest

from inference_experiment.intervals import CONFIDENCE, Interval, Z, paired_difference, share, share_difference
from inference_experiment_cli.report.intervals import MIN_BATCHES, mean_ratio, student_quantile


@pytest.mark.parametrize(("freedom", "value"), [(7, 2.3646), (10, 2.2281), (29, 2.0452), (120, 1.9799)])
def test_student_s_quantile(freedom: int, value: float) -> None:
    """Tables of the distribution, to a thousandth."""
    assert student_quantile(freedom) == pytest.approx(value, rel=1e-3)


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson(successes: float, trials: float, low: float, high: float) -> None:
    """Newcombe 1998, Two-sided confidence intervals for the single proportion, table I, method 3."""
    found = share(successes, trials)

    assert found is not None
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_newcombe() -> None:
    """Newcombe 1998, Interval estimation for the difference between proportions, table II, method 10: 56/70 - 48/80."""
    first, second = share(48, 80), share(56, 70)

    assert first is not None
    assert second is not None
    found = share_difference(first, second)
    assert found == Interval(pytest.approx(0.2), pytest.approx(0.0524, abs=5e-5), pytest.approx(0.3339, abs=5e-5))


def test_shares_without_trials_and_beyond_one() -> None:
    assert share(0, 0) is None
    found = share(12, 10)
    assert found is not None
    assert (found.estimate, found.high) == (1.0, 1.0)


def test_the_ratio_covers_the_truth_as_often_as_it_says() -> None:
    """Samples with a known increase of 10 % and a common daily course, which must not widen the interval."""
    chance = random.Random(1)
    covered, widths = 0, []
    for _ in range(400):
        course = [100 + 40 * (number % 60) / 60 for number in range(180)]
        pairs = [(level * chance.gauss(1, 0.05), 1.1 * level * chance.gauss(1, 0.05), 1.0) for level in course]
        found = mean_ratio(pairs)
        assert found is not None
        covered += found.low <= 0.1 <= found.high
        widths.append(found.high - found.low)

    assert 0.92 <= covered / 400 <= 0.98
    assert max(widths) < 0.04


def test_too_little_for_a_ratio() -> None:
    assert mean_ratio([]) is None
    assert mean_ratio([(1.0, 1.0, 1.0)] * (MIN_BATCHES - 1)) is None
    assert mean_ratio([(1.0, 1.0, 0.0)] * 50) is None
    assert mean_ratio([(0.0, 1.0, 1.0)] * 50) is None
    assert mean_ratio([(1.0, 1.5, 1.0)] * MIN_BATCHES) == Interval(0.5, 0.5, 0.5)


def test_z_is_of_the_confidence() -> None:
    assert pytest.approx(NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)) == Z


def test_a_multiple_of_a_share_is_taken_with_its_interval() -> None:
    first, second = share(10, 1000), share(30, 1000)

    assert first is not None
    assert second is not None
    excess = share_difference(first, second, 2)
    assert excess.estimate == pytest.approx(0.01)
    assert excess.low < share_difference(first, second).low - 0.01
    assert share_difference(first, second, 0).low == pytest.approx(second.low)


def test_bonett_and_price() -> None:
    """Simulated: 95 % intervals of the difference of two paired shares hold the truth in about 95 % of the samples."""
    chance, hits = random.Random(5), 0
    for _ in range(400):
        drawn = [chance.random() for _ in range(300)]
        found = paired_difference(sum(each < 0.06 for each in drawn), sum(each > 0.96 for each in drawn), 300)
        assert found is not None
        hits += found.low <= -0.02 <= found.high
    assert 0.92 < hits / 400 < 0.99
    assert paired_difference(0, 0, 0) is None
    none_differ = paired_difference(0, 0, 100)
    assert none_differ is not None
    assert none_differ.low < none_differ.estimate == 0 < none_differ.high
