"""Templates and StackQL-style manifests of one experiment: from a live one, or from the schema."""

import re
import textwrap
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from cfn_template.located import plain
from inference_experiment import checks, contract
from inference_experiment_cli.convert.converter import DEFAULT_TOKEN, TIMEOUT
from inference_experiment_cli.convert.target import NATIVE_PROPERTIES, Extent, Manifest, Target, type_of
from inference_experiment_cli.inputs.documents import Document, parse_document
from inference_experiment_cli.inputs.stackql import (
    manifest_experiments,
    manifest_names,
    parameter_name,
    require_distinct,
)
from inference_experiment_cli.inventory.records import snake, snake_keys
from inference_experiment_cli.output import yaml_text
from shadow_test_policies import registry_type

PARAMETERS: Final = ("RoleArn", "EndpointName", "ProductionModelName", "ShadowModelName")
TOKEN: Final = {"Fn::ImportValue": DEFAULT_TOKEN.split()[1]}
DESCRIPTION: Final = "A SageMaker shadow test"
COMMENT_WIDTH: Final = 72
FUNCTION: Final = re.compile(r"^([ ]*(?:- )?[\w:]+:)\n\s+(?:Fn::(?=\w)|(?=Ref:))(\w+): (.+)$", re.MULTILINE)
SHORT_FORM: Final = r"\1 !\2 \3"


def variant(name: str, model: object) -> dict[str, Any]:
    """Return a model variant on one instance."""
    hardware = {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1}
    infrastructure = {"InfrastructureType": "RealTimeInference", "RealTimeInferenceConfig": hardware}
    return {"VariantName": name, "ModelName": model, "InfrastructureConfig": infrastructure}


def _scratch() -> dict[str, Any]:
    """Return a value for every property; what only the user knows is a parameter."""
    shadow = {"ShadowModelVariantName": "shadow", "SamplingPercentage": 10}
    types = {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]}
    return {
        "Name": "shadow-test",
        "Type": "ShadowMode",
        "Description": "A new model against the one in production",
        "RoleArn": {"Ref": "RoleArn"},
        "EndpointName": {"Ref": "EndpointName"},
        "KmsKey": "alias/shadow-test",
        "Schedule": {"StartTime": "2030-01-31T08:00:00Z", "EndTime": "2030-02-07T08:00:00Z"},
        "ModelVariants": [
            variant("production", {"Ref": "ProductionModelName"}),
            variant("shadow", {"Ref": "ShadowModelName"}),
        ],
        "ShadowModeConfig": {"SourceModelVariantName": "production", "ShadowModelVariants": [shadow]},
        "DataStorageConfig": {
            "Destination": "s3://my-bucket/shadow-test",
            "KmsKey": "alias/capture",
            "ContentType": types,
        },
        "DesiredState": "Running",
        "StatusReason": "Why it is stopped",
        "ModelVariantActions": {"production": "Retain", "shadow": "Remove"},
        "PromotionCriteria": {"MaxLatencyIncrease": "10%", "MaxErrorRate": "0.1%"},
        "Tags": [{"Key": "team", "Value": "ml"}],
    }


# The order of a template; the set is that of the schema, which a test compares.
ORDER: Final = ("ServiceToken", "ServiceTimeout", *_scratch())


def required(kind: Manifest) -> frozenset[str]:
    """Return the properties that a manifest of this kind cannot do without."""
    needed = frozenset(contract.schema()["required"])
    if kind is Manifest.REGISTRY:
        return registry_type.required()
    # Without ServiceTimeout a function that does not respond blocks the stack for an hour.
    return needed | {"ServiceTimeout"} if kind is Manifest.CUSTOM else needed & {*NATIVE_PROPERTIES} | {"Name"}


def _for_deployment(live: Mapping[str, Any]) -> dict[str, Any]:
    """Return properties without the times that a template cannot have: of the past, and the start of what runs.

    An experiment that has ended keeps its schedule.
    """
    if live.get("DesiredState") in ("Completed", "Cancelled"):
        return dict(live)
    schedule = {
        name: time
        for name, time in live.get("Schedule", {}).items()
        if not _is_past(time) and (name, live.get("DesiredState")) != ("StartTime", "Running")
    }
    return {**live, "Schedule": schedule} if schedule else {key: live[key] for key in live if key != "Schedule"}


def _is_past(time: object) -> bool:
    """Tell whether a time is known to be past; a parameter is not."""
    moment = checks.parse_time(time) if isinstance(time, str) else None
    return moment is not None and moment <= datetime.now(UTC)


def template(
    kind: Manifest,
    logical_id: str,
    live: Mapping[str, Any] | None,
    extent: Extent,
    registry_name: str = registry_type.REGISTRY_TYPE,
) -> dict[str, Any]:
    """Return a template with one experiment."""
    values = _for_deployment(live) if live is not None else _scratch()
    if kind is Manifest.CUSTOM:
        values = {"ServiceToken": TOKEN, "ServiceTimeout": TIMEOUT, **values}
    elif kind is Manifest.NATIVE:
        values = {key: value for key, value in values.items() if key in NATIVE_PROPERTIES}
        if values.get("DesiredState") == "Running" and "StartTime" in values.get("Schedule", {}):
            # The native type would wait for StartTime.
            values["Schedule"] = {key: value for key, value in values["Schedule"].items() if key != "StartTime"}
    if live is None and extent is Extent.REQUIRED:
        values = {key: value for key, value in values.items() if key in required(kind)}
    properties = {key: values[key] for key in ORDER if key in values}
    resource = {"Type": type_of(Target(kind.value), registry_name), "Properties": properties}
    made: dict[str, Any] = {"AWSTemplateFormatVersion": "2010-09-09", "Description": DESCRIPTION}
    if live is None:
        made["Parameters"] = {name: {"Type": "String"} for name in PARAMETERS}
    return {**made, "Resources": {logical_id: resource}}


def from_stackql(
    document: Document, target: Target, token: str, registry_name: str = registry_type.REGISTRY_TYPE
) -> dict[str, Any]:
    """Return the template of a StackQL manifest; its placeholders become parameters. Raises UsageError."""
    experiments = manifest_experiments(document, {}, strict=True, reference=parameter_name)
    require_distinct(experiments, document)
    kind = Manifest(target.value)
    resources: dict[str, Any] = {}
    for each in experiments:
        made = template(kind, each.logical_id, each.properties, Extent.ALL, registry_name)["Resources"]
        if target is Target.CUSTOM:
            made[each.logical_id]["Properties"]["ServiceToken"] = plain(parse_document(token, "--service-token").value)
        resources |= made
    names = [parameter_name(name) for name in manifest_names(document)]
    used = {name: {"Type": "String"} for name in names if _refers(resources, name)}
    made = {"AWSTemplateFormatVersion": "2010-09-09", "Description": _description(document)}
    return {**made, **({"Parameters": used} if used else {}), "Resources": resources}


def _description(document: Document) -> str:
    text = document.value.get("description") if isinstance(document.value, Mapping) else None
    return str(text or DESCRIPTION)


def _refers(value: object, name: str) -> bool:
    """Return whether a value has a Ref or an Fn::Sub of a parameter."""
    if isinstance(value, Mapping):
        referred = value.get("Ref") == name or f"${{{name}}}" in str(value.get("Fn::Sub", ""))
        return referred or any(_refers(item, name) for item in value.values())
    return isinstance(value, list) and any(_refers(item, name) for item in value)


def as_yaml(made: Mapping[str, Any], *, comments: bool) -> str:
    """Return a template as YAML, with the short forms of functions, and with what each property means."""
    lines: list[str] = []
    top = contract.schema()
    inside = False
    for line in FUNCTION.sub(SHORT_FORM, yaml_text(made)).splitlines():
        name = line.strip().partition(":")[0]
        if comments and inside and re.match(r" {6}\w", line) and name in top["properties"]:
            node = top["properties"][name]
            meaning = top["definitions"][node["$ref"].rsplit("/", 1)[1]] if "$ref" in node else node
            lines += [f"      # {part}" for part in textwrap.wrap(meaning["description"], COMMENT_WIDTH)]
        inside = inside or line == "    Properties:"
        lines.append(line)
    return "\n".join(lines) + "\n"


def _holes(name: str, schema: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """Return a value whose leaves are StackQL's variables."""
    if "$ref" in schema:
        schema = contract.schema()["definitions"][schema["$ref"].rsplit("/", 1)[1]]
    if "properties" in schema:
        return {snake(key): _holes(snake(key), item) for key, item in schema["properties"].items()}
    if schema.get("type") == "array":
        item = _holes(name, schema["items"])
        return [item if isinstance(item, dict) else f"{{{{ {name}[0] }}}}"]
    return f"{{{{ {name} }}}}"


def stackql(live: Mapping[str, Any] | None, extent: Extent, region: str) -> dict[str, Any]:
    """Return a manifest as the StackQL deployment tools read it, for the awscc provider."""
    schema = contract.schema()["properties"]
    if live is not None:
        values = {key: snake_keys(live[key]) for key in NATIVE_PROPERTIES if key in live}
    else:
        chosen = NATIVE_PROPERTIES if extent is Extent.ALL else required(Manifest.STACKQL)
        values = {key: _holes(snake(key), schema[key]) for key in NATIVE_PROPERTIES if key in chosen}
    name = str(live["Name"]) if live is not None else "shadow-test"
    return {
        "version": 1,
        "name": name,
        "description": DESCRIPTION,
        "providers": ["awscc"],
        "globals": [{"name": "region", "value": region or "{{ vars.AWS_REGION }}"}],
        "resources": [
            {"name": "inference_experiment", "props": [{"name": snake(key), "value": values[key]} for key in values]}
        ],
    }
