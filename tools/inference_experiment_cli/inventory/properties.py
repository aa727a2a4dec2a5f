"""An experiment as it is shown: CloudFormation's properties, and everything that Describe and ListTags tell. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from inference_experiment import checks

# Of Describe's answer, in the order in which a template is written.
CONFIGURATION: Final = ("Name", "Type", "Description", "RoleArn", "EndpointName", "KmsKey", "Schedule", "ModelVariants")
SHADOW: Final = ("ShadowModeConfig", "DataStorageConfig")
TIMES: Final = ("CreationTime", "LastModifiedTime", "CompletionTime")
STATES: Final = ("Running", "Completed", "Cancelled")


def text_of(value: object) -> object:
    """Return a value for JSON: times as ISO 8601 in UTC, the rest as it is."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, Mapping):
        return {key: text_of(item) for key, item in value.items()}
    return [text_of(item) for item in value] if isinstance(value, list | tuple) else value


def _moment(value: object) -> object:
    """Return a time in our form, as far as it is one: files of the AWS CLI write zones, or seconds."""
    if isinstance(value, int | float):
        return text_of(datetime.fromtimestamp(value, UTC))
    parsed = checks.parse_time(value) if isinstance(value, str) else None
    return text_of(parsed or value)


def own_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the tags that a user set: neither AWS's nor the owner tag."""
    return [
        {"Key": key, "Value": value}
        for key, value in sorted(tags.items())
        if not key.lower().startswith(checks.RESERVED_TAG_PREFIXES)
    ]


def properties_of(details: Mapping[str, Any], tags: Mapping[str, str]) -> dict[str, Any]:
    """Return what a template would say of a live experiment. DesiredState is the status, where it can be one."""
    members = {**details, "EndpointName": (details.get("EndpointMetadata") or {}).get("EndpointName")}
    if isinstance(details.get("Schedule"), Mapping):
        members["Schedule"] = {key: _moment(value) for key, value in details["Schedule"].items() if value}
    members["ModelVariants"] = [
        {key: value for key, value in variant.items() if key != "Status"}
        for variant in details.get("ModelVariants") or ()
    ]
    made = {key: members[key] for key in (*CONFIGURATION, *SHADOW) if members.get(key)}
    if details.get("Status") in STATES:
        made["DesiredState"] = details["Status"]
    if own_tags(tags):
        made["Tags"] = own_tags(tags)
    plain: dict[str, Any] = dict(made)
    return {key: text_of(value) for key, value in plain.items()}


def everything(details: Mapping[str, Any], tags: Mapping[str, str], region: str, owner: str) -> dict[str, Any]:
    """Return all that is known of an experiment; what it has not is None, so that every experiment has every key."""
    endpoint = dict.fromkeys(("EndpointName", "EndpointConfigName", "EndpointStatus", "FailureReason"))
    shown = properties_of(details, tags)
    return {
        "Name": details.get("Name"),
        "Status": details.get("Status"),
        "StatusReason": details.get("StatusReason"),
        **{key: shown.get(key) for key in (*CONFIGURATION[1:-1], *SHADOW)},
        "ModelVariants": [text_of(dict(variant)) for variant in details.get("ModelVariants") or ()],
        "DesiredState": shown.get("DesiredState"),
        "EndpointMetadata": {**endpoint, **(details.get("EndpointMetadata") or {})},
        **{key: text_of(details.get(key)) for key in TIMES},
        "Tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())],
        "Owner": owner,
        "Arn": details.get("Arn"),
        "Region": region,
    }
