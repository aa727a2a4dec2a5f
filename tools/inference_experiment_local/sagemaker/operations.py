"""The seven operations on inference experiments and the tag operations on their ARNs.

Requests come in validated against their shapes (`shapes`); the caller holds the lock. Facts: aws-facts 1.6,
1.7, 2.2.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from inference_experiment_local.clock import Clock
from inference_experiment_local.errors import ServiceError, invalid, not_found, wrong_status
from inference_experiment_local.sagemaker.experiment import TERMINAL, SimulatedExperiment, Status
from inference_experiment_local.sagemaker.life import Life
from inference_experiment_local.sagemaker.rules import (
    LEGAL,
    check_endpoint,
    check_running_update,
    check_schedule,
    check_tags,
    check_variants,
    taken,
    variants_after_stop,
)
from inference_experiment_local.service import Members

if TYPE_CHECKING:
    from inference_experiment_local.sagemaker.moto_backend import MotoSageMaker

Handler: TypeAlias = Callable[[Members], Members]

_DEFAULT_PAGE_SIZE = 10
"""Experiments per page without MaxResults; the figure is [INF]."""


class ExperimentOperations:
    """Inference experiments of one account and region.

    `staleness` are the seconds for which Describe and List return the old status after an action, `deletion_lag` those
    for which they still find what is deleted.
    """

    def __init__(self, moto: "MotoSageMaker", clock: Clock, arn_prefix: str) -> None:
        self.life = Life(moto)
        self.staleness = 0.0
        self.deletion_lag = 0.0
        self.experiments: dict[str, SimulatedExperiment] = {}
        self._deleted: dict[str, tuple[SimulatedExperiment, float]] = {}
        self._moto = moto
        self._clock = clock
        self._arn_prefix = arn_prefix
        self._handlers: Mapping[str, Handler] = {
            "CreateInferenceExperiment": self.create,
            "DescribeInferenceExperiment": self.describe,
            "ListInferenceExperiments": self.list_experiments,
            "UpdateInferenceExperiment": self.update,
            "StartInferenceExperiment": self.start,
            "StopInferenceExperiment": self.stop,
            "DeleteInferenceExperiment": self.delete,
            "AddTags": self.add_tags,
            "DeleteTags": self.delete_tags,
            "ListTags": self.list_tags,
        }

    def handler(self, operation: str, parameters: Members) -> Handler | None:
        """Return what performs the operation; None where these parameters are not about inference experiments."""
        if parameters.get("ResourceArn", self._arn_prefix).startswith(self._arn_prefix):
            return self._handlers.get(operation)
        return None

    def settle(self) -> None:
        """Bring everything up to the present time."""
        now = self._clock.now()
        for experiment in self.experiments.values():
            self.life.settle(experiment, now)
        self._deleted = {name: pair for name, pair in self._deleted.items() if pair[1] > now}

    def create(self, request: Members) -> Members:
        """CreateInferenceExperiment."""
        name, now = request["Name"], self._clock.now()
        if name in self.experiments:
            raise ServiceError("ResourceInUse", f"Inference experiment {name} already exists.")
        check_variants(request)
        self._check_models(request)
        for other in self.experiments.values():
            if other.endpoint_name == request["EndpointName"] and other.status not in TERMINAL:
                raise taken(other)
        deployment = self._moto.deployment(request["EndpointName"])
        if deployment is None:
            raise invalid(f'Could not find endpoint "{request["EndpointName"]}".')
        check_endpoint(request, deployment)
        schedule = request.get("Schedule") or {}
        check_schedule(schedule, now)
        check_tags(request.get("Tags") or ())
        tags = {tag["Key"]: tag["Value"] for tag in request.get("Tags") or ()}
        arn = self._arn_prefix + name
        experiment = SimulatedExperiment(request, arn, deployment, now, since=now, last_modified_time=now, tags=tags)
        experiment.start_time, experiment.end_time = schedule.get("StartTime"), schedule.get("EndTime")
        self.experiments[name] = experiment
        return {"InferenceExperimentArn": arn}

    def describe(self, request: Members) -> Members:
        """DescribeInferenceExperiment; a deleted experiment still answers for `deletion_lag` seconds."""
        experiment = self._readable(request["Name"])
        metadata = self._moto.metadata(experiment.endpoint_name)
        return experiment.description(self._clock.now(), metadata)

    def list_experiments(self, request: Members) -> Members:
        """ListInferenceExperiments; newest first by default [INF]."""
        now = self._clock.now()
        everything = [*self.experiments.values(), *(pair[0] for pair in self._deleted.values())]
        summaries = [each for each in (one.summary(now) for one in everything) if _matches(each, request)]
        key = request.get("SortBy", "CreationTime")
        summaries.sort(key=lambda each: (each[key], each["Name"]), reverse=request.get("SortOrder") != "Ascending")
        first = _offset(request.get("NextToken", "0"))
        last = first + request.get("MaxResults", _DEFAULT_PAGE_SIZE)
        page: Members = {"InferenceExperiments": summaries[first:last]}
        return {**page, "NextToken": str(last)} if last < len(summaries) else page

    def update(self, request: Members) -> Members:
        """UpdateInferenceExperiment; a member that is left out stays as it is."""
        experiment, now = self._in_legal_status("UpdateInferenceExperiment", request["Name"]), self._clock.now()
        changes = {key: value for key, value in request.items() if key != "Schedule" and value is not None}
        schedule = request.get("Schedule") or {}
        if experiment.status is Status.RUNNING:
            check_running_update(experiment, request, now)
        else:
            check_variants({**experiment.request, **changes})
            self._check_models({**experiment.request, **changes})
            merged = {"StartTime": experiment.start_time, "EndTime": experiment.end_time, **schedule}
            check_schedule(merged, now)
        experiment.resume = experiment.status
        # First, since traffic until now has been that of the old configuration.
        result = self._acted(experiment, Status.UPDATING)
        experiment.request = {**experiment.request, **changes}
        experiment.start_time = schedule.get("StartTime", experiment.start_time)
        experiment.end_time = schedule.get("EndTime", experiment.end_time)
        return result

    def start(self, request: Members) -> Members:
        """StartInferenceExperiment: begins a scheduled experiment early."""
        return self._acted(self._in_legal_status("StartInferenceExperiment", request["Name"]), Status.STARTING)

    def stop(self, request: Members) -> Members:
        """StopInferenceExperiment; DesiredState is Completed unless given [INF]."""
        experiment = self._in_legal_status("StopInferenceExperiment", request["Name"])
        experiment.after = variants_after_stop(experiment, request)
        self._check_models({"ModelVariants": request.get("DesiredModelVariants") or []})
        experiment.actions = experiment.actions_keeping(experiment.after)
        experiment.end_state = Status(request.get("DesiredState", Status.COMPLETED))
        experiment.reason = request.get("Reason", experiment.reason)
        return self._acted(experiment, Status.STOPPING)

    def delete(self, request: Members) -> Members:
        """DeleteInferenceExperiment: removes the metadata only (aws-facts 2.1)."""
        experiment = self._in_legal_status("DeleteInferenceExperiment", request["Name"])
        del self.experiments[experiment.name]
        if self.deletion_lag > 0:
            self._deleted[experiment.name] = (experiment, self._clock.now() + self.deletion_lag)
        return {"InferenceExperimentArn": experiment.arn}

    def add_tags(self, request: Members) -> Members:
        """AddTags; a key that exists gets the new value."""
        experiment = self._writable(request["ResourceArn"].removeprefix(self._arn_prefix))
        fresh = {tag["Key"]: tag["Value"] for tag in request["Tags"]}
        check_tags(request["Tags"], existing=len(experiment.tags.keys() - fresh.keys()))
        experiment.tags |= fresh
        return {"Tags": _tag_list(experiment)}

    def delete_tags(self, request: Members) -> Members:
        """DeleteTags; keys that do not exist are ignored."""
        experiment = self._writable(request["ResourceArn"].removeprefix(self._arn_prefix))
        for key in request["TagKeys"]:
            experiment.tags.pop(key, None)
        return {}

    def list_tags(self, request: Members) -> Members:
        """ListTags; one page always suffices (aws-facts 1.10)."""
        return {"Tags": _tag_list(self._readable(request["ResourceArn"].removeprefix(self._arn_prefix)))}

    def _readable(self, name: str) -> SimulatedExperiment:
        if name in self.experiments:
            return self.experiments[name]
        if name in self._deleted:
            return self._deleted[name][0]
        raise not_found(self._arn_prefix + name)

    def _writable(self, name: str) -> SimulatedExperiment:
        if name not in self.experiments:
            raise not_found(self._arn_prefix + name)
        return self.experiments[name]

    def _in_legal_status(self, operation: str, name: str) -> SimulatedExperiment:
        experiment = self._writable(name)
        if experiment.status not in LEGAL[operation]:
            raise wrong_status(name, experiment.status.value, [each.value for each in LEGAL[operation]])
        return experiment

    def _acted(self, experiment: SimulatedExperiment, status: Status) -> Members:
        now = self._clock.now()
        experiment.stale_status, experiment.stale_until = experiment.status, now + self.staleness
        experiment.not_before = 0.0
        self.life.enter(experiment, status, now)
        return {"InferenceExperimentArn": experiment.arn}

    def _check_models(self, request: Members) -> None:
        for each in request["ModelVariants"]:
            if not self._moto.model_exists(each["ModelName"]):
                raise invalid(f'Could not find model "{each["ModelName"]}".')


def _tag_list(experiment: SimulatedExperiment) -> list[Members]:
    return [{"Key": key, "Value": value} for key, value in experiment.tags.items()]


def _matches(summary: Members, request: Members) -> bool:
    """Whether a summary passes the filters of ListInferenceExperiments."""
    if request.get("NameContains", "").lower() not in summary["Name"].lower():
        return False
    if request.get("StatusEquals", summary["Status"]) != summary["Status"]:
        return False
    return all(
        request.get(f"{key}After", float("-inf")) < summary[key] < request.get(f"{key}Before", float("inf"))
        for key in ("CreationTime", "LastModifiedTime")
    )


def _offset(token: str) -> int:
    try:
        return int(token)
    except ValueError as problem:
        raise invalid("The pagination token is invalid.") from problem
