SELECT
Name,
RoleArn,
ModelVariants,
Type
FROM aws.sagemaker.inference_experiments
WHERE region = '{{ region }}' -- required
;
