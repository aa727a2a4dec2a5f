"""The protocol driver does what CloudFormation, Lambda and SQS do, as docs/local-aws-protocol.md says."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from experiment_properties import properties

from inference_experiment_local.sessions import isolated_session
from protocol_driver import delivery
from protocol_driver.function import FUNCTION_TIMEOUT
from protocol_driver.messages import MAXIMUM_BODY, stringified, verdict
from protocol_driver.response_bucket import BucketResponse
from protocol_driver.stack import CLEAN_UP_TRIES, TIMED_OUT

if TYPE_CHECKING:
    from collections.abc import Callable

    from protocol_driver.cloud import ProtocolCloud
    from protocol_driver.stack import Stack

TEMPLATE = Path(__file__).parents[3] / "template.yaml"


def created(cloud: "ProtocolCloud", **changes: Any) -> "Stack":
    stack = cloud.stack("shop")
    stack.begin_create(properties(**changes))
    cloud.settle()
    assert stack.status == "CREATE_COMPLETE"
    return stack


def kinds(stack: "Stack") -> list[str]:
    return [request.type for request in stack.requests]


def test_create_and_delete(cloud: "ProtocolCloud") -> None:
    stack = created(cloud)
    assert stack.physical_id == "test"

    stack.begin_delete()
    cloud.settle()
    assert (stack.status, stack.physical_id) == ("DELETE_COMPLETE", None)
    assert cloud.sagemaker.status("test") is None


def test_scalars_are_texts() -> None:
    assert stringified({"a": [1, True, 2.5, "x"], "b": None, "c": {"d": False}}) == {
        "a": ["1", "true", "2.5", "x"],
        "c": {"d": "false"},
    }


def test_settings_are_those_of_the_template() -> None:
    """Function timeout, visibility timeout and receives before the dead-letter queue, as deployed."""
    text = re.sub(r"!(\w+)", "", TEMPLATE.read_text())
    resources = yaml.safe_load(text)["Resources"]
    queue = resources["WaitQueue"]["Properties"]

    assert resources["ProviderFunction"]["Properties"]["Timeout"] == FUNCTION_TIMEOUT
    assert queue["VisibilityTimeout"] == delivery.VISIBILITY_TIMEOUT
    assert queue["RedrivePolicy"]["maxReceiveCount"] == delivery.MAXIMUM_RECEIVES


def test_nothing_happens_without_a_step(cloud: "ProtocolCloud") -> None:
    before = cloud.clock.now()
    stack = cloud.stack("shop")
    stack.begin_create(properties())

    assert (stack.status, cloud.sagemaker.calls, cloud.clock.now()) == ("CREATE_IN_PROGRESS", [], before)


def test_delete_after_failed_create_has_the_id_of_the_failed_response(cloud: "ProtocolCloud") -> None:
    stack = cloud.stack("shop")
    stack.begin_create(properties(EndpointName="missing"))
    cloud.settle()

    create, delete = stack.requests
    assert create.answer is not None
    assert delete.event["PhysicalResourceId"] == create.answer.physical_id
    assert delete.event["RequestId"] != create.event["RequestId"]
    assert stack.status == "ROLLBACK_COMPLETE"


def test_delete_that_overtakes_a_create_has_an_invented_id(cloud: "ProtocolCloud") -> None:
    cloud.function.timeout = 20.0
    cloud.sagemaker.durations["Creating"] = 300.0
    stack = cloud.stack("shop")
    stack.begin_create(properties())
    cloud.step()
    stack.fail_other()

    assert re.fullmatch(r"shop-Experiment-[A-Z0-9]{13}", stack.requests[1].event["PhysicalResourceId"])
    assert stack.status == "ROLLBACK_IN_PROGRESS"
    assert stack.status == "ROLLBACK_IN_PROGRESS"
    cloud.settle()
    cloud.drain()
    assert (stack.status, cloud.sagemaker.status("test")) == ("ROLLBACK_COMPLETE", None)


def test_create_that_succeeded_is_deleted_when_another_resource_fails(cloud: "ProtocolCloud") -> None:
    stack = cloud.stack("shop")
    stack.begin_create(properties(), other_fails=True)
    cloud.settle()

    assert stack.requests[1].event["PhysicalResourceId"] == "test"
    assert (stack.status, cloud.sagemaker.status("test")) == ("ROLLBACK_COMPLETE", None)


def test_failed_update_is_sent_back_with_swapped_properties(cloud: "ProtocolCloud") -> None:
    stack = created(cloud)
    old = stack.properties
    stack.begin_update(properties(RoleArn="arn:aws:iam::123456789012:role/another"))
    cloud.settle()

    forward, back = stack.requests[1:]
    assert back.event["ResourceProperties"] == forward.event["OldResourceProperties"] == old
    assert back.event["OldResourceProperties"] == forward.event["ResourceProperties"]
    assert (stack.status, stack.properties) == ("UPDATE_ROLLBACK_COMPLETE", old)


def ended(cloud: "ProtocolCloud") -> "Stack":
    stack = created(cloud)
    stack.begin_update(properties(DesiredState="Completed"))
    cloud.settle()
    return stack


def test_replaced_resource_is_deleted_by_its_own_id_and_properties(cloud: "ProtocolCloud") -> None:
    stack = ended(cloud)
    old, seen = stack.properties, []
    stack.begin_update(properties(Name="test-2"))
    while stack.in_progress:
        seen.append(stack.status)
        cloud.step()

    delete = stack.requests[-1]
    assert (delete.type, delete.event["PhysicalResourceId"]) == ("Delete", "test")
    assert delete.event["ResourceProperties"] == old
    assert "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS" in seen
    assert (stack.status, stack.physical_id) == ("UPDATE_COMPLETE", "test-2")


@pytest.mark.parametrize(("asks", "expected"), [(True, ["Update", "Update", "Delete"]), (False, ["Update", "Delete"])])
def test_rolled_back_replacement_is_deleted(cloud: "ProtocolCloud", *, asks: bool, expected: list[str]) -> None:
    stack = ended(cloud)
    stack.begin_update(properties(Name="test-2"), other_fails=True, rollback_asks=asks)
    cloud.settle()

    assert kinds(stack)[2:] == expected
    assert stack.requests[-1].event["PhysicalResourceId"] == "test-2"
    assert (stack.status, stack.physical_id) == ("UPDATE_ROLLBACK_COMPLETE", "test")
    assert cloud.sagemaker.status("test-2") is None


def test_clean_up_gives_up_after_three_deletes(cloud: "ProtocolCloud") -> None:
    stack = ended(cloud)
    cloud.sagemaker.fail_next("DeleteInferenceExperiment", "AccessDeniedException", times=100)
    stack.begin_update(properties(Name="test-2"))
    cloud.settle()

    assert kinds(stack)[3:] == ["Delete"] * CLEAN_UP_TRIES
    assert stack.status == "UPDATE_COMPLETE"


def test_update_that_changes_nothing_sends_nothing(cloud: "ProtocolCloud") -> None:
    stack = created(cloud)
    with pytest.raises(ValueError, match="No updates are to be performed"):
        stack.begin_update(properties())

    assert kinds(stack) == ["Create"]


def test_crashed_invocation_is_repeated_twice_then_given_up(cloud: "ProtocolCloud") -> None:
    cloud.bucket.answer_next(500, times=1000)
    stack = cloud.stack("shop")
    began = cloud.clock.now()
    stack.begin_create(properties(EndpointName="missing"))
    while not cloud.queue.dead_letters:
        cloud.step()

    assert [each.attempt for each in cloud.deliveries.log] == [1, 2, 3]
    assert cloud.clock.now() - began == pytest.approx(60 + 120, abs=10)  # and the pauses between the PUTs
    assert cloud.queue.dead_letters[0].origin == "function"


def test_service_timeout_ends_the_wait(cloud: "ProtocolCloud") -> None:
    cloud.bucket.answer_next(500, times=9)  # three attempts of three tries
    stack = cloud.stack("shop")
    stack.begin_create(properties(ServiceTimeout=600))
    first = stack.requests[0]
    while first.answer is None:
        cloud.step()

    assert (first.answer.success, first.answer.reason) == (False, TIMED_OUT)
    assert cloud.clock.now() == first.expires == first.sent + 600
    assert re.search(r"-[A-Z0-9]{13}$", stack.requests[1].event["PhysicalResourceId"])
    cloud.settle()
    assert (stack.status, cloud.sagemaker.status("test")) == ("ROLLBACK_COMPLETE", None)


def test_late_response_is_not_read(cloud: "ProtocolCloud") -> None:
    stack = cloud.stack("shop")
    stack.begin_create(properties(ServiceTimeout=60))
    cloud.clock.advance(61)
    cloud.step()

    assert stack.requests[0].answer is not None
    assert stack.requests[0].answer.reason == TIMED_OUT


def test_message_comes_back_until_it_is_handled(cloud: "ProtocolCloud") -> None:
    """A handled message that SQS keeps is delivered again; both deliveries answer the same."""
    cloud.function.timeout = 20.0
    cloud.sagemaker.durations["Creating"] = 60.0
    stack = cloud.stack("shop")
    stack.begin_create(properties())
    cloud.step()
    message = cloud.queue.messages[0]
    cloud.deliveries.deliver_message(message, keep=True)
    cloud.settle()
    cloud.drain()

    bodies = {arrival.raw for arrival in cloud.bucket.arrivals(stack.requests[0].request_id)}
    assert (stack.status, cloud.queue.messages, message.receives) == ("CREATE_COMPLETE", [], 2)
    assert len(bodies) == 1


def test_response_url_expires(cloud: "ProtocolCloud") -> None:
    cloud.bucket.issue("request")
    cloud.clock.advance(7201)

    assert cloud.bucket.receive("/request", b"{}") == 403


def body(**changes: Any) -> dict[str, Any]:
    copied = {"StackId": "s", "RequestId": "r", "LogicalResourceId": "l"}
    return {"Status": "SUCCESS", "PhysicalResourceId": "p", **copied, **changes}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (body(), ""),
        ("text", "Invalid Status"),
        (body(Status="OK"), "Invalid Status"),
        (body(PhysicalResourceId=""), "Invalid PhysicalResourceId"),
        (body(PhysicalResourceId="x" * 1025), "Invalid PhysicalResourceId"),
        (body(RequestId="another"), "StackId, RequestId, LogicalResourceId must be copied from the request"),
        (body(Status="FAILED"), "Reason is required when Status is FAILED"),
        (
            body(Data={"A": {"B": 1}}),
            "Value of property Data must be an object with String (or simple type) properties",
        ),
    ],
)
def test_what_cloudformation_makes_of_a_response(answer: Any, reason: str) -> None:
    event = {"StackId": "s", "RequestId": "r", "LogicalResourceId": "l"}
    judged = verdict(BucketResponse("/r", b"{}", answer, 0.0), event)

    assert (judged.success, judged.reason) == (not reason, reason)


def test_body_that_is_too_long_fails() -> None:
    raw = b"x" * (MAXIMUM_BODY + 1)
    judged = verdict(BucketResponse("/r", raw, body(), 0.0), {})

    assert (judged.success, judged.reason) == (False, "Response object is too long.")


@pytest.mark.parametrize("find", [lambda stack: stack.name, lambda stack: stack.stack_id])
def test_describe_stacks_by_name_and_id(cloud: "ProtocolCloud", find: "Callable[[Stack], str]") -> None:
    stack = created(cloud)
    assert cloud.find_stack(find(stack)) is stack
    assert cloud.find_stack("another") is None


def test_operation_while_another_is_under_way_is_refused(cloud: "ProtocolCloud") -> None:
    stack = cloud.stack("shop")
    stack.begin_create(properties())
    with pytest.raises(ValueError, match="CREATE_IN_PROGRESS"):
        stack.begin_delete()


def client(cloud: "ProtocolCloud", service: str) -> Any:
    session = isolated_session("us-east-1")
    config = Config(retries={"total_max_attempts": 1}, proxies={})
    return session.client(service, endpoint_url=cloud.services.url, config=config)


def code_of(call: "Callable[..., Any]", **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return str(caught.value.response["Error"]["Code"])


def test_queue_speaks_the_protocol_of_boto3(cloud: "ProtocolCloud") -> None:
    sqs, url = client(cloud, "sqs"), cloud.services.queue_url
    sqs.send_message(QueueUrl=url, MessageBody="text", DelaySeconds=7)

    message = cloud.queue.messages[0]
    assert (message.body, message.visible_at) == ("text", cloud.clock.now() + 7)
    assert code_of(sqs.send_message, QueueUrl=url + "x", MessageBody="text").endswith("NonExistentQueue")
    assert code_of(sqs.send_message, QueueUrl=url, MessageBody="t", DelaySeconds=901) == "InvalidParameterValue"
    assert code_of(sqs.purge_queue, QueueUrl=url) == "UnknownOperationException"


def test_stacks_speak_the_protocol_of_boto3(cloud: "ProtocolCloud") -> None:
    stack, cloudformation = created(cloud), client(cloud, "cloudformation")
    described = cloudformation.describe_stacks(StackName=stack.stack_id)["Stacks"][0]

    assert (described["StackName"], described["StackStatus"]) == ("shop", "CREATE_COMPLETE")
    assert code_of(cloudformation.describe_stacks, StackName="another") == "ValidationError"


def test_faults_of_the_services(cloud: "ProtocolCloud") -> None:
    """An error instead of the effect, an error after it, and no answer at all; each is recorded."""
    sqs, arguments = client(cloud, "sqs"), {"QueueUrl": cloud.services.queue_url, "MessageBody": "text"}
    cloud.services.fail_next("SendMessage", "AccessDenied", status_code=403)
    assert (code_of(sqs.send_message, **arguments), len(cloud.queue.messages)) == ("AccessDenied", 0)
    cloud.services.fail_next("SendMessage", "InternalError", status_code=500, after_effect=True)
    assert (code_of(sqs.send_message, **arguments), len(cloud.queue.messages)) == ("InternalError", 1)
    cloud.services.fail_next("SendMessage", "drop")
    with pytest.raises(BotoCoreError):
        sqs.send_message(**arguments)

    assert [call.error for call in cloud.services.calls] == ["AccessDenied", "InternalError", "drop"]
