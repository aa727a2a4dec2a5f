"""crhelper's CfnResource with what 2.0.12 gets wrong put right, in one place.

Kept of crhelper: the decorators, the dispatch by RequestType, the response fields, and the hook points of its
polling. Each override names the pitfall (C-number of aws-facts section 7) that it mends.
"""

import json
import logging
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from types import UnionType
from typing import Any, Final

from crhelper import CfnResource

from inference_experiment import delivery, identity, logs, response
from inference_experiment.clock import InvocationClock, LambdaContext
from inference_experiment.errors import ExperimentError, Throttled, Unavailable, UnexpectedStatus
from inference_experiment.event import PROGRESS_KEY, MalformedEventError, Request, parse
from inference_experiment.gateway import Gateway
from inference_experiment.lifecycle import Lifecycle
from inference_experiment.model import Outcome, Progress

logger = logging.getLogger(__name__)

Event = dict[str, Any]


# Of the time that CloudFormation waits, what is kept for the answer: a tenth, at most this many seconds.
MAXIMUM_MARGIN: Final = 120.0
CLOCK_SKEW: Final = 300.0


def first_progress(request: Request, now: float) -> Progress:
    """Return the progress of a request at its first delivery: nothing done, and when to give up."""
    issued = request.issued
    known = issued is not None and issued <= now + CLOCK_SKEW
    began = min(issued, now) if known and issued is not None else now
    return Progress(deadline=began + request.service_timeout - min(MAXIMUM_MARGIN, request.service_timeout / 10))


# The members of a progress that another version of the function, or somebody else, may have written.
TYPES: Final[Mapping[str, type | UnionType]] = {
    "acted": dict,
    "deadline": int | float,
    "failure": str,
    "hops": int,
    "pace": int | float,
    "target": str,
    "transition_seen": bool,
    "troubled_since": int | float,
}


def carried_progress(known: object, first: Progress) -> Progress:
    """Return the progress that a message carries; `first` for what it does not carry in a usable form.

    It cannot put the deadline off: the request itself says how long CloudFormation waits.
    """
    if not isinstance(known, Mapping):
        return first
    usable = {name: known[name] for name, kind in TYPES.items() if isinstance(known.get(name), kind)}
    acted = {key: at for key, at in usable.get("acted", {}).items() if isinstance(at, int | float)}
    deadline = min(first.deadline, usable.get("deadline", first.deadline))
    return replace(first, **{**usable, "acted": acted, "deadline": deadline})


class ExperimentResource(CfnResource):
    """The custom resource. One object serves every request of a warm container, one at a time."""

    def __init__(self, gateway: Gateway, interval: float, extra_hosts: frozenset[str]) -> None:
        # C9, C31: its three clients serve a polling that we replace; with this variable set it makes none.
        present = os.environ.get("AWS_SAM_LOCAL")
        os.environ["AWS_SAM_LOCAL"] = "true"
        super().__init__(log_level="INFO", boto_level="ERROR", sleep_on_delete=0)  # C18, C24
        del os.environ["AWS_SAM_LOCAL"]
        if present is not None:
            os.environ["AWS_SAM_LOCAL"] = present
        self._sam_local = None
        self._gateway = gateway
        self._interval = interval
        self._extra_hosts = extra_hosts
        self._event: Event = {}
        self._request: Request | None = None
        self._outcome: Outcome | None = None
        self._undelivered: Exception | None = None

    def __call__(self, event: Event, context: LambdaContext) -> None:
        """Carry out a request; raise when its answer was not delivered, and before anything for a wrong event (C27)."""
        logs.FORMATTER.handle_request("", ())
        self._request, self._outcome, self._undelivered = parse(event), None, None
        logs.FORMATTER.handle_request(self._request.request_id, self._request.tag_values)
        try:
            delivery.check_url(self._request.response_url, self._extra_hosts)
        except delivery.UndeliverableError as error:
            raise MalformedEventError(str(error)) from error
        self.NoEcho = False  # C25: not reset by crhelper, would leak to the next resource
        super().__call__(event, context)
        if self._undelivered:
            raise self._undelivered

    def carry_out(self, event: Event, context: LambdaContext) -> str:
        """Run the lifecycle for the event and return the physical id; sets Status and Reason (C10, C11, C12)."""
        assert self._request is not None  # noqa: S101 - set by __call__
        progress = carried_progress(event.get(PROGRESS_KEY), first_progress(self._request, time.time()))
        clock = InvocationClock(context, self._interval)
        self._outcome = Lifecycle(self._request, self._gateway, clock, progress).run()
        if self._outcome.error:
            self.Status, self.Reason = "FAILED", str(self._outcome.error)
        return self._outcome.physical_id

    def _log_setup(self, _event: Event, _context: LambdaContext) -> None:
        """Leave the loggers alone (C19)."""

    def _set_timeout(self) -> None:
        """Start no timer: it would answer FAILED, with an empty id, for work that the queue carries on (C13)."""

    def _poll_enabled(self) -> bool:
        """Poll only when the work outlasts the invocation; what is finished is answered at once (C9)."""
        return bool(self._outcome and self._outcome.waiting)

    def _setup_polling(self) -> None:
        """Hand the request over through the queue: no rule, no permission, no size of 8,192 (C1-C6, C8, C28-C30)."""
        assert self._outcome is not None  # noqa: S101 - _poll_enabled has looked
        assert self._outcome.waiting is not None  # noqa: S101
        assert self._request is not None  # noqa: S101 - set by __call__
        message = {
            **self._event,
            "ResourceProperties": self._request.properties,
            "OldResourceProperties": self._request.old_properties,
            PROGRESS_KEY: asdict(self._outcome.waiting),
        }
        try:
            self._gateway.send_message(json.dumps(message, default=repr), max(1, round(self._outcome.delay)))
        except (Throttled, Unavailable) as error:
            # Nobody may know whether the message arrived, and it answers if it did. Delivered again, both answer alike.
            self._undelivered = error
        except ExperimentError as error:
            logger.error("failed", extra={"error": type(error).__name__, "reason": str(error)})  # noqa: TRY400
            self._outcome = replace(self._outcome, waiting=None, error=error)
            self.Status = "FAILED"
        else:
            logger.info("handed over", extra={"experiment": self._outcome.physical_id})

    def _remove_polling(self) -> None:
        """Nothing to remove: a message that was received is gone (C4, C5, C6)."""

    def generate_physical_id(self, _event: Event) -> str:
        """Return the marker where no handler gave an id; never a random one (C11)."""
        assert self._request is not None  # noqa: S101 - set by __call__
        return identity.marker(self._request)

    def _send(
        self, _status: str | None = None, reason: str = "", _send_response: Callable[..., None] | None = None
    ) -> None:
        """Deliver the answer with our own sender (C16, C17, C18, C20-C23)."""
        assert self._request is not None  # noqa: S101 - set by __call__
        outcome = self._outcome
        if outcome is None or reason:
            # Our own defect: a handler raised something else than ExperimentError. Reason names it, the log has more.
            text = f"The provider failed unexpectedly: {reason or self.Reason}. Its log has the details"
            physical_id = self._request.physical_id or identity.marker(self._request)
            outcome = Outcome(physical_id, error=UnexpectedStatus(text))
        try:
            delivery.deliver(self._request.response_url, response.body(self._request, outcome), self._extra_hosts)
        except delivery.UndeliverableError as error:
            logger.error("undeliverable", extra={"reason": str(error)})  # noqa: TRY400 - the text says it all
            self._undelivered = error

    def refuse(self, addressee: Request, reason: str) -> None:
        """Answer FAILED to an event that is no whole request but says where its answer goes (C26)."""
        outcome = Outcome(addressee.physical_id or identity.marker(addressee), error=UnexpectedStatus(reason))
        delivery.deliver(addressee.response_url, response.body(addressee, outcome), self._extra_hosts)
