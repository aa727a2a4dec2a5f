from iam_policy import KINDS
from inference_experiment_rules.permissions._permission_rule import PermissionRule


class RefusedPolicy(PermissionRule):
    """IAM rejects the policy, so the stack fails."""

    id = "E9813"
    shortdesc = "Invalid policy of a role"
    description = (
        "Policies of the provider's AWS::Serverless::Function has an entry that the SAM transform refuses, or a "
        "document that is invalid: a misspelt operator or effect, an invalid ARN, a duplicate Sid, a missing element. "
        "In CloudFormation's own resources cfn-lint itself checks documents, except for invalid dates, principals that "
        "are no service or of an unknown type, and trust policies with actions other than those of sts. Or a role has "
        "the ARN of an AWS-managed policy that does not exist."
    )
    source_url = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html"
    tags = ["sagemaker", "iam", "sam", "syntax"]

    kinds = frozenset(name for name, kind in KINDS.items() if kind.refused) - {"too-long"}
