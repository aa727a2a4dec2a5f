"""The handlers of the registry type: each carries a request to the lifecycle, and its result to CloudFormation.

Nothing is decided here: the lifecycle is that of the custom resource. A request that takes longer than an invocation
goes on in the next one, with its progress in the callback context.
"""

import os
import time
from collections.abc import Callable, MutableMapping
from typing import Any, Final, TypeAlias

from cloudformation_cli_python_lib.interface import (
    Action,
    BaseModel,
    BaseResourceHandlerRequest,
    HandlerErrorCode,
    OperationStatus,
    ProgressEvent,
)
from cloudformation_cli_python_lib.resource import Resource

from inference_experiment import errors, logs, settings
from inference_experiment.clock import Clock
from inference_experiment.contract import schema
from inference_experiment.errors import ExperimentError, Failure
from inference_experiment.event import Request, carried_progress
from inference_experiment.lifecycle import Lifecycle
from inference_experiment.model import ActionKind, Progress, RequestResult, RequestType, Status
from inference_experiment.observed_properties import TIMES, timestamp, to_properties

from . import TYPE_NAME
from .gateway import RegistryGateway, created_by
from .registry_requests import Model, request_of

Callback: TypeAlias = MutableMapping[str, Any]

TIMEOUT_MINUTES: Final = 2160
"""timeoutInMinutes of create, update and delete in the schema; CloudFormation's maximum."""
MARGIN_SECONDS: Final = 120.0
INVOCATION_SECONDS: Final = 40.0
"""How long one invocation may take; CloudFormation ends it after a minute."""
LONGEST_DELAY_SECONDS: Final = 60
WRITE_ONLY: Final = frozenset(path.rpartition("/")[2] for path in schema()["writeOnlyProperties"])
CODES: Final[dict[type[ExperimentError], HandlerErrorCode]] = {
    errors.InvalidProperties: HandlerErrorCode.InvalidRequest,
    errors.NotUpdatable: HandlerErrorCode.NotUpdatable,
    errors.AlreadyExists: HandlerErrorCode.AlreadyExists,
    errors.NotFound: HandlerErrorCode.NotFound,
    errors.Conflict: HandlerErrorCode.ResourceConflict,
    errors.AccessDenied: HandlerErrorCode.AccessDenied,
    errors.Throttled: HandlerErrorCode.Throttling,
    errors.Unavailable: HandlerErrorCode.ServiceInternalError,
    errors.LimitExceeded: HandlerErrorCode.ServiceLimitExceeded,
    errors.Refused: HandlerErrorCode.InvalidRequest,
    errors.UnexpectedStatus: HandlerErrorCode.NotStabilized,
    errors.Overtaken: HandlerErrorCode.ResourceConflict,
    errors.DeadlineExceeded: HandlerErrorCode.NotStabilized,
}

logs.set_up()
resource = Resource(TYPE_NAME, Model)
test_entrypoint = resource.test_entrypoint


class HandlerClock(Clock):
    """The time of one invocation of a handler, which CloudFormation limits and not Lambda."""

    def __init__(self, interval: float, seconds: float) -> None:
        super().__init__(interval)
        self._end = self.now() + seconds

    def may_sleep(self, seconds: float) -> bool:
        """Return whether so long a wait fits into this invocation."""
        return self.now() + seconds < self._end


def _answering(handler: Callable[..., ProgressEvent]) -> Callable[..., ProgressEvent]:
    """Return a handler that answers an ExperimentError with its error code."""

    def answer(session: Any, given: BaseResourceHandlerRequest, callback: Callback) -> ProgressEvent:  # noqa: ANN401
        try:
            return handler(session, given, callback)
        except ExperimentError as error:
            return _failed(Failure.of(error))

    return answer


def _failed(failure: Failure) -> ProgressEvent:
    return ProgressEvent.failed(CODES[failure.kind], failure.reason)


@resource.handler(Action.CREATE)
@_answering
def create(session: Any, given: BaseResourceHandlerRequest, callback: Callback) -> ProgressEvent:  # noqa: ANN401
    """Create an experiment, and start it where that is desired."""
    request = request_of(RequestType.CREATE, given)
    gateway = RegistryGateway(session, request)
    result = _carry_out(request, gateway, callback)
    name = request.properties["Name"]
    exists = bool(callback) or _has_created(request, result)
    if result.waiting and not exists:
        # IN_PROGRESS would name what does not exist; CloudFormation repeats the request with the same token.
        return ProgressEvent.failed(HandlerErrorCode.NetworkFailure, f"SageMaker has not created {name} yet")
    event = _event(request, gateway, result)
    if exists and event.status is OperationStatus.FAILED:
        event.resourceModel = Model({"Name": name})  # for CloudFormation to delete
    return event


@resource.handler(Action.UPDATE)
@_answering
def update(session: Any, given: BaseResourceHandlerRequest, callback: Callback) -> ProgressEvent:  # noqa: ANN401
    """Change an experiment, start or stop it."""
    request = request_of(RequestType.UPDATE, given)
    gateway = RegistryGateway(session, request)
    if not callback:
        _require(gateway, request.physical_id)
    return _event(request, gateway, _carry_out(request, gateway, callback))


@resource.handler(Action.DELETE)
@_answering
def delete(session: Any, given: BaseResourceHandlerRequest, callback: Callback) -> ProgressEvent:  # noqa: ANN401
    """Delete an experiment, after stopping it if it is running, and wait until neither Describe nor List shows it."""
    request = request_of(RequestType.DELETE, given)
    gateway, clock = RegistryGateway(session, request), _clock()
    if not callback:
        _require(gateway, request.physical_id)
    if not callback.get("deleted"):
        result = _carry_out(request, gateway, callback)
        if result.waiting or result.error:
            return _event(request, gateway, result)
    while not gateway.is_gone(request.physical_id):
        if not clock.may_sleep(clock.interval):
            return _in_progress(request, {"deleted": True}, clock.interval)
        clock.sleep(clock.interval)
    return ProgressEvent(OperationStatus.SUCCESS)


@resource.handler(Action.READ)
@_answering
def read(session: Any, given: BaseResourceHandlerRequest, _: Callback) -> ProgressEvent:  # noqa: ANN401
    """Return the properties of an experiment."""
    model = given.desiredResourceState
    name = str(model._serialize().get("Name", "")) if model else ""  # noqa: SLF001 - what the library's models have
    return ProgressEvent(OperationStatus.SUCCESS, resourceModel=_read(RegistryGateway(session), name))


@resource.handler(Action.LIST)
@_answering
def list_all(session: Any, _given: BaseResourceHandlerRequest, _: Callback) -> ProgressEvent:  # noqa: ANN401
    """Return the names of all experiments on one page, since the library does not pass a token on."""
    models: list[BaseModel] = [Model({"Name": name}) for name in RegistryGateway(session).names()]
    return ProgressEvent(OperationStatus.SUCCESS, resourceModels=models)


def _clock() -> HandlerClock:
    return HandlerClock(
        settings.read(os.environ).poll_seconds, float(os.environ.get("INVOCATION_SECONDS", INVOCATION_SECONDS))
    )


def _carry_out(request: Request, gateway: RegistryGateway, callback: Callback) -> RequestResult:
    """Run the lifecycle until it has a result, or the invocation has to end."""
    logs.REDACTION.handle_request(request.request_id, request.tag_values)
    first = Progress(deadline=time.time() + TIMEOUT_MINUTES * 60 - MARGIN_SECONDS)
    return Lifecycle(request, gateway, _clock(), carried_progress(callback.get("progress"), first)).run()


def _has_created(request: Request, result: RequestResult) -> bool:
    """Return whether there is an experiment that this request has created."""
    name, seen = request.properties["Name"], result.observed
    done = result.waiting is not None and result.waiting.called_at(ActionKind.CREATE, name) is not None
    return done or (seen is not None and seen.status is not Status.ABSENT and created_by(dict(seen.tags), request))


def _event(request: Request, gateway: RegistryGateway, result: RequestResult) -> ProgressEvent:
    if result.waiting:
        return _in_progress(request, {"progress": vars(result.waiting)}, result.delay)
    if result.error:
        return _failed(result.error)
    name = result.observed.name if result.observed else result.physical_id
    return ProgressEvent(OperationStatus.SUCCESS, message=result.note, resourceModel=_read(gateway, name))


def _in_progress(request: Request, callback: Callback, delay: float) -> ProgressEvent:
    return ProgressEvent(
        OperationStatus.IN_PROGRESS,
        callbackContext=callback,
        callbackDelaySeconds=min(max(1, round(delay)), LONGEST_DELAY_SECONDS),
        resourceModel=Model(request.properties),
    )


def _require(gateway: RegistryGateway, name: str) -> None:
    """Raise NotFound where there is no experiment of a name."""
    if gateway.describe_inference_experiment(name).status is Status.ABSENT:
        raise errors.NotFound(f"There is no experiment {name}")


def _read(gateway: RegistryGateway, name: str) -> Model:
    """Return an experiment with its tags. Raises NotFound."""
    seen = gateway.describe_inference_experiment(name)
    if seen.status is Status.ABSENT:
        raise errors.NotFound(f"There is no experiment {name}")
    properties = to_properties(seen.details, gateway.own_tags(seen.arn))
    settable = {key: value for key, value in properties.items() if key not in WRITE_ONLY}
    times = {key: timestamp(seen.details[key]) for key in TIMES if seen.details.get(key)}
    endpoint = seen.details.get("EndpointMetadata") or {}
    return Model({**settable, **times, "Arn": seen.arn, "Status": seen.status.value, "EndpointMetadata": endpoint})
