/*+ update */
UPDATE awscc.sagemaker.inference_experiments
SET PatchDocument = string('{{ {
    "Description": description,
    "ShadowModeConfig": shadow_mode_config,
    "Tags": tags
} | generate_patch_document }}')
WHERE
region = '{{ region }}' AND
Identifier = '{{ name }}'
RETURNING Identifier, Operation, OperationStatus, ErrorCode;
