"""Properties, templates and experiments that the tests of the commands start from."""

from typing import Any

from desk import Desk

QUICK = ("--interval", "0.02")


def variant(name: str, model: str, count: int = 1) -> dict[str, Any]:
    hardware = {"InstanceType": "ml.m5.xlarge", "InstanceCount": count}
    infrastructure = {"InfrastructureType": "RealTimeInference", "RealTimeInferenceConfig": hardware}
    return {"ModelName": model, "VariantName": name, "InfrastructureConfig": infrastructure}


def properties(**changes: Any) -> dict[str, Any]:
    """Return valid properties with these changed; None leaves one out."""
    shadows = [{"ShadowModelVariantName": "shadow", "SamplingPercentage": 10}]
    made = {
        "Name": "fraud",
        "Type": "ShadowMode",
        "RoleArn": "arn:aws:iam::123456789012:role/experiment",
        "EndpointName": "endpoint",
        "ModelVariants": [variant("production", "model-1"), variant("shadow", "model-2")],
        "ShadowModeConfig": {"SourceModelVariantName": "production", "ShadowModelVariants": shadows},
        "Tags": [{"Key": "team", "Value": "ml"}],
        **changes,
    }
    return {key: value for key, value in made.items() if value is not None}


def sampling(percentage: object) -> dict[str, Any]:
    shadows = [{"ShadowModelVariantName": "shadow", "SamplingPercentage": percentage}]
    return {"SourceModelVariantName": "production", "ShadowModelVariants": shadows}


def bring_to(desk: Desk, status: str = "Running", **changes: Any) -> None:
    """Make the experiment `fraud` outside the command, as the console would, and skip to a status."""
    client = desk.sagemaker.client()
    start = {"Schedule": {"StartTime": desk.sagemaker.clock.now() + 3600}} if status == "Created" else {}
    client.create_inference_experiment(**properties(**start, **changes))
    skip_to(desk, "Created" if status == "Created" else "Running")
    if status in ("Completed", "Cancelled"):
        actions: Any = {"production": "Retain", "shadow": "Remove"}
        stop: Any = {"Name": "fraud", "ModelVariantActions": actions, "DesiredState": status, "Reason": "enough"}
        client.stop_inference_experiment(**stop)
        skip_to(desk, status)
    desk.sagemaker.clear_calls()


def skip_to(desk: Desk, status: str, name: str = "fraud") -> None:
    """Skip the transitions that lead to a status."""
    desk.sagemaker.clock.advance(sum(desk.sagemaker.durations.values()))
    desk.sagemaker.wait_for(name, status)
