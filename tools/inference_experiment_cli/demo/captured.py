"""What the demonstration's test has captured, as its bucket has it."""

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inference_experiment_local.cloud import LocalCloud


def captured_places(cloud: "LocalCloud") -> list[str]:
    """Return the S3 URI of each experiment's captured data, with a folder per variant."""
    sagemaker, places = cloud.sagemaker.client(), list[str]()
    for summary in sagemaker.list_inference_experiments()["InferenceExperiments"]:
        experiment = sagemaker.describe_inference_experiment(Name=summary["Name"])
        destination = experiment.get("DataStorageConfig", {}).get("Destination")
        if destination:
            places.append(f"{destination.rstrip('/')}/{experiment['EndpointMetadata']['EndpointName']}")
    return places


def captured_lines(cloud: "LocalCloud", place: str) -> Counter[str]:
    """Return how many lines each variant has there, once all that was captured has been written."""
    cloud.captures.wait()
    s3, counts = cloud.client("s3"), Counter[str]()
    bucket, _, prefix = place.removeprefix("s3://").partition("/")
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{prefix}/"):
        for each in page.get("Contents", ()):
            body = s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read()
            counts[each["Key"].removeprefix(f"{prefix}/").partition("/")[0]] += body.count(b"\n")
    return counts
