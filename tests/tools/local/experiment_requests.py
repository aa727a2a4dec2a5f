"""Requests and ways to a status, shared by the tests of the simulated SageMaker."""

from typing import Any

from botocore.exceptions import ClientError

from protocol_driver.controlled import ControlledSageMaker

ARN = "arn:aws:sagemaker:us-east-1:123456789012:inference-experiment/test"
HOUR = 3600.0
DAY = 24 * HOUR


def variant(name: str, model: str, instance_type: str = "ml.m5.xlarge", count: int = 1) -> dict[str, Any]:
    hardware = {"InstanceType": instance_type, "InstanceCount": count}
    infrastructure = {"InfrastructureType": "RealTimeInference", "RealTimeInferenceConfig": hardware}
    return {"ModelName": model, "VariantName": name, "InfrastructureConfig": infrastructure}


def shadow(source: str = "production", name: str = "shadow", sampling: int = 50) -> dict[str, Any]:
    variants = [{"ShadowModelVariantName": name, "SamplingPercentage": sampling}]
    return {"SourceModelVariantName": source, "ShadowModelVariants": variants}


def creation(**changes: Any) -> dict[str, Any]:
    """Return a valid CreateInferenceExperiment request with these members changed."""
    request = {
        "Name": "test",
        "Type": "ShadowMode",
        "RoleArn": "arn:aws:iam::123456789012:role/experiment",
        "EndpointName": "endpoint",
        "ModelVariants": [variant("production", "model-1"), variant("shadow", "model-2")],
        "ShadowModeConfig": shadow(),
        **changes,
    }
    return {key: value for key, value in request.items() if value is not None}


REMOVE = {"production": "Retain", "shadow": "Remove"}
PROMOTE = {"production": "Remove", "shadow": "Promote"}


def bring_to(sagemaker: ControlledSageMaker, status: str, **changes: Any) -> None:
    """Bring the experiment `test` to a status by legal means only; each transition lasts a second."""
    client: Any = sagemaker.client()
    if status in {"Created", "Updating-Created"}:
        changes = {"Schedule": {"StartTime": sagemaker.clock.now() + HOUR}, **changes}
    client.create_inference_experiment(**creation(**changes))
    sagemaker.clock.advance({"Creating": 0, "Starting": 1, "Created": 1}.get(status, 2))
    if status == "Updating":
        client.update_inference_experiment(Name="test", Description="new")
    if status in {"Stopping", "Completed", "Cancelled"}:
        wanted = "Cancelled" if status == "Cancelled" else "Completed"
        client.stop_inference_experiment(Name="test", ModelVariantActions=REMOVE, DesiredState=wanted)
        sagemaker.clock.advance(0 if status == "Stopping" else 1)
    assert sagemaker.status("test") == status


def perform(sagemaker: ControlledSageMaker, operation: str, **more: Any) -> str | None:
    """Call Update, Start, Stop or Delete on `test`; returns the error code, None for success."""
    arguments: dict[str, Any] = {"Stop": {"ModelVariantActions": REMOVE}}.get(operation, {})
    call = getattr(sagemaker.client(), f"{operation.lower()}_inference_experiment")
    return error_of(call, Name="test", **{**arguments, **more})[0]


def error_of(call: Any, **request: Any) -> tuple[str | None, str]:
    """Return the code and the message of the error that a call ends in; (None, "") for success."""
    try:
        call(**request)
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["Error"]["Message"]
    return None, ""
