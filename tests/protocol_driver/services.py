"""What the function calls of SQS, CloudFormation and S3: SendMessage, DescribeStacks, DescribeStackResource, GetObject.

One HTTP server on the loopback; the function comes to it through AWS_ENDPOINT_URL_SQS, _CLOUDFORMATION and _S3. SQS
speaks AWS JSON 1.0, CloudFormation the query protocol, S3 is a GET of the object, as botocore's service models say.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from moto.core.serialize import QuerySerializer
from moto.core.utils import get_service_model
from werkzeug.wrappers import Request

from inference_experiment_local.errors import ServiceError
from inference_experiment_local.service import Members
from protocol_driver.controlled import Controlled
from protocol_driver.delivery import MAXIMUM_DELAY, WaitQueue
from protocol_driver.stack import Stack


class CompanionServices(Controlled):
    """SQS, CloudFormation and S3.

    `queue` receives the messages, `find_stack` returns the stack of a name or id, `objects` are texts by s3:// URI.
    """

    def __init__(self, queue: WaitQueue, find_stack: Callable[[str], Stack | None]) -> None:
        super().__init__(queue.clock)
        self._queue = queue
        self._find_stack = find_stack
        self.objects: dict[str, str] = {}

    def reset(self) -> None:
        """Forget also the objects."""
        super().reset()
        self.objects.clear()

    @property
    def queue_url(self) -> str:
        """The URL of the waiting queue."""
        return f"{self.url}/123456789012/wait"

    def decoded(self, request: Request) -> tuple[str, Members]:
        """Tell the protocols apart."""
        if request.method == "GET":
            bucket, _, key = request.path.removeprefix("/").partition("/")
            return "GetObject", {"Bucket": bucket, "Key": key}
        if not _is_query(request):
            return super().decoded(request)
        query = dict(parse_qsl(request.get_data(as_text=True)))
        return query.pop("Action", ""), query

    def encoded(self, request: Request, operation: str, result: Members) -> str:
        """Answer in the caller's protocol."""
        if operation == "GetObject":
            return str(result["Body"])
        if not _is_query(request):
            return super().encoded(request, operation, result)
        model = get_service_model("cloudformation").operation_model(operation)
        return str(QuerySerializer(model).serialize(result)["body"])

    def encoded_error(self, request: Request, error: ServiceError) -> str:
        """Answer in the caller's protocol."""
        if not _is_query(request):
            return super().encoded_error(request, error)
        text = f"<Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message>"
        if request.method == "GET":
            return f"<Error>{text}</Error>"
        return f"<ErrorResponse><Error><Type>Sender</Type>{text}</Error></ErrorResponse>"

    def perform(self, operation: str, parameters: Members) -> Members:
        """Perform one of the operations; raises ServiceError."""
        if operation == "GetObject":
            return self._object(f"s3://{parameters['Bucket']}/{parameters['Key']}")
        if operation == "SendMessage":
            return self._send(parameters)
        if operation in ("DescribeStacks", "DescribeStackResource"):
            name = str(parameters.get("StackName"))
            stack = self._find_stack(name)
            if stack is None:
                raise ServiceError("ValidationError", f"Stack with id {name} does not exist")
            return _stacks(stack) if operation == "DescribeStacks" else _resource(stack, parameters)
        raise ServiceError("UnknownOperationException", f"{operation} is not simulated")

    def _object(self, place: str) -> Members:
        if place not in self.objects:
            raise ServiceError("NoSuchKey", "The specified key does not exist.", 404)
        return {"Body": self.objects[place]}

    def _send(self, parameters: Members) -> Members:
        delay = parameters.get("DelaySeconds", 0)
        if parameters.get("QueueUrl") != self.queue_url:
            raise ServiceError("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")
        if not isinstance(delay, int) or not 0 <= delay <= MAXIMUM_DELAY:
            raise ServiceError("InvalidParameterValue", f"DelaySeconds must be between 0 and {MAXIMUM_DELAY}.")
        return {"MessageId": self._queue.send(parameters["MessageBody"], delay).message_id}


def _is_query(request: Request) -> bool:
    """Whether the request is of the query protocol, that is to CloudFormation."""
    return "X-Amz-Target" not in request.headers


def _stacks(stack: Stack) -> Members:
    """Return the answer of DescribeStacks with the members that botocore's model requires."""
    members = {
        "StackName": stack.name,
        "StackId": stack.stack_id,
        "CreationTime": "2030-01-01T00:00:00Z",
        "StackStatus": stack.status,
    }
    if stack.updated is not None:
        members["LastUpdatedTime"] = _iso(stack.updated)
    return {"Stacks": [members]}


def _resource(stack: Stack, parameters: Members) -> Members:
    """Return the answer of DescribeStackResource (API reference, StackResourceDetail)."""
    logical_id = str(parameters.get("LogicalResourceId"))
    resource = stack.resource if logical_id == stack.logical_id else None
    if resource is None:
        raise ServiceError("ValidationError", f"Resource {logical_id} does not exist for stack {stack.name}")
    detail = {
        "LogicalResourceId": logical_id,
        "PhysicalResourceId": resource.physical_id,
        "ResourceType": "Custom::SageMakerInferenceExperiment",
        "ResourceStatus": resource.status,
        "LastUpdatedTimestamp": _iso(resource.updated),
    }
    return {"StackResourceDetail": detail}


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
