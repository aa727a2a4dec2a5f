"""The types that an experiment can have in a template."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from inference_experiment import contract
from shadow_test_policies.registry_type import REGISTRY_TYPE

Target = StrEnum("Target", ["CUSTOM", "NATIVE", "REGISTRY"])
Manifest = StrEnum("Manifest", ["CUSTOM", "NATIVE", "REGISTRY", "STACKQL"])

# What the native type can be told, in the order of the StackQL provider's page (aws-facts 3.1).
NATIVE_PROPERTIES: Final = (
    "Name",
    "Type",
    "Description",
    "RoleArn",
    "EndpointName",
    "Schedule",
    "KmsKey",
    "DataStorageConfig",
    "ModelVariants",
    "ShadowModeConfig",
    "Tags",
    "StatusReason",
    "DesiredState",
)


def custom_only(keys: Iterable[str]) -> list[str]:
    """Return the properties among these that the native type has not."""
    known = contract.schema()["properties"].keys() - contract.read_only() - {*NATIVE_PROPERTIES}
    return [key for key in keys if key in known]


def type_of(target: Target, registry_name: str = REGISTRY_TYPE) -> str:
    """Return the name of a type in a template."""
    return {Target.CUSTOM: contract.CUSTOM_TYPE, Target.NATIVE: contract.NATIVE_TYPE}.get(target, registry_name)


Extent = StrEnum("Extent", ["REQUIRED", "ALL"])  # which properties a manifest from scratch has
