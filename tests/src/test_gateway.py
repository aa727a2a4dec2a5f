"""The gateway over HTTP: what it asks, and which error of ours each error of AWS becomes. No stubs."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import boto3
import pytest
from experiment_properties import properties
from requests_for_tests import STACK_ID, request

from inference_experiment import payloads
from inference_experiment.contract import operations
from inference_experiment.errors import (
    AccessDenied,
    AlreadyExists,
    Conflict,
    ExperimentError,
    LimitExceeded,
    NotFound,
    Refused,
    Throttled,
    Unavailable,
    UnexpectedStatus,
)
from inference_experiment.gateway import Gateway
from inference_experiment.model import OPERATIONS, WITHOUT_CALL, Action, ActionKind, Status
from inference_experiment.properties import parse

if TYPE_CHECKING:
    from inference_experiment_local.protocol.cloud import ProtocolCloud

ARN = "arn:aws:sagemaker:us-east-1:123456789012:inference-experiment/test"
NAME = {"Name": "test"}


@pytest.fixture(scope="module")
def clients(protocol_cloud: "ProtocolCloud") -> Iterator[Gateway]:
    """A gateway whose environment leads to the local services; its clients are made once."""
    settings = {
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_ENDPOINT_URL_SAGEMAKER": protocol_cloud.sagemaker.url,
        "AWS_ENDPOINT_URL_SQS": protocol_cloud.services.url,
        "AWS_ENDPOINT_URL_CLOUDFORMATION": protocol_cloud.services.url,
    }
    with pytest.MonkeyPatch.context() as patch:
        for key, value in settings.items():
            patch.setenv(key, value)
        boto3.setup_default_session()
        yield Gateway(protocol_cloud.services.queue_url)
    boto3.setup_default_session()


@pytest.fixture
def gateway(cloud: "ProtocolCloud", clients: Gateway) -> Gateway:
    """The gateway, and an AWS that is empty but for an endpoint and models."""
    return clients


@pytest.fixture
def experiment(cloud: "ProtocolCloud", gateway: Gateway) -> "ProtocolCloud":
    """The experiment `test`, running."""
    gateway.perform(creation())
    cloud.clock.advance(2)
    cloud.sagemaker.clear_calls()
    return cloud


def creation(**changes: Any) -> Action:
    desired = parse(request(ResourceProperties=properties(**changes)))
    return Action(ActionKind.CREATE, "test", payloads.create(desired, {"cfn-inference-experiment:owner": "me"}))


def test_describe(experiment: "ProtocolCloud", gateway: Gateway) -> None:
    observed = gateway.describe_inference_experiment("test")

    assert (observed.name, observed.status, observed.arn) == ("test", Status.RUNNING, ARN)
    assert observed.configuration is not None
    wanted = parse(request()).configuration
    found = observed.configuration
    assert replace(found, start_time=None, end_time=None) == wanted
    assert (found.start_time, found.end_time) != (None, None), "SageMaker fills the schedule in"
    assert observed.details["EndpointMetadata"]["EndpointStatus"] == "InService"
    assert not observed.tags


def test_what_does_not_exist_is_absent(gateway: Gateway) -> None:
    observed = gateway.describe_inference_experiment("test")

    assert (observed.name, observed.status, observed.configuration) == ("test", Status.ABSENT, None)
    assert gateway.list_tags(ARN) == {}


def test_tags(experiment: "ProtocolCloud", gateway: Gateway) -> None:
    gateway.perform(Action(ActionKind.ADD_TAGS, "test", {"ResourceArn": ARN, "Tags": payloads.tag_list({"a": "b"})}))
    gateway.perform(Action(ActionKind.DELETE_TAGS, "test", {"ResourceArn": ARN, "TagKeys": ["team"]}))

    assert gateway.list_tags(ARN) == {"a": "b", "cfn-inference-experiment:owner": "me"}


def test_every_operation_on_an_experiment(cloud: "ProtocolCloud", gateway: Gateway) -> None:
    """One call each, with the arguments of the step."""
    start = {"StartTime": "2099-01-01T00:00:00Z"}
    desired = parse(request(ResourceProperties=properties(Schedule=start))).configuration
    stop = payloads.stop(
        "test", {"production": "Retain", "shadow": "Remove"}, desired.model_variants[:1], Status.COMPLETED, "enough"
    )
    steps = [
        creation(Schedule=start),
        Action(ActionKind.UPDATE, "test", {**NAME, "Description": "x"}),
        Action(ActionKind.START, "test", NAME),
        Action(ActionKind.STOP, "test", stop),
        Action(ActionKind.DELETE, "test", NAME),
    ]
    for step in steps:
        gateway.perform(step)
        cloud.clock.advance(2)

    assert [call.operation for call in cloud.sagemaker.calls] == [step.kind.value for step in steps]
    assert [call.error for call in cloud.sagemaker.calls] == [None] * len(steps)
    assert cloud.sagemaker.status("test") is None


def test_deleting_what_is_gone_is_told_apart(cloud: "ProtocolCloud", gateway: Gateway) -> None:
    """Only a Delete that SageMaker has accepted ends a request."""
    with pytest.raises(NotFound, match="DeleteInferenceExperiment"):
        gateway.perform(Action(ActionKind.DELETE, "test", NAME))

    (call,) = cloud.sagemaker.calls
    assert (call.operation, call.error) == ("DeleteInferenceExperiment", "ResourceNotFound")


@pytest.mark.parametrize("kind", sorted(WITHOUT_CALL))
def test_outcomes_are_no_operations(gateway: Gateway, kind: ActionKind) -> None:
    with pytest.raises(KeyError):
        gateway.perform(Action(kind))


def test_actions_are_operations() -> None:
    """StepKind, gateway and operations.json name the same operations."""
    assert {kind.value for kind in OPERATIONS} <= set(operations())


def test_list_takes_only_what_begins_with_the_prefix(cloud: "ProtocolCloud", gateway: Gateway) -> None:
    """SageMaker's filter is "contains", of 63 characters at most, in pages."""
    long = "shop-" + "x" * 70
    cloud.sagemaker.add_endpoint("other", "production", "model-1")
    for number in range(12):
        name = f"{long}-{number}"
        gateway.perform(creation(Name=name, Schedule={"StartTime": "2099-01-01T00:00:00Z"}))
        cloud.clock.advance(1)
        cloud.sagemaker.add_endpoint(f"endpoint-{number}", "production", "model-1")
        _end(cloud, name)
    found = list(gateway.list_inference_experiments(f"{long}-1"))

    assert sorted(found) == [f"{long}-1", f"{long}-10", f"{long}-11"]
    assert list(gateway.list_inference_experiments("op-xxx")) == []
    assert cloud.sagemaker.calls_of("ListInferenceExperiments")[0].parameters["NameContains"] == long[:63]


def _end(cloud: "ProtocolCloud", name: str) -> None:
    """Bring a created experiment to its end, so that the endpoint can have the next."""
    client: Any = cloud.sagemaker.client()
    client.start_inference_experiment(Name=name)
    cloud.clock.advance(1)
    client.stop_inference_experiment(Name=name, ModelVariantActions={"production": "Retain", "shadow": "Remove"})
    cloud.clock.advance(1)


CALLS: Final[dict[str, Callable[[Gateway], object]]] = {
    "CreateInferenceExperiment": lambda gateway: gateway.perform(creation()),
    "DescribeInferenceExperiment": lambda gateway: gateway.describe_inference_experiment("test"),
    "UpdateInferenceExperiment": lambda gateway: gateway.perform(Action(ActionKind.UPDATE, "test", NAME)),
    "ListTags": lambda gateway: gateway.list_tags(ARN),
    "ListInferenceExperiments": lambda gateway: list(gateway.list_inference_experiments("x")),
}


@pytest.mark.parametrize("operation", CALLS)
@pytest.mark.parametrize(
    ("code", "family"),
    [
        ("ResourceInUse", AlreadyExists),
        ("ResourceLimitExceeded", LimitExceeded),
        ("ConflictException", Conflict),
        ("AccessDeniedException", AccessDenied),
        ("UnauthorizedOperation", AccessDenied),
        ("ValidationException", Refused),
        ("SomethingNew", Refused),
        ("ExpiredTokenException", Refused),
    ],
)
def test_errors_by_code(
    cloud: "ProtocolCloud", gateway: Gateway, operation: str, code: str, family: type[ExperimentError]
) -> None:
    """The same code means the same whatever was called; the text names operation, message and code."""
    cloud.sagemaker.fail_next(operation, code, "in words")

    with pytest.raises(family) as caught:
        CALLS[operation](gateway)

    assert type(caught.value) is family
    assert operation in str(caught.value)
    assert "in words" in str(caught.value)


@pytest.mark.parametrize(
    ("code", "status", "family"),
    [
        ("ThrottlingException", 400, Throttled),
        ("TooManyRequestsException", 429, Throttled),
        ("InternalFailure", 500, Unavailable),
        ("SomethingNew", 503, Unavailable),
    ],
)
def test_what_passes_by(
    cloud: "ProtocolCloud", gateway: Gateway, code: str, status: int, family: type[ExperimentError]
) -> None:
    """Throttling is told from server errors, of any code, once boto3 has tried twice."""
    cloud.sagemaker.fail_next("DescribeInferenceExperiment", code, status_code=status, times=2)

    with pytest.raises(family, match="DescribeInferenceExperiment: injected by the test"):
        gateway.describe_inference_experiment("test")
    assert len(cloud.sagemaker.calls) == 2


@pytest.mark.parametrize(
    ("message", "family"),
    [("Could not find inference experiment x", None), ("x does not exist", None), ("Name is wrong", Refused)],
)
def test_missing_by_message(
    cloud: "ProtocolCloud", gateway: Gateway, message: str, family: type[ExperimentError] | None
) -> None:
    """Some operations say ValidationException for what does not exist; for Describe that is absence."""
    cloud.sagemaker.fail_next("DescribeInferenceExperiment", "ValidationException", message)

    if family is None:
        assert gateway.describe_inference_experiment("test").status is Status.ABSENT
    else:
        with pytest.raises(family):
            gateway.describe_inference_experiment("test")


def test_missing_is_only_absence_when_reading(cloud: "ProtocolCloud", gateway: Gateway) -> None:
    with pytest.raises(NotFound):
        gateway.perform(Action(ActionKind.START, "test", NAME))
    cloud.sagemaker.fail_next("CreateInferenceExperiment", "ValidationException", "Could not find model x")
    with pytest.raises(Refused, match="Could not find model x"):
        gateway.perform(creation())


def test_nobody_answers(clients: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """No connection is no answer, and passes by."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER", "http://127.0.0.1:1")

    with pytest.raises(Unavailable, match="DescribeInferenceExperiment: no answer from AWS"):
        Gateway().describe_inference_experiment("test")


def test_arguments_that_boto3_refuses(gateway: Gateway) -> None:
    """Our own mistake, or a property that the schema let through, is refused at once and not waited for."""
    with pytest.raises(Refused, match="UpdateInferenceExperiment: Parameter validation failed"):
        gateway.perform(Action(ActionKind.UPDATE, "test", {"Name": 7}))


def test_describe_stacks(cloud: "ProtocolCloud", gateway: Gateway) -> None:
    stack = cloud.stack("shop")
    stack.begin_create(properties())

    assert gateway.describe_stacks(stack.stack_id) == "CREATE_IN_PROGRESS"
    with pytest.raises(Refused, match="DescribeStacks: "):
        gateway.describe_stacks(STACK_ID)


def test_send_message(cloud: "ProtocolCloud", gateway: Gateway) -> None:
    gateway.send_message("body", 7)

    (message,) = cloud.queue.messages
    assert message.body == "body"


def test_send_message_to_no_queue(gateway: Gateway) -> None:
    """A function without WAIT_QUEUE_URL says so when it first needs it."""
    with pytest.raises(ExperimentError, match="SendMessage"):
        Gateway().send_message("body", 1)


def test_status_that_nobody_knows() -> None:
    """Also our own ABSENT is no status of SageMaker's; the scenarios have the rest of it over HTTP."""
    from inference_experiment.gateway import _status  # noqa: PLC0415 - no server of ours answers such a status

    for text in ("Failed", "Absent", ""):
        with pytest.raises(UnexpectedStatus, match="which this version of the provider does not know"):
            _status(text, "test")
