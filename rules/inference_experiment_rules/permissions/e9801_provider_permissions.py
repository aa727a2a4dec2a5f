from inference_experiment_rules.permissions._permission_rule import EVALUATION, PermissionRule


class ProviderPermissions(PermissionRule):
    """The handler fails with AccessDenied in the middle of a deployment, and again during its rollback."""

    id = "E9801"
    shortdesc = "Missing permission of the provider role"
    description = (
        "The role of the function behind ServiceToken has policies in this template, and none of them allows an "
        "action that the provider's handlers call. Conditions, deny statements and AWS-managed policies are "
        "evaluated; permissions that are only known at deployment are not reported here."
    )
    source_url = EVALUATION
    tags = ["sagemaker", "iam", "permissions", "lambda"]

    kinds = frozenset({"missing-permission"})
