"""What the pages of StackQL's providers and a flat inventory catalogue document for inference experiments.

Sources: the page of awscc.sagemaker.inference_experiments (repository stackql-registry/stackql-provider-awscc,
website/docs/services/sagemaker/inference_experiments/index.md), the pages of aws.sagemaker.inference_experiments (the
present one of the AWS API and the earlier one of the CloudFormation type, https://aws.stackql.io), and the dataset
aws.sagemaker_inference_experiment of Datadog's DDSQL reference. Names and statements only.
"""

import re
from collections.abc import Callable

from inference_experiment_cli.inventory.records import snake

AWSCC_GET = """\
SELECT
region,
arn,
name,
type,
description,
role_arn,
endpoint_name,
endpoint_metadata,
schedule,
kms_key,
data_storage_config,
model_variants,
shadow_mode_config,
tags,
creation_time,
last_modified_time,
status,
status_reason,
desired_state
FROM awscc.sagemaker.inference_experiments
WHERE region = 'us-east-1' AND Identifier = '{{ name }}';
"""
AWSCC_LIST = """\
SELECT
region,
name
FROM awscc.sagemaker.inference_experiments_list_only
WHERE region = 'us-east-1';
"""
AWS_SELECT = """\
SELECT
Arn,
CompletionTime,
CreationTime,
DataStorageConfig,
Description,
EndpointMetadata,
KmsKey,
LastModifiedTime,
ModelVariants,
Name,
RoleArn,
Schedule,
ShadowModeConfig,
Status,
StatusReason,
Type
FROM aws.sagemaker.inference_experiments
WHERE region = '{{ region }}' -- required
;
"""
# This page's table is in the singular.
EARLIER_AWS_GET = (
    AWSCC_GET.replace("awscc.", "aws.")
    .replace("inference_experiments", "inference_experiment")
    .replace("Identifier", "data__Identifier")
    .replace("{{ name }}", "<Name>")
)
EARLIER_AWS_LIST = AWSCC_LIST.replace("awscc.", "aws.").replace("_list_only", "")


def _insert(table: str, columns: str, placeholder: Callable[[str], str], returning: str = "") -> str:
    names = columns.split()
    values = ",\n".join(f"'{{{{ {placeholder(name)} }}}}'" for name in names)
    listed = ",\n".join(names)
    return f"/*+ create */\nINSERT INTO {table} (\n{listed}\n)\nSELECT\n{values}{returning};\n"


AWSCC_INSERT_REQUIRED = _insert(
    "awscc.sagemaker.inference_experiments", "Name Type RoleArn EndpointName ModelVariants region", snake
)
AWS_INSERT = _insert(
    "aws.sagemaker.inference_experiments",
    "Name Type Schedule Description RoleArn EndpointName ModelVariants DataStorageConfig ShadowModeConfig KmsKey Tags "
    "region",
    str,
    "\nRETURNING\nInferenceExperimentArn\n",
)


def columns_of_insert(example: str) -> list[str]:
    """Return the columns that an example of INSERT names."""
    return example.split("(\n")[1].partition("\n)")[0].split(",\n")


_CREATE = "CreateInferenceExperiment DescribeInferenceExperiment AddTags ListTags"
PERMISSIONS = {
    "create": {f"sagemaker:{name}" for name in _CREATE.split()} | {"iam:PassRole"},
    "delete": {f"sagemaker:{name}InferenceExperiment" for name in ("Delete", "Describe", "Stop")}
    | {"sagemaker:ListTags"},
    "list": {"sagemaker:ListInferenceExperiments"},
    "read": {"sagemaker:DescribeInferenceExperiment", "sagemaker:ListTags"},
    "update": {f"sagemaker:{name}InferenceExperiment" for name in ("Update", "Start", "Stop", "Describe")}
    | {"sagemaker:AddTags", "sagemaker:DeleteTags", "sagemaker:ListTags"},
}
NESTED = {
    "endpoint_metadata": ("endpoint_config_name", "endpoint_status"),
    "schedule": ("start_time", "end_time"),
    "data_storage_config": (
        "destination",
        "kms_key",
        "content_type",
        "content_type.csv_content_types",
        "content_type.json_content_types",
    ),
    "model_variants": (
        "model_name",
        "variant_name",
        "infrastructure_config",
        "infrastructure_config.infrastructure_type",
        "infrastructure_config.real_time_inference_config",
        "infrastructure_config.real_time_inference_config.instance_type",
        "infrastructure_config.real_time_inference_config.instance_count",
    ),
    "shadow_mode_config": (
        "source_model_variant_name",
        "shadow_model_variants",
        "shadow_model_variants.shadow_model_variant_name",
        "shadow_model_variants.sampling_percentage",
    ),
    "tags": ("value", "key"),
}
FLAT = [
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
]


def columns_of(example: str) -> list[str]:
    """Return the columns that an example selects."""
    selected = re.search(r"SELECT\n(.*)\nFROM", example, re.DOTALL)
    assert selected is not None
    return selected[1].split(",\n")


def _awscc_fields() -> set[str]:
    columns = columns_of(AWSCC_GET)
    return set(columns) | {f"{column}.{inner}" for column, inners in NESTED.items() for inner in inners}


# page -> kind -> items
REFERENCE: dict[str, dict[str, set[str]]] = {
    "awscc": {
        "field": _awscc_fields(),
        "list field": {"region", "name"},
        "method": {"create_resource", "delete_resource", "update_resource", "list_resources", "get_resource"},
        "example": {
            "SELECT get (all properties)",
            "SELECT list (identifiers only)",
            "INSERT required properties",
            "INSERT all properties",
            "INSERT manifest",
            "UPDATE",
            "DELETE",
        },
        "permission": {f"{handler}: {action}" for handler, actions in PERMISSIONS.items() for action in actions},
    },
    "aws": {
        "field": set(columns_of(AWS_SELECT)),
        "parameter": {"region"},
        "method": {
            "describe_inference_experiment",
            "create_inference_experiment",
            "update_inference_experiment",
            "delete_inference_experiment",
            "list_inference_experiments",
        },
        "example": {"SELECT", "INSERT", "INSERT manifest", "UPDATE", "DELETE", "EXEC list_inference_experiments"},
    },
    "aws, earlier": {
        "example": {
            "SELECT get (all properties)",
            "SELECT list (identifiers only)",
            "INSERT required properties",
            "INSERT all properties",
            "DELETE",
        },
        "permission": {
            f"{handler}: {action}"
            for handler, actions in PERMISSIONS.items()
            for action in actions
            if handler in ("create", "delete", "list")
        },
    },
    "flat record": {"field": set(FLAT)},
}
