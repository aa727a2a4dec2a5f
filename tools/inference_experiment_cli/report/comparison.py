"""Compares the two variants: one row per metric, normalised for the shadow's share of the traffic."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from inference_experiment import criteria
from inference_experiment.criteria import Criteria, Role, Summary, Verdict
from inference_experiment.intervals import Interval, share, share_difference
from inference_experiment_cli.gate import RECOMMENDATIONS
from inference_experiment_cli.report.intervals import mean_ratio
from inference_experiment_cli.report.measurement import UTILISATIONS, Measurement

if TYPE_CHECKING:
    from inference_experiment_cli.captures.comparison import PredictionReport

MICROSECONDS_PER_MILLISECOND: Final = 1000.0
LATENCIES: Final[Mapping[str, str]] = {
    **{f"latency_{each}": f"model latency, {each}" for each in ("average", "p50", "p90", "p95", "p99")},
    "overhead_average": "overhead latency, average",
}
RATES: Final[Mapping[str, str]] = {
    "model_errors": "model errors, of invocations",
    "errors_4xx": "4XX errors, of invocations",
    "errors_5xx": "5XX errors, of invocations",
}
# These grow with the traffic: a linear extrapolation to all of it is a useful estimate.
LOADS: Final = ("cpu", "gpu")


@dataclass(frozen=True)
class Row:
    """One metric of both variants. `change` is relative, for kind share a difference; `note` says more."""

    identity: str
    title: str
    unit: str
    production: float | None
    shadow: float | None
    kind: str = "ratio"
    change: Interval | None = None
    note: str = ""

    @property
    def difference(self) -> float | None:
        """The change without its interval: known even where counts allow no interval."""
        if self.change is not None:
            return self.change.estimate
        if self.production is None or self.shadow is None or self.kind == "count":
            return None
        if self.kind == "share":
            return self.shadow - self.production
        return self.shadow / self.production - 1 if self.production else None


@dataclass(frozen=True)
class ComparisonReport:
    """Everything that is shown: what was measured, the rows, the summaries and the verdict by the criteria.

    `predictions` are there where captured data were compared too.
    """

    measurement: Measurement
    criteria: Criteria
    rows: Sequence[Row]
    summaries: Mapping[Role, Summary]
    verdict: Verdict
    predictions: "PredictionReport | None" = None

    @property
    def recommendation(self) -> str:
        """What to do, in a word or two."""
        return RECOMMENDATIONS[self.verdict.result]


def compare(measurement: Measurement, limits: Criteria) -> ComparisonReport:
    """Return the comparison and the verdict."""
    summaries = {role: criteria.summarize(measurement.series, role) for role in Role}
    rows = [*_traffic(measurement, summaries)]
    rows += [_latency(measurement, identity) for identity in LATENCIES]
    rows += [_rate(measurement, identity, summaries) for identity in RATES]
    rows += [_utilisation(measurement, identity) for identity in UTILISATIONS]
    verdict = criteria.evaluate(limits, summaries[Role.PRODUCTION], summaries[Role.SHADOW])
    return ComparisonReport(measurement, limits, rows, summaries, verdict)


def _traffic(measurement: Measurement, summaries: Mapping[Role, Summary]) -> list[Row]:
    production, shadow = summaries[Role.PRODUCTION].invocations, summaries[Role.SHADOW].invocations
    sampling = measurement.subject.sampling
    share_seen = f"{shadow / production:.1%} of production's, {sampling:.0%} are sampled" if production else ""
    rows = [Row("invocations", "invocations", "", production, shadow, "count", note=share_seen)]
    if sampling:
        note = f"the shadow's divided by {sampling:.0%}"
        rows.append(Row("normalised", "invocations, normalised", "", production, shadow / sampling, note=note))
    per_instance = [sum(measurement.of(role, "per_instance").values()) for role in Role]
    rows.append(Row("per_instance", "invocations per instance", "", per_instance[0], per_instance[1], "count"))
    return rows


def _mean(measurement: Measurement, role: Role, identity: str) -> float | None:
    values = measurement.of(role, identity)
    weights = measurement.of(role, "latency_samples")
    if identity in LATENCIES:
        return criteria.weighted_mean(values, weights)
    return sum(values.values()) / len(values) if values else None


def _latency(measurement: Measurement, identity: str) -> Row:
    means = (_mean(measurement, role, identity) for role in Role)
    production, shadow = (None if mean is None else mean / MICROSECONDS_PER_MILLISECOND for mean in means)
    change = mean_ratio(_pairs(measurement, identity))
    return Row(identity, LATENCIES[identity], "ms", production, shadow, change=change)


def _pairs(measurement: Measurement, identity: str) -> list[tuple[float, float, float]]:
    """Return (production, shadow, requests of the shadow) of the periods that both variants have, in order."""
    first, second = measurement.of(Role.PRODUCTION, identity), measurement.of(Role.SHADOW, identity)
    weights = measurement.of(Role.SHADOW, "latency_samples")
    moments = sorted(first.keys() & second.keys())
    return [(first[moment], second[moment], weights.get(moment, 0.0)) for moment in moments]


def _rate(measurement: Measurement, identity: str, summaries: Mapping[Role, Summary]) -> Row:
    shares = {role: share(sum(measurement.of(role, identity).values()), summaries[role].invocations) for role in Role}
    production, shadow = shares[Role.PRODUCTION], shares[Role.SHADOW]
    if production is None or shadow is None:
        return Row(identity, RATES[identity], "%", None, None, "share")
    note = ", ".join(
        f"{role} {100 * rate.low:.3f} to {rate.high:.3%}" for role, rate in shares.items() if rate is not None
    )
    change = share_difference(production, shadow)
    return Row(identity, RATES[identity], "%", production.estimate, shadow.estimate, "share", change, note)


def _utilisation(measurement: Measurement, identity: str) -> Row:
    production, shadow = (_mean(measurement, role, identity) for role in Role)
    sampling, note = measurement.subject.sampling, ""
    if identity in LOADS and shadow is not None and 0 < sampling < 1:
        note = f"{shadow / sampling:.0f} % if it grows with the traffic to all of it"
    return Row(identity, UTILISATIONS[identity][1], "%", production, shadow, note=note)
