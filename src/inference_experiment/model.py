"""The values that the decision is made of: frozen, parsed once, free of AWS clients and raw events.

Status names are the API's (aws-facts 1.5, 2.1); ABSENT is ours for an experiment that does not exist.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from inference_experiment.criteria import Criteria
from inference_experiment.errors import Failure


class Status(StrEnum):
    """Status of an experiment."""

    ABSENT = "Absent"
    CREATING = "Creating"
    CREATED = "Created"
    UPDATING = "Updating"
    STARTING = "Starting"
    RUNNING = "Running"
    STOPPING = "Stopping"
    COMPLETED = "Completed"
    CANCELLED = "Cancelled"


TRANSITIONAL: Final = frozenset({Status.CREATING, Status.UPDATING, Status.STARTING, Status.STOPPING})
ENDED: Final = frozenset({Status.COMPLETED, Status.CANCELLED})
# An experiment in one of these holds its endpoint: SageMaker allows one shadow variant per endpoint.
LIVE: Final = frozenset(Status) - ENDED - {Status.ABSENT}


class RequestType(StrEnum):
    """RequestType of a custom-resource event."""

    CREATE = "Create"
    UPDATE = "Update"
    DELETE = "Delete"


class DesiredState(StrEnum):
    """The state that a request asks for, from RequestType and the property DesiredState."""

    EXIST = "exist"
    RUN = "run"
    COMPLETE = "complete"
    CANCEL = "cancel"
    GONE = "be gone"


class Ownership(StrEnum):
    """Whose experiment it is, by its owner tag."""

    REQUEST = "created by this request"
    RESOURCE = "created by an earlier request of this resource"
    OTHER = "not ours"


class Member(StrEnum):
    """A part of the configuration that can differ; values are property paths."""

    NAME = "Name"
    TYPE = "Type"
    ROLE_ARN = "RoleArn"
    ENDPOINT_NAME = "EndpointName"
    KMS_KEY = "KmsKey"
    DESCRIPTION = "Description"
    START_TIME = "Schedule/StartTime"
    END_TIME = "Schedule/EndTime"
    MODEL_VARIANTS = "ModelVariants"
    DATA_STORAGE_CONFIG = "DataStorageConfig"
    SHADOW_VARIANTS = "ShadowModeConfig"
    SAMPLING_PERCENTAGE = "ShadowModeConfig/ShadowModelVariants/0/SamplingPercentage"


class ActionKind(StrEnum):
    """What to do next: an operation (value: its API name), or no call. MEASURE and READ_RESULT change nothing.

    ASK_STACK finds out whether CloudFormation still waits for the request; ABANDON ends one for which it does not.
    """

    CREATE = "CreateInferenceExperiment"
    UPDATE = "UpdateInferenceExperiment"
    START = "StartInferenceExperiment"
    STOP = "StopInferenceExperiment"
    DELETE = "DeleteInferenceExperiment"
    ADD_TAGS = "AddTags"
    DELETE_TAGS = "DeleteTags"
    MEASURE = "GetMetricData"
    READ_RESULT = "GetObject"
    WAIT = "wait"
    ASK_STACK = "ask the stack"
    DONE = "done"
    FAIL = "fail"
    ABANDON = "abandon"


WITHOUT_CALL: Final = frozenset(
    {ActionKind.WAIT, ActionKind.ASK_STACK, ActionKind.DONE, ActionKind.FAIL, ActionKind.ABANDON}
)
OPERATIONS: Final = frozenset(ActionKind) - WITHOUT_CALL
READING: Final = frozenset({ActionKind.MEASURE, ActionKind.READ_RESULT})
MUTATING: Final = OPERATIONS - READING
# Nothing brings back what these end.
IRREVERSIBLE: Final = frozenset({ActionKind.STOP, ActionKind.DELETE})


@dataclass(frozen=True)
class Variant:
    """One entry of ModelVariants."""

    variant_name: str
    model_name: str
    instance_type: str
    instance_count: int


@dataclass(frozen=True)
class DataStorage:
    """DataStorageConfig: where captured requests go."""

    destination: str
    kms_key: str = ""
    csv_content_types: tuple[str, ...] = ()
    json_content_types: tuple[str, ...] = ()


@dataclass(frozen=True)
class Configuration:
    """The configuration of an experiment, desired or observed; times are UTC at the API's precision of a second."""

    name: str
    type: str
    role_arn: str
    endpoint_name: str
    model_variants: tuple[Variant, ...]
    source_variant: str
    shadow_variant: str
    sampling_percentage: int
    description: str = ""
    start_time: datetime | None = None
    end_time: datetime | None = None
    data_storage: DataStorage | None = None
    kms_key: str = ""

    def variant(self, name: str) -> Variant | None:
        """Return the entry of ModelVariants with this VariantName."""
        return next((variant for variant in self.model_variants if variant.variant_name == name), None)


@dataclass(frozen=True)
class StopRequest:
    """How to stop a running experiment: end state, actions per variant, reason, criteria of a promotion.

    `variants` are production and shadow as the template names them, for an answer of Describe that names none.
    """

    state: Status = Status.COMPLETED
    actions: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    criteria: Criteria | None = None
    variants: tuple[str, ...] = ()


@dataclass(frozen=True)
class Desired:
    """What the template asks for. `tags` are the user's, `previous_tags` the keys that the template had before."""

    configuration: Configuration
    desired_state: DesiredState
    stop: StopRequest = field(default_factory=StopRequest)
    tags: Mapping[str, str] = field(default_factory=dict)
    previous_tags: frozenset[str] = frozenset()
    explicit_name: bool = True


@dataclass(frozen=True)
class Observed:
    """The state of an experiment in SageMaker. Of an ABSENT experiment only the name is known."""

    name: str
    status: Status = Status.ABSENT
    ownership: Ownership = Ownership.OTHER
    arn: str = ""
    configuration: Configuration | None = None
    status_reason: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ours(self) -> bool:
        """Whether the owner tag names this resource."""
        return self.ownership is not Ownership.OTHER

    @property
    def created(self) -> float | None:
        """When it was created, in epoch seconds; None where SageMaker does not say."""
        moment = self.details.get("CreationTime")
        return moment.timestamp() if isinstance(moment, datetime) else None

    @property
    def variant_statuses(self) -> dict[str, str]:
        """VariantName -> ModelVariantStatus, as far as SageMaker says."""
        variants = [each for each in self.details.get("ModelVariants") or () if isinstance(each, Mapping)]
        return {str(each.get("VariantName", "")): str(each.get("Status", "")) for each in variants}


@dataclass(frozen=True)
class Progress:
    """What one request has done so far; travels with the waiting message. Times are epoch seconds.

    `acted` maps "<ActionKind>:<experiment>" to the time of the call; `target` is the experiment that the request is
    about once that is known; `failure` is set while a failed replacement is removed; `transition_seen` says that a
    transitional status was observed after the last call; `failing_since` is the first of consecutive conflicts and
    server errors; `slowdown` multiplies the polling interval after throttling; `handovers` counts the messages;
    `status` was observed last, since `status_since`.
    """

    deadline: float
    acted: Mapping[str, float] = field(default_factory=dict)
    target: str = ""
    failure: str = ""
    transition_seen: bool = False
    failing_since: float | None = None
    slowdown: float = 1.0
    handovers: int = 0
    status: str = ""
    status_since: float = 0.0

    def called_at(self, kind: ActionKind, name: str) -> float | None:
        """Return when this request called the operation on the experiment."""
        return self.acted.get(f"{kind}:{name}")


@dataclass(frozen=True)
class Action:
    """One decision: an operation with its arguments, or a result. `reason` is for the log."""

    kind: ActionKind
    name: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    error: Failure | None = None
    failure: str = ""


@dataclass(frozen=True)
class RequestResult:
    """The end of an invocation: an answer (FAILED with `error`), or with `waiting` more work in `delay` seconds.

    `note` is the Reason of a success. An `abandoned` request is not answered: CloudFormation no longer waits for it.
    """

    physical_id: str
    observed: Observed | None = None
    error: Failure | None = None
    waiting: Progress | None = None
    delay: float = 0.0
    note: str = ""
    abandoned: bool = False
