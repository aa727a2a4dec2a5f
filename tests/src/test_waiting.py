"""The packaged function in the real Lambda runtime client, waiting longer than one invocation lasts.

Real: awslambdaric, crhelper, boto3, the packaged code, an SQS queue (ministack), HTTPS to the response bucket.
"""

import io
import json
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from log_audit import AUDIT

from inference_experiment.event import PROGRESS_KEY
from inference_experiment_local.packaging import package
from inference_experiment_local.sagemaker.local_sagemaker import ACCOUNT
from lambda_runtime.runtime import Invocation, LambdaRuntime
from protocol_driver.cloud import ProtocolCloud
from protocol_driver.controlled import ControlledCloud
from protocol_driver.response_bucket import ResponseBucket
from protocol_driver.stack import ResourceState, Stack

ROOT = Path(__file__).resolve().parents[2]


class Waiting:
    """A function, its queue, its stack, and the place where its answers arrive."""

    def __init__(
        self, cloud: ControlledCloud, bucket: ResponseBucket, runtime: LambdaRuntime, queue_url: str, stack: Stack
    ) -> None:
        self.cloud = cloud
        self.bucket = bucket
        self.runtime = runtime
        self.queue_url = queue_url
        self.stack = stack

    def send(self, request_id: str, request_type: str, properties: dict[str, Any], **more: str) -> Invocation:
        """Invoke the function as CloudFormation does; the URL has no time, so that the function asks the stack."""
        self.stack.status = f"{request_type.upper()}_IN_PROGRESS"
        self.stack.resource = ResourceState(self.stack.status, more.get("PhysicalResourceId", ""), time.time())
        event = {
            "RequestType": request_type,
            "ResponseURL": f"{self.bucket.url}/{request_id}?X-Amz-Expires=7200&X-Amz-Signature=0",
            "StackId": self.stack.stack_id,
            "RequestId": request_id,
            "ResourceType": "Custom::SageMakerInferenceExperiment",
            "LogicalResourceId": "Experiment",
            "ResourceProperties": properties,
        }
        return self.deliver({**event, **more})

    def deliver(self, event: dict[str, Any]) -> Invocation:
        """Invoke the function, and search its log for secrets."""
        invocation = self.runtime.invoke(event)
        AUDIT.inspect(invocation.log, "runtime client")
        return invocation

    def message(self) -> dict[str, Any]:
        """Take the waiting message, as the event source mapping does."""
        received = self.cloud.client("sqs").receive_message(QueueUrl=self.queue_url, WaitTimeSeconds=5)
        (message,) = received["Messages"]
        self.cloud.client("sqs").delete_message(QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"])
        return {"Records": [{"eventSource": "aws:sqs", "body": message["Body"]}]}


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory, protocol_cloud: ProtocolCloud) -> Iterator[Waiting]:
    protocol_cloud.reset()
    task_root = tmp_path_factory.mktemp("task")
    zipfile.ZipFile(io.BytesIO(package(ROOT / "src"))).extractall(task_root)
    with ControlledCloud() as cloud, ResponseBucket(cloud.certificates) as bucket:
        cloud.sagemaker.add_endpoint("endpoint", "production", "model-1")
        cloud.sagemaker.add_model("model-2")
        queue_url = cloud.client("sqs").create_queue(QueueName="wait")["QueueUrl"]
        ca_file = str(cloud.certificates.ca_file)
        environment = {
            "AWS_ENDPOINT_URL_SAGEMAKER": cloud.sagemaker.url,
            "AWS_ENDPOINT_URL_SQS": cloud.url,
            "AWS_ENDPOINT_URL_CLOUDFORMATION": protocol_cloud.services.url,
            "AWS_CA_BUNDLE": ca_file,
            "SSL_CERT_FILE": ca_file,
            "AWS_ACCESS_KEY_ID": ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": "x",
            "WAIT_QUEUE_URL": queue_url,
            "POLL_SECONDS": "0.2",
            "RESPONSE_HOSTS": "localhost,127.0.0.1",
            "AWS_LAMBDA_LOG_FORMAT": "JSON",
            "AWS_LAMBDA_LOG_LEVEL": "DEBUG",
        }
        with LambdaRuntime(task_root, "inference_experiment.handler.handler", environment, timeout=4.0) as runtime:
            yield Waiting(cloud, bucket, runtime, queue_url, protocol_cloud.stack("shop"))


def variant(name: str, model: str) -> dict[str, Any]:
    hardware = {"InstanceType": "ml.m5.xlarge", "InstanceCount": "1"}
    infrastructure = {"InfrastructureType": "RealTimeInference", "RealTimeInferenceConfig": hardware}
    return {"VariantName": name, "ModelName": model, "InfrastructureConfig": infrastructure}


PROPERTIES: dict[str, Any] = {
    "ServiceToken": "arn:aws:lambda:us-east-1:123456789012:function:provider",
    "Name": "slow",
    "Type": "ShadowMode",
    "RoleArn": "arn:aws:iam::123456789012:role/experiment",
    "EndpointName": "endpoint",
    "ModelVariants": [variant("production", "model-1"), variant("shadow", "model-2")],
    "ShadowModeConfig": {
        "SourceModelVariantName": "production",
        "ShadowModelVariants": [{"ShadowModelVariantName": "shadow", "SamplingPercentage": "10"}],
    },
}


def test_wait_that_outlasts_an_invocation_goes_on_through_the_queue(
    waiting: Waiting, protocol_cloud: ProtocolCloud
) -> None:
    """Two hops; one answer; the deadline travels along. The stack is asked before the one call, and not again."""
    waiting.cloud.sagemaker.hold("slow")
    first = waiting.send("create-1", "Create", PROPERTIES)
    assert (first.error, first.crashed, first.timed_out) == (None, False, False)
    message = waiting.message()
    assert PROGRESS_KEY in message["Records"][0]["body"]
    assert waiting.bucket.responses == []

    second = waiting.deliver(message)
    assert second.error is None
    assert waiting.bucket.responses == []
    assert len(waiting.cloud.sagemaker.calls_of("CreateInferenceExperiment")) == 1

    waiting.cloud.sagemaker.release("slow")
    message = waiting.message()
    third = waiting.deliver(message)
    assert third.error is None
    (answer,) = waiting.bucket.responses
    assert (answer.body["Status"], answer.body["PhysicalResourceId"]) == ("SUCCESS", "slow")
    assert answer.body["Data"]["Status"] == "Running"
    assert waiting.cloud.queue_depth(waiting.queue_url) == 0
    assert [call.operation for call in protocol_cloud.services.calls] == ["DescribeStacks", "DescribeStackResource"]


def test_queue_message_that_arrives_twice_is_answered_alike(waiting: Waiting) -> None:
    """Queues deliver at least once."""
    waiting.cloud.sagemaker.hold("slow")
    properties = {**PROPERTIES, "Description": "new"}
    waiting.send("update-1", "Update", properties, PhysicalResourceId="slow")
    message = waiting.message()
    waiting.cloud.sagemaker.release("slow")
    for _ in range(2):
        assert waiting.deliver(message).error is None
    answers = [one.body for one in waiting.bucket.responses if one.body["RequestId"] == "update-1"]
    assert [answer["Status"] for answer in answers] == ["SUCCESS", "SUCCESS"]
    assert answers[0] == answers[1]
    assert len(waiting.cloud.sagemaker.calls_of("UpdateInferenceExperiment")) == 1


def test_malformed_event_is_logged_and_answers_nobody(waiting: Waiting) -> None:
    answered = len(waiting.bucket.responses)
    invocation = waiting.deliver({"hello": "world"})
    assert invocation.error is None
    (line,) = map(json.loads, invocation.log.splitlines())
    assert (line["level"], line["message"], line["requestId"]) == ("ERROR", "malformed event", invocation.request_id)
    assert "missing" in line["reason"]
    assert len(waiting.bucket.responses) == answered
