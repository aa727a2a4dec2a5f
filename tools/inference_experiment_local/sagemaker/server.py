"""The HTTP side of the simulated SageMaker: validate, record, inject faults, dispatch.

JSON 1.1 (aws-facts 1.1).
"""

import json
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

import botocore.session
from botocore.model import OperationModel, OperationNotFoundError
from werkzeug.wrappers import Request, Response

from inference_experiment_local.clock import Clock
from inference_experiment_local.sagemaker.experiment import Members
from inference_experiment_local.sagemaker.operations import ExperimentOperations
from inference_experiment_local.sagemaker.service_error import ServiceError, invalid
from inference_experiment_local.sagemaker.shapes import MalformedValue, findings, message_of

if TYPE_CHECKING:
    from inference_experiment_local.sagemaker.moto_backend import MotoSageMaker

Handler: TypeAlias = Callable[[Members], Members]


@dataclass(frozen=True)
class Call:
    """One request as recorded.

    `time` is epoch seconds of the simulation's clock, `error` the code answered or None.
    """

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


@cache
def operation_model(operation: str) -> OperationModel:
    """Return botocore's model of a SageMaker operation; an unknown one is UnknownOperationException."""
    try:
        model: OperationModel = _service_model().operation_model(operation)
    except OperationNotFoundError as unknown:
        raise ServiceError("UnknownOperationException", str(unknown)) from unknown
    return model


@cache
def _service_model() -> Any:  # noqa: ANN401 - botocore's stubs and its loader disagree on the class
    return botocore.session.get_session().get_service_model("sagemaker")


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
                result = self._perform_or_fail(operation, parameters)
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

    def _perform_or_fail(self, operation: str, parameters: Members) -> Members:
        fault = self._next_fault(operation)
        if fault is not None and not fault.after_effect:
            raise fault.error
        result = self._perform(operation, parameters)
        if fault is not None:
            raise fault.error
        return result

    def _next_fault(self, operation: str) -> Fault | None:
        for fault in self.faults:
            if fault.operation in {operation, "*"}:
                fault.times -= 1
                if fault.times <= 0:
                    self.faults.remove(fault)
                return fault
        return None

    def _perform(self, operation: str, parameters: Members) -> Members:
        model = operation_model(operation)
        _check_request(model, parameters)
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


def _check_request(model: OperationModel, parameters: Members) -> None:
    try:
        broken = list(findings(model.input_shape, parameters)) if model.input_shape else []
    except MalformedValue as problem:
        raise ServiceError("SerializationException", str(problem)) from problem
    if broken:
        raise invalid(message_of(broken))


def _check_response(model: OperationModel, result: Members) -> None:
    """Hold our own answer against the output shape.

    A violation is a bug of the simulation and must be loud.
    """
    try:
        broken = list(findings(model.output_shape, result)) if model.output_shape else []
    except MalformedValue as problem:
        raise ServiceError("InternalFailure", f"BUG IN THE SIMULATION: {model.name}: {problem}", 500) from problem
    if broken:
        text = f"BUG IN THE SIMULATION: the answer to {model.name} violates its shape: {message_of(broken)}"
        raise ServiceError("InternalFailure", text, 500)
