"""The peer of the waiting benchmark: a provider as in crhelper's README, with polling at the shortest interval.

crhelper is the real package. The clients of Lambda and EventBridge are replaced by clients that count calls, and the
rule fires every minute of the simulated clock. SageMaker is the same simulation as for the provider.
"""

# crhelper's clients can be replaced through private attributes only.
# ruff: noqa: SLF001

import os
from collections.abc import Callable, Mapping
from typing import Any, Final

from crhelper import CfnResource

from inference_experiment_local.protocol.clock import SteppedClock
from inference_experiment_local.protocol.response import ResponseDesk
from inference_experiment_local.sagemaker.local_sagemaker import LocalSageMaker

MINUTE: Final = 60.0
RULE: Final = "arn:aws:events:us-east-1:123456789012:rule/rule"
PERMANENT: Final = frozenset({"Created", "Running", "Completed", "Cancelled"})


class Counting:
    """An AWS client that only counts the calls."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def __getattr__(self, operation: str) -> Callable[..., dict[str, str]]:
        """Return the operation."""

        def call(**_: object) -> dict[str, str]:
            self.calls.append(operation)
            return {"RuleArn": RULE}

        return call


class Context:
    """The part of Lambda's context that crhelper uses."""

    function_name = "provider"
    aws_request_id = "invocation"

    def get_remaining_time_in_millis(self) -> int:
        """Return a constant: an invocation of this provider is short."""
        return 300_000


class PollingProvider:
    """Starts an operation on an experiment, and responds when a poll finds a permanent status."""

    def __init__(self, clock: SteppedClock, sagemaker: LocalSageMaker, desk: ResponseDesk) -> None:
        self.helpers = Counting()
        self._clock = clock
        self._desk = desk
        self._client: Any = sagemaker.client()
        self._act: Callable[[], object] = lambda: None
        self._name = ""
        self._resource = self._build_resource()

    def _build_resource(self) -> Any:  # noqa: ANN401 - crhelper's stubs are incomplete
        os.environ["AWS_SAM_LOCAL"] = "true"  # so that crhelper creates no clients, which require a region
        make: Any = CfnResource
        resource = make(polling_interval=1, sleep_on_delete=0, log_level="ERROR", ssl_verify=str(self._desk.ca_file))
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
        """Run one request until its response, and return the number of polls."""
        self._act, self._name = act, name
        payload = dict(event)
        start, ticks = self._clock.now(), 0
        with self._clock.ruling():
            self._resource(payload, Context())
            while not self._desk.arrivals(str(event["RequestId"])):
                ticks += 1
                self._clock.advance_to(start + ticks * MINUTE)
                self._resource(payload, Context())
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
