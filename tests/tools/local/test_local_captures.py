"""Captured data of the synthetic traffic: keys and lines as SageMaker writes them, marked, and the same every time."""

import base64
import csv
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from experiment_requests import DAY, HOUR, creation, shadow, variant

from inference_experiment_local.sagemaker.captures import MARK, REQUESTS, CapturedObject
from protocol_driver.controlled import ControlledCloud, ControlledSageMaker

KEY = re.compile(
    r"data/endpoint/(?P<variant>production|shadow)/(?P<hour>\d{4}/\d\d/\d\d/\d\d)/\d\d-\d\d-\d{3}"
    r"-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.jsonl"
)
JSON_LINES = {"ContentType": {"JsonContentTypes": ["application/json"]}}
ACTIONS: Any = {"production": "Retain", "shadow": "Remove"}


@pytest.fixture
def captured(sagemaker: ControlledSageMaker) -> Iterator[list[CapturedObject]]:
    objects: list[CapturedObject] = []
    sagemaker.on_capture = objects.append
    yield objects
    sagemaker.on_capture = None


def run_test(sagemaker: ControlledSageMaker, seconds: float = 30.0, storage: Any = JSON_LINES, **changes: Any) -> None:
    """Create a test, let it run and stop it."""
    client = sagemaker.client()
    storage = {"Destination": "s3://bucket/data", **storage}
    client.create_inference_experiment(**creation(DataStorageConfig=storage, **changes))
    sagemaker.clock.advance(sum(sagemaker.durations.values()))
    assert sagemaker.status("test") == "Running"
    sagemaker.clock.advance(seconds)
    client.stop_inference_experiment(Name="test", ModelVariantActions=ACTIONS)


def lines(objects: list[CapturedObject], name: str) -> list[Any]:
    bodies = [each.body.decode() for each in objects if f"/{name}/" in each.key]
    return [json.loads(line) for body in bodies for line in body.splitlines()]


def identity(line: Any) -> str:
    return str(line["eventMetadata"]["inferenceId"])


def label(line: Any) -> str:
    return str(json.loads(line["captureData"]["endpointOutput"]["data"])["label"])


def test_a_line_is_as_data_capture_writes_it(sagemaker: ControlledSageMaker, captured: list[CapturedObject]) -> None:
    run_test(sagemaker)
    first = lines(captured, "production")[0]
    half = {"observedContentType": "application/json", "encoding": "JSON"}

    assert set(first) == {"captureData", "eventMetadata", "eventVersion"}
    assert first["eventVersion"] == "0"
    for name, mode in (("endpointInput", "INPUT"), ("endpointOutput", "OUTPUT")):
        data = first["captureData"][name].pop("data")
        assert isinstance(json.loads(data), dict)
        assert first["captureData"][name] == {**half, "mode": mode}
    assert set(first["eventMetadata"]) == {"eventId", "inferenceId", "inferenceTime", "customAttributes"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", first["eventMetadata"]["inferenceTime"])


def test_every_line_is_marked_as_synthetic(sagemaker: ControlledSageMaker, captured: list[CapturedObject]) -> None:
    run_test(sagemaker)
    every = [*lines(captured, "production"), *lines(captured, "shadow")]

    assert every
    assert {tuple(line["eventMetadata"]["customAttributes"]) for line in every} == {(MARK,)}
    assert "synthetic" in MARK


@pytest.mark.parametrize("destination", ["s3://bucket/data", "s3://bucket/data/"])
def test_keys_say_variant_and_hour(
    sagemaker: ControlledSageMaker, captured: list[CapturedObject], destination: str
) -> None:
    run_test(sagemaker, 3 * HOUR, {"Destination": destination})
    found = [KEY.fullmatch(each.key) for each in captured]

    assert {each.bucket for each in captured} == {"bucket"}
    assert all(found)
    assert len({each.key for each in captured}) == len(captured) >= 6
    for each, match in zip(captured, found, strict=True):
        times = {json.loads(line)["eventMetadata"]["inferenceTime"] for line in each.body.splitlines()}
        assert match
        assert {time[:13].replace("-", "/").replace("T", "/") for time in times} == {match["hour"]}


def test_without_a_prefix(sagemaker: ControlledSageMaker, captured: list[CapturedObject]) -> None:
    run_test(sagemaker, storage={"Destination": "s3://bucket"})

    assert {each.key.split("/")[0] for each in captured} == {"endpoint"}


@pytest.mark.parametrize("sampling", [0, 10, 50, 100])
def test_the_shadow_gets_its_sample(
    sagemaker: ControlledSageMaker, captured: list[CapturedObject], sampling: int
) -> None:
    run_test(sagemaker, ShadowModeConfig=shadow(sampling=sampling))
    production, copies = lines(captured, "production"), lines(captured, "shadow")
    requests = {identity(line): line["captureData"]["endpointInput"] for line in production}

    assert len(requests) == len(production) == REQUESTS
    assert abs(len(copies) / REQUESTS - sampling / 100) < 0.06
    assert all(requests[identity(line)] == line["captureData"]["endpointInput"] for line in copies)
    events = [line["eventMetadata"]["eventId"] for line in (*production, *copies)]
    assert len(set(events)) == len(events)


def test_models_agree_mostly(sagemaker: ControlledSageMaker, captured: list[CapturedObject]) -> None:
    run_test(sagemaker, ShadowModeConfig=shadow(sampling=100))
    first = {identity(line): label(line) for line in lines(captured, "production")}
    second = {identity(line): label(line) for line in lines(captured, "shadow")}
    agreement = sum(first[key] == second[key] for key in first) / len(first)

    assert 0.85 < agreement < 1
    assert set(first.values()) == {"fraud", "ok"}


def test_one_model_agrees_with_itself(sagemaker: ControlledSageMaker, captured: list[CapturedObject]) -> None:
    variants = [variant("production", "model-1"), variant("shadow", "model-1")]
    run_test(sagemaker, ModelVariants=variants, ShadowModeConfig=shadow(sampling=100))
    outputs = [
        {identity(line): line["captureData"]["endpointOutput"]["data"] for line in lines(captured, name)}
        for name in ("production", "shadow")
    ]

    assert outputs[0] == outputs[1]


def test_two_runs_agree(sagemaker: ControlledSageMaker, captured: list[CapturedObject]) -> None:
    """But for the times."""
    contents = []
    for _ in range(2):
        run_test(sagemaker)
        contents.append([(identity(line), line["captureData"]) for line in lines(captured, "production")])
        captured.clear()
        sagemaker.clock.advance(HOUR)
        sagemaker.client().delete_inference_experiment(Name="test")

    assert contents[0] == contents[1]


@pytest.mark.parametrize(
    ("types", "encoding", "content_type"),
    [
        ({}, "BASE64", "application/json"),
        ({"ContentType": {"CsvContentTypes": ["text/csv"]}}, "CSV", "text/csv"),
        ({"ContentType": {"JsonContentTypes": ["application/x-json"]}}, "JSON", "application/x-json"),
    ],
)
def test_what_is_not_declared_as_text_is_base64(
    sagemaker: ControlledSageMaker, captured: list[CapturedObject], types: Any, encoding: str, content_type: str
) -> None:
    run_test(sagemaker, storage=types)
    half = lines(captured, "production")[0]["captureData"]["endpointOutput"]
    data = base64.b64decode(half["data"]).decode() if encoding == "BASE64" else half["data"]
    values = next(csv.reader([data])) if encoding == "CSV" else [*json.loads(data).values()]

    assert (half["encoding"], half["observedContentType"]) == (encoding, content_type)
    assert values[0] in ("fraud", "ok")
    assert 0 <= float(values[1]) <= 1


def test_a_new_percentage_applies_from_its_update_on(
    sagemaker: ControlledSageMaker, captured: list[CapturedObject]
) -> None:
    client = sagemaker.client()
    storage = {"Destination": "s3://bucket/data"}
    client.create_inference_experiment(**creation(DataStorageConfig=storage, ShadowModeConfig=shadow(sampling=0)))
    sagemaker.clock.advance(10)
    client.update_inference_experiment(Name="test", ShadowModeConfig=shadow(sampling=100))
    before = len(lines(captured, "shadow"))
    sagemaker.clock.advance(10)
    client.stop_inference_experiment(Name="test", ModelVariantActions=ACTIONS)
    identities = {identity(line) for line in lines(captured, "production")}

    assert before == 0
    assert len(lines(captured, "shadow")) == REQUESTS
    assert len(identities) == 2 * REQUESTS


def test_a_test_that_goes_on_is_captured_meanwhile(
    sagemaker: ControlledSageMaker, captured: list[CapturedObject]
) -> None:
    client = sagemaker.client()
    client.create_inference_experiment(**creation(DataStorageConfig={"Destination": "s3://bucket/data"}))
    sagemaker.clock.advance(3 + 61)
    client.describe_inference_experiment(Name="test")
    client.describe_inference_experiment(Name="test")

    assert len(lines(captured, "production")) == REQUESTS


def test_the_end_of_the_schedule_ends_the_traffic(
    sagemaker: ControlledSageMaker, captured: list[CapturedObject]
) -> None:
    """After a jump over weeks nothing lies outside the time in which the test ran."""
    client = sagemaker.client()
    client.create_inference_experiment(**creation(DataStorageConfig={"Destination": "s3://bucket/data"}))
    sagemaker.clock.advance(20 * DAY)
    described = client.describe_inference_experiment(Name="test")
    times = [line["eventMetadata"]["inferenceTime"] for line in lines(captured, "production")]
    schedule = described["Schedule"]

    assert described["Status"] == "Completed"
    assert len(times) == REQUESTS
    assert (
        f"{schedule['StartTime']:%Y-%m-%dT%H}" <= min(times) <= max(times) < f"{schedule['EndTime']:%Y-%m-%dT%H:%M:%SZ}"
    )


@pytest.mark.parametrize("changes", [{}, {"DataStorageConfig": {"Destination": "https://bucket/data"}}])
def test_nothing_without_a_place_in_s3(
    sagemaker: ControlledSageMaker, captured: list[CapturedObject], changes: Any
) -> None:
    client = sagemaker.client()
    client.create_inference_experiment(**creation(**changes))
    sagemaker.clock.advance(DAY)
    client.describe_inference_experiment(Name="test")

    assert captured == []


def test_nothing_of_a_test_that_never_ran(sagemaker: ControlledSageMaker, captured: list[CapturedObject]) -> None:
    client = sagemaker.client()
    later = {"StartTime": sagemaker.clock.now() + DAY}
    client.create_inference_experiment(**creation(DataStorageConfig={"Destination": "s3://bucket/d"}, Schedule=later))
    sagemaker.clock.advance(HOUR)
    client.delete_inference_experiment(Name="test")

    assert captured == []


def test_the_bucket_has_the_objects_and_a_missing_bucket_does_not_matter() -> None:
    """Through boto3 and HTTPS, from the simulated S3."""
    with ControlledCloud() as cloud:
        cloud.sagemaker.durations.update(dict.fromkeys(cloud.sagemaker.durations, 0.05))
        cloud.sagemaker.add_endpoint("endpoint", "production", "model-1")
        cloud.sagemaker.add_model("model-2")
        s3 = cloud.client("s3")
        s3.create_bucket(Bucket="bucket")
        for name, bucket in (("test", "bucket"), ("second", "missing")):
            client = cloud.sagemaker.client()
            storage = {"Destination": f"s3://{bucket}/data", **JSON_LINES}
            client.create_inference_experiment(**creation(Name=name, DataStorageConfig=storage))
            cloud.sagemaker.wait_for(name, "Running")
            client.stop_inference_experiment(Name=name, ModelVariantActions=ACTIONS)
            cloud.sagemaker.wait_for(name, "Completed")
        cloud.captures.wait()
        keys = [each["Key"] for each in s3.list_objects_v2(Bucket="bucket")["Contents"]]
        bodies = [s3.get_object(Bucket="bucket", Key=key)["Body"].read() for key in keys]

        assert all(KEY.fullmatch(key) for key in keys)
        assert {key.split("/")[2] for key in keys} == {"production", "shadow"}
        assert (
            sum(body.count(b"\n") for key, body in zip(keys, bodies, strict=True) if "/production/" in key) == REQUESTS
        )
        assert cloud.captures.failures
        assert all("NoSuchBucket" in text for text in cloud.captures.failures)
        with pytest.raises(ClientError, match="NoSuchBucket"):
            s3.list_objects_v2(Bucket="missing")
