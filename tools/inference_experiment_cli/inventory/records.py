"""An experiment as one flat record, in the three vocabularies that inventories use. Pure.

`flat` is the record of an inventory catalogue; `awscc_row` and `aws_row` have the columns of the StackQL providers
of those names, awscc in snake case (the CloudFormation type), aws in the API's own spelling.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from inference_experiment_cli.inventory.describe import Experiment

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
# Describe has no DesiredState: the native type derives it from the status, and only these are values of it.
DESIRED_STATES: Final = ("Running", "Completed", "Cancelled")


def snake(name: str) -> str:
    """Return an API member's name in snake case."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def timestamp(moment: datetime) -> str:
    """Return a time as ISO 8601 in UTC, always with milliseconds, so that texts sort as times."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def plain(value: Any, *, snake_case: bool) -> Any:  # noqa: ANN401 - parsed JSON
    """Return an API value as JSON has it, keys in snake case or as they are, times as texts."""
    if isinstance(value, Mapping):
        return {
            (snake(key) if snake_case else key): plain(inner, snake_case=snake_case) for key, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [plain(inner, snake_case=snake_case) for inner in value]
    return timestamp(value) if isinstance(value, datetime) else value


def _all(experiment: Experiment, *, snake_case: bool) -> dict[str, Any]:
    """Return every column by its snake-case name; the spelling is that of the nested keys."""
    members: dict[str, Any] = {
        snake(key): plain(value, snake_case=snake_case) for key, value in experiment.members.items()
    }
    arn = str(members.get("arn", ""))
    status = members.get("status")
    endpoint = experiment.members.get("EndpointMetadata", {})
    return {
        **members,
        "region": experiment.region,
        "account_id": arn.split(":")[4] if arn.count(":") > 4 else None,  # noqa: PLR2004 - the field of an ARN
        "endpoint_name": endpoint.get("EndpointName"),
        "desired_state": status if status in DESIRED_STATES else None,
    }


def flat(experiment: Experiment) -> dict[str, Any]:
    """Return the record of an inventory catalogue; `_key` is the ARN, `tags` a map."""
    known = _all(experiment, snake_case=True)
    known |= {"_key": known.get("arn"), "tags": dict(sorted(experiment.tags.items()))}
    return {name: known.get(name) for name in FLAT}


def awscc_row(experiment: Experiment) -> dict[str, Any]:
    """Return the row of StackQL's awscc provider; tags are a list of value and key."""
    known = _all(experiment, snake_case=True)
    known["tags"] = [{"value": value, "key": key} for key, value in sorted(experiment.tags.items())]
    return {name: known.get(name) for name in AWSCC}


def aws_row(experiment: Experiment) -> dict[str, Any]:
    """Return the row of StackQL's aws provider, in the API's spelling."""
    known = _all(experiment, snake_case=False)
    known["tags"] = [{"Key": key, "Value": value} for key, value in sorted(experiment.tags.items())]
    return {column: known.get(name) for column, name in zip(AWS, AWSCC, strict=True)}
