"""An experiment as one flat record, in the three vocabularies that inventories use. Pure.

`flat` is the record of an inventory catalogue; `awscc_row` and `aws_row` have the columns of the StackQL providers
of those names, awscc in snake case (the CloudFormation type), aws in the API's own spelling.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from inference_experiment.observed_properties import STATES, tag_list, to_jsonable
from inference_experiment_cli.inventory.describe import DescribedExperiment

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
# Columns with their types in SQL, in the order of the provider's SELECT example, then what it has no column for.
AWSCC: Final = {
    "region": "VARCHAR",
    "arn": "VARCHAR",
    "name": "VARCHAR",
    "type": "VARCHAR",
    "description": "VARCHAR",
    "role_arn": "VARCHAR",
    "endpoint_name": "VARCHAR",
    "endpoint_metadata": "JSON",
    "schedule": "JSON",
    "kms_key": "VARCHAR",
    "data_storage_config": "JSON",
    "model_variants": "JSON",
    "shadow_mode_config": "JSON",
    "tags": "JSON",
    "creation_time": "TIMESTAMP",
    "last_modified_time": "TIMESTAMP",
    "status": "VARCHAR",
    "status_reason": "VARCHAR",
    "desired_state": "VARCHAR",
    "completion_time": "TIMESTAMP",
    "account_id": "VARCHAR",
}
AWS: Final = {
    name if name == "region" else "".join(word.capitalize() for word in name.split("_")): kind
    for name, kind in AWSCC.items()
}


def snake(name: str) -> str:
    """Return an API member's name in snake case."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def snake_keys(value: Any) -> Any:  # noqa: ANN401 - parsed JSON
    """Return a value with the keys of its mappings in snake case."""
    if isinstance(value, Mapping):
        return {snake(key): snake_keys(inner) for key, inner in value.items()}
    return [snake_keys(inner) for inner in value] if isinstance(value, list) else value


def aws_row(experiment: DescribedExperiment) -> dict[str, Any]:
    """Return the row of StackQL's aws provider, in the API's spelling."""
    members = experiment.members
    arn, status = str(members.get("Arn", "")), members.get("Status")
    known = {
        **members,
        "region": experiment.region,
        "AccountId": arn.split(":")[4] if arn.count(":") > 4 else None,  # noqa: PLR2004 - the field of an ARN
        "EndpointName": members.get("EndpointMetadata", {}).get("EndpointName"),
        "DesiredState": status if status in STATES else None,
        "Tags": tag_list(experiment.tags),
    }
    return {name: to_jsonable(known.get(name)) for name in AWS}


def awscc_row(experiment: DescribedExperiment) -> dict[str, Any]:
    """Return the row of StackQL's awscc provider; tags are a list of value and key."""
    tags = [{"value": value, "key": key} for key, value in sorted(experiment.tags.items())]
    return {**snake_keys(aws_row(experiment)), "tags": tags}


def flat(experiment: DescribedExperiment) -> dict[str, Any]:
    """Return the record of an inventory catalogue; `_key` is the ARN, `tags` a map."""
    row = awscc_row(experiment)
    row |= {"_key": row["arn"], "tags": dict(sorted(experiment.tags.items()))}
    return {name: row[name] for name in FLAT}
