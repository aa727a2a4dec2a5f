/*+ create */
INSERT INTO awscc.sagemaker.inference_experiments (
Name,
Type,
Description,
RoleArn,
EndpointName,
ModelVariants,
ShadowModeConfig,
DataStorageConfig,
Tags,
DesiredState,
region
)
SELECT
'{{ name }}',
'{{ type }}',
'{{ description }}',
'{{ role_arn }}',
'{{ endpoint_name }}',
'{{ model_variants }}',
'{{ shadow_mode_config }}',
'{{ data_storage_config }}',
'{{ tags }}',
'{{ desired_state }}',
'{{ region }}';
