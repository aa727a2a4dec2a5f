"""Reads the metrics of both variants over an experiment's time from CloudWatch."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from inference_experiment import criteria
from inference_experiment.criteria import Role, Window
from inference_experiment.observed_properties import timestamp
from inference_experiment_cli.errors import NotPossibleError, ServiceError

ENDPOINTS: Final = "/aws/sagemaker/Endpoints"
SYNTHETIC: Final = "SyntheticMetrics"
# id after the role -> metric of the instances, title
UTILISATIONS: Final = {
    "cpu": ("CPUUtilization", "CPU utilisation"),
    "memory": ("MemoryUtilization", "memory utilisation"),
    "disk": ("DiskUtilization", "disk utilisation"),
    "gpu": ("GPUUtilization", "GPU utilisation"),
    "gpu_memory": ("GPUMemoryUtilization", "GPU memory utilisation"),
}
# id after the role -> namespace, metric, statistic; the verdict's own measures come from criteria.py.
EXTRA: Final[Mapping[str, tuple[str, str, str]]] = {
    **{f"latency_{stat}": (criteria.NAMESPACE, "ModelLatency", stat) for stat in ("p50", "p90", "p95", "p99")},
    "latency_average": (criteria.NAMESPACE, "ModelLatency", "Average"),
    "overhead_average": (criteria.NAMESPACE, "OverheadLatency", "Average"),
    "per_instance": (criteria.NAMESPACE, "InvocationsPerInstance", "Sum"),
    **{name: (ENDPOINTS, metric, "Average") for name, (metric, _) in UTILISATIONS.items()},
}


@dataclass(frozen=True)
class Subject:
    """What is measured: the experiment as described, its tags and region, and the two variants."""

    name: str
    members: Mapping[str, Any]
    tags: Mapping[str, str]
    region: str
    endpoint: str
    variants: Mapping[Role, str]
    sampling: float


@dataclass(frozen=True)
class Measurement:
    """All series by the id of their query, the time they cover, and CloudWatch's messages."""

    subject: Subject
    window: Window
    series: Mapping[str, Mapping[datetime, float]]
    messages: tuple[str, ...]
    synthetic: bool
    taken: datetime

    def of(self, role: Role, measure: str) -> Mapping[datetime, float]:
        """Return one series; empty where CloudWatch has none."""
        return self.series.get(f"{role}_{measure}", {})


def subject_of(members: Mapping[str, Any], tags: Mapping[str, str], region: str) -> Subject:
    """Return what is to be measured. Raises NotPossibleError for an experiment without a shadow variant."""
    config = members.get("ShadowModeConfig") or {}
    shadows = config.get("ShadowModelVariants") or []
    endpoint = (members.get("EndpointMetadata") or {}).get("EndpointName", "")
    if not shadows or not endpoint:
        raise NotPossibleError(f"experiment {members['Name']} has no shadow variant to report on")
    shadow = shadows[0]
    variants = {Role.PRODUCTION: config["SourceModelVariantName"], Role.SHADOW: shadow["ShadowModelVariantName"]}
    return Subject(members["Name"], members, tags, region, endpoint, variants, shadow["SamplingPercentage"] / 100)


def window_of(members: Mapping[str, Any], now: datetime) -> Window:
    """Return the time in which the shadow could be measured: from its start to its end, or until now."""
    schedule = members.get("Schedule") or {}
    start = schedule.get("StartTime") or members.get("CreationTime")
    if start is None:
        raise NotPossibleError(f"experiment {members.get('Name')} has neither StartTime nor CreationTime")
    if start > now and "CompletionTime" not in members:
        raise NotPossibleError(f"experiment {members.get('Name')} starts at {timestamp(start)}; it has no metrics yet")
    ends = [members.get("CompletionTime") or now, schedule.get("EndTime")]
    return criteria.window(start, max(start, min(end for end in ends if end is not None)), now)


def measure(cloudwatch: Any, subject: Subject, statistic: str, now: datetime) -> Measurement:  # noqa: ANN401 - a client
    """Return the metrics. Raises ClientError and BotoCoreError, and ServiceError where they are not complete."""
    window = window_of(subject.members, now)
    queries = criteria.queries(subject.endpoint, subject.variants, statistic, window.period)
    queries += [
        criteria.query(f"{role}_{name}", subject.endpoint, variant, metric, window.period)
        for role, variant in subject.variants.items()
        for name, metric in EXTRA.items()
    ]
    results: list[Mapping[str, Any]] = []
    messages: dict[str, str] = {}
    pages = cloudwatch.get_paginator("get_metric_data").paginate(
        MetricDataQueries=queries, StartTime=window.start, EndTime=window.end
    )
    for page in pages:
        results += page["MetricDataResults"]
        messages |= {message.get("Code", ""): message.get("Value", "") for message in page.get("Messages", [])}
    if missing := criteria.incomplete(results):
        raise ServiceError(f"CloudWatch returned incomplete data of {', '.join(missing)}; repeat the command")
    synthetic = SYNTHETIC in messages
    return Measurement(subject, window, criteria.series(results), tuple(messages.values()), synthetic, now)
