"""The two types that an experiment can have in a template."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from inference_experiment import contract

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
    """Return the properties among these that only the custom type has."""
    known = contract.schema()["properties"].keys() - contract.read_only() - {*NATIVE_PROPERTIES}
    return [key for key in keys if key in known]


Target = StrEnum("Target", ["CUSTOM", "NATIVE"])
Manifest = StrEnum("Manifest", ["CUSTOM", "NATIVE", "STACKQL"])
Extent = StrEnum("Extent", ["REQUIRED", "ALL"])  # which properties a manifest from scratch has
