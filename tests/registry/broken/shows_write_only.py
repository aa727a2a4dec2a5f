"""A read that returns a write-only property."""

from typing import Any

from cloudformation_cli_python_lib import Action
from shadowtests_sagemaker_inferenceexperiment import handlers

resource = handlers.resource


@resource.handler(Action.READ)
def read(session: Any, given: Any, callback: Any) -> Any:
    """Return the properties and DesiredState."""
    event = handlers.read(session, given, callback)
    if event.resourceModel:
        event.resourceModel.properties["DesiredState"] = "Running"
    return event
