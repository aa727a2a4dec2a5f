"""A stack with one custom resource, as CloudFormation treats it; see docs/local-aws-protocol.md.

Each operation is a generator that reads like the protocol: it yields the request that CloudFormation waits for
and gets the answer sent in. What ministack lacks (local-aws section 4, gaps a-d) is all here: the Delete after
a failed create carries the id of the FAILED response; one that overtakes a create carries an invented id;
ServiceTimeout; rollback of updates; the clean-up phase. Sources are named where a step is taken.
"""

import uuid
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from protocol_driver.clock import SteppedClock
from protocol_driver.delivery import Deliveries
from protocol_driver.messages import (
    Answer,
    Properties,
    StackRequest,
    invented_id,
    make_request,
    stringified,
    verdict,
)
from protocol_driver.response_bucket import ResponseBucket

Protocol: TypeAlias = Generator[StackRequest, Answer, None]

TIMED_OUT: Final = "Custom Resource failed to stabilize in expected time"
CLEAN_UP_TRIES: Final = 3
"""How often the clean-up tries a Delete before it skips the resource (re:Post, cloudformation-stack-cleanup-stuck)."""


@dataclass(frozen=True)
class ResourceState:
    """What DescribeStackResource shows: `updated` (epoch seconds) is when the status changed last."""

    status: str
    physical_id: str
    updated: float


class Stack:
    """One stack; `physical_id` is None while CloudFormation knows no resource. `requests` is its history.

    `waiting` is the request whose answer CloudFormation waits for.
    """

    def __init__(
        self,
        name: str,
        logical_id: str,
        number: int,
        clock: SteppedClock,
        bucket: ResponseBucket,
        deliveries: Deliveries,
    ) -> None:
        guid = uuid.uuid5(uuid.NAMESPACE_URL, f"{name}/{number}")
        self.name = name
        self.logical_id = logical_id
        self.stack_id = f"arn:aws:cloudformation:us-east-1:123456789012:stack/{name}/{guid}"
        self.status = "REVIEW_IN_PROGRESS"
        self.physical_id: str | None = None
        self.resource: ResourceState | None = None
        self.updated: float | None = None
        self.properties: Properties = {}
        self.requests: list[StackRequest] = []
        self._clock = clock
        self._bucket = bucket
        self._deliveries = deliveries
        self._running: Protocol | None = None
        self.waiting: StackRequest | None = None
        self.seconds_apart = 0.0  # at least, between two requests
        self._unfinished: tuple[Properties, Properties] = ({}, {})

    @property
    def in_progress(self) -> bool:
        """Whether an operation of the stack is under way."""
        return self._running is not None

    @property
    def answer(self) -> Answer:
        """The answer to the first request of the last operation; LookupError when there is none."""
        answer = next((each.answer for each in reversed(self.requests) if each.answer), None)
        if answer is None:
            raise LookupError(f"stack {self.name} has no answer yet")
        return answer

    def begin_create(self, properties: Mapping[str, Any], *, other_fails: bool = False) -> None:
        """Start CREATE; with `other_fails` another resource fails after ours has succeeded."""
        self._begin(self._create(stringified(properties), other_fails=other_fails))

    def begin_update(
        self, properties: Mapping[str, Any], *, other_fails: bool = False, rollback_asks: bool = True
    ) -> None:
        """Start UPDATE; ValueError when nothing changes, as CloudFormation then sends no request.

        After a replacement that is rolled back CloudFormation sends the Update back before the Delete of the
        replacement; with `rollback_asks` False it sends only the Delete (both are seen; see the document).
        """
        new = stringified(properties)
        if new == self.properties:
            raise ValueError("No updates are to be performed.")
        self._begin(self._update(new, other_fails=other_fails, rollback_asks=rollback_asks))

    def begin_delete(self) -> None:
        """Start DELETE."""
        self._begin(self._delete())

    def begin_removal(self) -> None:
        """Start an UPDATE whose template no longer has the resource; ValueError where the stack has none."""
        self._begin(self._remove(self._known_id()))

    def begin_addition(self, properties: Mapping[str, Any], *, other_fails: bool = False) -> None:
        """Start an UPDATE whose template has the resource anew; ValueError where the stack has one."""
        if self.physical_id is not None:
            raise ValueError(f"stack {self.name} has the resource")
        self._begin(self._add(stringified(properties), other_fails=other_fails))

    def begin_continue_rollback(self) -> None:
        """Start ContinueUpdateRollback; ValueError in any status but UPDATE_ROLLBACK_FAILED."""
        if self.status != "UPDATE_ROLLBACK_FAILED":
            raise ValueError(f"stack {self.name} is in {self.status}")
        self._begin(self._undo(*self._unfinished))

    def fail_other(self) -> None:
        """Let another resource of the stack fail now: what is under way is cancelled and rolled back.

        CloudFormation stops waiting for the request in flight and sends the next one at once (aws-facts 6.2,
        cancelled create). ValueError when no create or update is under way.
        """
        if self.status not in {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"}:
            raise ValueError(f"stack {self.name} is in {self.status}")
        self._resume(Answer(success=False, reason="Resource creation cancelled"))

    def notice(self) -> bool:
        """Take the answer to the request in flight, if it came in time; returns whether it did."""
        request = self.waiting
        if request is None:
            return False
        arrivals = self._bucket.arrivals(request.request_id)
        if not arrivals or arrivals[0].time > request.expires:
            return False
        self._resume(verdict(arrivals[0], request.event))
        return True

    def time_out(self) -> None:
        """Stop waiting for the request in flight: its ServiceTimeout is over."""
        self._resume(Answer(success=False, reason=TIMED_OUT))

    def _begin(self, protocol: Protocol) -> None:
        if self._running is not None:
            raise ValueError(f"stack {self.name} is in {self.status}")
        self._running = protocol
        self._advance(lambda: next(protocol))

    def _resume(self, answer: Answer) -> None:
        running, request = self._running, self.waiting
        if running is None or request is None:
            raise ValueError(f"stack {self.name} waits for nothing")
        request.answer, request.ended = answer, self._clock.now()
        self._show_end(request, answer)
        self._advance(lambda: running.send(answer))

    def _advance(self, go_on: Any) -> None:
        try:
            self.waiting = go_on()
        except StopIteration:
            self.waiting = self._running = None

    def _create(self, properties: Properties, *, other_fails: bool) -> Protocol:
        self.status, self.properties = "CREATE_IN_PROGRESS", properties
        answer = yield self._send("Create", properties)
        self.physical_id = answer.physical_id or None
        if answer.success and not other_fails:
            self.status = "CREATE_COMPLETE"
            return
        self.status = "ROLLBACK_IN_PROGRESS"
        # The id of the FAILED response (aws-cdk PR 5525); without one CloudFormation invents it (aws-cdk 26139).
        self.physical_id = self.physical_id or invented_id(self.stack_id, self.name, self.logical_id)
        answer = yield self._send("Delete", properties, self.physical_id)
        self.status = "ROLLBACK_COMPLETE" if answer.success else "ROLLBACK_FAILED"
        self.physical_id = None if answer.success else self.physical_id

    def _update(self, new: Properties, *, other_fails: bool, rollback_asks: bool) -> Protocol:
        old, old_id = self.properties, self._known_id()
        self._begin_update()
        answer = yield self._send("Update", new, old_id, old)
        if answer.success:
            self.physical_id = answer.physical_id
        if answer.success and not other_fails:
            self.properties, self.status = new, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
            if self.physical_id != old_id:
                yield from self._clean_up(old_id, old)
            self.status = "UPDATE_COMPLETE"
        elif self.physical_id != old_id and not rollback_asks:
            replacement, self.physical_id = self._known_id(), old_id
            self.status = "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"
            self._show("UPDATE_COMPLETE", old_id)
            yield from self._clean_up(replacement, new)
            self.status = "UPDATE_ROLLBACK_COMPLETE"
        else:
            yield from self._undo(new, old)

    def _undo(self, new: Properties, old: Properties) -> Protocol:
        """Send the Update back, with the properties swapped (aws-facts 6.2), also when the forward one failed."""
        current, self._unfinished = self._known_id(), (new, old)
        self.status = "UPDATE_ROLLBACK_IN_PROGRESS"
        answer = yield self._send("Update", old, current, new)
        if not answer.success:
            self.status = "UPDATE_ROLLBACK_FAILED"
            return
        self.physical_id, self.status = answer.physical_id, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"
        if self.physical_id != current:
            yield from self._clean_up(current, new)
        self.status = "UPDATE_ROLLBACK_COMPLETE"

    def _remove(self, physical_id: str) -> Protocol:
        """Delete a resource that the template has lost: in the clean-up, after everything else has succeeded."""
        self._begin_update()
        self.status = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
        yield from self._clean_up(physical_id, self.properties, shown=True)
        self.physical_id, self.resource, self.status = None, None, "UPDATE_COMPLETE"

    def _add(self, properties: Properties, *, other_fails: bool) -> Protocol:
        self._begin_update()
        self.properties = properties
        answer = yield self._send("Create", properties)
        self.physical_id = answer.physical_id or None
        if answer.success and not other_fails:
            self.status = "UPDATE_COMPLETE"
            return
        # What the failed update has created is deleted in the clean-up that follows its rollback.
        self.status = "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"
        self.physical_id = self.physical_id or invented_id(self.stack_id, self.name, self.logical_id)
        yield from self._clean_up(self.physical_id, properties, shown=True)
        self.physical_id, self.resource, self.status = None, None, "UPDATE_ROLLBACK_COMPLETE"

    def _clean_up(self, physical_id: str, properties: Properties, *, shown: bool = False) -> Protocol:
        """Delete what was replaced, by its own id and its own properties (aws-facts 6.2, replacement).

        DescribeStackResource keeps showing the resource that has replaced it; `shown` where there is none.
        """
        for _ in range(CLEAN_UP_TRIES):
            answer = yield self._send("Delete", properties, physical_id, shown=shown)
            if answer.success:
                return

    def _delete(self) -> Protocol:
        self.status = "DELETE_IN_PROGRESS"
        if self.physical_id is not None:
            answer = yield self._send("Delete", self.properties, self.physical_id)
            if not answer.success:
                self.status = "DELETE_FAILED"
                return
        self.status, self.physical_id = "DELETE_COMPLETE", None

    def _known_id(self) -> str:
        if self.physical_id is None:
            raise ValueError(f"stack {self.name} has no resource")
        return self.physical_id

    def _begin_update(self) -> None:
        """Begin an update; DescribeStacks then has LastUpdatedTime (API reference, Stack)."""
        self.status, self.updated = "UPDATE_IN_PROGRESS", self._clock.now()

    def _show(self, status: str, physical_id: str) -> None:
        self.resource = ResourceState(status, physical_id, self._clock.now())

    def _show_end(self, request: StackRequest, answer: Answer) -> None:
        """Show the end of a request; the cancellation of one in flight is its failure (aws-facts 10)."""
        if self.resource is not None and self.resource.status == f"{request.type.upper()}_IN_PROGRESS":
            outcome = "COMPLETE" if answer.success else "FAILED"
            self._show(f"{request.type.upper()}_{outcome}", answer.physical_id or self.resource.physical_id)

    def _send(
        self,
        kind: str,
        properties: Properties,
        physical_id: str = "",
        old: Properties | None = None,
        *,
        shown: bool = True,
    ) -> StackRequest:
        """Send a request; the members are those of aws-facts 6.1. `shown`: as the status of the resource."""
        if self.requests:
            self._clock.advance(max(self.requests[-1].sent + self.seconds_apart - self._clock.now(), 0.0))
        if shown:
            self._show(f"{kind.upper()}_IN_PROGRESS", physical_id)
        request_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.stack_id}/{len(self.requests)}"))
        members = {
            "ResponseURL": self._bucket.issue(request_id),
            "StackId": self.stack_id,
            "RequestId": request_id,
            "LogicalResourceId": self.logical_id,
        }
        request = make_request(kind, members, properties, physical_id, old, self._clock.now())
        self.requests.append(request)
        self._deliveries.invoke(request.event)
        return request
