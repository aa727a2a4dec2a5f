from inference_experiment_rules.permissions._permission_rule import EVALUATION, PermissionRule


class UndecidedPermissions(PermissionRule):
    """Missing permissions that the template does not show fail in the middle of a deployment."""

    id = "I9818"
    shortdesc = "Permissions cannot be decided from the template"
    description = (
        "A role is in another stack, has no policy in this template, or has a policy, condition or resource that only "
        "is known at deployment; or a KMS key is not in the template, whose key policy decides too. The message says "
        "why it cannot be decided."
    )
    source_url = EVALUATION
    tags = ["sagemaker", "iam", "permissions"]

    kinds = frozenset({"undecided", "key-policy-not-given"})
