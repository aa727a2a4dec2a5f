EXEC aws.sagemaker.inference_experiments.list_inference_experiments
@region='{{ region }}' --required
@@json=
'{
"NameContains": "{{ name }}",
"StatusEquals": "Running",
"SortBy": "Name",
"MaxResults": 5
}'
;
