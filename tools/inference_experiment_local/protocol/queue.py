"""The waiting queue and the dead-letter queue, on the driver's clock.

SQS as far as the provider depends on it: a message is invisible during its delay, then for the visibility timeout
after each receive, until it is deleted; one that was received maxReceiveCount times goes to the
dead-letter queue. Sources: SQS developer guide, "Amazon SQS visibility timeout", "delay queues" and
"dead-letter queues".
"""

import uuid
from dataclasses import dataclass, field

from inference_experiment_local.protocol.clock import SteppedClock

VISIBILITY_TIMEOUT = 310.0
MAXIMUM_RECEIVES = 3
"""As in template.yaml; a test compares them."""
MAXIMUM_DELAY = 900


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
