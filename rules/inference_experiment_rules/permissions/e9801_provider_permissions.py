from typing import ClassVar

from inference_experiment_rules.permissions._permission_rule import EVALUATION, AccessRule


class ProviderPermissions(AccessRule):
    """The handler fails with AccessDenied in the middle of a deployment, and again when it is rolled back."""

    id = "E9801"
    shortdesc = "Provider's role lacks a permission"
    description = (
        "The role of the function behind ServiceToken has policies in this template, and none of them allows an "
        "action that the provider's handlers call. Conditions, deny statements and AWS-managed policies are "
        "evaluated; what the template leaves open is not reported here."
    )
    source_url = EVALUATION
    tags: ClassVar[list[str]] = ["sagemaker", "iam", "permissions", "lambda"]

    causes = frozenset({"missing"})
    kinds = frozenset({"provider"})
