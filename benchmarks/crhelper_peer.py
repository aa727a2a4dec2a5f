"""The peer of our waiting: a provider as crhelper's README has it, with its polling at the shortest interval.

crhelper is the real one; Lambda's and EventBridge's clients are replaced by ones that count, and the rule fires every
minute from when it is made on, on the simulated clock. SageMaker is the same simulation that our function is given.
"""

# crhelper has no other way in than its attributes.
# ruff: noqa: SLF001

import os
from collections.abc import Callable, Mapping
from typing import Any, Final

from crhelper import CfnResource

from inference_experiment_local.sagemaker.local_sagemaker import LocalSageMaker
from protocol_driver.clock import SteppedClock
from protocol_driver.response_bucket import ResponseBucket

MINUTE: Final = 60.0
RULE: Final = "arn:aws:events:us-east-1:123456789012:rule/rule"
PERMANENT: Final = frozenset({"Created", "Running", "Completed", "Cancelled"})


class Counting:
    """An AWS client that does nothing but count the calls."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def __getattr__(self, operation: str) -> Callable[..., dict[str, str]]:
        """Return the operation."""

        def call(**_: object) -> dict[str, str]:
            self.calls.append(operation)
            return {"RuleArn": RULE}

        return call


class Context:
    """What crhelper asks of Lambda's context."""

    function_name = "provider"
    aws_request_id = "invocation"

    def get_remaining_time_in_millis(self) -> int:
        """Return plenty: an invocation of this provider is short."""
        return 300_000


class PollingProvider:
    """Creates, changes or ends an experiment, and answers when a tick of the rule finds it settled."""

    def __init__(self, clock: SteppedClock, sagemaker: LocalSageMaker, bucket: ResponseBucket) -> None:
        self.helpers = Counting()
        self._clock = clock
        self._bucket = bucket
        self._client: Any = sagemaker.client()
        self._act: Callable[[], object] = lambda: None
        self._name = ""
        self._resource = self._made()

    def _made(self) -> Any:  # noqa: ANN401 - crhelper's stubs lack half of it
        os.environ["AWS_SAM_LOCAL"] = "true"  # with it crhelper makes no clients; it needs a region for them
        make: Any = CfnResource
        resource = make(polling_interval=1, sleep_on_delete=0, log_level="ERROR", ssl_verify=str(self._bucket.ca_file))
        del os.environ["AWS_SAM_LOCAL"]
        resource._sam_local = None
        resource._lambda_client = resource._events_client = self.helpers
        for decorate in (resource.create, resource.update, resource.delete):
            decorate(self._begin)
        for decorate in (resource.poll_create, resource.poll_update):
            decorate(self._settled)
        resource.poll_delete(self._gone)
        return resource

    def request(self, event: Mapping[str, Any], name: str, act: Callable[[], object]) -> int:
        """Carry one request out to its answer, and return how many ticks that took."""
        self._act, self._name = act, name
        given = dict(event)
        began, ticks = self._clock.now(), 0
        with self._clock.ruling():
            self._resource(given, Context())
            while not self._bucket.arrivals(str(event["RequestId"])):
                ticks += 1
                self._clock.advance_to(began + ticks * MINUTE)
                self._resource(given, Context())
        return ticks

    def _begin(self, _event: object, _context: object) -> str:
        self._act()
        return self._name

    def _settled(self, _event: object, _context: object) -> str | None:
        status = self._client.describe_inference_experiment(Name=self._name)["Status"]
        return self._name if status in PERMANENT else None

    def _gone(self, _event: object, _context: object) -> str | None:
        try:
            status = self._client.describe_inference_experiment(Name=self._name)["Status"]
        except self._client.exceptions.ResourceNotFound:
            return self._name
        if status in PERMANENT:
            self._client.delete_inference_experiment(Name=self._name)
        return None
