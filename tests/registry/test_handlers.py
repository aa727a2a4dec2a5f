"""What AWS's contract tests do not look at: the handlers as CloudFormation calls them, on the local SageMaker."""

import itertools
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from inference_experiment import contract
from inference_experiment_local.clock import Clock
from inference_experiment_local.sagemaker.local_sagemaker import REGION
from inference_experiment_local.sessions import isolated_environment
from protocol_driver.controlled import ControlledSageMaker
from protocol_driver.delivery import WaitQueue
from protocol_driver.services import CompanionServices
from registry.generate import operations_of

INPUTS = Path(__file__).resolve().parents[2] / "registry" / "inputs"
RUNNING = json.loads((INPUTS / "inputs_2_create.json").read_text(encoding="utf-8"))
NAME = RUNNING["Name"]
CREATED = {key: value for key, value in RUNNING.items() if key != "DesiredState"}
STACK = "arn:aws:cloudformation:us-east-1:123456789012:stack/shop/0f0e0d0c"
WITHOUT_CALL = {"waiting", "SendMessage"}
tokens = map("token-{}".format, itertools.count())


class Registry:
    """CloudFormation's side: sends requests, and goes on as long as they are in progress."""

    def __init__(self, sagemaker: ControlledSageMaker, services: CompanionServices) -> None:
        self.sagemaker = sagemaker
        self.services = services
        self.stack = ""
        self.progress: list[dict[str, Any]] = []
        """The IN_PROGRESS events of the last request."""

    def send(self, action: str, model: dict[str, Any], previous: Any = None, **more: Any) -> dict[str, Any]:
        """Send a request to its end, and return the last event."""
        from shadowtests_sagemaker_inferenceexperiment.handlers import resource  # noqa: PLC0415 - after the environment

        self.progress = []
        token = more.pop("token", None) or next(tokens)
        request = _request(action, model, previous, token, self.stack) | more
        while True:
            self.sagemaker.clear_calls()
            event: dict[str, Any] = resource(json.loads(json.dumps(request)), None)
            self._check_permissions(action)
            if event["status"] != "IN_PROGRESS":
                return event
            self.progress.append(event)
            assert self.sagemaker.status(event["resourceModel"]["Name"]) is not None or action == "DELETE"
            request["callbackContext"] = event["callbackContext"]
            request["requestData"]["resourceProperties"] = event["resourceModel"]

    def _check_permissions(self, action: str) -> None:
        called = {call.operation for call in (*self.sagemaker.calls, *self.services.calls)}
        assert called <= operations_of(action.lower())

    def tags(self) -> dict[str, str]:
        """Return the tags of the experiment."""
        client = self.sagemaker.client()
        arn = client.describe_inference_experiment(Name=NAME)["Arn"]
        return {tag["Key"]: tag["Value"] for tag in client.list_tags(ResourceArn=arn)["Tags"]}

    def create_by_hand(self) -> None:
        """Make an experiment that no stack has made."""
        members = {key: value for key, value in CREATED.items() if key != "Tags"}
        self.sagemaker.client().create_inference_experiment(**members, Tags=[{"Key": "by", "Value": "hand"}])
        self.sagemaker.wait_for(NAME, "Created", "Running")


def _request(action: str, model: dict[str, Any], previous: Any, token: str, stack: str) -> dict[str, Any]:
    credentials = {"accessKeyId": "test", "secretAccessKey": "test", "sessionToken": "test"}
    data = {
        "callerCredentials": credentials,
        "resourceProperties": model,
        "previousResourceProperties": previous,
        "logicalResourceId": "Experiment",
    }
    return {
        "action": action,
        "bearerToken": token,
        "requestData": data,
        "region": REGION,
        "awsAccountId": "123456789012",
        "resourceType": "ShadowTests::SageMaker::InferenceExperiment",
        "stackId": stack or None,
        "callbackContext": None,
    }


@pytest.fixture(scope="module")
def services() -> Iterator[tuple[ControlledSageMaker, CompanionServices, list[Any]]]:
    stacks: list[Any] = []
    with ControlledSageMaker() as sagemaker:
        companion = CompanionServices(WaitQueue(Clock()), lambda _: stacks[0] if stacks else None)
        with companion:
            yield sagemaker, companion, stacks


@pytest.fixture
def registry(
    services: tuple[ControlledSageMaker, CompanionServices, list[Any]], monkeypatch: pytest.MonkeyPatch
) -> Registry:
    sagemaker, companion, stacks = services
    stacks.clear()
    sagemaker.reset()
    companion.reset()
    sagemaker.add_endpoint("endpoint", "production", "model-1")
    sagemaker.add_model("model-2")
    sagemaker.durations.update(dict.fromkeys(sagemaker.durations, 0.05))
    for name, value in {
        **isolated_environment(REGION),
        "AWS_ENDPOINT_URL_SAGEMAKER": sagemaker.url,
        "AWS_ENDPOINT_URL_CLOUDFORMATION": companion.url,
        "POLL_SECONDS": "0.02",
        "INVOCATION_SECONDS": "5",
    }.items():
        monkeypatch.setenv(name, value)
    return Registry(sagemaker, companion)


def test_a_whole_life(registry: Registry) -> None:
    created = registry.send("CREATE", RUNNING)
    assert created["status"] == "SUCCESS"
    assert created["resourceModel"]["Status"] == "Running"
    assert not contract_write_only() & created["resourceModel"].keys()

    wanted = {**RUNNING, "Description": "More"}
    updated = registry.send("UPDATE", wanted, created["resourceModel"])
    assert updated["resourceModel"]["Description"] == "More"

    ended = {
        **wanted,
        "DesiredState": "Completed",
        "ModelVariantActions": {"production": "Remove", "shadow": "Promote"},
    }
    assert registry.send("UPDATE", ended, wanted)["resourceModel"]["Status"] == "Completed"
    assert list(registry.sagemaker.endpoint_variants("endpoint")) == ["shadow"]

    assert registry.send("DELETE", {"Name": NAME}) == {"status": "SUCCESS", "message": "", "callbackDelaySeconds": 0}
    assert registry.sagemaker.status(NAME) is None


def contract_write_only() -> set[str]:
    return {path.rpartition("/")[2] for path in contract.schema()["writeOnlyProperties"]}


def test_a_request_goes_on_in_the_next_invocation(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INVOCATION_SECONDS", "0.1")
    registry.sagemaker.durations["Creating"] = 0.4
    created = registry.send("CREATE", RUNNING)

    assert created["resourceModel"]["Status"] == "Running"
    assert registry.progress
    assert all(event["resourceModel"] == RUNNING for event in registry.progress)


def test_progress_never_names_what_was_not_created(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """CloudFormation would delete that name in a rollback, whoever has made it since."""
    monkeypatch.setenv("INVOCATION_SECONDS", "0.3")
    registry.sagemaker.fail_next("CreateInferenceExperiment", "ThrottlingException", times=99)
    event = registry.send("CREATE", RUNNING, token="again")

    assert (event["status"], event["errorCode"]) == ("FAILED", "NetworkFailure")
    assert "resourceModel" not in event
    assert not registry.progress
    assert registry.sagemaker.status(NAME) is None


@pytest.mark.parametrize("after_effect", [False, True])
def test_a_lost_answer_creates_once(registry: Registry, after_effect: bool) -> None:  # noqa: FBT001
    registry.sagemaker.fail_next("CreateInferenceExperiment", "drop", after_effect=after_effect)
    event = registry.send("CREATE", CREATED)

    assert event["status"] == "SUCCESS"
    assert len(registry.sagemaker.client().list_inference_experiments()["InferenceExperiments"]) == 1


def test_throttling_before_the_creation_is_waited_for(registry: Registry) -> None:
    registry.sagemaker.fail_next("CreateInferenceExperiment", "ThrottlingException", times=2)

    assert registry.send("CREATE", CREATED)["status"] == "SUCCESS"


def test_a_replayed_token_is_the_same_request(registry: Registry) -> None:
    first = registry.send("CREATE", CREATED, token="same")
    again = registry.send("CREATE", CREATED, token="same")
    other = registry.send("CREATE", CREATED)

    assert again["resourceModel"] == first["resourceModel"]
    assert (other["status"], other["errorCode"]) == ("FAILED", "AlreadyExists")
    assert "resourceModel" not in other


def test_a_replayed_token_without_name_finds_its_experiment(registry: Registry) -> None:
    unnamed = {key: value for key, value in CREATED.items() if key != "Name"}
    first, again = (registry.send("CREATE", unnamed, token="same")["resourceModel"]["Name"] for _ in range(2))

    assert first == again
    assert registry.send("DELETE", {"Name": first})["status"] == "SUCCESS"


def test_a_creation_that_ends_cancelled_names_what_is_to_be_deleted(registry: Registry) -> None:
    registry.sagemaker.hold(NAME, ["Creating"])
    registry.sagemaker.on_call = lambda call: (
        registry.sagemaker.end_in_cancelled(NAME, "no capacity") or registry.sagemaker.release(NAME)
        if call.operation == "CreateInferenceExperiment"
        else None
    )
    event = registry.send("CREATE", CREATED)

    assert (event["status"], event["errorCode"]) == ("FAILED", "NotStabilized")
    assert "no capacity" in event["message"]
    assert event["resourceModel"] == {"Name": NAME}
    registry.sagemaker.on_call = None
    assert registry.send("DELETE", event["resourceModel"])["status"] == "SUCCESS"


def test_a_foreign_experiment_is_neither_taken_nor_touched_by_a_creation(registry: Registry) -> None:
    registry.create_by_hand()
    event = registry.send("CREATE", CREATED)

    assert (event["status"], event["errorCode"]) == ("FAILED", "AlreadyExists")
    assert registry.tags() == {"by": "hand"}


def test_an_imported_experiment_is_read_updated_and_deleted(registry: Registry) -> None:
    registry.create_by_hand()
    imported = registry.send("READ", {"Name": NAME})["resourceModel"]
    assert imported["Tags"] == [{"Key": "by", "Value": "hand"}]
    updated = registry.send("UPDATE", {**imported, "Description": "Now in a stack"}, imported)

    assert updated["resourceModel"]["Description"] == "Now in a stack"
    assert registry.tags() == {"by": "hand"}  # no owner tag: CloudFormation knows whose it is
    assert registry.send("DELETE", {"Name": NAME})["status"] == "SUCCESS"


def test_deletion_by_identifier_needs_no_stack(registry: Registry) -> None:
    registry.send("CREATE", RUNNING)
    registry.stack = ""

    assert registry.send("DELETE", {"Name": NAME})["status"] == "SUCCESS"
    assert list(registry.sagemaker.endpoint_variants("endpoint")) == ["production"]


def test_a_deletion_waits_until_nothing_shows_the_experiment(registry: Registry) -> None:
    registry.send("CREATE", CREATED)
    registry.sagemaker.operations.deletion_lag = 0.4
    registry.send("DELETE", {"Name": NAME})

    assert registry.send("READ", {"Name": NAME})["errorCode"] == "NotFound"
    assert registry.send("LIST", {})["resourceModels"] == []


def test_an_account_may_have_many_experiments(registry: Registry) -> None:
    """More than a thousand of others: they are all listed, and do not keep a deletion from its end."""
    registry.send("CREATE", CREATED)
    experiments = registry.sagemaker.operations.experiments
    one = experiments[NAME]
    others = [f"other-{number}" for number in range(1200)]
    experiments |= {name: replace(one, request={**one.request, "Name": name}) for name in others}

    assert registry.send("DELETE", {"Name": NAME})["status"] == "SUCCESS"
    listed = {model["Name"] for model in registry.send("LIST", {})["resourceModels"]}
    assert listed == set(others)


@pytest.mark.parametrize("action", ["READ", "UPDATE", "DELETE"])
def test_what_does_not_exist_is_not_found(registry: Registry, action: str) -> None:
    event = registry.send(action, RUNNING, RUNNING)

    assert (event["status"], event["errorCode"]) == ("FAILED", "NotFound")
    assert NAME in event["message"]


def _ended(registry: Registry) -> dict[str, Any]:
    registry.send("CREATE", RUNNING)
    ended = {**RUNNING, "DesiredState": "Completed"}
    registry.send("UPDATE", ended, RUNNING)
    return ended


def _stack(registry: Registry, services: tuple[Any, Any, list[Any]], status: str, request: str = "UPDATE") -> None:
    now = time.time()
    resource = SimpleNamespace(physical_id=NAME, status=f"{request}_IN_PROGRESS", updated=now)
    services[2].append(
        SimpleNamespace(
            name="shop", stack_id=STACK, status=status, updated=now, logical_id="Experiment", resource=resource
        )
    )
    registry.stack = STACK


def test_the_rollback_of_an_update_that_cannot_be_undone_succeeds(
    registry: Registry, services: tuple[Any, Any, list[Any]]
) -> None:
    """Failing would leave the stack in UPDATE_ROLLBACK_FAILED."""
    ended = _ended(registry)
    _stack(registry, services, "UPDATE_ROLLBACK_IN_PROGRESS")
    event = registry.send("UPDATE", RUNNING, ended)

    assert event["status"] == "SUCCESS"
    assert event["resourceModel"]["Status"] == "Completed"
    assert event["message"]


def test_the_same_update_fails_outside_of_a_rollback(registry: Registry, services: tuple[Any, Any, list[Any]]) -> None:
    ended = _ended(registry)
    _stack(registry, services, "UPDATE_IN_PROGRESS")
    event = registry.send("UPDATE", {**RUNNING, "Description": "Too late"}, ended)

    assert (event["status"], event["errorCode"]) == ("FAILED", "NotUpdatable")


def test_the_rollback_of_a_creation_does_not_promote(registry: Registry, services: tuple[Any, Any, list[Any]]) -> None:
    """The template promotes when the resource is deleted; a rollback decides nothing about the shadow variant."""
    promoting = {**RUNNING, "ModelVariantActions": {"shadow": "Promote"}}
    assert registry.send("CREATE", promoting)["status"] == "SUCCESS"
    _stack(registry, services, "ROLLBACK_IN_PROGRESS", "DELETE")

    assert registry.send("DELETE", promoting)["status"] == "SUCCESS"
    assert {name: each.role for name, each in registry.sagemaker.endpoint_variants("endpoint").items()} == {
        "production": "production"
    }


def test_findings_name_the_property(registry: Registry) -> None:
    wrong = {**RUNNING, "DesiredState": "Paused", "EndpointName": "-"}
    event = registry.send("CREATE", wrong)

    assert (event["status"], event["errorCode"]) == ("FAILED", "InvalidRequest")
    assert "DesiredState" in event["message"]
    assert "EndpointName" in event["message"]
    assert not registry.sagemaker.calls_of("CreateInferenceExperiment")


def test_the_tags_of_the_stack_are_added(registry: Registry) -> None:
    request = {"stackTags": {"team": "from-stack", "cost": "1"}}
    from shadowtests_sagemaker_inferenceexperiment.handlers import resource  # noqa: PLC0415 - after the environment

    event = _request("CREATE", CREATED, None, next(tokens), "")
    event["requestData"] |= request
    assert resource(event, None)["status"] == "SUCCESS"
    assert {key: value for key, value in registry.tags().items() if key in ("team", "cost")} == {
        "team": "fraud",
        "cost": "1",
    }


def test_a_denied_call_names_the_action(registry: Registry) -> None:
    registry.sagemaker.fail_next("DescribeInferenceExperiment", "AccessDeniedException", "not authorized", times=9)
    event = registry.send("READ", {"Name": NAME})

    assert event["errorCode"] == "AccessDenied"
    assert "sagemaker:DescribeInferenceExperiment" in event["message"]
