"""What must hold after whatever happened: nothing lost, nothing orphaned, nobody else's touched.

Looks at the simulated AWS from behind, independently of the provider's code. Each function returns texts, one per
breach; none is good.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from protocol_driver.stack import TIMED_OUT

if TYPE_CHECKING:
    from inference_experiment_local.sagemaker.experiment import SimulatedExperiment
    from inference_experiment_local.service import Call
    from protocol_driver.cloud import ProtocolCloud
    from protocol_driver.messages import StackRequest
    from protocol_driver.response_bucket import BucketResponse
    from protocol_driver.stack import Stack

OWNER_TAG = "cfn-inference-experiment:owner"
MUTATIONS = frozenset(
    {
        "UpdateInferenceExperiment",
        "StartInferenceExperiment",
        "StopInferenceExperiment",
        "DeleteInferenceExperiment",
        "AddTags",
        "DeleteTags",
    }
)
CREATE = "CreateInferenceExperiment"
SHORT = 3600.0
FRESH_SECONDS = 3.0
LAST_TRIES = 600.0  # seconds before the end in which a wait comes back at least once
WITH_RESOURCE = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"})
# CloudFormation still remembers what a rollback that has not ended is to remove: judged after its repetition.
UNFINISHED = frozenset({"UPDATE_ROLLBACK_FAILED", "ROLLBACK_FAILED"})
WITHOUT_RESOURCE = frozenset({"ROLLBACK_COMPLETE", "DELETE_COMPLETE"})


@dataclass(frozen=True)
class Foreign:
    """An experiment of somebody else as it was before."""

    name: str
    state: str


def experiments(cloud: "ProtocolCloud") -> "dict[str, SimulatedExperiment]":
    """Return the true experiments by name, whatever Describe tells."""
    with cloud.sagemaker._settled():
        return dict(cloud.sagemaker.operations.experiments)


def foreign(cloud: "ProtocolCloud", name: str) -> Foreign:
    return Foreign(name, _state(experiments(cloud).get(name)))


def _state(experiment: "SimulatedExperiment | None") -> str:
    if experiment is None:
        return "absent"
    # How far its captured data go changes with the time alone.
    kept = {name: value for name, value in vars(experiment).items() if not name.startswith("captured")}
    return json.dumps(kept, default=str, sort_keys=True)


def owned(cloud: "ProtocolCloud", stack: "Stack") -> set[str]:
    """Return the names of the experiments that carry this resource's owner tag."""
    owner = f"{stack.stack_id.rpartition('/')[2]}/{stack.logical_id}/"
    return {name for name, each in experiments(cloud).items() if each.tags.get(OWNER_TAG, "").startswith(owner)}


def breaches(cloud: "ProtocolCloud", stack: "Stack") -> list[str]:
    """Return what is wrong once everything is drained."""
    return [*response_breaches(cloud, stack), *orphan_breaches(cloud, stack), *queue_breaches(cloud)]


class Handled:
    """The calls of SageMaker from now on, each with the RequestId that the function was busy with."""

    def __init__(self, cloud: "ProtocolCloud") -> None:
        self._cloud = cloud
        self._before = cloud.sagemaker.on_call
        self._calls: list[tuple[Call, str]] = []
        cloud.sagemaker.on_call = self._note

    def _note(self, call: "Call") -> None:
        self._calls.append((call, self._cloud.deliveries.handling))
        if self._before is not None:
            self._before(call)

    def stale_breaches(self) -> Iterator[str]:
        """Yield the mutating calls for requests that CloudFormation did not wait for any more.

        A fresh first attempt may act unasked, for FRESH_SECONDS after the request was signed.
        """
        requests = {each.request_id: (stack, each) for stack in self._cloud.stacks for each in stack.requests}
        for call, request_id in self._calls:
            stack, request = requests.get(request_id, (None, None))
            if request is None or stack is None or request.ended is None or call.error:
                continue
            if call.operation in {*MUTATIONS, CREATE} and call.time > max(request.ended, request.sent + FRESH_SECONDS):
                label = f"{request.type} #{stack.requests.index(request)} of {stack.name}"
                yield f"{call.operation} of {call.parameters.get('Name')} for {label}, which is no longer waited for"


def foreign_breaches(cloud: "ProtocolCloud", before: Foreign) -> Iterator[str]:
    """Yield whether an experiment of somebody else is not what it was, or was the target of a mutation."""
    if foreign(cloud, before.name) != before:
        yield f"foreign experiment {before.name} changed: {foreign(cloud, before.name).state} was {before.state}"
    for call in cloud.sagemaker.calls_of(*MUTATIONS):
        target = call.parameters.get("Name") or call.parameters.get("ResourceArn", "").rpartition("/")[2]
        if target == before.name:
            yield f"{call.operation} was called on foreign experiment {before.name}"


def response_breaches(cloud: "ProtocolCloud", stack: "Stack") -> Iterator[str]:
    """Yield what is wrong with the answers: one decisive one per request, in time, with the right id."""
    given_up = {json.loads(letter.body)["RequestId"] for letter in cloud.queue.dead_letters}
    disturbed = {each.request_id for each in cloud.deliveries.log if each.error}
    for request in stack.requests:
        label = f"{request.type} #{stack.requests.index(request)}"
        bodies = [arrival.body for arrival in cloud.bucket.arrivals(request.request_id)]
        decisive = {_decisive(arrival) for arrival in answers_in_time(cloud, stack, request)}
        if len(decisive) > 1:
            yield f"{label} got contradictory answers: {sorted(decisive)}"
        if not bodies and not _is_cancelled(request) and request.request_id not in given_up:
            yield f"{label} got no answer and is on no dead-letter queue"
        # Where an invocation failed, Lambda repeats it after minutes: a short ServiceTimeout may be over by then.
        short = request.expires - request.sent < SHORT and request.request_id in disturbed
        timed_out = request.answer is not None and request.answer.reason == TIMED_OUT
        if timed_out and not short and request.request_id not in given_up and not _was_answering(cloud, request):
            yield f"{label} was not answered before its ServiceTimeout"
        yield from (f"{label}: {problem}" for body in bodies[:1] for problem in _id_problems(stack, request, body))


def _was_answering(cloud: "ProtocolCloud", request: "StackRequest") -> bool:
    """Return whether the function was still trying to answer at the end, and the bucket refused: an alarm tells."""
    refused = "did not accept the answer"
    deliveries = [each for each in cloud.deliveries.log if each.request_id == request.request_id]
    return any(refused in each.error and each.began > request.expires - LAST_TRIES for each in deliveries)


def _is_cancelled(request: "StackRequest") -> bool:
    """Return whether CloudFormation stopped waiting early; the function abandons such a request before it acts."""
    return request.answer is not None and not request.answer.physical_id and request.answer.reason != TIMED_OUT


def _decisive(arrival: "BucketResponse") -> tuple[str, str]:
    return arrival.body["Status"], arrival.body["PhysicalResourceId"]


def answers_in_time(cloud: "ProtocolCloud", stack: "Stack", request: "StackRequest") -> "list[BucketResponse]":
    """Return the answers that must agree.

    CloudFormation reads the first. An event may be delivered again after minutes; when CloudFormation has sent the
    resource its next request by then, that delivery finds another situation and may answer for that. Answers
    of a request that CloudFormation has cancelled are not read at all.
    """
    if request.answer is not None and not request.answer.physical_id:
        return []
    following = stack.requests[stack.requests.index(request) + 1 :]
    moved_on = following[0].sent if following else float("inf")
    repeats = {
        each.began for each in cloud.deliveries.log if each.request_id == request.request_id and each.began >= moved_on
    }
    arrivals = cloud.bucket.arrivals(request.request_id)
    return [each for each in arrivals if not any(began <= each.time for began in repeats)]


def _id_problems(stack: "Stack", request: "StackRequest", body: dict[str, Any]) -> Iterator[str]:
    physical_id, failed = body["PhysicalResourceId"], body["Status"] == "FAILED"
    if request.type == "Create":
        # Of a failed create either the marker, or the name of what it made: the rollback's Delete takes it.
        marker = physical_id == f"create-failed:{request.request_id}"
        if marker and not failed:
            yield "a successful Create reported the marker"
    elif physical_id != request.event["PhysicalResourceId"] and (failed or request.type == "Delete"):
        yield f"the id changed to {physical_id} although {request.type} {body['Status']}"
    if failed and not body["Reason"]:
        yield "FAILED without a Reason"


def orphan_breaches(cloud: "ProtocolCloud", stack: "Stack") -> Iterator[str]:
    """Yield experiments of the resource that CloudFormation does not know, or knows and are not there."""
    ours, known = owned(cloud, stack), {stack.physical_id} if stack.physical_id else set()
    if stack.status in WITH_RESOURCE and ours != known:
        yield f"{stack.status}: experiments of ours are {sorted(ours)}, CloudFormation knows {known}"
    elif stack.status in WITHOUT_RESOURCE and ours:
        yield f"{stack.status}: orphaned {sorted(ours)}"
    elif ours - known and stack.status not in UNFINISHED:
        yield f"{stack.status}: experiments of ours are {sorted(ours)}, CloudFormation knows {known}"


def queue_breaches(cloud: "ProtocolCloud") -> Iterator[str]:
    if cloud.queue.messages:
        yield f"{len(cloud.queue.messages)} messages are left in the queue"
    if cloud.deliveries.asynchronous:
        yield "asynchronous invocations are left"


def differences(cloud: "ProtocolCloud", stack: "Stack") -> Iterator[str]:
    """Yield where the observed experiment differs from what the stack's template asks for."""
    wanted = stack.properties
    found = experiments(cloud).get(stack.physical_id or "")
    if found is None:
        yield f"there is no experiment {stack.physical_id}"
        return
    status = wanted.get("DesiredState")
    if status in {"Completed", "Cancelled"} and found.status != status:
        yield f"status is {found.status}, not {status}"
    if status == "Running" and found.status not in {"Running", "Completed", "Cancelled"}:
        yield f"status is {found.status}, not Running"
    tags = {tag["Key"]: tag["Value"] for tag in wanted.get("Tags", [])}
    for key, value in tags.items():
        if found.tags.get(key) != value:
            yield f"tag {key} is {found.tags.get(key)}, not {value}"
    for path, value in _configuration(wanted).items():
        if _configuration(found.request)[path] != value:
            yield f"{path} is {_configuration(found.request)[path]}, not {value}"


def _configuration(members: dict[str, Any]) -> dict[str, Any]:
    """Return what can be compared between a template and a request, in texts."""
    shadow = members["ShadowModeConfig"]["ShadowModelVariants"][0]
    return {
        "Description": members.get("Description", ""),
        "RoleArn": members["RoleArn"],
        "EndpointName": members["EndpointName"],
        "SamplingPercentage": str(shadow["SamplingPercentage"]),
    }
