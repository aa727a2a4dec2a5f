"""A create that takes what exists for its own."""

from typing import Any

from cloudformation_cli_python_lib import Action, HandlerErrorCode
from shadowtests_sagemaker_inferenceexperiment import handlers

resource = handlers.resource


@resource.handler(Action.CREATE)
def create(session: Any, given: Any, callback: Any) -> Any:
    """Answer with the existing experiment."""
    event = handlers.create(session, given, callback)
    return handlers.read(session, given, callback) if event.errorCode is HandlerErrorCode.AlreadyExists else event
