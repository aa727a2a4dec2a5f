"""A CloudWatch without an account: GetMetricData for endpoints, with synthetic metrics.

The numbers are invented, not measured: every answer says so in its Messages (code SyntheticMetrics), and the report
shows that. Requests and answers are validated against botocore's shapes. Values depend only on the variant's behaviour,
the metric and the time, so that two runs agree. Namespaces, names, units and dimensions are aws-facts 8.
"""

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Final

from inference_experiment_local.clock import Clock
from inference_experiment_local.errors import ServiceError
from inference_experiment_local.sagemaker.shapes import require_shape, service_model
from inference_experiment_local.service import AwsService, Members

MARK: Final = {"Code": "SyntheticMetrics", "Value": "These numbers are invented by the local AWS and measure nothing."}
DAY: Final = 86_400
OVERHEAD_SPREAD: Final = 0.2


@dataclass(frozen=True)
class Behaviour:
    """How a variant behaves: what its synthetic metrics come from.

    `latency_ms` is the median and `spread` that of its logarithm; utilisation is in percent, times are epoch seconds.
    """

    requests_per_minute: float = 600.0
    latency_ms: float = 40.0
    spread: float = 0.35
    error_rate: float = 0.0002
    overhead_ms: float = 4.0
    utilisation: Mapping[str, float] = field(
        default_factory=lambda: {"CPUUtilization": 55.0, "MemoryUtilization": 41.0, "DiskUtilization": 12.0}
    )
    since: float = 0.0
    until: float = math.inf


@dataclass(frozen=True)
class Stretch:
    """A time, in epoch seconds, in which a variant had traffic."""

    behaviour: Behaviour
    since: float
    until: float


class LocalMetrics(AwsService):
    """CloudWatch. `behaviours` maps (endpoint, variant) to how it behaves; others have no metrics.

    `page_size` is how many values one answer holds.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock or Clock())
        self.behaviours: dict[tuple[str, str], Behaviour] = {}
        self.page_size = 100_800

    def perform(self, operation: str, parameters: Members) -> Members:
        """Perform GetMetricData; raises ServiceError."""
        if operation != "GetMetricData":
            raise ServiceError("UnknownOperationException", f"only GetMetricData, by JSON, is here, not {operation}")
        require_shape(service_model("cloudwatch").shape_for("GetMetricDataInput"), parameters, "ValidationError")
        answer = self._page(parameters)
        require_shape(service_model("cloudwatch").shape_for("GetMetricDataOutput"), answer, "ValidationError")
        return answer

    def stretches(self, endpoint: str, variant: str) -> list[Stretch]:
        """Return when a variant has had traffic, oldest first; none for an unknown one."""
        behaviour = self.behaviours.get((endpoint, variant))
        return [Stretch(behaviour, behaviour.since, behaviour.until)] if behaviour else []

    def _page(self, request: Members) -> Members:
        """Return the page that the token names: values of all queries, one after the other."""
        start = int(request.get("NextToken", "0"))
        results, position = [], 0
        for query in request["MetricDataQueries"]:
            points = self._points(query["MetricStat"], request["StartTime"], request["EndTime"])
            first, last = max(start - position, 0), start + self.page_size - position
            part = points[first : max(last, 0)]
            whole = last >= len(points)
            results.append(
                {
                    "Id": query["Id"],
                    "Label": query["MetricStat"]["Metric"]["MetricName"],
                    "Timestamps": [moment for moment, _ in part],
                    "Values": [value for _, value in part],
                    "StatusCode": "Complete" if whole else "PartialData",
                }
            )
            position += len(points)
        more = {"NextToken": str(start + self.page_size)} if start + self.page_size < position else {}
        return {"MetricDataResults": results, "Messages": [MARK], **more}

    def _points(self, stat: Members, start: float, end: float) -> list[tuple[float, float]]:
        dimensions = {each["Name"]: each["Value"] for each in stat["Metric"]["Dimensions"]}
        stretches = self.stretches(dimensions.get("EndpointName", ""), dimensions.get("VariantName", ""))
        period, name = stat["Period"], stat["Metric"]["MetricName"]
        moments = range(math.ceil(start / period) * period, math.ceil(end), period)
        points = {
            float(moment): value(each.behaviour, name, stat["Stat"], moment, period)
            for each in stretches
            for moment in moments
            if each.since - period < moment < each.until
        }
        # CloudWatch has no values where nothing happened, and none of metrics that a variant does not report.
        return [(moment, number) for moment, number in sorted(points.items()) if number is not None]


def value(behaviour: Behaviour, name: str, stat: str, moment: float, period: int) -> float | None:
    """Return a metric's statistic over one period; None where CloudWatch would have nothing."""
    day = 1 + 0.4 * math.sin(2 * math.pi * moment / DAY)
    requests = round(behaviour.requests_per_minute * day * period / 60 * _noise(behaviour, "requests", moment, 0.05))
    if name in behaviour.utilisation:
        return behaviour.utilisation[name] * (1 + (day - 1) * 0.5) * _noise(behaviour, name, moment, 0.04)
    if name in ("Invocations", "InvocationsPerInstance"):
        return float(requests) or None
    if name in ("InvocationModelErrors", "Invocation5XXErrors"):
        return _errors(behaviour, requests, moment) or None
    latencies = {
        "ModelLatency": (behaviour.latency_ms, behaviour.spread),
        "OverheadLatency": (behaviour.overhead_ms, OVERHEAD_SPREAD),
    }
    if name not in latencies or not requests:
        return None
    if stat == "SampleCount":
        return float(requests)
    median, spread = latencies[name]
    factor = (1 + (day - 1) * 0.2) * _noise(behaviour, name + stat, moment, 0.04)
    return 1000 * median * factor * _statistic(spread, stat)


def _statistic(spread: float, stat: str) -> float:
    """Return a statistic of a lognormal distribution with the median 1."""
    if stat.startswith("p"):
        return math.exp(spread * NormalDist().inv_cdf(float(stat[1:]) / 100))
    return math.exp(spread * spread / 2)


def _errors(behaviour: Behaviour, requests: int, moment: float) -> float:
    expected = behaviour.error_rate * requests
    whole = int(expected)
    lucky = random.Random(f"{behaviour}errors{moment}").random() < expected - whole  # noqa: S311 - not for secrets
    return float(min(requests, whole + lucky))


def _noise(behaviour: Behaviour, what: str, moment: float, spread: float) -> float:
    """Return a factor around 1 that is always the same for the same question.

    `requests` are copies of the same traffic, so their noise is that of the time and not of the variant.
    """
    seed = f"{moment}" if what == "requests" else f"{behaviour}{what}{moment}"
    return max(0.2, random.Random(seed).gauss(1, spread))  # noqa: S311 - not for secrets
