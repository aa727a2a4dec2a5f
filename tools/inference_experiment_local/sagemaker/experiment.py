"""One simulated inference experiment: its statuses, what it holds, and how it is shown.

Facts: aws-facts 1.5 (values), 1.16 (members), 2.1 (what the statuses mean). [INF] marks what no source says.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from inference_experiment_local.service import Members


class Status(StrEnum):
    """Statuses of an inference experiment (aws-facts 1.5)."""

    CREATING = "Creating"
    CREATED = "Created"
    UPDATING = "Updating"
    RUNNING = "Running"
    STARTING = "Starting"
    STOPPING = "Stopping"
    COMPLETED = "Completed"
    CANCELLED = "Cancelled"


TRANSITIONAL = frozenset({Status.CREATING, Status.STARTING, Status.UPDATING, Status.STOPPING})
TERMINAL = frozenset({Status.COMPLETED, Status.CANCELLED})


@dataclass(frozen=True)
class Variant:
    """A variant as deployed on an endpoint; `role` is production or shadow."""

    model_name: str
    role: str
    instance_type: str
    instance_count: int

    @classmethod
    def of(cls, configuration: Members, role: str) -> "Variant":
        """Return the variant of a ModelVariantConfig."""
        hardware = configuration["InfrastructureConfig"]["RealTimeInferenceConfig"]
        return cls(configuration["ModelName"], role, hardware["InstanceType"], hardware["InstanceCount"])


Variants: TypeAlias = dict[str, Variant]
"""Variant name -> variant, of one endpoint."""


@dataclass(frozen=True)
class Deployment:
    """What an endpoint runs: the name of its configuration and its variants."""

    config_name: str
    variants: Variants


@dataclass
class SimulatedExperiment:
    """The state of one experiment; times are epoch seconds.

    `captured` counts the requests whose data have been captured, those until `captured_until`.
    """

    request: Members
    arn: str
    before: Deployment
    creation_time: float
    status: Status = Status.CREATING
    since: float = 0.0
    not_before: float = 0.0
    start_time: float | None = None
    end_time: float | None = None
    last_modified_time: float = 0.0
    completion_time: float | None = None
    reason: str | None = None
    resume: Status = Status.RUNNING
    after: Variants | None = None
    end_state: Status = Status.COMPLETED
    failure: str | None = None
    actions: Mapping[str, str] = field(default_factory=dict)
    stale_until: float = 0.0
    stale_status: Status | None = None
    tags: dict[str, str] = field(default_factory=dict)
    captured: int = 0
    captured_until: float = 0.0
    ran_since: float | None = None

    @property
    def name(self) -> str:
        """The name, which is the identity."""
        return str(self.request["Name"])

    @property
    def endpoint_name(self) -> str:
        """The endpoint under test."""
        return str(self.request["EndpointName"])

    @property
    def production_name(self) -> str:
        """The variant whose requests are copied."""
        return str(self.request["ShadowModeConfig"]["SourceModelVariantName"])

    @property
    def sampling(self) -> float:
        """The share of requests that is copied, up to 1."""
        return float(self.request["ShadowModeConfig"]["ShadowModelVariants"][0]["SamplingPercentage"]) / 100

    def variants(self) -> Variants:
        """Return the variants that the endpoint runs during the test."""
        roles = {self.production_name: "production"}
        named = {each["VariantName"]: each for each in self.request["ModelVariants"]}
        return {name: Variant.of(each, roles.get(name, "shadow")) for name, each in named.items()}

    def actions_keeping(self, kept: Variants) -> dict[str, str]:
        """Return the ModelVariantActions that leave only these of the variants on the endpoint."""
        return {name: "Retain" if name in kept else "Remove" for name in self.variants()}

    def shown_status(self, now: float) -> Status:
        """Return the status that Describe and List return: for a while the old one (aws-facts 2.5)."""
        return self.stale_status if self.stale_status and now < self.stale_until else self.status

    def summary(self, now: float) -> Members:
        """Return an InferenceExperimentSummary."""
        return _without_none(
            {
                "Name": self.name,
                "Type": self.request["Type"],
                "Schedule": self._schedule(),
                "Status": self.shown_status(now).value,
                "StatusReason": self.reason,
                "Description": self.request.get("Description"),
                "CreationTime": self.creation_time,
                "CompletionTime": self.completion_time,
                "LastModifiedTime": self.last_modified_time,
                "RoleArn": self.request["RoleArn"],
            }
        )

    def description(self, now: float, endpoint_metadata: Members) -> Members:
        """Return a DescribeInferenceExperimentResponse."""
        more = {key: self.request.get(key) for key in ("DataStorageConfig", "ShadowModeConfig", "KmsKey")}
        variants = [
            {**each, "Status": self._variant_status(each["VariantName"])} for each in self.request["ModelVariants"]
        ]
        endpoint = {"EndpointMetadata": endpoint_metadata, "ModelVariants": variants}
        return _without_none({"Arn": self.arn, **self.summary(now), **endpoint, **more})

    def _schedule(self) -> Members | None:
        return _without_none({"StartTime": self.start_time, "EndTime": self.end_time}) or None

    def _variant_status(self, name: str) -> str:
        """Return a ModelVariantStatus; which one goes with which experiment status is [INF]."""
        removed = self.actions.get(name) == "Remove"
        if self.status in TERMINAL:
            return "Deleted" if removed or self.failure else "InService"
        if self.status is Status.STOPPING:
            return "Deleting" if removed else "Updating"
        if self.status is Status.UPDATING:
            return "Updating"
        waits = self.status is not Status.RUNNING and name != self.production_name
        return "Creating" if waits else "InService"


def _without_none(members: Members) -> Members:
    return {key: value for key, value in members.items() if value is not None}
