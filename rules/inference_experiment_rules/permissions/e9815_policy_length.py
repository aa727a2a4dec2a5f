from typing import ClassVar

from inference_experiment_rules.permissions._permission_rule import AccessRule


class PolicyLength(AccessRule):
    """IAM refuses a policy that is too long, so the stack fails."""

    id = "E9815"
    shortdesc = "Policy is too long"
    description = (
        "The document of a policy of the provider's or the experiment's role has more characters than IAM accepts "
        "(white space not counted): 6,144 managed, 10,240 for all inline policies of a role, 2,048 of trust. What "
        "the template leaves open counts as nothing."
    )
    source_url = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"
    tags: ClassVar[list[str]] = ["sagemaker", "iam", "quota"]

    causes = frozenset({"too-long"})
