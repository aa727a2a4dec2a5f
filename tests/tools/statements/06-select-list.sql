SELECT
region,
name
FROM awscc.sagemaker.inference_experiments_list_only
WHERE
region = '{{ region }}';
