"""Carries a scenario out: real handler, real boto3 over HTTP, real HTTPS answers; then compares.

Simulated time stands at 2030-01-01T00:00:00Z when a scenario begins and goes on by `step` seconds with every look of
the function, so that a scenario decides what each look shows. The function's own clock is the real one; times in
`progress` are seconds before now, as if that much had passed since.
"""

import importlib
import json
import logging
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any, Final, Protocol

import boto3
import pytest
import yaml
from inference_experiment import contract
from inference_experiment_tools.local.response_bucket import BucketResponse, ResponseBucket
from inference_experiment_tools.local.runtime import LambdaRuntime
from inference_experiment_tools.local.sagemaker import LocalSageMaker
from log_audit import AUDIT, SECRET_SIGNATURE, SECRET_TAG_VALUE
from scenario_edge import Edge, Seen
from scenario_format import Fault, Given, Meanwhile, Members, Request, Scenario

BEGIN: Final = datetime(2030, 1, 1, tzinfo=UTC).timestamp()
GUID: Final = "6f0f5a80-1111-11f0-8000-000000000001"
STACK_ID: Final = f"arn:aws:cloudformation:us-east-1:123456789012:stack/shop/{GUID}"
LOGICAL_ID: Final = "Experiment"
OWNER_TAG: Final = "cfn-inference-experiment:owner"
PROGRESS_KEY: Final = "inference-experiment-progress"
PROPERTIES: Final = yaml.safe_load((Path(__file__).parent / "properties.yaml").read_text(encoding="utf-8"))
# What a request must hold exactly; of others, only the arguments that a scenario names are compared.
EXACT: Final = {"UpdateInferenceExperiment", "StartInferenceExperiment", "StopInferenceExperiment", "SendMessage"}
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


class Lines(logging.Handler):
    """The function's log lines of one request."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line as the function would write it."""
        from inference_experiment.logs import FORMATTER  # noqa: PLC0415 - the state of the request that is handled

        if record.name.startswith(("inference_experiment", "crhelper")):
            self.lines.append(FORMATTER.format(record))


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


def difference(expected: Any, actual: Any, where: str = "", *, exact: bool = False) -> str:
    """Return where `actual` lacks something of `expected`, "" if nowhere. An expected null means: not there."""
    if isinstance(expected, Mapping):
        if not isinstance(actual, Mapping):
            return f"{where}: {actual!r} is no mapping"
        if exact and set(actual) - {key for key, value in expected.items() if value is not None}:
            return f"{where}: has {sorted(actual)}, expected {sorted(expected)}"
        found = (
            (f"{where}/{key}: {actual[key]!r} is not to be there" if key in actual else "")
            if value is None
            else (difference(value, actual[key], f"{where}/{key}") if key in actual else f"{where}/{key}: is missing")
            for key, value in expected.items()
        )
        return next(filter(None, found), "")
    if isinstance(expected, list):
        if not isinstance(actual, list) or len(actual) != len(expected):
            return f"{where}: {actual!r} has not {len(expected)} items"
        found = (difference(one, other, f"{where}/{i}") for i, (one, other) in enumerate(zip(expected, actual)))
        return next(filter(None, found), "")
    same = expected == actual or (isinstance(actual, int | float) and expected == _as_time(actual))
    return "" if same else f"{where}: {actual!r} is not {expected!r}"


def _as_time(value: float) -> str:
    """Return how a scenario writes a time that travels as epoch seconds."""
    return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if 0 < value < 1e11 else ""


@dataclass
class World:
    """What every scenario runs in."""

    sagemaker: LocalSageMaker
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
        self.sagemaker.clock._offset = BEGIN - self.sagemaker.clock._real()
        for endpoint in ("endpoint", "other-endpoint"):
            self.sagemaker.add_endpoint(endpoint, "production", "model-1")
        for model in ("model-2", "model-3"):
            self.sagemaker.add_model(model)
        self.client = self.client or self.sagemaker.client()
        self.edge.on_call = None
        self.edge.messages.clear()
        self.sent, self.properties, self.physical_id = [], [], "test"
        for name, given in scenario.given.items():
            self._give(name, given)
        self.sagemaker.durations.update(scenario.durations)
        self.sagemaker.staleness, self.sagemaker.deletion_lag = scenario.staleness, scenario.deletion_lag

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
            "vanish": lambda: self.sagemaker._operations.experiments.pop(event.name),
            "vanish-others": lambda: self.sagemaker._operations.experiments.clear(),
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
def world(packaged: Callable[[Mapping[str, str]], LambdaRuntime]) -> Iterator[World]:
    """Start everything that scenarios need; `packaged` makes a runtime with the deployed function."""
    with LocalSageMaker() as sagemaker, Edge(sagemaker) as edge, ResponseBucket() as bucket:
        sagemaker.clock.freeze()
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
        yield World(sagemaker, edge, bucket, makers)


def _event(world: World, request: Request, number: int) -> Members:
    request_id = f"request-{request.number or number}"
    signed = world.bucket.url(request_id) + SECRET_SIGNATURE
    if request.issued is not None:
        at = datetime.fromtimestamp(time.time() - request.issued, UTC)
        signed += f"&X-Amz-Date={at:%Y%m%dT%H%M%SZ}"
    properties = placed(PROPERTIES, request.properties)
    event: Members = {
        "RequestType": request.send,
        "ResponseURL": signed,
        "StackId": STACK_ID,
        "RequestId": request_id,
        "ResourceType": contract.CUSTOM_TYPE,
        "LogicalResourceId": LOGICAL_ID,
        "ResourceProperties": properties,
    }
    if request.send != "Create":
        event["PhysicalResourceId"] = world.physical_id if request.id is None else request.id
    if request.send == "Update":
        before = world.properties[-1] if world.properties else PROPERTIES
        event["OldResourceProperties"] = before if request.old is None else placed(PROPERTIES, request.old)
    world.properties.append(properties)
    event = {key: value for key, value in {**event, **request.event}.items() if value is not None}
    if request.progress is None:
        return event
    return {"Records": [{"body": json.dumps({**event, PROGRESS_KEY: _progress(request.progress)})}]}


def _progress(written: Members) -> Members:
    now = time.time()
    return {
        **written,
        "deadline": now + written.get("deadline", 1000),
        "acted": {key: now - seconds for key, seconds in written.get("acted", {}).items()},
        "troubled_since": now - written["troubled_since"] if "troubled_since" in written else None,
    }


def _deliver(world: World, request: Request, number: int) -> str:
    if request.send == "message":
        event: Members = {"Records": [{"body": world.edge.messages.pop(0)}]}
    elif request.send == "again":
        event = world.sent[request.number - 1]
    else:
        event = _event(world, request, number)
    world.sent.append(event)
    return world.container(request.container).invoke(event, request.remaining)


def _prepare(world: World, request: Request) -> None:
    edge = world.edge
    edge.calls.clear()
    edge.answers, edge.step, edge.stack, edge.queue_error = request.answers, request.step, request.stack, ""
    for fault in request.faults:
        _inject(world, fault)
    pending = list(request.meanwhile)

    def happen(operation: str, nth: int) -> None:
        for each in [one for one in pending if (one.after, one.nth) == (operation, nth)]:
            pending.remove(each)
            world.happen(each)

    edge.on_call = happen


def _inject(world: World, fault: Fault) -> None:
    if fault.call == "bucket":
        world.bucket.drop_next(fault.times) if fault.code == "drop" else world.bucket.answer_next(fault.status, fault.times)
    elif fault.call == "SendMessage":
        world.edge.queue_error = fault.code
    else:
        world.sagemaker.fail_next(
            fault.call,
            fault.code,
            fault.message,
            times=fault.times,
            status_code=fault.status,
            after_effect=fault.after_effect,
        )


def _call_difference(expected: Members, seen: Seen) -> str:
    (operation, wanted), *_ = expected.items()
    if operation != seen.operation:
        return f"{seen.operation} was called instead of {operation}"
    if isinstance(wanted, str):
        return "" if seen.answer == wanted else f"{operation} was answered {seen.answer!r}, not {wanted!r}"
    return difference(wanted or {}, seen.arguments, operation, exact=wanted is not None and operation in EXACT)


def _listed(calls: list[Seen]) -> str:
    return "".join(f"\n  - {seen.operation}: {seen.answer or dict(seen.arguments)}" for seen in calls)


def _check_calls(request: Request, calls: list[Seen]) -> None:
    for index, (expected, seen) in enumerate(zip(request.calls, calls)):
        problem = _call_difference(expected, seen)
        assert not problem, f"call {index + 1}: {problem}. Calls were:{_listed(calls)}"
    assert len(calls) == len(request.calls), f"{len(request.calls)} calls expected, these were made:{_listed(calls)}"


def _check_answers(world: World, request: Request, answers: list[BucketResponse]) -> None:
    shown = [each.body for each in answers]
    if request.response is None:
        assert not shown, "no answer was expected"
        return
    assert len(shown) == 1, f"one answer was expected: {shown}"
    body, expected = shown[0], request.response
    assert (body["Status"], body["PhysicalResourceId"]) == (expected.status, expected.id), body
    for word in expected.reason:
        assert word in body["Reason"], body["Reason"]
    problem = difference(expected.data, body.get("Data", {}), "Data")
    assert not problem, problem
    _check_contract(world, body, answers[0])
    world.physical_id = body["PhysicalResourceId"]


def _check_contract(world: World, body: Members, answer: BucketResponse) -> None:
    """What holds for every answer whatever the scenario (aws-facts 6.1)."""
    event = world.sent[-1]
    event = json.loads(event["Records"][0]["body"]) if "Records" in event else event
    for key in ("StackId", "RequestId", "LogicalResourceId"):
        assert body[key] == event[key], key
    assert answer.path == f"/{event['RequestId']}"
    assert len(answer.raw) <= 4096
    assert "Traceback" not in body["Reason"]
    assert "failed unexpectedly" not in body["Reason"]
    assert bool(body["Reason"]) >= (body["Status"] == "FAILED")
    if body["Status"] == "SUCCESS":
        assert set(body["Data"]) == set(contract.attributes())
        assert all(isinstance(value, str) for value in body["Data"].values())


def _check_after(world: World, request: Request) -> None:
    for name, status in request.after.experiments.items():
        assert world.sagemaker.status(name) == status, name
    if request.after.variants:
        found = world.sagemaker.endpoint_variants("endpoint")
        assert {name: each["ModelName"] for name, each in found.items()} == dict(request.after.variants)
    for name, tags in request.after.tags.items():
        arn = f"arn:aws:sagemaker:us-east-1:123456789012:inference-experiment/{name}"
        found = {tag["Key"]: tag["Value"] for tag in world.client.list_tags(ResourceArn=arn)["Tags"]}
        assert found == dict(tags), name


def carry_out(world: World, scenario: Scenario) -> None:
    """Run a scenario; raises AssertionError where the function does something else."""
    world.reset(scenario)
    for number, request in enumerate(scenario.requests, start=1):
        _prepare(world, request)
        before = len(world.bucket.responses)
        lines = Lines()
        logging.getLogger().addHandler(lines)
        try:
            error = _deliver(world, request, number)
        finally:
            logging.getLogger().removeHandler(lines)
        calls = list(world.edge.calls)
        try:
            _check_calls(request, calls)
            assert error == request.raises
            _check_answers(world, request, world.bucket.responses[before:])
            assert len(world.edge.messages) == request.messages, "messages in the queue"
            for word in request.logs:
                assert any(word in line for line in lines.lines), f"{word!r} is not in {lines.lines}"
            _check_after(world, request)
        except AssertionError as problem:
            raise AssertionError(f"request {number} ({request.send}): {problem}\nlog: " + "\n".join(lines.lines)) from None
        text = "\n".join(lines.lines)
        assert SECRET_SIGNATURE not in text
        assert SECRET_TAG_VALUE not in text

