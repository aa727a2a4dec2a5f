from inference_experiment_rules.permissions._permission_rule import EVALUATION, PermissionRule


class DeniedPermission(PermissionRule):
    """A Deny overrides every Allow, so the handler fails with AccessDenied."""

    id = "E9802"
    shortdesc = "Required permission of the provider role is denied"
    description = (
        "A statement with Effect Deny in a policy or permissions boundary of the provider role covers an action that "
        "the handlers call, whatever else allows it."
    )
    source_url = EVALUATION
    tags = ["sagemaker", "iam", "permissions", "deny"]

    kinds = frozenset({"explicit-deny"})
