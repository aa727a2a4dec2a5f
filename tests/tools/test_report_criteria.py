"""The promotion criteria: thresholds, what is asked of CloudWatch, and every outcome. Pure, like what they test."""

import math
import re
import subprocess
import sys
from dataclasses import fields
from datetime import UTC, datetime, timedelta

import botocore.session
import pytest
from botocore.validate import ParamValidator

from inference_experiment import contract, criteria
from inference_experiment.criteria import Criteria, Result, Role, Summary
from inference_experiment_cli.commands.report import LatencyStatistic

START = datetime(2030, 1, 1, 8, 30, 10, tzinfo=UTC)
BOTH = Criteria(max_latency_increase=0.1, max_error_rate=0.001)
PRODUCTION = Summary(invocations=10_000, errors=5, latency=40_000)


@pytest.mark.parametrize(("text", "value"), [("10%", 0.1), ("0.1%", 0.001), ("-5%", -0.05), ("0%", 0.0), ("100%", 1.0)])
def test_percentages(text: str, value: float) -> None:
    assert criteria.fraction(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["10", "0.1", "%", "ten%", "1e3%", "10 %", "10%%", "", "nan%", "٣%"])
def test_what_is_no_percentage(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a percentage; write it as 10% or 0\.1%"):
        criteria.fraction(text)


def test_parse() -> None:
    raw = {"MaxLatencyIncrease": "10%", "MaxErrorRate": "0.1%", "MinInvocations": 50, "LatencyStatistic": "p99"}

    assert criteria.parse(raw) == Criteria(pytest.approx(0.1), pytest.approx(0.001), 50, "p99")
    assert criteria.parse({}) == Criteria()
    by_predictions = {"MaxErrorIncrease": "-5%", "MinAgreement": "99%", "MaxPredictionDrift": "0.2", "MinPairs": 7}
    by_predictions |= {"MinAccuracyGain": "-0.5%", "PredictionResult": "s3://results/a", "MaxResultAge": 60}
    parsed = criteria.parse(by_predictions)
    assert (parsed.max_error_increase, parsed.min_agreement, parsed.max_prediction_drift) == (-0.05, 0.99, 0.2)
    assert (parsed.min_accuracy_gain, parsed.min_pairs, parsed.max_result_age) == (-0.005, 7, 60)
    assert (parsed.prediction_result, parsed.of_predictions, Criteria().of_predictions) == (
        "s3://results/a",
        True,
        False,
    )
    assert list(criteria.check(raw)) == []


@pytest.mark.parametrize(
    ("raw", "paths"),
    [
        ({}, ["PromotionCriteria"]),
        ({"MinInvocations": 5}, ["PromotionCriteria"]),
        ({"MaxErrorRate": "1%", "LatencyStatistic": "p50"}, ["PromotionCriteria/LatencyStatistic"]),
        ({"MaxErrorIncrease": "1%"}, []),
        ({"MinAgreement": "1%", "PredictionResult": "s3://b/k", "MaxResultAge": 60, "MinPairs": 5}, []),
        ({"MaxPredictionDrift": "1", "MinAccuracyGain": "1%"}, ["PromotionCriteria/MaxPredictionDrift"]),
        ({"MaxErrorRate": "1%", "MinPairs": 5}, ["PromotionCriteria/MinPairs"]),
    ],
)
def test_findings_name_the_path(raw: dict[str, object], paths: list[str]) -> None:
    assert [finding.path for finding in criteria.check(raw)] == paths


@pytest.mark.parametrize(
    ("shadow", "results"),
    [
        (Summary(1000, 1, 44_000), (Result.MET, Result.MET, Result.MET)),
        (Summary(1000, 1, 44_001), (Result.MET, Result.MISSED, Result.MET)),
        (Summary(1000, 2, 10_000), (Result.MET, Result.MET, Result.MISSED)),
        (Summary(99, 0, 40_000), (Result.UNKNOWN, Result.MET, Result.MET)),
        (Summary(99, 9, 40_000), (Result.UNKNOWN, Result.MET, Result.UNKNOWN)),
        (Summary(99, 0, 90_000), (Result.UNKNOWN, Result.UNKNOWN, Result.MET)),
        (Summary(1000, 0, None), (Result.MET, Result.UNKNOWN, Result.MET)),
        (Summary(), (Result.UNKNOWN, Result.UNKNOWN, Result.UNKNOWN)),
    ],
)
def test_every_outcome(shadow: Summary, results: tuple[Result, ...]) -> None:
    verdict = criteria.evaluate(BOTH, PRODUCTION, shadow)

    assert tuple(check.result for check in verdict.checks) == results
    worst = next((each for each in (Result.MISSED, Result.UNKNOWN) if each in results), Result.MET)
    assert verdict.result is worst
    assert bool(verdict.reasons) == (worst is not Result.MET)


@pytest.mark.parametrize(
    ("production", "shadow", "limit", "result"),
    [
        ((10_000, 0), (1000, 9), 1.0, Result.MISSED),  # 0 % against 0.9 %
        ((10_000, 0), (1000, 0), 0.0, Result.MET),
        ((10_000, 0), (200, 1), 0.5, Result.MISSED),
        ((200, 0), (100, 1), 0.5, Result.UNKNOWN),
        ((10_000, 100), (1000, 15), 0.5, Result.MET),  # exactly the limit
        ((10_000, 100), (1000, 16), 0.5, Result.UNKNOWN),
        ((10_000, 100), (1000, 40), 0.5, Result.MISSED),
        ((10_000, 100), (1000, 9), -0.1, Result.MET),
        ((10_000, 100), (1000, 10), -0.9, Result.MISSED),
        ((10_000, 100), (1000, 0), -2.0, Result.MET),
        ((0, 0), (1000, 0), 0.5, Result.UNKNOWN),
        ((5, 1), (1000, 0), 0.5, Result.UNKNOWN),
        ((10_000, 0), (0, 0), 0.5, Result.UNKNOWN),
        ((10_000, 5), (1000, math.nan), 0.5, Result.UNKNOWN),
        ((math.nan, math.nan), (1000, 0), 0.5, Result.UNKNOWN),
    ],
)
def test_error_increase(
    production: tuple[float, float], shadow: tuple[float, float], limit: float, result: Result
) -> None:
    """A rate is missed where the interval of the excess is wholly above the limit, and met by its estimate."""
    limits = Criteria(max_error_increase=limit)
    checks = criteria.evaluate(limits, Summary(*production), Summary(*shadow)).checks

    assert (checks[-1].criterion, checks[-1].result) == ("MaxErrorIncrease", result)
    assert checks[-1].reason.startswith("not enough data: ") == (result is Result.UNKNOWN)


def test_what_is_not_a_number_neither_promotes_nor_loses() -> None:
    found = criteria.evaluate(BOTH, PRODUCTION, Summary(1000, math.nan, math.nan))

    assert [check.result for check in found.checks] == [Result.MET, Result.UNKNOWN, Result.UNKNOWN]


def test_the_schema_has_the_members_of_the_criteria() -> None:
    members = contract.schema()["definitions"]["PromotionCriteria"]["properties"]
    snake = {re.sub(r"(?<!^)(?=[A-Z])", "_", member).lower() for member in members}

    assert snake == {one.name for one in fields(Criteria)}
    needed = {name for name, one in members.items() if "Requires PredictionResult" in one["description"]}
    assert needed == set(criteria.OF_PREDICTIONS)
    assert {*criteria.OF_METRICS, *criteria.OF_PREDICTIONS, *criteria.OF_RESULT} < set(members)


def test_only_the_given_criteria_are_checked() -> None:
    names = [check.criterion for check in criteria.evaluate(Criteria(), PRODUCTION, PRODUCTION).checks]

    assert names == ["MinInvocations"]
    without = criteria.evaluate(BOTH, Summary(), Summary(1000, 0, 40_000))
    assert without.result is Result.UNKNOWN


def test_reasons_say_what_was_measured_and_what_is_allowed() -> None:
    reasons = criteria.evaluate(BOTH, PRODUCTION, Summary(1000, 30, 50_000)).reasons

    assert reasons == (
        "Average ModelLatency changed by +25.0% (40.0 ms -> 50.0 ms), at most +10% is allowed; "
        "3.000% of the shadow variant's invocations failed (30 of 1000), at most 0.1% is allowed"
    )


@pytest.mark.parametrize(
    ("length", "age", "period"),
    [
        (timedelta(hours=6), timedelta(hours=6), 60),
        (timedelta(hours=7), timedelta(hours=7), 300),
        (timedelta(hours=1), timedelta(days=16), 300),
        (timedelta(days=3), timedelta(days=3), 3600),
        (timedelta(hours=1), timedelta(days=64), 3600),
        (timedelta(0), timedelta(0), 60),
    ],
)
def test_windows(length: timedelta, age: timedelta, period: int) -> None:
    """A window covers the experiment in whole periods, of a length that CloudWatch still has."""
    window = criteria.window(START, START + length, START + age)

    assert window.period == period
    assert window.start <= START < window.start + timedelta(seconds=period)
    assert START + length <= window.end < START + length + timedelta(seconds=2 * period)
    assert window.start.timestamp() % period == 0
    assert (window.end - window.start).total_seconds() % period == 0


def test_queries_are_what_the_service_model_allows() -> None:
    queries = criteria.queries("endpoint", {Role.PRODUCTION: "current", Role.SHADOW: "candidate"}, "p90", 60)
    shape = botocore.session.get_session().get_service_model("cloudwatch").shape_for("MetricDataQuery")
    report = ParamValidator()

    assert all(report.validate(query, shape).generate_report() == "" for query in queries)
    assert len({query["Id"] for query in queries}) == len(queries) == 2 * len(criteria.MEASURES)
    stats = {query["Id"]: query["MetricStat"]["Stat"] for query in queries}
    assert (stats["shadow_latency"], stats["shadow_errors_5xx"]) == ("p90", "Sum")


def test_pages_are_put_together_and_summarized() -> None:
    """Averages are weighted by requests; what CloudWatch leaves out is zero; model errors include 4XX and 5XX."""
    first, second = START, START + timedelta(minutes=1)
    pages = [
        {"Id": "shadow_invocations", "Timestamps": [first], "Values": [30.0]},
        {"Id": "shadow_invocations", "Timestamps": [second], "Values": [10.0]},
        {"Id": "shadow_latency", "Timestamps": [first, second], "Values": [10.0, 50.0]},
        {"Id": "shadow_latency_samples", "Timestamps": [first, second], "Values": [30.0, 10.0]},
        {"Id": "shadow_errors_4xx", "Timestamps": [first], "Values": [2.0]},
        {"Id": "shadow_errors_5xx", "Timestamps": [second], "Values": [1.0]},
    ]
    found = criteria.series(pages)

    assert criteria.summarize(found, Role.SHADOW) == Summary(40.0, 3.0, 20.0)
    assert criteria.summarize(found, Role.SHADOW).error_rate == pytest.approx(0.075)
    assert criteria.summarize(found, Role.PRODUCTION) == Summary()
    assert Summary().error_rate is None


def test_the_command_offers_the_statistics_that_the_criteria_know() -> None:
    schema = contract.schema()["definitions"]["PromotionCriteria"]["properties"]
    assert list(LatencyStatistic) == schema["LatencyStatistic"]["enum"]


def test_nothing_beyond_the_standard_library_is_imported() -> None:
    foreign = "{'boto3', 'botocore', 'crhelper', 'cfnlint'}"
    code = f"import sys, inference_experiment.criteria; sys.exit(bool({foreign} & set(sys.modules)))"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
