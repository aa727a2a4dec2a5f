/*+ delete */
DELETE FROM awscc.sagemaker.inference_experiments
WHERE
Identifier = '{{ name }}' AND
region = 'us-east-1';
