"""A delete that does not look whether there is anything to delete."""

from typing import Any

from cloudformation_cli_python_lib import Action, OperationStatus, ProgressEvent
from shadowtests_sagemaker_inferenceexperiment import handlers

resource = handlers.resource


@resource.handler(Action.DELETE)
def delete(session: Any, given: Any, callback: Any) -> Any:
    """Answer success, whatever happens."""
    event = handlers.delete(session, given, callback)
    return event if event.status is OperationStatus.IN_PROGRESS else ProgressEvent(OperationStatus.SUCCESS)
