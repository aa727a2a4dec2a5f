"""A report without an account: a shadow test of a day on the local AWS, with synthetic metrics."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

from inference_experiment_local.clock import Clock
from inference_experiment_local.sagemaker.local_sagemaker import LocalSageMaker
from inference_experiment_local.sagemaker.metrics import Behaviour, LocalMetrics
from inference_experiment_local.sessions import isolated_environment

NAME: Final = "fraud-v2"
ENDPOINT: Final = "fraud"
HOUR: Final = 3600.0
SAMPLING: Final = 50


@contextmanager
def local_aws() -> Iterator[None]:
    """Run the local AWS with an experiment that is still running; boto3 talks to it meanwhile."""
    # So slow that the time which _run_experiment skips is in the past.
    clock = Clock(ahead=-20 * HOUR)
    with _environment(), LocalMetrics() as metrics, LocalSageMaker(clock=clock) as sagemaker:
        os.environ["AWS_ENDPOINT_URL_SAGEMAKER"] = sagemaker.url
        os.environ["AWS_ENDPOINT_URL_CLOUDWATCH"] = metrics.url
        _run_experiment(sagemaker)
        _behave(metrics)
        yield


def _run_experiment(sagemaker: LocalSageMaker) -> None:
    client: Any = sagemaker.client()
    sagemaker.add_endpoint(ENDPOINT, "current", "fraud-1")
    sagemaker.add_model("fraud-2")
    client.create_inference_experiment(**_request())
    sagemaker.clock.advance(20 * HOUR)


def _behave(metrics: LocalMetrics) -> None:
    production = Behaviour()
    shadow = replace(
        production,
        requests_per_minute=production.requests_per_minute * SAMPLING / 100,
        latency_ms=36.0,
        spread=0.42,
        error_rate=0.0003,
        utilisation={**production.utilisation, "CPUUtilization": 31.0},
    )
    metrics.behaviours = {(ENDPOINT, "current"): production, (ENDPOINT, "candidate"): shadow}


def _request() -> dict[str, Any]:
    infrastructure = {
        "InfrastructureType": "RealTimeInference",
        "RealTimeInferenceConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1},
    }
    return {
        "Name": NAME,
        "Type": "ShadowMode",
        "Description": "Does the second fraud model keep up?",
        "RoleArn": "arn:aws:iam::123456789012:role/shadow-test",
        "EndpointName": ENDPOINT,
        "ModelVariants": [
            {"ModelName": model, "VariantName": variant, "InfrastructureConfig": infrastructure}
            for variant, model in (("current", "fraud-1"), ("candidate", "fraud-2"))
        ],
        "ShadowModeConfig": {
            "SourceModelVariantName": "current",
            "ShadowModelVariants": [{"ShadowModelVariantName": "candidate", "SamplingPercentage": SAMPLING}],
        },
        "Tags": [{"Key": "team", "Value": "fraud"}],
    }


@contextmanager
def _environment() -> Iterator[None]:
    """Keep the user's AWS configuration and credentials out of this process meanwhile."""
    own = {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false", "NO_PROXY": "127.0.0.1"}
    before = dict(os.environ)
    try:
        os.environ.update(isolated_environment("us-east-1") | own)
        for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
            os.environ.pop(name, None)
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
