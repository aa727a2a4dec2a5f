"""Many invocations of the function at once, on the driver's clock: a Lambda with a concurrency limit.

Each invocation is a thread, and one of them runs at a time. A sleep hands over to whatever is due first, so that
simulated hours of hundreds of overlapping waits take seconds and always happen in the same order. A container serves
one invocation at a time and keeps its handler, as Lambda's do; an invocation for which there is no container waits.
"""

import heapq
import importlib
import io
import itertools
import json
import os
import random
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any
from unittest import mock

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from inference_experiment_local.errors import ServiceError
from protocol_driver.cloud import ProtocolCloud
from protocol_driver.delivery import Message
from protocol_driver.function import Context, InProcessFunction

HANDLER = "inference_experiment.handler"


class Baton:
    """Lets one thread run at a time, in the order of the simulated times at which they want to go on."""

    def __init__(self, cloud: ProtocolCloud) -> None:
        self._clock = cloud.clock
        self._order = itertools.count()
        self._asleep: list[tuple[float, int, threading.Semaphore]] = []
        self._back = threading.Semaphore(0)
        self._own = threading.local()
        self._real_sleep = time.sleep

    def start(self, work: Callable[[], None]) -> None:
        """Run work in a thread of its own until it first sleeps or ends."""

        def run() -> None:
            self._own.turn = threading.Semaphore(0)
            try:
                work()
            finally:
                self._back.release()

        threading.Thread(target=run, daemon=True).start()
        self._back.acquire()

    def sleep(self, seconds: float) -> None:
        """Sleep on the simulated clock in a thread that `start` made, else really."""
        turn = getattr(self._own, "turn", None)
        if turn is None:
            self._real_sleep(seconds)
            return
        heapq.heappush(self._asleep, (self._clock.now() + seconds, next(self._order), turn))
        self._back.release()
        turn.acquire()

    def next(self) -> float | None:
        """Return when the next sleeper wakes; None when nobody sleeps."""
        return self._asleep[0][0] if self._asleep else None

    def wake(self) -> None:
        """Let the next sleeper go on, at its time, until it sleeps again or ends."""
        at, _, turn = heapq.heappop(self._asleep)
        self._clock.advance_to(at)
        turn.release()
        self._back.acquire()


class LimitedSageMaker:
    """SageMaker with a limit per operation, as AWS limits its APIs: a bucket of tokens that fills at a steady rate.

    Stands where boto3 sends (its event `before-send`), so that thousands of calls take no sockets. `accepted` and
    `refused` count calls by operation and second.
    """

    def __init__(self, cloud: ProtocolCloud, per_second: float, burst: float) -> None:
        self.accepted: Counter[tuple[str, int]] = Counter()
        self.refused: Counter[tuple[str, int]] = Counter()
        self._per_second = per_second
        self._burst = burst
        self._tokens: dict[str, tuple[float, float]] = {}
        self._clock = cloud.clock
        self._sagemaker = cloud.sagemaker

    def __call__(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        """Answer one request of boto3."""
        operation = request.headers["X-Amz-Target"].decode().rpartition(".")[2]
        status, answer = 200, {}
        try:
            self._admit(operation)
            answer = self._sagemaker.perform(operation, json.loads(request.body))
        except ServiceError as error:
            status, answer = error.status_code, {"__type": error.code, "Message": error.message}
        return AWSResponse(request.url, status, {}, Body(json.dumps(answer).encode()))

    def _admit(self, operation: str) -> None:
        now = self._clock.now()
        tokens, at = self._tokens.get(operation, (self._burst, now))
        tokens = min(self._burst, tokens + (now - at) * self._per_second)
        counted, left = (self.accepted, tokens - 1) if tokens >= 1 else (self.refused, tokens)
        counted[operation, int(now)] += 1
        self._tokens[operation] = left, now
        if counted is self.refused:
            raise ServiceError("ThrottlingException", "Rate exceeded")


class Body(io.BytesIO):
    """A body as urllib3 has it."""

    def stream(self, **_: object) -> Iterator[bytes]:
        """Yield all of it."""
        yield self.read()


class ManyInvocations:
    """The deliveries of a ProtocolCloud, made concurrently; at most `limit` at once."""

    def __init__(self, cloud: ProtocolCloud, limit: int) -> None:
        self.started = 0
        self.most_at_once = 0
        self.errors: list[str] = []
        self._cloud = cloud
        self._baton = Baton(cloud)
        self._free: list[ModuleType | None] = [None] * limit
        self._limit = limit

    @contextmanager
    def running(self, sagemaker: LimitedSageMaker) -> Iterator[None]:
        """Rule time, sleep and chance in this process, and give the handler its environment."""
        function = self._cloud.function
        assert isinstance(function, InProcessFunction)
        names = vars(time)
        real = {name: names[name] for name in ("time", "sleep")}
        session, chance = boto3.DEFAULT_SESSION, random.getstate()
        with mock.patch.dict(os.environ, function.environment):
            boto3.setup_default_session()
            boto3.DEFAULT_SESSION.events.register("before-send.sagemaker", sagemaker)
            random.seed(0)  # botocore's pauses between retries
            names.update(time=self._cloud.clock.now, sleep=self._baton.sleep)
            try:
                yield
            finally:
                names.update(real)
                random.setstate(chance)
                boto3.DEFAULT_SESSION = session

    def settle(self) -> None:
        """Go on until nothing is on its way and nobody sleeps."""
        while self._step():
            pass

    def _step(self) -> bool:
        due = self._cloud.deliveries.next_due() if self._free else None
        wakes = self._baton.next()
        if due is not None and (wakes is None or due <= wakes):
            self._cloud.clock.advance_to(due)
            self._deliver()
            return True
        if wakes is not None:
            self._baton.wake()
            return True
        return False

    def _deliver(self) -> None:
        waiting, message = self._cloud.deliveries.asynchronous, self._cloud.queue.next()
        first = min(waiting, key=lambda each: each.due, default=None)
        if first and (message is None or first.due <= message.visible_at):
            waiting.remove(first)
            self._start(first.event, first.request_id)
        elif message is not None and self._cloud.queue.receive(message):
            record = {"messageId": message.message_id, "body": message.body, "eventSource": "aws:sqs"}
            self._start({"Records": [record]}, message.message_id, message)

    def _start(self, event: dict[str, Any], identity: str, message: Message | None = None) -> None:
        """Begin an invocation. One that ends in error is noted and, if it came by the queue, comes back."""
        module = self._free.pop() or fresh_handler()
        self.started += 1
        self.most_at_once = max(self.most_at_once, self._limit - len(self._free))
        context = Context(self._cloud.clock, identity, self._cloud.function.timeout)

        def work() -> None:
            try:
                module.handler(event, context)
                if message is not None:
                    self._cloud.queue.delete(message)
            except Exception:  # noqa: BLE001 - whatever it is, Lambda reports it
                self.errors.append(traceback.format_exc())
            self._free.append(module)
            self._cloud.notice()

        self._baton.start(work)


def fresh_handler() -> ModuleType:
    """Import the handler as a new container does."""
    sys.modules.pop(HANDLER, None)
    return importlib.import_module(HANDLER)
