SELECT _key, account_id, name, status, tags, tags -> 'team' AS team
FROM aws.sagemaker_inference_experiment
WHERE tags['team'] = '{{ team }}'
