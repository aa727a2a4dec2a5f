"""The custom-resource protocol driver: CloudFormation's half of a custom resource, step by step.

    with ProtocolCloud() as cloud:
        cloud.sagemaker.add_endpoint("endpoint", "production", "model-1")
        stack = cloud.stack("shop")
        stack.begin_create(properties)
        cloud.settle()
        assert stack.status == "CREATE_COMPLETE"

It does what ministack's CloudFormation does not (local-aws section 4), on a clock that stands still: nothing
happens but what `step` lets happen, in the order in which it is due. SageMaker is ControlledSageMaker, the response
goes over HTTPS, SQS and DescribeStacks over HTTP; only the function's environment leads there.
"""

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Self

from inference_experiment_local.certificate import make_certificates
from inference_experiment_local.errors import LocalAwsError
from protocol_driver.clock import SteppedClock
from protocol_driver.controlled import ControlledSageMaker
from protocol_driver.delivery import Deliveries, WaitQueue
from protocol_driver.function import (
    FUNCTION_TIMEOUT,
    InProcessFunction,
    ProviderFunction,
    RuntimeFunction,
)
from protocol_driver.response_bucket import ResponseBucket
from protocol_driver.services import CompanionServices
from protocol_driver.stack import Stack

MAXIMUM_STEPS: Final = 2000
"""Steps after which `settle` gives up: no protocol takes that many."""


class ProtocolCloud:
    """Stacks, the provider's function and everything that the function can reach.

    `poll_seconds` is the function's setting. With `task_root` the function runs in awslambdaric from that
    folder, otherwise in this process.
    """

    def __init__(self, poll_seconds: float = 5.0, task_root: Path | None = None) -> None:
        self._poll_seconds = poll_seconds
        self._task_root = task_root
        self._resources = ExitStack()
        self.stacks: list[Stack] = []

    def __enter__(self) -> Self:
        """Start everything."""
        with ExitStack() as starting:
            self.directory = Path(starting.enter_context(tempfile.TemporaryDirectory(prefix="protocol-")))
            self.clock = SteppedClock(self.directory / "clock")
            self.sagemaker = starting.enter_context(ControlledSageMaker(clock=self.clock))
            self.queue = WaitQueue(self.clock)
            self.services = starting.enter_context(CompanionServices(self.queue, self.find_stack))
            self.bucket = starting.enter_context(ResponseBucket(make_certificates(self.directory), self.clock))
            self.function = self._function(starting)
            self.deliveries = Deliveries(self.clock, self.queue, self.function)
            self._resources = starting.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop everything."""
        self._resources.close()

    def _function(self, starting: ExitStack) -> ProviderFunction:
        environment = {
            "WAIT_QUEUE_URL": self.services.queue_url,
            "POLL_SECONDS": str(self._poll_seconds),
            "RESPONSE_HOSTS": "localhost",
            "SSL_CERT_FILE": str(self.bucket.ca_file),
            "AWS_ENDPOINT_URL_SAGEMAKER": self.sagemaker.url,
            "AWS_ENDPOINT_URL_SQS": self.services.url,
            "AWS_ENDPOINT_URL_CLOUDFORMATION": self.services.url,
            "AWS_ENDPOINT_URL_S3": self.services.url,
        }
        if self._task_root is None:
            return InProcessFunction(self.clock, environment)
        function = RuntimeFunction(self.clock, environment, self._task_root, self.directory)
        starting.enter_context(function.runtime)
        return function

    def reset(self) -> None:
        """Forget stacks, experiments, endpoints, messages, responses, calls and faults; the clock shows real time."""
        self.clock.restart()
        self.stacks.clear()
        self.sagemaker.reset()
        self.queue.reset()
        self.services.reset()
        self.bucket.reset()
        self.deliveries.reset()
        self.function.timeout = FUNCTION_TIMEOUT

    def stack(self, name: str, logical_id: str = "Experiment") -> Stack:
        """Return a new stack of this name, with an id of its own, before its first operation."""
        stack = Stack(name, logical_id, len(self.stacks), self.clock, self.bucket, self.deliveries)
        self.stacks.append(stack)
        return stack

    def find_stack(self, name_or_id: str) -> Stack | None:
        """Return a stack as DescribeStacks finds it: a deleted one by its id only."""
        for stack in reversed(self.stacks):
            deleted = stack.status == "DELETE_COMPLETE"
            if name_or_id == stack.stack_id or (name_or_id == stack.name and not deleted):
                return stack
        return None

    def step(self) -> bool:
        """Let the next thing happen: a delivery or a ServiceTimeout. False when nothing is to happen."""
        due, expiring = self.deliveries.next_due(), self._expiring()
        if expiring is not None and (due is None or expiring[0] <= max(due, self.clock.now())):
            self.clock.advance_to(expiring[0])
            expiring[1].time_out()
            return True
        delivered = self.deliveries.deliver_next()
        self.notice()
        return delivered

    def _expiring(self) -> tuple[float, Stack] | None:
        """Return when which stack stops waiting first; None when none waits."""
        waiting = [(stack.waiting.expires, stack) for stack in self.stacks if stack.waiting is not None]
        return min(waiting, key=lambda pair: pair[0], default=None)

    def notice(self) -> None:
        """Let every stack take the answers that have arrived; needed after a delivery that was not a `step`."""
        for stack in self.stacks:
            stack.notice()

    def settle(self) -> None:
        """Step until no stack is in progress; messages may be left. LocalAwsError if that never comes."""
        self._step_while(lambda: any(stack.in_progress for stack in self.stacks))

    def drain(self) -> None:
        """Step until nothing is on its way any more either: retries, stale waits. LocalAwsError as above."""
        self._step_while(lambda: True)

    def _step_while(self, goes_on: Callable[[], bool]) -> None:
        for _ in range(MAXIMUM_STEPS):
            if not goes_on() or not self.step():
                return
        raise LocalAwsError(f"the stacks do not settle within {MAXIMUM_STEPS} steps")
