"""Carries a scenario out: real handler, real boto3 over HTTP, real HTTPS answers; then compares.

Times in `progress` are seconds before now, as if that much had passed since.
"""

import json
import logging
import time
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

from log_audit import SECRET_SIGNATURE, SECRET_TAG_VALUE, FunctionHandler
from scenario_compare import call_difference, difference
from scenario_edge import Seen
from scenario_format import Fault, Members, Request, Scenario
from scenario_world import LOGICAL_ID, PROGRESS_KEY, PROPERTIES, STACK_ID, World, placed

from inference_experiment import contract
from protocol_driver.response_bucket import BucketResponse

RESULT_PLACE = "results/test.json"
STACK_QUESTIONS = frozenset({"DescribeStacks", "DescribeStackResource"})


class Lines(FunctionHandler):
    """The function's log lines of one request."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line as the function would write it."""
        if record.name.startswith(("inference_experiment", "crhelper")):
            self.lines.append(self.format(record))


def _event(world: World, request: Request, number: int) -> Members:
    request_id = f"request-{request.number or number}"
    signed = f"{world.bucket.url}/{request_id}?X-Amz-Expires=7200&X-Amz-Signature=0{SECRET_SIGNATURE}"
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
        "failing_since": now - written["failing_since"] if "failing_since" in written else None,
    }


def _deliver(world: World, request: Request, number: int) -> str:
    if request.send == "message":
        event: Members = {"Records": [{"body": world.edge.messages.pop(0)}]}
    elif request.send == "again":
        event = world.sent[request.number - 1]
    else:
        event = _event(world, request, number)
    world.sent.append(event)
    _set_stack(world, request, event)
    return world.container(request.container).invoke(event, request.remaining)


def _set_stack(world: World, request: Request, event: Members) -> None:
    """Let CloudFormation wait for the request, or be as the scenario says."""
    sent = json.loads(event["Records"][0]["body"]) if "Records" in event else event
    usual = f"{str(sent.get('RequestType')).upper()}_IN_PROGRESS"
    world.edge.stack = request.stack or usual
    updated = datetime.fromtimestamp(_signed(sent) - request.resource.seconds, UTC)
    world.edge.resource = {
        "error": request.resource.error,
        "status": request.resource.status or usual,
        "id": str(sent.get("PhysicalResourceId", "")) if request.resource.id is None else request.resource.id,
        "updated": updated.isoformat(),
    }


def _signed(event: Members) -> float:
    stamp = parse_qs(urlsplit(str(event.get("ResponseURL"))).query).get("X-Amz-Date")
    return datetime.strptime(stamp[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp() if stamp else time.time()


def _prepare(world: World, request: Request) -> None:
    edge = world.edge
    edge.calls.clear()
    edge.answers, edge.step, edge.queue_error = request.answers, request.step, ""
    edge.objects = {RESULT_PLACE: world.published(request.result)} if request.result else {}
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
        world.bucket.drop_next(fault.times) if fault.code == "drop" else world.bucket.answer_next(
            fault.status, fault.times
        )
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


def _listed(calls: list[Seen]) -> str:
    return "".join(f"\n  - {seen.operation}: {seen.answer or dict(seen.arguments)}" for seen in calls)


def _check_calls(scenario: Scenario, request: Request, made: list[Seen]) -> None:
    listed = {operation for each in scenario.requests for expected in each.calls for operation in expected}
    calls = [seen for seen in made if seen.operation in listed or seen.operation not in STACK_QUESTIONS]
    for index, (expected, seen) in enumerate(zip(request.calls, calls, strict=False)):
        problem = call_difference(expected, seen)
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
        assert {name: each.model_name for name, each in found.items()} == dict(request.after.variants)
    for name, tags in request.after.tags.items():
        arn = f"arn:aws:sagemaker:us-east-1:123456789012:inference-experiment/{name}"
        live = {tag["Key"]: tag["Value"] for tag in world.client.list_tags(ResourceArn=arn)["Tags"]}
        assert live == dict(tags), name


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
            _check_calls(scenario, request, calls)
            assert error == request.raises
            _check_answers(world, request, world.bucket.responses[before:])
            assert len(world.edge.messages) == request.messages, "messages in the queue"
            for word in request.logs:
                assert any(word in line for line in lines.lines), f"{word!r} is not in {lines.lines}"
            _check_after(world, request)
        except AssertionError as problem:
            raise AssertionError(
                f"request {number} ({request.send}): {problem}\nlog: " + "\n".join(lines.lines)
            ) from None
        text = "\n".join(lines.lines)
        assert SECRET_SIGNATURE not in text
        assert SECRET_TAG_VALUE not in text
