"""The gateway over HTTP: what it asks, and which error of ours each error of AWS becomes. No stubs."""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

import boto3
import pytest
from experiment_properties import properties
from requests_for_tests import request
from werkzeug.wrappers import Request as HttpRequest
from werkzeug.wrappers import Response as HttpResponse

from inference_experiment import contract, payloads, response
from inference_experiment.contract import operations
from inference_experiment.currentness import DELETED, StackResource, StackState
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
from inference_experiment.event import Request
from inference_experiment.gateway import MAX_PAGES, Gateway
from inference_experiment.model import OPERATIONS, WITHOUT_CALL, Action, ActionKind, Status
from inference_experiment.predictions import MAX_BYTES
from inference_experiment.properties import parse
from inference_experiment_local.loopback import LoopbackServer

if TYPE_CHECKING:
    from protocol_driver.cloud import ProtocolCloud
    from protocol_driver.stack import Stack

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
        "AWS_ENDPOINT_URL_S3": protocol_cloud.services.url,
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


def test_an_object_is_read_up_to_a_limit(cloud: "ProtocolCloud", gateway: Gateway) -> None:
    cloud.services.objects |= {"s3://results/a/b.json": "{}", "s3://results/long": "x" * (2 * MAX_BYTES)}

    assert gateway.get_object({"Bucket": "results", "Key": "a/b.json"}) == b"{}"
    assert len(gateway.get_object({"Bucket": "results", "Key": "long"})) == MAX_BYTES + 1


def test_an_object_that_cannot_be_read_is_named(cloud: "ProtocolCloud", gateway: Gateway) -> None:
    with pytest.raises(NotFound, match=r"PredictionResult s3://results/a does not exist .*--publish"):
        gateway.get_object({"Bucket": "results", "Key": "a"})
    cloud.services.fail_next("GetObject", "AccessDenied", status_code=403)
    with pytest.raises(AccessDenied, match="s3:GetObject"):
        gateway.get_object({"Bucket": "results", "Key": "a"})
    cloud.services.fail_next("GetObject", "SlowDown", status_code=503)
    with pytest.raises(Unavailable, match="GetObject: "):
        gateway.get_object({"Bucket": "results", "Key": "a"})


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
    """Throttling is distinguished from server errors at the first answer: the lifecycle repeats, not botocore."""
    cloud.sagemaker.fail_next("DescribeInferenceExperiment", code, status_code=status)

    with pytest.raises(family, match="DescribeInferenceExperiment: injected by the test"):
        gateway.describe_inference_experiment("test")
    assert len(cloud.sagemaker.calls) == 1


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


@pytest.mark.parametrize("operation", ["DeleteInferenceExperiment", "ListTags"])
def test_validation_of_what_is_gone(cloud: "ProtocolCloud", gateway: Gateway, operation: str) -> None:
    cloud.sagemaker.fail_next(operation, "ValidationException", "Could not find inference experiment x")
    if operation == "ListTags":
        assert gateway.list_tags("arn:aws:sagemaker:us-east-1:123456789012:inference-experiment/x") == {}
        return
    with pytest.raises(NotFound, match="Could not find inference experiment x"):
        gateway.perform(Action(ActionKind.DELETE, "x", {"Name": "x"}))


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


def test_stack_and_resource(cloud: "ProtocolCloud", gateway: Gateway) -> None:
    """Status, time of the last update and the resource, as CloudFormation shows them for the stack's id."""
    stack = cloud.stack("shop")
    stack.begin_create(properties())
    state = gateway.describe_stack(asking(stack))

    assert (state.status, state.problem, state.updated) == ("CREATE_IN_PROGRESS", "", None)
    assert state.resource is not None
    assert (state.resource.status, state.resource.physical_id) == ("CREATE_IN_PROGRESS", "")
    assert state.resource.updated == pytest.approx(cloud.clock.now(), abs=0.01)

    stack.updated = 1893456000.0
    assert gateway.describe_stack(asking(stack)).updated == 1893456000.0


def asking(stack: "Stack", **changes: Any) -> Request:
    return request(StackId=stack.stack_id, **changes)


def test_a_stack_that_is_gone_is_deleted(cloud: "ProtocolCloud", gateway: Gateway) -> None:
    assert gateway.describe_stack(request()) is DELETED
    assert [call.operation for call in cloud.services.calls] == ["DescribeStacks"]


def test_a_stack_without_the_resource(cloud: "ProtocolCloud", gateway: Gateway) -> None:
    """What CloudFormation has not, is not a problem of asking."""
    stack = cloud.stack("shop")
    stack.begin_create(properties())

    assert gateway.describe_stack(asking(stack, LogicalResourceId="Other")) == StackState("CREATE_IN_PROGRESS")


@pytest.mark.parametrize("operation", ["DescribeStacks", "DescribeStackResource"])
def test_a_role_that_may_ask_only_half(cloud: "ProtocolCloud", gateway: Gateway, operation: str) -> None:
    """The other half still counts; the problem names the missing permission."""
    stack = cloud.stack("shop")
    stack.begin_create(properties())
    cloud.services.fail_next(operation, "AccessDenied", status_code=403)
    state = gateway.describe_stack(asking(stack))

    problem = state.problem or state.resource_problem
    assert problem == f"The provider's role may not cloudformation:{operation}: injected by the test"
    assert bool(state.status) is (operation != "DescribeStacks")
    assert (state.resource is None) is (operation == "DescribeStackResource")


@pytest.mark.parametrize(("code", "status", "family"), [("Throttling", 400, Throttled), ("Odd", 500, Unavailable)])
@pytest.mark.parametrize("operation", ["DescribeStacks", "DescribeStackResource"])
def test_cloudformation_may_answer_later(
    cloud: "ProtocolCloud", gateway: Gateway, operation: str, code: str, status: int, family: type[ExperimentError]
) -> None:
    stack = cloud.stack("shop")
    stack.begin_create(properties())
    cloud.services.fail_next(operation, code, status_code=status)

    with pytest.raises(family, match=operation):
        gateway.describe_stack(asking(stack))


@pytest.mark.parametrize(
    ("answers", "state"),
    [
        ({"DescribeStacks": "<Stacks/>", "DescribeStackResource": ""}, StackState(resource=StackResource(""))),
        (
            {
                "DescribeStacks": "<Stacks><member><StackName>x</StackName></member></Stacks>",
                "DescribeStackResource": "<StackResourceDetail/>",
            },
            StackState(resource=StackResource("")),
        ),
    ],
)
def test_empty_answers_of_cloudformation(
    clients: Gateway, monkeypatch: pytest.MonkeyPatch, answers: dict[str, str], state: StackState
) -> None:
    """They say nothing, and break nothing."""

    def answer(operation: str, _: Any) -> str:
        return f"<{operation}Response><{operation}Result>{answers[operation]}</{operation}Result></{operation}Response>"

    with Answering(answer) as aws:
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", aws.url)
        assert Gateway().describe_stack(request()) == state


class Answering(LoopbackServer):
    """An AWS that gives the answers of a function: of the operation and its arguments, as JSON or as it is."""

    def __init__(self, answer: Callable[[str, Any], Any]) -> None:
        self.calls = 0
        self._answer = answer

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        asked = HttpRequest(environ)
        target = asked.headers.get("X-Amz-Target", "")
        self.calls += 1
        if target:
            made = json.dumps(self._answer(target.rpartition(".")[2], asked.get_json(force=True)))
        else:
            made = self._answer(parse_qs(asked.get_data(as_text=True))["Action"][0], None)
        return HttpResponse(made)(environ, start_response)


WHOLE: Final[dict[str, Any]] = {
    "Arn": ARN,
    "Name": "test",
    "Type": "ShadowMode",
    "Status": "Running",
    "RoleArn": "arn:aws:iam::123456789012:role/experiment",
    "EndpointMetadata": {"EndpointName": "endpoint", "EndpointStatus": "InService"},
    "ModelVariants": [
        {
            "ModelName": "model-1",
            "VariantName": "production",
            "InfrastructureConfig": {
                "InfrastructureType": "RealTimeInference",
                "RealTimeInferenceConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1},
            },
            "Status": "InService",
        }
    ],
    "ShadowModeConfig": {
        "SourceModelVariantName": "production",
        "ShadowModelVariants": [{"ShadowModelVariantName": "shadow", "SamplingPercentage": 10}],
    },
    "Schedule": {"StartTime": 1893456000, "EndTime": 1893542400},
    "DataStorageConfig": {"Destination": "s3://bucket/x", "ContentType": {"CsvContentTypes": ["text/csv"]}},
    "CreationTime": 1893456000,
    "StatusReason": "",
}


def broken_answers() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield WHOLE with each member at any depth missing, null and empty."""
    for path in places(WHOLE):
        for kind, value in (("missing", None), ("null", None), ("empty", {}), ("list with null", [None])):
            copy = json.loads(json.dumps(WHOLE))
            holder = copy
            for key in path[:-1]:
                holder = holder[key]
            if kind == "missing":
                holder.pop(path[-1])
            elif kind == "null" or isinstance(holder[path[-1]], dict if kind == "empty" else list):
                holder[path[-1]] = value
            else:
                continue
            yield f"{'/'.join(map(str, path))} {kind}", copy
    yield "nothing", {}


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        yield (*path, key)
        yield from places(member, (*path, key))


def test_describe_with_missing_members(clients: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that lacks Arn or Status is an error of ours; without any other member there is an experiment."""
    answers = dict(broken_answers())
    current: dict[str, Any] = {}
    with Answering(lambda *_: current) as aws:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER", aws.url)
        reader = Gateway()
        for kind, answer in answers.items():
            current = answer
            if answer.get("Arn") and answer.get("Status"):
                observed = reader.describe_inference_experiment("test")
                assert (observed.status, observed.arn, observed.name) == (Status.RUNNING, ARN, "test"), kind
                assert observed.configuration is not None
                assert set(response.attributes(observed)) == set(contract.attributes())
                assert set(observed.variant_statuses) <= {"production", ""}
            else:
                with pytest.raises(UnexpectedStatus, match="SageMaker's answer about experiment test has no "):
                    reader.describe_inference_experiment("test")


def test_tags_and_names_with_null(clients: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists that are missing or hold nothing name nothing."""
    answers: dict[str, Any] = {
        "ListTags": {"Tags": [None, {}, {"Key": "a"}, {"Key": "b", "Value": None}, {"Key": "c", "Value": "d"}]},
        "ListInferenceExperiments": {"InferenceExperiments": [None, {}, {"Name": None}, {"Name": "shop-1"}]},
    }
    with Answering(lambda operation, _: answers[operation]) as aws:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER", aws.url)
        reader = Gateway()
        assert reader.list_tags(ARN) == {"a": "", "b": "", "c": "d"}
        assert list(reader.list_inference_experiments("shop")) == ["shop-1"]
        answers |= {"ListTags": {"Tags": None}, "ListInferenceExperiments": {}}
        assert reader.list_tags(ARN) == {}
        assert list(reader.list_inference_experiments("shop")) == []


def test_pages_that_never_end(clients: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has a new token: given up after MAX_PAGES. The token of the page itself is the end."""
    with Answering(lambda _, asked: {"NextToken": asked.get("NextToken", "") + "x"}) as aws:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER", aws.url)
        with pytest.raises(Unavailable, match=f"ListTags: more than {MAX_PAGES} pages"):
            Gateway().list_tags(ARN)
        assert aws.calls == MAX_PAGES

    with Answering(lambda *_: {"NextToken": "same", "Tags": [{"Key": "a", "Value": "b"}]}) as aws:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER", aws.url)
        assert Gateway().list_tags(ARN) == {"a": "b"}
        assert aws.calls == 2


class Trickling(LoopbackServer):
    """An AWS whose answer comes byte by byte, ten a second."""

    def __call__(self, _: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Type", "application/x-amz-json-1.1"), ("Content-Length", "600")])
        for _byte in range(600):
            time.sleep(0.1)
            yield b" "


def test_answer_that_trickles_is_cut_off(clients: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket's timeout begins anew with each byte, so the call itself has a limit: what the invocation has left."""
    with Trickling() as aws:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER", aws.url)
        begun = time.monotonic()
        with pytest.raises(Unavailable, match="DescribeInferenceExperiment: no answer from AWS within 1 s"):
            Gateway().within(lambda: 1.0).describe_inference_experiment("test")
        assert time.monotonic() - begun < 3
        with pytest.raises(Unavailable, match="within 0 s"):
            Gateway().within(lambda: -5.0).describe_inference_experiment("test")


def test_answer_that_is_no_json(clients: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy's error page, for example, counts as no answer."""
    with Answering(lambda *_: "<html>") as aws:
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", aws.url)
        with pytest.raises(Unavailable, match="DescribeStacks: no answer from AWS"):
            Gateway().describe_stack(request())


class OfAnotherForm(LoopbackServer):
    """An AWS whose answers are XML that no operation has; botocore's parser raises a KeyError."""

    def __call__(self, _: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/xml")])
        return [b"<OtherResponse><Other/></OtherResponse>"]


def test_answer_of_another_form(clients: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    with OfAnotherForm() as aws:
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", aws.url)
        with pytest.raises(Unavailable, match="DescribeStacks: an answer of AWS that cannot be read: KeyError"):
            Gateway().describe_stack(request())


def test_a_message_is_sent_again(cloud: "ProtocolCloud", gateway: Gateway) -> None:
    """Nothing else repeats it, so botocore does."""
    cloud.services.fail_next("SendMessage", "InternalFailure", status_code=500, times=2)
    gateway.send_message("body", 7)

    assert [message.body for message in cloud.queue.messages] == ["body"]
    assert len(cloud.services.calls) == 3


def test_send_message(cloud: "ProtocolCloud", gateway: Gateway) -> None:
    gateway.send_message("body", 7)

    (message,) = cloud.queue.messages
    assert message.body == "body"


def test_send_message_to_no_queue(gateway: Gateway) -> None:
    """A function without WAIT_QUEUE_URL says so when it first needs it."""
    with pytest.raises(Refused, match=r'^SendMessage: "" is not the URL of a queue$'):
        Gateway().send_message("body", 1)


def test_unknown_status() -> None:
    """Also our own ABSENT is no status of SageMaker's; the scenarios have the rest of it over HTTP."""
    from inference_experiment.gateway import _status  # noqa: PLC0415 - no server of ours answers such a status

    for text in ("Failed", "Absent", ""):
        with pytest.raises(UnexpectedStatus, match="which this version of the provider does not know"):
            _status(text, "test")
