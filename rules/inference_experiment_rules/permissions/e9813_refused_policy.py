from typing import ClassVar

from iam_policy import KINDS
from inference_experiment_rules.permissions._permission_rule import AccessRule


class RefusedPolicy(AccessRule):
    """IAM refuses the policy, so the stack fails."""

    id = "E9813"
    shortdesc = "SAM policy that IAM refuses"
    description = (
        "A document in Policies of the provider's AWS::Serverless::Function is one that IAM does not accept: a "
        "misspelt operator or effect, an ARN that is none, a Sid twice, a missing element. In resources of "
        "CloudFormation's own cfn-lint itself looks."
    )
    source_url = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html"
    tags: ClassVar[list[str]] = ["sagemaker", "iam", "sam", "syntax"]

    causes = frozenset(name for name, kind in KINDS.items() if kind.refused) - {"too-long"}
