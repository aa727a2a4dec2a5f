"""The HTTP side of the simulated SageMaker: validate, record, inject faults, dispatch.

JSON 1.1 (aws-facts 1.1).
"""

import json
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from botocore.model import OperationModel, OperationNotFoundError
from werkzeug.wrappers import Request, Response

from inference_experiment_local.clock import Clock
from inference_experiment_local.errors import ServiceError
from inference_experiment_local.sagemaker.experiment import Members
from inference_experiment_local.sagemaker.operations import ExperimentOperations
from inference_experiment_local.sagemaker.shapes import require_shape, service_model

if TYPE_CHECKING:
    from inference_experiment_local.sagemaker.moto_backend import MotoSageMaker

Handler: TypeAlias = Callable[[Members], Members]
Result = TypeVar("Result")


@dataclass(frozen=True)
class Call:
    """One request as recorded; `time` is epoch seconds of the clock, `error` the code answered or None."""

    operation: str
    parameters: Members
    time: float
    error: str | None


@dataclass
class Fault:
    """An error to answer `times` times to an operation (`*` for any); after the effect or instead of it."""

    operation: str
    error: ServiceError
    times: int
    after_effect: bool


def carry_out(faults: list[Fault], operation: str, perform: Callable[[], Result]) -> Result:
    """Perform an operation, or raise the error of the first fault that applies to it."""
    fault = next((each for each in faults if each.operation in {operation, "*"}), None)
    if fault is None:
        return perform()
    fault.times -= 1
    if fault.times <= 0:
        faults.remove(fault)
    if fault.after_effect:
        perform()
    raise fault.error


@cache
def operation_model(operation: str) -> OperationModel:
    """Return botocore's model of a SageMaker operation; an unknown one is UnknownOperationException."""
    try:
        model: OperationModel = service_model("sagemaker").operation_model(operation)
    except OperationNotFoundError as unknown:
        raise ServiceError("UnknownOperationException", str(unknown)) from unknown
    return model


class SageMakerApplication:
    """A WSGI application; one lock makes every request atomic."""

    def __init__(self, operations: ExperimentOperations, moto: "MotoSageMaker", clock: Clock) -> None:
        self.lock = threading.RLock()
        self.calls: list[Call] = []
        self.faults: list[Fault] = []
        self.on_call: Callable[[Call], None] | None = None
        self._operations = operations
        self._moto = moto
        self._clock = clock
        self._handlers: Mapping[str, Handler] = {
            "CreateInferenceExperiment": operations.create,
            "DescribeInferenceExperiment": operations.describe,
            "ListInferenceExperiments": operations.list_experiments,
            "UpdateInferenceExperiment": operations.update,
            "StartInferenceExperiment": operations.start,
            "StopInferenceExperiment": operations.stop,
            "DeleteInferenceExperiment": operations.delete,
        }
        self._tag_handlers: Mapping[str, Handler] = {
            "AddTags": operations.add_tags,
            "DeleteTags": operations.delete_tags,
            "ListTags": operations.list_tags,
        }

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:  # noqa: ANN401 - WSGI
        """Answer one request."""
        request = Request(environ)
        operation = request.headers.get("X-Amz-Target", "").rpartition(".")[2]
        status, body = self._answer(operation, request.get_data())
        headers = {"x-amzn-RequestId": str(uuid.uuid4())}
        response = Response(body, status, headers, content_type="application/x-amz-json-1.1")
        return response(environ, start_response)

    def perform(self, operation: str, parameters: Members) -> Members:
        """Perform an operation without recording it and without faults; raises ServiceError."""
        with self.lock:
            self._operations.settle()
            return self._perform(operation, parameters)

    def _answer(self, operation: str, body: bytes) -> tuple[int, str]:
        parameters: Members = {}
        error: ServiceError | None = None
        result: Members = {}
        with self.lock:
            now = self._clock.now()
            try:
                parameters = _parsed(body)
                self._operations.settle()
                result = carry_out(self.faults, operation, lambda: self._perform(operation, parameters))
            except ServiceError as refusal:
                error = refusal
            call = Call(operation, parameters, now, error.code if error else None)
            self.calls.append(call)
        if self.on_call is not None:
            self.on_call(call)
        if error is not None:
            # SageMaker's error shapes spell it Message, other services message: clients read either.
            return error.status_code, json.dumps({"__type": error.code, "Message": error.message})
        return 200, json.dumps(result)

    def _perform(self, operation: str, parameters: Members) -> Members:
        model = operation_model(operation)
        require_shape(model.input_shape, parameters)
        handler = self._handlers.get(operation)
        if operation in self._tag_handlers and self._operations.owns(parameters["ResourceArn"]):
            handler = self._tag_handlers[operation]
        if handler is None:
            return self._ask_moto(operation, parameters)
        result = handler(parameters)
        _check_response(model, result)
        return result

    def _ask_moto(self, operation: str, parameters: Members) -> Members:
        status, text = self._moto.call(operation, json.dumps(parameters).encode())
        answer: Members = json.loads(text) if text.startswith("{") else {}
        if status >= 400:  # noqa: PLR2004 - HTTP
            code = str(answer.get("__type", "InternalFailure")).rpartition("#")[2]
            raise ServiceError(code, answer.get("Message") or answer.get("message") or text, status)
        return answer


def _parsed(body: bytes) -> Members:
    try:
        parameters = json.loads(body or b"{}")
    except ValueError as problem:
        raise ServiceError("SerializationException", str(problem)) from problem
    if not isinstance(parameters, dict):
        raise ServiceError("SerializationException", "the request is not a JSON object")
    return parameters


def _check_response(model: OperationModel, result: Members) -> None:
    """Hold our own answer against the output shape: a violation is a bug of the simulation and must be loud."""
    try:
        require_shape(model.output_shape, result)
    except ServiceError as problem:
        text = f"BUG IN THE SIMULATION: the answer to {model.name} violates its shape: {problem.message}"
        raise ServiceError("InternalFailure", text, 500) from problem
