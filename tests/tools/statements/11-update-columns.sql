UPDATE aws.sagemaker.inference_experiments
SET
Name = '{{ name }}',
Description = 'changed by its column',
ShadowModeConfig = '{{ shadow_mode_config }}'
WHERE
region = '{{ region }}' --required
RETURNING
InferenceExperimentArn;
