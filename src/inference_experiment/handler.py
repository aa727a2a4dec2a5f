"""The function's entry point: CloudFormation's events and the messages of the waiting queue.

The only importer of crhelper's decorated functions. Settings come from the environment that template.yaml gives:
WAIT_QUEUE_URL, POLL_SECONDS, LOG_LEVEL, RESPONSE_HOSTS (further hosts of ResponseURLs, comma-separated).
"""

import json
import logging
import os
from collections.abc import Mapping
from typing import Any, Final

from inference_experiment import logs
from inference_experiment.clock import LambdaContext
from inference_experiment.custom_resource import Event, ExperimentResource
from inference_experiment.event import MalformedEventError
from inference_experiment.gateway import Gateway

logger = logging.getLogger(__name__)

resource: Final = ExperimentResource(
    Gateway(os.environ.get("WAIT_QUEUE_URL", "")),
    interval=float(os.environ.get("POLL_SECONDS", "5")),
    extra_hosts=frozenset(filter(None, os.environ.get("RESPONSE_HOSTS", "").split(","))),
)
logs.set_up(os.environ.get("LOG_LEVEL", "INFO"))


@resource.create
@resource.update
@resource.delete
def carry_out(event: Event, context: LambdaContext) -> str:
    """Bring the experiment to what the request asks for; return its physical id."""
    return resource.carry_out(event, context)


def handler(event: object, context: LambdaContext) -> None:
    """Handle one event of CloudFormation or one batch of the waiting queue; raises what is to be delivered again."""
    records = event.get("Records") if isinstance(event, Mapping) else None
    for one in map(_unwrap, records) if records and isinstance(records, list) else [event]:
        _handle(one, context)


def _unwrap(record: Any) -> object:  # noqa: ANN401 - whatever somebody sends to the queue
    """Return the event in a queue message; None, which is no event, where there is none."""
    try:
        return json.loads(record["body"])
    except (KeyError, TypeError, ValueError, RecursionError):
        return None


def _handle(event: Any, context: LambdaContext) -> None:  # noqa: ANN401 - whatever somebody sends to the function
    try:
        resource(event, context)
    except MalformedEventError as error:
        logger.error("malformed event", extra={"reason": str(error)})  # noqa: TRY400 - the text says it all
        if error.addressee:
            resource.refuse(error.addressee, str(error))
