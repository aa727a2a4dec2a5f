"""crhelper at arm's length: what it does for the function, and what is replaced. Nothing else imports crhelper.

crhelper registers the handlers (`create`, `update`, `delete`), calls the one of the RequestType, turns what it raises
into Status and Reason, and chooses between an answer and polling. Replaced is what 2.0.12 gets wrong; `C` numbers are
the pitfalls in docs/aws-facts.md:

- its constructor, which makes three AWS clients and configures the root logger (C9, C18, C19, C31);
- polling by EventBridge rules, by a message to the wait queue (C1-C6, C8, C28-C30);
- the timer, the sleep on Delete and the random physical id (C11, C13, C24);
- the response and its delivery (C16, C17, C20-C23).
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from crhelper import CfnResource

from inference_experiment import identity, logs, metrics, response
from inference_experiment.clock import LambdaContext
from inference_experiment.errors import ExperimentError, Failure, Throttled, Unavailable, UnexpectedStatus
from inference_experiment.event import MalformedEventError, Request, message, parse
from inference_experiment.gateway import Gateway
from inference_experiment.model import RequestResult

logger = logging.getLogger(__name__)

Event = dict[str, Any]


@dataclass
class Invocation:
    """One delivery of a request; crhelper passes it to the handler and to the hooks below as its `context`.

    The handler sets `result`. `undelivered` is raised after crhelper has returned, which catches everything (C27).
    """

    event: Event
    request: Request
    context: LambdaContext
    result: RequestResult
    undelivered: Exception | None = None

    def seconds_left(self) -> float:
        """Return the seconds until Lambda ends the invocation."""
        return self.context.get_remaining_time_in_millis() / 1000


def _failed(request: Request, reason: str) -> RequestResult:
    return RequestResult(
        request.physical_id or identity.failed_create_id(request), error=Failure(UnexpectedStatus, reason)
    )


class ExperimentResource(CfnResource):
    """The custom resource. One object serves every request of a warm container, one at a time."""

    _context: Invocation  # set by crhelper for each request

    def __init__(self, gateway: Gateway, extra_hosts: frozenset[str]) -> None:
        # CfnResource.__init__ is not called. These are the fields of it that the methods kept of crhelper read.
        self._create_func = self._update_func = self._delete_func = None
        self._timer = self._init_failed = self._sam_local = None
        self._gateway = gateway
        self._extra_hosts = extra_hosts

    def __call__(self, event: Event, context: LambdaContext) -> None:
        """Handle a request. Raises MalformedEventError for a malformed event, and when no answer was delivered."""
        logs.REDACTION.handle_request("", ())
        request = parse(event)
        logs.REDACTION.handle_request(request.request_id, request.tag_values)
        try:
            response.check_url(request, self._extra_hosts)
        except response.UndeliverableError as error:
            raise MalformedEventError(str(error)) from error
        invocation = Invocation(event, request, context, _failed(request, "The handler gave no result"))
        # Without the keys of crhelper's own polling, which select another handler.
        super().__call__({key: event[key] for key in event if not key.startswith("CrHelper")}, invocation)
        if invocation.undelivered:
            raise invocation.undelivered

    def refuse(self, addressee: Request, reason: str) -> None:
        """Answer FAILED to an event that is not a complete request but has a usable ResponseURL (C26)."""
        answer = response.body(addressee, _failed(addressee, reason))
        response.deliver(addressee, answer, self._extra_hosts)

    # crhelper's hooks, in the order in which it calls them.

    def _log_setup(self, _event: Event, _invocation: Invocation) -> None:
        """Leave the loggers alone (C19)."""

    def _set_timeout(self) -> None:
        """Start no timer: it would answer FAILED, with an empty id, while the queue carries on (C13)."""

    def _poll_enabled(self) -> bool:
        """Poll only when the work outlasts the invocation (C9)."""
        return self._context.result.waiting is not None

    def _setup_polling(self) -> None:
        """Hand the request over to a later invocation through the queue."""
        invocation = self._context
        result, progress = invocation.result, invocation.result.waiting
        text = message(invocation.request, progress) if progress else ""
        try:
            self._gateway.send_message(text, max(1, round(result.delay)))
        except (Throttled, Unavailable) as error:
            # The message may have arrived, and is then answered. The redelivery gives the same answer.
            invocation.undelivered = error
        except ExperimentError as error:
            reason = f"The request could not be handed over to the queue in WAIT_QUEUE_URL: {error}"
            logger.error("failed", extra={"error": type(error).__name__, "reason": reason})  # noqa: TRY400
            invocation.result = replace(result, waiting=None, error=Failure(type(error), reason))
            self.Status = "FAILED"  # crhelper then answers
        else:
            logger.info("handed over", extra={"experiment": result.physical_id})
            metrics.count_wait(invocation.request)

    def _remove_polling(self) -> None:
        """Nothing to remove: a received message is gone (C4, C5, C6)."""

    def _wait_for_cwlogs(self) -> None:
        """Answer a Delete without a pause (C24)."""

    def generate_physical_id(self, _event: Event) -> str:
        """Return the id of a failed Create; never a random one (C11)."""
        return identity.failed_create_id(self._context.request)

    def _send(
        self, status: str | None = None, reason: str = "", _send_response: Callable[..., None] | None = None
    ) -> None:
        """Deliver the answer; FAILED with what was raised where crhelper caught an exception."""
        invocation = self._context
        request, result = invocation.request, invocation.result
        raised = reason or self.Reason
        if status or raised:
            text = f"The provider failed unexpectedly: {raised or 'no message'}. Its log has the details"
            result = replace(result, waiting=None, error=Failure(UnexpectedStatus, text))
        if result.abandoned:
            metrics.count_answer(request, result)
            return
        try:
            answer = response.body(request, result)
            response.deliver(request, answer, self._extra_hosts, invocation.seconds_left)
        except response.UndeliverableError as error:
            logger.error("undeliverable", extra={"reason": str(error)})  # noqa: TRY400 - the text says it all
            invocation.undelivered = error
        else:
            metrics.count_answer(request, result)
