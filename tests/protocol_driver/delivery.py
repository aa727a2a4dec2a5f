"""How events reach the function: Lambda's asynchronous invocation and the queue's event source mapping.

Asynchronous invocation: CloudFormation invokes the function and does not wait; an invocation that ends in error
is repeated twice, after one and after two more minutes, with the same request, then goes to the function's
dead-letter queue (Lambda developer guide, "How Lambda handles errors and retries with asynchronous
invocation"; aws-facts 6.2). Queue: one message per invocation, deleted after success; after an error it comes
back when its visibility timeout is over, and after maxReceiveCount receives it goes to the dead-letter queue
(Lambda developer guide, "Using Lambda with Amazon SQS"). A message is invisible during its delay, then for the
visibility timeout after each receive, until it is deleted (SQS developer guide, "Amazon SQS visibility timeout",
"delay queues" and "dead-letter queues").
"""

import json
import uuid
from dataclasses import dataclass, field
from typing import Any, Final

from protocol_driver.clock import SteppedClock
from protocol_driver.function import ProviderFunction

VISIBILITY_TIMEOUT = 310.0
MAXIMUM_RECEIVES = 15
"""As in template.yaml; a test compares them."""
MAXIMUM_DELAY = 900
RETRY_DELAYS: Final = (60.0, 120.0)
"""Seconds before the second and the third attempt."""


@dataclass
class Message:
    """One message; `visible_at` is epoch seconds."""

    body: str
    visible_at: float
    receives: int = 0
    message_id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(frozen=True)
class DeadLetter:
    """What was dead-lettered: a message of the waiting queue, or the event of an asynchronous invocation."""

    body: str
    origin: str


class WaitQueue:
    """The messages that wait, oldest first, and those that were dead-lettered."""

    def __init__(self, clock: SteppedClock) -> None:
        self.clock = clock
        self.messages: list[Message] = []
        self.dead_letters: list[DeadLetter] = []

    def send(self, body: str, delay: float) -> Message:
        """Add a message that appears after `delay` seconds."""
        message = Message(body, self.clock.now() + delay)
        self.messages.append(message)
        return message

    def next(self) -> Message | None:
        """Return the message that appears first; None when there is none."""
        return min(self.messages, key=lambda message: message.visible_at, default=None)

    def receive(self, message: Message) -> bool:
        """Take a message, hiding it from others; False when it went to the dead-letter queue instead."""
        if message.receives >= MAXIMUM_RECEIVES:
            self.messages.remove(message)
            self.dead_letters.append(DeadLetter(message.body, "queue"))
            return False
        message.receives += 1
        message.visible_at = self.clock.now() + VISIBILITY_TIMEOUT
        return True

    def delete(self, message: Message) -> None:
        """Forget a message that was handled."""
        if message in self.messages:
            self.messages.remove(message)

    def reset(self) -> None:
        """Forget everything."""
        self.messages.clear()
        self.dead_letters.clear()


@dataclass
class Asynchronous:
    """One asynchronous invocation; `due` is epoch seconds, `attempts` how often it has been delivered."""

    event: dict[str, Any]
    due: float
    request_id: str
    attempts: int = 0


@dataclass(frozen=True)
class Delivered:
    """One delivery that took place: the custom resource's request, the attempt, when (epoch seconds), how it failed."""

    request_id: str
    source: str
    attempt: int
    began: float
    error: str


class Deliveries:
    """Everything that is on its way to one function.

    `log` keeps what was delivered, oldest first; `handling` is the RequestId that the function is busy with.
    """

    def __init__(self, clock: SteppedClock, queue: WaitQueue, function: ProviderFunction) -> None:
        self.function = function
        self.handling = ""
        self.log: list[Delivered] = []
        self.asynchronous: list[Asynchronous] = []
        self._clock = clock
        self._queue = queue

    def invoke(self, event: dict[str, Any], delay: float = 0.0) -> None:
        """Accept an asynchronous invocation; a second one of the same event is a duplicate delivery."""
        self.asynchronous.append(Asynchronous(event, self._clock.now() + delay, str(uuid.uuid4())))

    def next_due(self) -> float | None:
        """Return when the next delivery is due (epoch seconds); None when nothing is on its way."""
        message = self._queue.next()
        times = [each.due for each in self.asynchronous] + ([message.visible_at] if message else [])
        return min(times, default=None)

    def deliver_next(self) -> bool:
        """Advance the clock to the next delivery and make it; False when nothing is on its way."""
        due = self.next_due()
        if due is None:
            return False
        self._clock.advance_to(due)
        message = self._queue.next()
        if message is not None and message.visible_at <= due:
            self.deliver_message(message)
        else:
            self._deliver(min(self.asynchronous, key=lambda each: each.due))
        return True

    def deliver_message(self, message: Message, *, keep: bool = False) -> None:
        """Deliver a waiting message now, whatever its delay, or give it up.

        `keep` leaves it in the queue although it was handled: SQS delivers at least once.
        """
        if not self._queue.receive(message):
            return
        record = {
            "messageId": message.message_id,
            "receiptHandle": message.message_id,
            "body": message.body,
            "attributes": {"ApproximateReceiveCount": str(message.receives)},
            "eventSource": "aws:sqs",
        }
        self.handling, began = json.loads(message.body)["RequestId"], self._clock.now()
        error = self.function.invoke({"Records": [record]}, str(uuid.uuid4()))
        self.log.append(Delivered(self.handling, "queue", message.receives, began, error))
        if not error and not keep:
            self._queue.delete(message)

    def _deliver(self, one: Asynchronous) -> None:
        one.attempts += 1
        self.handling, began = one.event["RequestId"], self._clock.now()
        error = self.function.invoke(one.event, one.request_id)
        self.log.append(Delivered(self.handling, "asynchronous", one.attempts, began, error))
        if error and one.attempts <= len(RETRY_DELAYS):
            one.due = self._clock.now() + RETRY_DELAYS[one.attempts - 1]
            return
        self.asynchronous.remove(one)
        if error:
            self._queue.dead_letters.append(DeadLetter(json.dumps(one.event), "function"))

    def reset(self) -> None:
        """Forget everything."""
        self.asynchronous.clear()
        self.log.clear()
