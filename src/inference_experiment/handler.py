"""The function's entry point: CloudFormation's events and the messages of the wait queue."""

import json
import logging
import os
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from inference_experiment import logs, settings
from inference_experiment.clock import InvocationClock, LambdaContext
from inference_experiment.crhelper_adapter import Event, ExperimentResource, Invocation
from inference_experiment.event import PROGRESS_KEY, MalformedEventError, carried_progress, first_progress
from inference_experiment.gateway import Gateway
from inference_experiment.lifecycle import Lifecycle

logger = logging.getLogger(__name__)

SETTINGS: Final = settings.read(os.environ)
gateway: Final = Gateway(SETTINGS.queue_url)
resource: Final = ExperimentResource(gateway, SETTINGS.response_hosts)
logs.set_up()
for problem in SETTINGS.problems:
    logger.warning("wrong setting", extra={"reason": problem})


@resource.create
@resource.update
@resource.delete
def carry_out(event: Event, invocation: Invocation) -> str:
    """Bring the experiment to the state that the request asks for; return its physical id."""
    request = invocation.request
    progress = carried_progress(event.get(PROGRESS_KEY), first_progress(request, time.time()))
    progress = replace(progress, slowdown=max(progress.slowdown, gateway.pressure.slowdown))
    clock = InvocationClock(invocation.context, SETTINGS.poll_seconds)
    invocation.result = Lifecycle(request, gateway.within(clock.left), clock, progress).run()
    return invocation.result.physical_id


def handler(event: object, context: LambdaContext) -> None:
    """Handle an event of CloudFormation or a batch of the wait queue; an exception asks for a redelivery."""
    records = event.get("Records") if isinstance(event, Mapping) else None
    for each in map(_unwrap, records) if records and isinstance(records, list) else [event]:
        _handle(each, context)


def _unwrap(record: Any) -> object:  # noqa: ANN401 - any sender of the queue
    """Return the event in a queue message; None, which is not an event, where there is none."""
    try:
        return json.loads(record["body"])
    except (KeyError, TypeError, ValueError, RecursionError):
        return None


def _handle(event: Any, context: LambdaContext) -> None:  # noqa: ANN401 - any caller of the function
    try:
        resource(event, context)
    except MalformedEventError as error:
        logger.error("malformed event", extra={"reason": str(error)})  # noqa: TRY400 - the text says it all
        if error.addressee:
            resource.refuse(error.addressee, str(error))
