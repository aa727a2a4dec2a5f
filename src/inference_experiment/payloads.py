"""Between SageMaker's shapes (aws-facts 1.16), which CloudFormation's properties share, and our values. Pure."""

from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any, Final

from inference_experiment import checks
from inference_experiment.model import Configuration, DataStorage, Desired, Member, Status, Variant

MAXIMUM_DIGITS: Final = 9  # of an InstanceCount; a previous template may hold any text
SHADOW_MEMBERS: Final = frozenset({Member.SHADOW_VARIANTS, Member.SAMPLING_PERCENTAGE})


def _time(value: str | datetime | None) -> datetime | None:
    moment = checks.parse_time(value) if isinstance(value, str) else value
    return moment.replace(microsecond=0) if moment else None


def _mapping(value: object) -> Mapping[str, Any]:
    """Return a value of an answer that should be an object; an empty one where it is null, missing or another."""
    return value if isinstance(value, Mapping) else {}


def _entries(value: object) -> list[Mapping[str, Any]]:
    """Return the objects in a value of an answer that should be a list of them."""
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _read_variant(value: Mapping[str, Any]) -> Variant:
    infrastructure = _mapping(_mapping(value.get("InfrastructureConfig")).get("RealTimeInferenceConfig"))
    count = str(infrastructure.get("InstanceCount"))
    return Variant(
        variant_name=_text(value.get("VariantName")),
        model_name=_text(value.get("ModelName")),
        instance_type=_text(infrastructure.get("InstanceType")),
        instance_count=int(count) if count.isascii() and count.isdigit() and len(count) <= MAXIMUM_DIGITS else 0,
    )


def variants(value: object) -> dict[str, Variant]:
    """Return the entries of a ModelVariants by VariantName, as far as they are usable."""
    return {variant.variant_name: variant for variant in map(_read_variant, _entries(value)) if variant.variant_name}


def variant_names(members: Mapping[str, Any]) -> tuple[str, str]:
    """Return the names of production and shadow in a ShadowModeConfig; empty where a template may be invalid."""
    shadow_mode = _mapping(members.get("ShadowModeConfig"))
    shadow: Mapping[str, Any] = next(iter(_entries(shadow_mode.get("ShadowModelVariants"))), {})
    return _text(shadow_mode.get("SourceModelVariantName")), _text(shadow.get("ShadowModelVariantName"))


def _read_data_storage(value: Mapping[str, Any]) -> DataStorage | None:
    if not value:
        return None
    content = _mapping(value.get("ContentType"))
    return DataStorage(
        destination=_text(value.get("Destination")),
        kms_key=_text(value.get("KmsKey")),
        csv_content_types=tuple(content.get("CsvContentTypes") or ()),
        json_content_types=tuple(content.get("JsonContentTypes") or ()),
    )


def configuration(members: Mapping[str, Any], name: str, endpoint_name: str) -> Configuration:
    """Return the configuration that valid properties, or a Describe response, spell out.

    What is null or missing is empty: a Delete needs none of it.
    """
    schedule, shadow_mode = _mapping(members.get("Schedule")), _mapping(members.get("ShadowModeConfig"))
    shadow: Mapping[str, Any] = next(iter(_entries(shadow_mode.get("ShadowModelVariants"))), {})
    source_variant, shadow_variant = variant_names(members)
    return Configuration(
        name=name,
        type=_text(members.get("Type")),
        role_arn=_text(members.get("RoleArn")),
        endpoint_name=endpoint_name,
        model_variants=tuple(map(_read_variant, _entries(members.get("ModelVariants")))),
        source_variant=source_variant,
        shadow_variant=shadow_variant,
        sampling_percentage=shadow.get("SamplingPercentage") or 0,
        description=_text(members.get("Description")),
        start_time=_time(schedule.get("StartTime")),
        end_time=_time(schedule.get("EndTime")),
        data_storage=_read_data_storage(_mapping(members.get("DataStorageConfig"))),
        kms_key=_text(members.get("KmsKey")),
    )


def _variant(variant: Variant) -> dict[str, Any]:
    instances = {"InstanceType": variant.instance_type, "InstanceCount": variant.instance_count}
    return {
        "ModelName": variant.model_name,
        "VariantName": variant.variant_name,
        "InfrastructureConfig": {"InfrastructureType": "RealTimeInference", "RealTimeInferenceConfig": instances},
    }


def _shadow_mode(configuration: Configuration) -> dict[str, Any]:
    shadow = {
        "ShadowModelVariantName": configuration.shadow_variant,
        "SamplingPercentage": configuration.sampling_percentage,
    }
    return {"SourceModelVariantName": configuration.source_variant, "ShadowModelVariants": [shadow]}


def _data_storage(storage: DataStorage) -> dict[str, Any]:
    content = {"CsvContentTypes": storage.csv_content_types, "JsonContentTypes": storage.json_content_types}
    content_type = {key: list(value) for key, value in content.items() if value}
    members: dict[str, Any] = {"Destination": storage.destination}
    if storage.kms_key:
        members["KmsKey"] = storage.kms_key
    if content_type:
        members["ContentType"] = content_type
    return members


def _schedule(configuration: Configuration, *, with_start: bool) -> dict[str, Any]:
    times = {"StartTime": configuration.start_time if with_start else None, "EndTime": configuration.end_time}
    return {key: value for key, value in times.items() if value}


def _optional(configuration: Configuration) -> dict[str, Any]:
    storage = configuration.data_storage
    members = {
        "Description": configuration.description,
        "Schedule": _schedule(configuration, with_start=True),
        "DataStorageConfig": _data_storage(storage) if storage else None,
        "KmsKey": configuration.kms_key,
    }
    return {key: value for key, value in members.items() if value}


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags as the API writes them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def create(desired: Desired, owner_tag: Mapping[str, str]) -> dict[str, Any]:
    """Return the arguments of CreateInferenceExperiment, owner tag included."""
    configuration = desired.configuration
    return {
        "Name": configuration.name,
        "Type": configuration.type,
        "RoleArn": configuration.role_arn,
        "EndpointName": configuration.endpoint_name,
        "ModelVariants": [_variant(variant) for variant in configuration.model_variants],
        "ShadowModeConfig": _shadow_mode(configuration),
        "Tags": tag_list({**desired.tags, **owner_tag}),
        **_optional(configuration),
    }


def update(configuration: Configuration, members: AbstractSet[Member], status: Status) -> dict[str, Any]:
    """Return the arguments of UpdateInferenceExperiment: the members that differ, no StartTime once it runs."""
    arguments: dict[str, Any] = {"Name": configuration.name}
    if Member.DESCRIPTION in members:
        arguments["Description"] = configuration.description
    if members & {Member.START_TIME, Member.END_TIME}:
        arguments["Schedule"] = _schedule(configuration, with_start=status is not Status.RUNNING)
    if Member.MODEL_VARIANTS in members:
        arguments["ModelVariants"] = [_variant(variant) for variant in configuration.model_variants]
    if Member.DATA_STORAGE_CONFIG in members and configuration.data_storage:
        arguments["DataStorageConfig"] = _data_storage(configuration.data_storage)
    if members & SHADOW_MEMBERS:
        arguments["ShadowModeConfig"] = _shadow_mode(configuration)
    return arguments


def stop(
    name: str, actions: Mapping[str, str], variants: Collection[Variant], state: Status, reason: str
) -> dict[str, Any]:
    """Return the arguments of StopInferenceExperiment; `variants` are those whose infrastructure is to change."""
    arguments = {"Name": name, "ModelVariantActions": dict(actions), "DesiredState": state.value, "Reason": reason}
    return arguments | ({"DesiredModelVariants": [_variant(variant) for variant in variants]} if variants else {})
