from inference_experiment_rules.permissions._permission_rule import ROLES, PermissionRule


class RecommendedPermissions(PermissionRule):
    """Nothing is certain to fail without it, but some cases go wrong, such as a request that acts after its timeout."""

    id = "I9817"
    shortdesc = "Missing recommended permission"
    description = (
        "The provider role or the experiment role has policies in this template, and they do not allow what is "
        "recommended. Provider: to read its resource's status in the stack. Experiment: images and artifacts if the "
        "models use the same role, logs, clean-up of endpoint configurations."
    )
    source_url = ROLES
    tags = ["sagemaker", "iam", "permissions"]

    kinds = frozenset({"missing-recommended"})
