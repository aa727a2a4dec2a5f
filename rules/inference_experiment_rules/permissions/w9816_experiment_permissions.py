from inference_experiment_rules.permissions._permission_rule import PermissionRule


class ExperimentPermissions(PermissionRule):
    """Why a warning? AWS documents no minimum for this role; it is derived from what SageMaker does with it."""

    id = "W9816"
    shortdesc = "Missing permission of the experiment role"
    description = (
        "The role behind RoleArn has policies in this template, and they do not allow what SageMaker does with that "
        "role: manage the endpoint, write the captured data, use the KMS keys of the experiment and of the capture "
        "bucket's default encryption. The policies of a bucket or key in the template grant and deny too."
    )
    source_url = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateInferenceExperiment.html"
    tags = ["sagemaker", "iam", "permissions", "capture", "kms"]

    kinds = frozenset({"missing-experiment-permission", "resource-policy-denies"})
