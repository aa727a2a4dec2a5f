SELECT
region,
arn,
name,
type,
description,
role_arn,
endpoint_name,
endpoint_metadata,
kms_key,
data_storage_config,
model_variants,
shadow_mode_config,
tags,
status,
status_reason,
desired_state
FROM awscc.sagemaker.inference_experiments
WHERE
region = '{{ region }}' AND
Identifier = '{{ name }}';
