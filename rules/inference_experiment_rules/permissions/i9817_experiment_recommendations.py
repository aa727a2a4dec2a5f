from inference_experiment_rules.permissions._permission_rule import ROLES, PermissionRule


class ExperimentRecommendations(PermissionRule):
    """Nothing is certain to fail without it, but AWS's own execution roles have it."""

    id = "I9817"
    shortdesc = "Missing recommended permission of the experiment role"
    description = (
        "The role behind RoleArn has policies in this template, and they do not allow what is recommended: images and "
        "artifacts if the models use the same role, logs, clean-up of endpoint configurations."
    )
    source_url = ROLES
    tags = ["sagemaker", "iam", "permissions"]

    kinds = frozenset({"missing-recommended"})
    role_kinds = frozenset({"experiment"})
