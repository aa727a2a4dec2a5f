"""A SageMaker of several regions behind one URL, which takes the region from the request's signature."""

import re
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

from inference_experiment_local.clock import Clock
from inference_experiment_local.loopback import LoopbackServer
from protocol_driver.controlled import ControlledSageMaker

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.client import SageMakerClient

SCOPE = re.compile(r"Credential=[^/]+/\d+/([^/]+)/")


@dataclass
class RegionalSageMaker(LoopbackServer):
    """The simulations by region; one region that is missing here answers every call with AccessDeniedException."""

    regions: dict[str, ControlledSageMaker]

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        scope = SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
        sagemaker = self.regions.get(scope[1] if scope else "")
        if sagemaker is None:
            body = '{"__type": "AccessDeniedException", "Message": "the region is disabled"}'
            return Response(body, 400, content_type="application/x-amz-json-1.1")(environ, start_response)
        return sagemaker(environ, start_response)


@contextmanager
def regional_sagemaker(*names: str, clock: Clock | None = None) -> Iterator[RegionalSageMaker]:
    with ExitStack() as stack:
        regions = {name: stack.enter_context(ControlledSageMaker(name, clock)) for name in names}
        yield stack.enter_context(RegionalSageMaker(regions))


def add_experiment(sagemaker: ControlledSageMaker, name: str = "test", **changes: Any) -> None:
    """Create an experiment on an endpoint of its own."""
    sagemaker.add_endpoint(f"{name}-endpoint", "production", "model-1")
    sagemaker.add_model("model-2")
    variants = [
        {
            "ModelName": model,
            "VariantName": variant,
            "InfrastructureConfig": {
                "InfrastructureType": "RealTimeInference",
                "RealTimeInferenceConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1},
            },
        }
        for variant, model in (("production", "model-1"), ("shadow", "model-2"))
    ]
    request: dict[str, Any] = {
        "Name": name,
        "Type": "ShadowMode",
        "RoleArn": "arn:aws:iam::123456789012:role/experiment",
        "EndpointName": f"{name}-endpoint",
        "ModelVariants": variants,
        "ShadowModeConfig": {
            "SourceModelVariantName": "production",
            "ShadowModelVariants": [{"ShadowModelVariantName": "shadow", "SamplingPercentage": 50}],
        },
        **changes,
    }
    _client(sagemaker).create_inference_experiment(**request)


@cache
def _client(sagemaker: ControlledSageMaker) -> "SageMakerClient":
    return sagemaker.client()


def environment(url: str, region: str | None = "us-east-1", **more: str) -> dict[str, str]:
    """Return the settings under which the command talks to this server and to nothing else."""
    settings = {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
        **more,
    }
    return settings | ({"AWS_REGION": region, "AWS_DEFAULT_REGION": region} if region else {})
