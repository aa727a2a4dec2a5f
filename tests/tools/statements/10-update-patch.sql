UPDATE aws.sagemaker.inference_experiment
SET data__PatchDocument = string('[{"op": "replace", "path": "/Description", "value": "{{ description }}, again"}]')
WHERE region = '{{ region }}' AND data__Identifier = '{{ name }}';
