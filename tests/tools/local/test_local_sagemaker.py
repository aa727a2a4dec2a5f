"""Requests, tags, lists, faults and records of the simulated SageMaker."""

import subprocess
import sys
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import moto
import pytest
from experiment_requests import ARN, DAY, HOUR, bring_to, creation, error_of, perform, shadow, variant

from inference_experiment_local.clock import Clock
from inference_experiment_local.sessions import isolated_session
from protocol_driver.controlled import ControlledSageMaker

if TYPE_CHECKING:
    from inference_experiment_local.service import Call

INVALID = "ValidationException"
ONE = "1 validation error detected: Value "
FAILED = "failed to satisfy constraint: Member must"
SAMPLING = "shadowModeConfig.shadowModelVariants.1.member.samplingPercentage"
NAME_PATTERN = "[a-zA-Z0-9](-*[a-zA-Z0-9]){0,119}"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"Name": "under_score"},
            f"{ONE}'under_score' at 'name' {FAILED} satisfy regular expression pattern: {NAME_PATTERN}",
        ),
        (
            {"Type": "Canary"},
            f"{ONE}'Canary' at 'type' failed to satisfy constraint: Member must satisfy enum value set: [ShadowMode]",
        ),
        (
            {"ShadowModeConfig": shadow(sampling=101)},
            f"{ONE}'101' at '{SAMPLING}' {FAILED} have value less than or equal to 100",
        ),
        (
            {"Description": "x" * 1025},
            "failed to satisfy constraint: Member must have length less than or equal to 1024",
        ),
        ({"Description": "two\nlines"}, "Member must satisfy regular expression pattern: .*"),
        ({"Tags": [{"Key": "k%", "Value": ""}]}, "at 'tags.1.member.key' failed to satisfy constraint"),
        ({"Name": "x" * 121 + "_"}, "2 validation errors detected"),
        ({"EndpointName": "missing"}, 'Could not find endpoint "missing".'),
        ({"ModelVariants": [variant("production", "model-1"), variant("shadow", "missing")]}, "find model"),
        ({"ModelVariants": [variant("a", "model-1"), variant("a", "model-2")]}, "unique variant names"),
        ({"ShadowModeConfig": shadow(name="production")}, "must differ"),
        ({"ShadowModeConfig": shadow(name="other")}, "ModelVariants are"),
        (
            {
                "ShadowModeConfig": shadow(source="other"),
                "ModelVariants": [variant("other", "model-1"), variant("shadow", "model-2")],
            },
            "has production variants production, not other",
        ),
        ({"Tags": [{"Key": "aws:x", "Value": ""}]}, "reserved"),
        ({"Tags": [{"Key": "x", "Value": ""}] * 2}, "Duplicate"),
    ],
)
def test_requests_that_are_refused(sagemaker: ControlledSageMaker, change: dict[str, Any], message: str) -> None:
    code, text = error_of(sagemaker.client().create_inference_experiment, **creation(**change))

    assert code == INVALID
    assert message in text
    assert sagemaker.status("test") is None


@pytest.mark.parametrize(("start", "end"), [(None, -1), (HOUR, HOUR), (HOUR, 31 * DAY), (None, 31 * DAY)])
def test_schedules_that_are_refused(sagemaker: ControlledSageMaker, start: float | None, end: float) -> None:
    now = sagemaker.clock.now()
    schedule = {"EndTime": now + end} | ({} if start is None else {"StartTime": now + start})

    assert error_of(sagemaker.client().create_inference_experiment, **creation(Schedule=schedule))[0] == INVALID


@pytest.mark.parametrize(
    ("target", "body", "code"),
    [
        ("SageMaker.DescribeInferenceExperiment", b'{"Name": "a", "ServiceToken": "b"}', INVALID),
        ("SageMaker.DescribeInferenceExperiment", b"{}", INVALID),
        ("SageMaker.DescribeInferenceExperiment", b'{"Name": 1}', "SerializationException"),
        ("SageMaker.DescribeInferenceExperiment", b"not JSON", "SerializationException"),
        ("SageMaker.StopInferenceExperiment", b'{"Name": "a", "ModelVariantActions": {"a": "Eat"}}', INVALID),
        ("SageMaker.StopInferenceExperiment", b'{"Name": "a", "ModelVariantActions": {}}', INVALID),
        ("SageMaker.FlyToTheMoon", b"{}", "UnknownOperationException"),
    ],
)
def test_what_boto3_would_not_send(sagemaker: ControlledSageMaker, target: str, body: bytes, code: str) -> None:
    request = urllib.request.Request(sagemaker.url, body, {"X-Amz-Target": target})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request)

    assert refused.value.code == 400
    assert f'"__type": "{code}"' in refused.value.read().decode()


def test_name_and_endpoint_are_taken(sagemaker: ControlledSageMaker) -> None:
    """Either is ResourceInUse while the experiment lives; the endpoint is free again after the end."""
    create = sagemaker.client().create_inference_experiment
    bring_to(sagemaker, "Running")
    assert error_of(create, **creation())[0] == "ResourceInUse"
    code, message = error_of(create, **creation(Name="other"))
    assert (code, "already has the inference experiment test" in message) == ("ResourceInUse", True)

    perform(sagemaker, "Stop")
    sagemaker.clock.advance(1)

    assert error_of(create, **creation())[0] == "ResourceInUse"
    assert error_of(create, **creation(Name="other"))[0] is None


@pytest.mark.parametrize("operation", ["Describe", "Update", "Start", "Stop", "Delete"])
def test_missing_experiment(sagemaker: ControlledSageMaker, operation: str) -> None:
    assert perform(sagemaker, operation) == "ResourceNotFound"


def test_tags_of_experiments(sagemaker: ControlledSageMaker) -> None:
    client: Any = sagemaker.client()
    bring_to(sagemaker, "Creating", Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])

    client.add_tags(ResourceArn=ARN, Tags=[{"Key": "b", "Value": "3"}, {"Key": "c", "Value": ""}])
    client.delete_tags(ResourceArn=ARN, TagKeys=["a", "unknown"])

    tags = client.list_tags(ResourceArn=ARN)["Tags"]
    assert tags == [{"Key": "b", "Value": "3"}, {"Key": "c", "Value": ""}]
    many = [{"Key": str(number), "Value": ""} for number in range(49)]
    assert error_of(client.add_tags, ResourceArn=ARN, Tags=many)[0] == INVALID
    assert error_of(client.list_tags, ResourceArn=ARN + "-not")[0] == "ResourceNotFound"


def test_tags_of_other_resources_are_moto_s(sagemaker: ControlledSageMaker) -> None:
    client: Any = sagemaker.client()
    arn = client.describe_endpoint(EndpointName="endpoint")["EndpointArn"]

    client.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}])

    assert client.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "1"}]


def make_many(sagemaker: ControlledSageMaker, count: int) -> None:
    for number in range(count):
        sagemaker.add_endpoint(f"endpoint-{number}", "production", "model-1")
        request = creation(Name=f"test-{number:02}", EndpointName=f"endpoint-{number}")
        sagemaker.client().create_inference_experiment(**request)
        sagemaker.clock.advance(1)


def test_list_pages_through_everything_once(sagemaker: ControlledSageMaker) -> None:
    make_many(sagemaker, 12)
    client: Any = sagemaker.client()
    assert len(client.list_inference_experiments()["InferenceExperiments"]) == 10

    pages = list(client.get_paginator("list_inference_experiments").paginate(MaxResults=5))

    assert [len(page["InferenceExperiments"]) for page in pages] == [5, 5, 2]
    names = [each["Name"] for page in pages for each in page["InferenceExperiments"]]
    assert names == [f"test-{number:02}" for number in range(11, -1, -1)]
    assert error_of(client.list_inference_experiments, NextToken="nonsense")[0] == INVALID


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"SortBy": "Name", "SortOrder": "Ascending"}, ["test-00", "test-01", "test-02"]),
        ({"SortBy": "Status", "SortOrder": "Ascending"}, ["test-00", "test-01", "test-02"]),
        ({"NameContains": "T-01"}, ["test-01"]),
        ({"StatusEquals": "Starting"}, ["test-02"]),
        ({"StatusEquals": "Running", "SortOrder": "Descending"}, ["test-01", "test-00"]),
        ({"Type": "ShadowMode", "NameContains": "02"}, ["test-02"]),
    ],
)
def test_list_filters(sagemaker: ControlledSageMaker, filters: dict[str, str], expected: list[str]) -> None:
    make_many(sagemaker, 3)
    client: Any = sagemaker.client()

    listed = client.list_inference_experiments(**filters)["InferenceExperiments"]

    assert [each["Name"] for each in listed] == expected


def test_list_filters_by_time(sagemaker: ControlledSageMaker) -> None:
    client: Any = sagemaker.client()
    bring_to(sagemaker, "Running")
    created = client.describe_inference_experiment(Name="test")["CreationTime"].timestamp()

    def names(**filters: Any) -> list[str]:
        listed = client.list_inference_experiments(**filters)["InferenceExperiments"]
        return [each["Name"] for each in listed]

    assert names(CreationTimeAfter=created - 10, LastModifiedTimeBefore=created + 10) == ["test"]
    assert names(CreationTimeBefore=created - 10) == []


@pytest.mark.parametrize(("after_effect", "status"), [(False, "Running"), (True, "Stopping")])
def test_faults(sagemaker: ControlledSageMaker, after_effect: bool, status: str) -> None:  # noqa: FBT001 - a parameter
    """A fault answers the given number of calls, with or without the effect."""
    bring_to(sagemaker, "Running")
    sagemaker.fail_next("StopInferenceExperiment", "ThrottlingException", after_effect=after_effect)
    sagemaker.fail_next("*", "InternalFailure", times=2, status_code=500)

    assert perform(sagemaker, "Stop") == "ThrottlingException"
    assert sagemaker.status("test") == status
    assert [perform(sagemaker, "Describe") for _ in range(3)] == ["InternalFailure"] * 2 + [None]


def test_calls_are_recorded(sagemaker: ControlledSageMaker) -> None:
    live: list[Call] = []
    sagemaker.on_call = live.append
    bring_to(sagemaker, "Running")
    perform(sagemaker, "Delete")

    recorded = [(call.operation, call.error) for call in sagemaker.calls]

    assert recorded == [("CreateInferenceExperiment", None), ("DeleteInferenceExperiment", "ConflictException")]
    assert live == sagemaker.calls
    (deletion,) = sagemaker.calls_of("DeleteInferenceExperiment")
    assert (deletion.parameters, deletion.time) == ({"Name": "test"}, sagemaker.clock.now())
    sagemaker.clear_calls()
    assert sagemaker.calls == []


def test_endpoints_that_moto_would_refuse_or_forget(sagemaker: ControlledSageMaker) -> None:
    """New instance types, shadow variants in a configuration and UpdateEndpoint work."""
    client: Any = sagemaker.client()
    hardware: Any = {"InstanceType": "ml.g6e.xlarge", "InitialInstanceCount": 2, "InitialVariantWeight": 1.0}
    client.create_endpoint_config(
        EndpointConfigName="second",
        ProductionVariants=[{"VariantName": "production", "ModelName": "model-1", **hardware}],
        ShadowProductionVariants=[{"VariantName": "shadow", "ModelName": "model-2", **hardware}],
    )

    client.update_endpoint(EndpointName="endpoint", EndpointConfigName="second")

    variants = sagemaker.endpoint_variants("endpoint")
    assert {name: each.role for name, each in variants.items()} == {"production": "production", "shadow": "shadow"}
    config = client.describe_endpoint_config(EndpointConfigName="second")
    assert config["ShadowProductionVariants"][0]["InstanceType"] == "ml.g6e.xlarge"
    assert error_of(client.create_endpoint, EndpointName="endpoint", EndpointConfigName="second")[0] == INVALID
    assert error_of(client.describe_endpoint, EndpointName="missing")[0] == INVALID


def test_a_deleted_endpoint_does_not_break_the_experiment(sagemaker: ControlledSageMaker) -> None:
    bring_to(sagemaker, "Running")
    sagemaker.client().delete_endpoint(EndpointName="endpoint")

    assert perform(sagemaker, "Stop") is None
    sagemaker.clock.advance(1)

    described = sagemaker.client().describe_inference_experiment(Name="test")
    assert (described["Status"], described["EndpointMetadata"]) == ("Completed", {"EndpointName": "endpoint"})
    with pytest.raises(LookupError, match="no endpoint"):
        sagemaker.endpoint_variants("endpoint")


def test_import_does_not_load_moto() -> None:
    code = "import sys, inference_experiment_local.sagemaker.local_sagemaker; sys.exit('moto' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_stock_moto_does_not_notice(sagemaker: ControlledSageMaker) -> None:
    """Models of the simulation are not in moto's own backend, and moto's own has no inference experiments."""
    with moto.mock_aws():
        client: Any = isolated_session("us-east-1").client("sagemaker")
        assert client.list_models()["Models"] == []
        with pytest.raises(NotImplementedError):
            client.describe_inference_experiment(Name="test")

    assert len(sagemaker.client().list_models()["Models"]) == 2


def test_clock_runs_and_never_goes_back() -> None:
    clock = Clock()
    before = clock.now()
    clock.advance(10)
    assert clock.now() >= before + 10
    with pytest.raises(ValueError, match="cannot go back"):
        clock.advance(-1)
