"""A simulated SageMaker comes back as it was: every call is repeated at its time."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from experiment_requests import HOUR, PROMOTE, REMOVE, creation
from standing_clock import StandingClock

from inference_experiment_local.sagemaker.journal import Journal
from inference_experiment_local.sagemaker.local_sagemaker import LocalSageMaker

if TYPE_CHECKING:
    from inference_experiment_local.sagemaker.captures import CapturedObject

STORAGE: Any = {"Destination": "s3://bucket/data", "ContentType": {"JsonContentTypes": ["application/json"]}}


def journalled(path: Path, clock: StandingClock) -> LocalSageMaker:
    """Return a SageMaker that goes on with the journal in a file."""
    sagemaker = LocalSageMaker(clock=clock)
    journal = Journal(path)
    assert sagemaker.restore(journal.entries()) == []
    sagemaker.journal = journal
    return sagemaker


def picture(sagemaker: LocalSageMaker) -> Any:
    """Return all that a client can see."""
    shown: dict[str, Any] = {}
    for noun in ("Model", "EndpointConfig", "Endpoint", "InferenceExperiment"):
        listed = sagemaker.perform(f"List{noun}s", {})[f"{noun}s"]
        key = "Name" if noun == "InferenceExperiment" else f"{noun}Name"
        shown[noun] = [sagemaker.perform(f"Describe{noun}", {key: each[key]}) for each in listed]
    return shown


def live(sagemaker: LocalSageMaker, clock: StandingClock) -> None:
    """Do something of everything: tests that end in each way, an update, tags, a deletion, and a refused call."""
    for number in range(4):
        sagemaker.add_endpoint(f"endpoint-{number}", "production", "model-1")
        clock.advance(1)
    sagemaker.add_model("model-2")
    for number in range(3):
        name, endpoint = f"test-{number}", f"endpoint-{number}"
        request = creation(
            Name=name, EndpointName=endpoint, DataStorageConfig=STORAGE, Tags=[{"Key": "a", "Value": "b"}]
        )
        sagemaker.perform("CreateInferenceExperiment", request)
    clock.advance(100)
    sagemaker.statuses()
    sagemaker.perform("UpdateInferenceExperiment", {"Name": "test-0", "Description": "new"})
    clock.advance(70)
    sagemaker.perform("StopInferenceExperiment", {"Name": "test-0", "ModelVariantActions": PROMOTE, "Reason": "better"})
    sagemaker.perform("StopInferenceExperiment", {"Name": "test-1", "ModelVariantActions": REMOVE})
    clock.advance(5)
    sagemaker.perform("DeleteInferenceExperiment", {"Name": "test-1"})
    arn = sagemaker.perform("DescribeInferenceExperiment", {"Name": "test-2"})["Arn"]
    sagemaker.perform("AddTags", {"ResourceArn": arn, "Tags": [{"Key": "team", "Value": "fraud"}]})
    schedule = {"StartTime": clock.now() + HOUR, "EndTime": clock.now() + 2 * HOUR}
    later = creation(Name="later", EndpointName="endpoint-3", Schedule=schedule)
    sagemaker.perform("CreateInferenceExperiment", later)


def test_it_comes_back_as_it_was(tmp_path: Path) -> None:
    clock, path = StandingClock(), tmp_path / "journal"
    sagemaker = journalled(path, clock)
    objects: list[CapturedObject] = []
    sagemaker.on_capture = objects.append
    live(sagemaker, clock)
    before = picture(sagemaker)

    clock_again = StandingClock(clock.now())
    again = journalled(path, clock_again)
    written: list[CapturedObject] = []
    again.on_capture = written.append

    assert picture(again) == before
    assert {each["Status"] for each in before["InferenceExperiment"]} == {"Completed", "Running", "Creating"}
    assert written == []
    clock_again.advance(3 * HOUR)
    assert again.statuses() == {"test-0": "Completed", "test-2": "Running", "later": "Completed"}
    # The requests go on where they ended: none is written twice.
    assert written
    assert not {each.key for each in objects} & {each.key for each in written}


def test_a_line_that_a_killed_process_did_not_finish_spoils_nothing(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journalled(path, StandingClock()).add_model("model-1")
    with path.open("a") as file:
        file.write('\n{"time": 1, "operation": "CreateMo')

    journalled(path, StandingClock()).add_model("model-2")

    models = journalled(path, StandingClock()).perform("ListModels", {})["Models"]
    assert {each["ModelName"] for each in models} == {"model-1", "model-2"}


def test_what_cannot_be_repeated_is_told_and_left_out(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    entries = [
        {"time": 1.0, "operation": "DeleteInferenceExperiment", "parameters": {"Name": "missing"}},
        {"time": 1.0, "operation": "captured", "parameters": {"Name": "missing", "Captured": 300}},
    ]
    path.write_text("\n".join(map(json.dumps, entries)))

    [problem] = LocalSageMaker(clock=StandingClock()).restore(Journal(path).entries())

    assert problem.startswith("DeleteInferenceExperiment cannot be repeated: ResourceNotFound")


@pytest.mark.parametrize("operation", ["CreateModel", "CreateEndpointConfig"])
def test_a_name_is_taken_once_and_models_exist(operation: str, tmp_path: Path) -> None:
    """As SageMaker does, and moto does not."""
    sagemaker = journalled(tmp_path / "journal", StandingClock())
    sagemaker.add_endpoint("endpoint", "production", "model-1")
    config = {"VariantName": "v", "ModelName": "model-1", "InstanceType": "ml.m5.xlarge", "InitialInstanceCount": 1}
    requests = {
        "CreateModel": {"ModelName": "model-1", "ExecutionRoleArn": "arn:aws:iam::123456789012:role/local"},
        "CreateEndpointConfig": {"EndpointConfigName": "endpoint-config", "ProductionVariants": [config]},
    }
    with pytest.raises(Exception, match="already existing"):
        sagemaker.perform(operation, requests[operation])
    with pytest.raises(Exception, match='Could not find model "none"'):
        sagemaker.perform(
            "CreateEndpointConfig",
            {"EndpointConfigName": "new", "ProductionVariants": [{**config, "ModelName": "none"}]},
        )
