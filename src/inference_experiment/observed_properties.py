"""An experiment as Describe and ListTags show it, in the form that a template has. Pure."""

import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from inference_experiment import checks

# Members of Describe's answer, in the order of a template.
CONFIGURATION: Final = ("Name", "Type", "Description", "RoleArn", "EndpointName", "KmsKey", "Schedule", "ModelVariants")
SHADOW: Final = ("ShadowModeConfig", "DataStorageConfig")
TIMES: Final = ("CreationTime", "LastModifiedTime", "CompletionTime")
# Describe has no DesiredState: the native type derives it from the status, and only these are values of it.
STATES: Final = ("Running", "Completed", "Cancelled")


def timestamp(moment: datetime) -> str:
    """Return a time as ISO 8601 in UTC, with seconds, so that texts sort as times."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def to_jsonable(value: object) -> object:
    """Return a value for JSON: times as ISO 8601 in UTC, the rest as it is."""
    if isinstance(value, datetime):
        return timestamp(value)
    if isinstance(value, Mapping):
        return {key: to_jsonable(item) for key, item in value.items()}
    return [to_jsonable(item) for item in value] if isinstance(value, list | tuple) else value


def epoch_as_text(value: object) -> object:
    """Return a time in epoch seconds as ISO 8601. Other values stay."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        with contextlib.suppress(OverflowError, ValueError, OSError):
            return timestamp(datetime.fromtimestamp(value, UTC))
    return value


def _moment(value: object) -> object:
    """Return a time in our form: output of the AWS CLI has zones, or epoch seconds. Other values stay."""
    parsed = checks.parse_time(value) if isinstance(value, str) else None
    return to_jsonable(parsed or epoch_as_text(value))


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags as the API lists them, sorted."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def own_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the tags that a user set: neither AWS's nor the owner tag."""
    return [tag for tag in tag_list(tags) if not tag["Key"].lower().startswith(checks.RESERVED_TAG_PREFIXES)]


def to_properties(details: Mapping[str, Any], tags: Mapping[str, str]) -> dict[str, Any]:
    """Return a live experiment as a template has it. DesiredState is the status, where it can be one."""
    members = {**details, "EndpointName": (details.get("EndpointMetadata") or {}).get("EndpointName")}
    if isinstance(details.get("Schedule"), Mapping):
        members["Schedule"] = {key: _moment(value) for key, value in details["Schedule"].items() if value}
    members["ModelVariants"] = [
        {key: value for key, value in variant.items() if key != "Status"}
        for variant in details.get("ModelVariants") or ()
    ]
    members["DesiredState"] = details.get("Status") if details.get("Status") in STATES else None
    members["Tags"] = own_tags(tags)
    names = (*CONFIGURATION, *SHADOW, "DesiredState", "Tags")
    return {name: to_jsonable(members[name]) for name in names if members.get(name)}
