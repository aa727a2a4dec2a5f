"""A report without an account: a shadow test of a day on the local AWS, with synthetic metrics."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

from botocore.config import Config

from inference_experiment_cli.convert.manifest import variant
from inference_experiment_local.clock import Clock
from inference_experiment_local.sagemaker.local_sagemaker import REGION, LocalSageMaker
from inference_experiment_local.sagemaker.metrics import Behaviour, LocalMetrics
from inference_experiment_local.sessions import isolated_session

NAME: Final = "fraud-v2"
ENDPOINT: Final = "fraud"
HOUR: Final = 3600.0
SAMPLING: Final = 50


@contextmanager
def local_aws() -> Iterator[tuple[Any, Any]]:
    """Run the local AWS with an experiment that is still running; give its clients of SageMaker and CloudWatch."""
    # So slow that the time which is skipped below is in the past.
    clock = Clock(ahead=-20 * HOUR)
    with LocalMetrics() as metrics, LocalSageMaker(clock=clock) as sagemaker:
        sagemaker.add_endpoint(ENDPOINT, "current", "fraud-1")
        sagemaker.add_model("fraud-2")
        client: Any = sagemaker.client()
        client.create_inference_experiment(**_request())
        clock.advance(20 * HOUR)
        metrics.behaviours = _behaviours()
        session, direct = isolated_session(REGION), Config(proxies={})
        yield client, session.client("cloudwatch", endpoint_url=metrics.url, config=direct)


def _behaviours() -> dict[tuple[str, str], Behaviour]:
    production = Behaviour()
    shadow = replace(
        production,
        requests_per_minute=production.requests_per_minute * SAMPLING / 100,
        latency_ms=36.0,
        spread=0.42,
        error_rate=0.0003,
        utilisation={**production.utilisation, "CPUUtilization": 31.0},
    )
    return {(ENDPOINT, "current"): production, (ENDPOINT, "candidate"): shadow}


def _request() -> dict[str, Any]:
    return {
        "Name": NAME,
        "Type": "ShadowMode",
        "Description": "Does the second fraud model keep up?",
        "RoleArn": "arn:aws:iam::123456789012:role/shadow-test",
        "EndpointName": ENDPOINT,
        "ModelVariants": [variant("current", "fraud-1"), variant("candidate", "fraud-2")],
        "ShadowModeConfig": {
            "SourceModelVariantName": "current",
            "ShadowModelVariants": [{"ShadowModelVariantName": "candidate", "SamplingPercentage": SAMPLING}],
        },
        "Tags": [{"Key": "team", "Value": "fraud"}],
    }
