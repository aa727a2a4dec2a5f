"""An experiment as one flat record, in the three vocabularies that inventories use. Pure.

`flat` is the record of an inventory catalogue; `awscc_row` and `aws_row` have the columns of the StackQL providers
of those names, awscc in snake case (the CloudFormation type), aws in the API's own spelling.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from inference_experiment_cli.inventory.describe import DescribedExperiment
from inference_experiment_cli.inventory.properties import STATES, to_jsonable

FLAT: Final = (
    "_key",
    "account_id",
    "arn",
    "name",
    "type",
    "status",
    "status_reason",
    "role_arn",
    "endpoint_metadata",
    "model_variants",
    "shadow_mode_config",
    "data_storage_config",
    "schedule",
    "description",
    "tags",
    "creation_time",
    "last_modified_time",
    "completion_time",
    "region",
)
# In the order of the provider's SELECT example, then what it has no column for.
AWSCC: Final = (
    "region",
    "arn",
    "name",
    "type",
    "description",
    "role_arn",
    "endpoint_name",
    "endpoint_metadata",
    "schedule",
    "kms_key",
    "data_storage_config",
    "model_variants",
    "shadow_mode_config",
    "tags",
    "creation_time",
    "last_modified_time",
    "status",
    "status_reason",
    "desired_state",
    "completion_time",
    "account_id",
)
AWS: Final = tuple(
    name if name == "region" else "".join(word.capitalize() for word in name.split("_")) for name in AWSCC
)
TIMES: Final = frozenset({"creation_time", "last_modified_time", "completion_time"})
NESTED: Final = frozenset(
    {"endpoint_metadata", "model_variants", "shadow_mode_config", "data_storage_config", "schedule", "tags"}
)


def snake(name: str) -> str:
    """Return an API member's name in snake case."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def snake_keys(value: Any) -> Any:  # noqa: ANN401 - parsed JSON
    """Return a value with the keys of its mappings in snake case."""
    if isinstance(value, Mapping):
        return {snake(key): snake_keys(inner) for key, inner in value.items()}
    return [snake_keys(inner) for inner in value] if isinstance(value, list) else value


def _columns(experiment: DescribedExperiment) -> dict[str, Any]:
    """Return every column by its snake-case name; nested keys are the API's."""
    members: dict[str, Any] = {snake(key): to_jsonable(value) for key, value in experiment.members.items()}
    arn = str(members.get("arn", ""))
    status = members.get("status")
    return {
        **members,
        "region": experiment.region,
        "account_id": arn.split(":")[4] if arn.count(":") > 4 else None,  # noqa: PLR2004 - the field of an ARN
        "endpoint_name": experiment.members.get("EndpointMetadata", {}).get("EndpointName"),
        "desired_state": status if status in STATES else None,
    }


def flat(experiment: DescribedExperiment) -> dict[str, Any]:
    """Return the record of an inventory catalogue; `_key` is the ARN, `tags` a map."""
    known = snake_keys(_columns(experiment))
    known |= {"_key": known.get("arn"), "tags": dict(sorted(experiment.tags.items()))}
    return {name: known.get(name) for name in FLAT}


def awscc_row(experiment: DescribedExperiment) -> dict[str, Any]:
    """Return the row of StackQL's awscc provider; tags are a list of value and key."""
    known = snake_keys(_columns(experiment))
    known["tags"] = [{"value": value, "key": key} for key, value in sorted(experiment.tags.items())]
    return {name: known.get(name) for name in AWSCC}


def aws_row(experiment: DescribedExperiment) -> dict[str, Any]:
    """Return the row of StackQL's aws provider, in the API's spelling."""
    known = _columns(experiment)
    known["tags"] = [{"Key": key, "Value": value} for key, value in sorted(experiment.tags.items())]
    return {column: known.get(name) for column, name in zip(AWS, AWSCC, strict=True)}
