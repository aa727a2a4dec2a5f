"""Valid resource properties as a template writes them, shared by the tests that drive stacks."""

from typing import Any

from log_audit import SECRET_TAG_VALUE

ROLE_ARN = "arn:aws:iam::123456789012:role/experiment"


def variant(name: str, model: str, instance_type: str = "ml.m5.xlarge", count: int = 1) -> dict[str, Any]:
    hardware = {"InstanceType": instance_type, "InstanceCount": count}
    infrastructure = {"InfrastructureType": "RealTimeInference", "RealTimeInferenceConfig": hardware}
    return {"ModelName": model, "VariantName": name, "InfrastructureConfig": infrastructure}


def shadow(sampling: int = 10, source: str = "production", name: str = "shadow") -> dict[str, Any]:
    variants = [{"ShadowModelVariantName": name, "SamplingPercentage": sampling}]
    return {"SourceModelVariantName": source, "ShadowModelVariants": variants}


def properties(**changes: Any) -> dict[str, Any]:
    """Return valid properties with these changed; None leaves one out."""
    made = {
        "ServiceToken": "arn:aws:lambda:us-east-1:123456789012:function:provider",
        "Name": "test",
        "Type": "ShadowMode",
        "RoleArn": ROLE_ARN,
        "EndpointName": "endpoint",
        "ModelVariants": [variant("production", "model-1"), variant("shadow", "model-2")],
        "ShadowModeConfig": shadow(),
        "Tags": [{"Key": "team", "Value": SECRET_TAG_VALUE}],
        **changes,
    }
    return {key: value for key, value in made.items() if value is not None}
