from inference_experiment_rules.permissions._permission_rule import PermissionRule


class PolicyLength(PermissionRule):
    """IAM rejects a policy that is too long, so the stack fails."""

    id = "E9815"
    shortdesc = "Policy is too long"
    description = (
        "The document of a policy of the provider role or the experiment role has more characters than IAM accepts "
        "(white space not counted): 6,144 for a managed policy, 10,240 for all inline policies of a role, 2,048 for a "
        "trust policy. Values that are only known at deployment count as empty."
    )
    source_url = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"
    tags = ["sagemaker", "iam", "quota"]

    kinds = frozenset({"too-long"})
