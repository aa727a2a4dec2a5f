from typing import ClassVar

from inference_experiment_rules.permissions._permission_rule import AccessRule


class ExperimentPermissions(AccessRule):
    """Why a warning? AWS documents no minimum for this role; it is derived from what SageMaker does with it."""

    id = "W9816"
    shortdesc = "Experiment's role lacks a permission"
    description = (
        "The role behind RoleArn has policies in this template, and they do not allow what SageMaker does as that "
        "role: manage the endpoint, write the captured data, use the keys that are set."
    )
    source_url = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateInferenceExperiment.html"
    tags: ClassVar[list[str]] = ["sagemaker", "iam", "permissions", "capture", "kms"]

    causes = frozenset({"required"})
    kinds = frozenset({"experiment"})
