SELECT
region,
name,
status
FROM aws.sagemaker.inference_experiment
WHERE region = 'us-east-1' AND data__Identifier = '<Name>';
