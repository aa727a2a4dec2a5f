"""The criteria of a promotion: thresholds, CloudWatch queries, and the verdict. Pure.

Standard library and our own pure modules only. `queries` are for CloudWatch, `summarize` takes the answers, `evaluate`
the summaries; the function and the report use the same three. The shadow receives a share of the traffic, so only
rates, averages and percentiles are compared, never sums. What is judged by predictions is in predictions.py.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from math import isnan
from typing import Any, Final

from inference_experiment.errors import Finding
from inference_experiment.intervals import share, share_difference

# aws-facts 8; both variants report under the dimensions EndpointName and VariantName.
NAMESPACE: Final = "AWS/SageMaker"
PERCENTAGE: Final = re.compile(r"-?[0-9]{1,6}(\.[0-9]{1,6})?%")
MINIMUM_INVOCATIONS: Final = 100
MINIMUM_PAIRS: Final = 100
RESULT_AGE_SECONDS: Final = 24 * 60 * 60
# Members of PromotionCriteria: the thresholds by metrics and by predictions, and what only the latter need.
OF_METRICS: Final = ("MaxLatencyIncrease", "MaxErrorRate", "MaxErrorIncrease")
OF_PREDICTIONS: Final = ("MinAgreement", "MaxPredictionDrift", "MinAccuracyGain")
OF_RESULT: Final = ("PredictionResult", "MaxResultAge", "MinPairs")
# 44 ms are 10 % more than 40 ms, whatever binary fractions say.
ROUNDING_TOLERANCE: Final = 1e-9


class Role(StrEnum):
    """Which of the two variants; values begin the ids of metric queries."""

    PRODUCTION = "production"
    SHADOW = "shadow"


# id of the query after the role -> metric, statistic; "" stands for the criteria's latency statistic.
MEASURES: Final[Mapping[str, tuple[str, str]]] = {
    "invocations": ("Invocations", "Sum"),
    "model_errors": ("InvocationModelErrors", "Sum"),
    "errors_4xx": ("Invocation4XXErrors", "Sum"),
    "errors_5xx": ("Invocation5XXErrors", "Sum"),
    "latency": ("ModelLatency", ""),
    "latency_samples": ("ModelLatency", "SampleCount"),
}
# Length of an experiment up to which a period is used, and the age up to which CloudWatch keeps it (AWS: 15 d, 63 d).
PERIODS: Final = (
    (timedelta(hours=6), timedelta(days=15), 60),
    (timedelta(days=2), timedelta(days=63), 300),
    (timedelta.max, timedelta.max, 3600),
)


@dataclass(frozen=True)
class Criteria:
    """The thresholds, as fractions; the drift is a population stability index. None is not checked.

    `prediction_result` is the object in which the function finds the figures of predictions; `max_result_age` is in
    seconds.
    """

    max_latency_increase: float | None = None
    max_error_rate: float | None = None
    min_invocations: int = MINIMUM_INVOCATIONS
    latency_statistic: str = "Average"
    max_error_increase: float | None = None
    min_agreement: float | None = None
    max_prediction_drift: float | None = None
    min_accuracy_gain: float | None = None
    min_pairs: int = MINIMUM_PAIRS
    prediction_result: str = ""
    max_result_age: int = RESULT_AGE_SECONDS

    @property
    def of_predictions(self) -> bool:
        """Whether anything is judged by predictions."""
        limits = (self.min_agreement, self.max_prediction_drift, self.min_accuracy_gain)
        return any(limit is not None for limit in limits)


@dataclass(frozen=True)
class Window:
    """The measured time, in whole periods of so many seconds."""

    start: datetime
    end: datetime
    period: int


@dataclass(frozen=True)
class Summary:
    """One variant over the whole window; latency in microseconds, None without measurements."""

    invocations: float = 0.0
    errors: float = 0.0
    latency: float | None = None

    @property
    def error_rate(self) -> float | None:
        """The share of invocations that did not end in 2XX."""
        return self.errors / self.invocations if self.invocations else None


class Result(StrEnum):
    """Outcome of one criterion."""

    MET = "met"
    MISSED = "missed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Check:
    """The result of one criterion; `reason` is a sentence."""

    criterion: str
    result: Result
    reason: str


@dataclass(frozen=True)
class Verdict:
    """All criteria; the shadow may be promoted only where every one is met."""

    checks: tuple[Check, ...]

    @property
    def result(self) -> Result:
        """MISSED if any is missed, else UNKNOWN if any is unknown, else MET."""
        results = {check.result for check in self.checks}
        return next((each for each in (Result.MISSED, Result.UNKNOWN) if each in results), Result.MET)

    @property
    def reasons(self) -> str:
        """Why the shadow must not be promoted, as one text; empty where it may."""
        return "; ".join(check.reason for check in self.checks if check.result is not Result.MET)


def fraction(text: str) -> float:
    """Return 0.1 for 10%. Raises ValueError; the percent sign is required."""
    if not PERCENTAGE.fullmatch(text):
        raise ValueError(f"{text!r} is not a percentage; write it as 10% or 0.1%")
    return float(text[:-1]) / 100


def check(raw: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield the findings of a PromotionCriteria that has passed the schema; only its members matter."""
    if raw.keys().isdisjoint((*OF_METRICS, *OF_PREDICTIONS)):
        yield Finding(("PromotionCriteria",), f"sets no threshold; add {_either((*OF_METRICS, *OF_PREDICTIONS))}")
    if "LatencyStatistic" in raw and "MaxLatencyIncrease" not in raw:
        yield Finding(("PromotionCriteria", "LatencyStatistic"), "has no effect without MaxLatencyIncrease")
    if raw.keys().isdisjoint(OF_PREDICTIONS):
        for member in OF_RESULT:
            if member in raw:
                yield Finding(("PromotionCriteria", member), f"has no effect without {_either(OF_PREDICTIONS)}")
    elif "PredictionResult" not in raw:
        first = next(member for member in OF_PREDICTIONS if member in raw)
        text = "requires PredictionResult, the object that report NAME --captures --publish writes"
        yield Finding(("PromotionCriteria", first), text)


def _either(members: Sequence[str]) -> str:
    return f"{', '.join(members[:-1])} or {members[-1]}"


def parse(raw: Mapping[str, Any]) -> Criteria:
    """Return the criteria of a valid PromotionCriteria."""

    def percentage(member: str) -> float | None:
        return fraction(raw[member]) if member in raw else None

    return Criteria(
        max_latency_increase=percentage("MaxLatencyIncrease"),
        max_error_rate=percentage("MaxErrorRate"),
        min_invocations=int(raw.get("MinInvocations", MINIMUM_INVOCATIONS)),
        latency_statistic=raw.get("LatencyStatistic", "Average"),
        max_error_increase=percentage("MaxErrorIncrease"),
        min_agreement=percentage("MinAgreement"),
        max_prediction_drift=float(raw["MaxPredictionDrift"]) if "MaxPredictionDrift" in raw else None,
        min_accuracy_gain=percentage("MinAccuracyGain"),
        min_pairs=int(raw.get("MinPairs", MINIMUM_PAIRS)),
        prediction_result=raw.get("PredictionResult", ""),
        max_result_age=int(raw.get("MaxResultAge", RESULT_AGE_SECONDS)),
    )


def window(start: datetime, end: datetime, now: datetime) -> Window:
    """Return the window of an experiment, with a period that CloudWatch still keeps."""
    length, age = end - start, now - start
    period = next(period for longest, oldest, period in PERIODS if length <= longest and age <= oldest)
    first = int(start.timestamp()) // period * period
    count = max(1, -(-(int(end.timestamp()) - first) // period))
    begin = datetime.fromtimestamp(first, UTC)
    return Window(begin, begin + timedelta(seconds=count * period), period)


def query(identity: str, endpoint: str, variant: str, metric: tuple[str, str, str], period: int) -> dict[str, Any]:
    """Return one MetricDataQuery; `metric` is namespace, name and statistic."""
    namespace, name, statistic = metric
    dimensions = [{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": variant}]
    measured = {"Namespace": namespace, "MetricName": name, "Dimensions": dimensions}
    return {"Id": identity, "MetricStat": {"Metric": measured, "Period": period, "Stat": statistic}}


def queries(endpoint: str, variants: Mapping[Role, str], statistic: str, period: int) -> list[dict[str, Any]]:
    """Return the MetricDataQueries of the verdict; `variants` are the two VariantNames."""
    return [
        query(f"{role}_{measure}", endpoint, variant, (NAMESPACE, metric, stat or statistic), period)
        for role, variant in variants.items()
        for measure, (metric, stat) in MEASURES.items()
    ]


# id of a query -> time -> value
Series = Mapping[str, Mapping[datetime, float]]


def series(results: Sequence[Mapping[str, Any]]) -> dict[str, dict[datetime, float]]:
    """Return the MetricDataResults of all pages by the id of their query."""
    by_id: dict[str, dict[datetime, float]] = {}
    for result in results:
        by_id.setdefault(result["Id"], {}).update(zip(result["Timestamps"], result["Values"], strict=True))
    return by_id


def incomplete(results: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the ids of the queries that CloudWatch has not answered in full; what it leaves out counts as zero."""
    last = {result["Id"]: result.get("StatusCode", "Complete") for result in results}
    return sorted(identity for identity, status in last.items() if status != "Complete")


def weighted_mean(values: Mapping[datetime, float], weights: Mapping[datetime, float]) -> float | None:
    """Return the mean of the periods' values by their weights: exact for averages, near for percentiles."""
    total = sum(weights.get(moment, 0.0) for moment in values)
    if not total:
        return None
    return sum(value * weights.get(moment, 0.0) for moment, value in values.items()) / total


def summarize(measured: Series, role: Role) -> Summary:
    """Return one variant's summary; a metric without data counts as zero, as CloudWatch leaves zeros out."""
    sums = {measure: sum(measured.get(f"{role}_{measure}", {}).values()) for measure in MEASURES}
    latencies, samples = measured.get(f"{role}_latency", {}), measured.get(f"{role}_latency_samples", {})
    # InvocationModelErrors counts what is not 2XX, time-outs included; older containers report only the other two.
    errors = max(sums["model_errors"], sums["errors_4xx"] + sums["errors_5xx"])
    return Summary(sums["invocations"], errors, weighted_mean(latencies, samples))


def evaluate(criteria: Criteria, production: Summary, shadow: Summary) -> Verdict:
    """Return whether the shadow meets the criteria."""
    checks = [_enough(criteria, shadow)]
    if criteria.max_latency_increase is not None:
        checks.append(_latency(criteria, criteria.max_latency_increase, production, shadow))
    if criteria.max_error_rate is not None:
        checks.append(_errors(criteria.max_error_rate, shadow))
    if criteria.max_error_increase is not None:
        checks.append(_error_increase(criteria, criteria.max_error_increase, production, shadow))
    if checks[0].result is Result.UNKNOWN:
        # A shadow that has had too few requests has not lost.
        checks = [undecided(each.criterion, each.reason) if each.result is Result.MISSED else each for each in checks]
    return Verdict(tuple(checks))


def judge(criteria: Criteria, results: Sequence[Mapping[str, Any]]) -> Verdict:
    """Return the verdict on the MetricDataResults of `queries`."""
    measured = series(results)
    return evaluate(criteria, summarize(measured, Role.PRODUCTION), summarize(measured, Role.SHADOW))


def undecided(criterion: str, reason: str) -> Check:
    """Return the check of a criterion for which there is too little data."""
    return Check(criterion, Result.UNKNOWN, f"not enough data: {reason}")


def percent(value: float) -> str:
    """Return 0.985 as 98.5%, with all digits that count near a limit."""
    return f"{value * 100:.6g}%"


def _enough(criteria: Criteria, shadow: Summary) -> Check:
    text = f"the shadow variant had {shadow.invocations:.0f} invocations, {criteria.min_invocations} are required"
    if shadow.invocations >= criteria.min_invocations:
        return Check("MinInvocations", Result.MET, text)
    return undecided("MinInvocations", text)


def _at_most(criterion: str, value: float, limit: float, reason: str) -> Check:
    if isnan(value):
        return undecided(criterion, reason)
    return Check(criterion, Result.MET if value <= limit + ROUNDING_TOLERANCE else Result.MISSED, reason)


def _latency(criteria: Criteria, limit: float, production: Summary, shadow: Summary) -> Check:
    name = f"{criteria.latency_statistic} ModelLatency"
    if not production.latency or shadow.latency is None:
        return undecided("MaxLatencyIncrease", f"{name} was not measured for both variants")
    increase = shadow.latency / production.latency - 1
    values = f"{production.latency / 1000:.1f} ms -> {shadow.latency / 1000:.1f} ms"
    text = f"{name} changed by {increase:+.1%} ({values}), at most {limit * 100:+.6g}% is allowed"
    return _at_most("MaxLatencyIncrease", increase, limit, text)


def _errors(limit: float, shadow: Summary) -> Check:
    rate = shadow.error_rate
    if rate is None:
        return undecided("MaxErrorRate", "the shadow variant had no invocations, so no error rate")
    counts = f"{shadow.errors:.0f} of {shadow.invocations:.0f}"
    text = f"{rate:.3%} of the shadow variant's invocations failed ({counts}), at most {percent(limit)} is allowed"
    return _at_most("MaxErrorRate", rate, limit, text)


def _error_increase(criteria: Criteria, limit: float, production: Summary, shadow: Summary) -> Check:
    """Compare the error rates. One error where production had none is no infinite increase: intervals decide."""
    name = "MaxErrorIncrease"
    before, after = (share(each.errors, each.invocations) for each in (production, shadow))
    if before is None or after is None:
        return undecided(name, "the error rate was not measured for both variants")
    if production.invocations < criteria.min_invocations:
        text = f"the production variant had {production.invocations:.0f} invocations"
        return undecided(name, f"{text}, {criteria.min_invocations} are required")
    excess = share_difference(before, after, max(0.0, 1 + limit))
    shown = [f"{each.errors:.0f} of {each.invocations:.0f}" for each in (production, shadow)]
    rates = f"{before.estimate:.3%} ({shown[0]}) to {after.estimate:.3%} ({shown[1]})"
    text = f"the error rate went from {rates}, at most {limit * 100:+.6g}% is allowed"
    if excess.estimate <= ROUNDING_TOLERANCE:
        return Check(name, Result.MET, text)
    return Check(name, Result.MISSED, text) if excess.low > 0 else undecided(name, f"{text}; that may be chance")
