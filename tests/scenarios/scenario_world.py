"""What every scenario runs in: containers of the function, a simulated AWS, and what is there at the beginning.

Simulated time stands at 2030-01-01T00:00:00Z when a scenario begins and goes on by `step` seconds with every look of
the function, so that a scenario decides what each look shows. The function's own clock is the real one.
"""

import importlib
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import boto3
import pytest
import yaml
from log_audit import AUDIT
from scenario_edge import Edge
from scenario_format import Given, Meanwhile, Members, Result, Scenario
from standing_clock import StandingClock

from inference_experiment.predictions import Figures, Origin, seal
from inference_experiment_local.certificate import Certificates
from inference_experiment_local.sagemaker.metrics import Behaviour
from lambda_runtime.runtime import LambdaRuntime
from protocol_driver.controlled import ControlledSageMaker
from protocol_driver.response_bucket import ResponseBucket

if TYPE_CHECKING:
    from types import ModuleType

BEGIN: Final = datetime(2030, 1, 1, tzinfo=UTC).timestamp()
GUID: Final = "6f0f5a80-1111-11f0-8000-000000000001"
STACK_ID: Final = f"arn:aws:cloudformation:us-east-1:123456789012:stack/shop/{GUID}"
LOGICAL_ID: Final = "Experiment"
OWNER_TAG: Final = "cfn-inference-experiment:owner"
PROGRESS_KEY: Final = "inference-experiment-progress"
PROPERTIES: Final = yaml.safe_load((Path(__file__).parent / "properties.yaml").read_text(encoding="utf-8"))
SETTINGS: Final = {
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_EC2_METADATA_DISABLED": "true",
    "POLL_SECONDS": "0.01",
    "RESPONSE_HOSTS": "localhost",
}


class Context:
    """The context that Lambda passes: how much time an invocation has."""

    function_name = "provider"
    aws_request_id = "invocation"

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds that are left."""
        return int((self._end - time.monotonic()) * 1000)


class Container(Protocol):
    """Somewhere the function runs."""

    def invoke(self, event: object, remaining: float) -> str:
        """Deliver an event; return the name of the error that the invocation ends in, if any."""


@contextmanager
def environment(settings: Mapping[str, str]) -> Iterator[None]:
    """Have these variables set for a while, and no longer: other tests of the session have theirs."""
    with pytest.MonkeyPatch.context() as patch:
        for key, value in settings.items():
            patch.setenv(key, value)
        yield


class InProcess:
    """A container in this process: the handler's module, freshly imported, and its environment."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self._settings = settings
        with environment(settings):
            boto3.setup_default_session()
            sys.modules.pop("inference_experiment.handler", None)
            self.module: ModuleType = importlib.import_module("inference_experiment.handler")

    def invoke(self, event: object, remaining: float) -> str:
        """Deliver an event."""
        with environment(self._settings):
            try:
                self.module.handler(event, Context(remaining))
            except Exception as error:  # noqa: BLE001 - Lambda catches whatever it is
                return type(error).__name__
        return ""


class Packaged:
    """A container with the package as it is deployed, run by AWS's runtime client."""

    def __init__(self, runtime: LambdaRuntime) -> None:
        self._runtime = runtime

    def invoke(self, event: object, remaining: float) -> str:
        """Deliver an event."""
        self._runtime.timeout = remaining
        invocation = self._runtime.invoke(event)
        AUDIT.inspect(invocation.log, "runtime client")
        return str(invocation.error["errorType"]) if invocation.error else ""


def placed(properties: Members, changes: Members) -> Members:
    """Return properties with changes; a key is a path such as Tags/0/Value, null takes a member away."""
    changed = deepcopy(properties)
    for path, value in changes.items():
        *parents, last = str(path).split("/")
        place: Any = changed
        for parent in parents:
            place = place[int(parent)] if isinstance(place, list) else place.setdefault(parent, {})
        key = int(last) if isinstance(place, list) else last
        if value is None:
            place.pop(key, None) if isinstance(place, dict) else place.pop(key)
        elif isinstance(place, list) and key == len(place):
            place.append(deepcopy(value))
        else:
            place[key] = deepcopy(value)
    return changed


def api_form(properties: Members) -> Members:
    """Return properties as the API takes them: with numbers, and without what is not its."""
    own = ("ServiceToken", "ServiceTimeout", "DesiredState", "StatusReason", "ModelVariantActions")
    members = {key: deepcopy(value) for key, value in properties.items() if key not in own}
    for shadow in members["ShadowModeConfig"]["ShadowModelVariants"]:
        shadow["SamplingPercentage"] = int(shadow["SamplingPercentage"])
    for variant in members["ModelVariants"]:
        instances = variant["InfrastructureConfig"]["RealTimeInferenceConfig"]
        instances["InstanceCount"] = int(instances["InstanceCount"])
    return members


@dataclass
class World:
    """What every scenario runs in."""

    clock: StandingClock
    sagemaker: ControlledSageMaker
    edge: Edge
    bucket: ResponseBucket
    makers: Mapping[str, Callable[[], Container]]
    containers: dict[str, Container] = field(default_factory=dict)
    client: Any = None
    sent: list[Members] = field(default_factory=list)
    properties: list[Members] = field(default_factory=list)
    physical_id: str = "test"

    def container(self, kind: str) -> Container:
        """Return the container to deliver to: warm keeps the last, cold makes a new one of that kind."""
        kept = "warm" if kind == "cold" else kind
        if kind == "cold" or kept not in self.containers:
            self.containers[kept] = self.makers[kept]()
        return self.containers[kept]

    def reset(self, scenario: Scenario) -> None:
        """Begin anew: an endpoint with a production variant, the models, and what is given."""
        self.sagemaker.reset()
        self.clock.stand_at(BEGIN)
        for endpoint in ("endpoint", "other-endpoint"):
            self.sagemaker.add_endpoint(endpoint, "production", "model-1")
        for model in ("model-2", "model-3"):
            self.sagemaker.add_model(model)
        self.client = self.client or self.sagemaker.client()
        self.edge.on_call = None
        self.edge.metrics.behaviours = {("endpoint", name): Behaviour() for name in ("production", "shadow")}
        self.edge.messages.clear()
        self.sent, self.properties, self.physical_id = [], [], "test"
        for name, given in scenario.given.items():
            self._give(name, given)
        self.sagemaker.durations.update(scenario.durations)
        operations = self.sagemaker.operations
        operations.staleness, operations.deletion_lag = scenario.staleness, scenario.deletion_lag

    def _give(self, name: str, given: Given) -> None:
        properties = placed({**PROPERTIES, "Name": name}, given.properties)
        scheduled = given.status == "Created" or (given.status == "Updating" and given.origin == "Created")
        if scheduled and "Schedule" not in properties:
            properties["Schedule"] = {"StartTime": "2030-01-08T00:00:00Z"}
        tags = {tag["Key"]: tag["Value"] for tag in properties.pop("Tags", [])} | _owner(given.owner) | given.tags
        self.client.create_inference_experiment(
            **api_form(properties), Tags=[{"Key": key, "Value": value} for key, value in tags.items() if value]
        )
        advance = self.sagemaker.clock.advance
        advance({"Creating": 0, "Starting": 1}.get(given.status, 1 if scheduled else 2))
        if given.status == "Updating":
            self.client.update_inference_experiment(Name=name, Description="by somebody else")
        if given.status in {"Stopping", "Completed", "Cancelled"}:
            self.stop(name, given.status if given.status != "Stopping" else "Completed")
            advance(0 if given.status == "Stopping" else 1)
        status = self.sagemaker.status(name)
        assert status == given.status, f"{name} is {status}"

    def stop(self, name: str, state: str) -> None:
        """Stop an experiment as somebody else would, in the console."""
        actions = {"production": "Retain", "shadow": "Remove"}
        self.client.stop_inference_experiment(
            Name=name, ModelVariantActions=actions, DesiredState=state, Reason="by somebody else"
        )

    def published(self, result: Result) -> bytes:
        """Return what report --publish writes of the experiment, with what a scenario changes."""
        described = self.client.describe_inference_experiment(Name="test")
        origin = {
            "experiment": described["Arn"],
            "experiment_created": described["CreationTime"].timestamp(),
            "production": "production",
            "shadow": "shadow",
        }
        good = {"agreed": 995, "labelled": 1000, "only_production_right": 2, "only_shadow_right": 5}
        figures = {"task": "classification", "pairs": 1000, "records": 1000, "drift": 0.01, "drift_low": 0.0} | good
        made = datetime.fromtimestamp(time.time() - result.age, UTC)
        sealed = seal(
            Origin(**(origin | result.origin)),
            Figures(**(figures | result.figures)),
            f"{made:%Y-%m-%dT%H:%M:%SZ}",
            "s3://captured",
        )
        old, new = result.edit
        return sealed.replace(old.encode(), new.encode())[: result.cut] if old else sealed[: result.cut]

    def happen(self, event: Meanwhile) -> None:
        """Do what somebody else does meanwhile."""
        arn = f"arn:aws:sagemaker:us-east-1:123456789012:inference-experiment/{event.name}"
        actions: dict[str, Any] = {
            "fail": lambda: self.sagemaker.end_in_cancelled(event.name, event.value),
            "stop": lambda: self.stop(event.name, event.value or "Completed"),
            "delete": lambda: self.client.delete_inference_experiment(Name=event.name),
            "update": lambda: self.client.update_inference_experiment(Name=event.name, Description=event.value),
            "create": lambda: self._give(event.name, Given("Creating", owner=event.value or "none")),
            "tag": lambda: self.client.add_tags(
                ResourceArn=arn, Tags=[{"Key": key, "Value": value} for key, value in event.value.items()]
            ),
            "vanish": lambda: self.sagemaker.operations.experiments.pop(event.name),
            "vanish-others": self.sagemaker.operations.experiments.clear,
            "stack": lambda: self.edge.set_stack(**event.value),
            "advance": lambda: self.sagemaker.clock.advance(event.value),
        }
        actions[event.do]()


def _owner(owner: str) -> dict[str, str]:
    """Return the owner tag: of the scenario's own first request, an earlier one, another stack's, or none."""
    values = {
        "request": f"{GUID}/{LOGICAL_ID}/request-1",
        "resource": f"{GUID}/{LOGICAL_ID}/request-0",
        "foreign": f"0000{GUID[4:]}/{LOGICAL_ID}/request-0",
    }
    return {} if owner == "none" else {OWNER_TAG: values[owner]}


@contextmanager
def world(packaged: Callable[[Mapping[str, str]], LambdaRuntime], certificates: Certificates) -> Iterator[World]:
    """Start everything that scenarios need; `packaged` makes a runtime with the deployed function."""
    clock = StandingClock()
    with ControlledSageMaker(clock=clock) as sagemaker, Edge(sagemaker) as edge, ResponseBucket(certificates) as bucket:
        settings = {
            **SETTINGS,
            "AWS_ENDPOINT_URL": edge.url,
            "WAIT_QUEUE_URL": f"{edge.url}/123456789012/wait",
            "SSL_CERT_FILE": str(bucket.ca_file),
        }
        makers: dict[str, Callable[[], Container]] = {
            "warm": lambda: InProcess(settings),
            "packaged": lambda: Packaged(packaged(settings)),
        }
        yield World(clock, sagemaker, edge, bucket, makers)
