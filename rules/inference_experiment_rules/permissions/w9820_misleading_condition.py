from typing import ClassVar

from inference_experiment_rules.permissions._permission_rule import AccessRule


class DeceptiveCondition(AccessRule):
    """Why a warning? IAM accepts it, and it does not do what it seems to."""

    id = "W9820"
    shortdesc = "Condition or ARN does not do what it seems to"
    description = (
        "A statement of the provider's or the experiment's role has a wildcard where it is an ordinary character, "
        "an operator that does not fit its key, a key that there is not, an ARN that lacks parts, or a variable "
        "that is plain text."
    )
    source_url = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html"
    tags: ClassVar[list[str]] = ["sagemaker", "iam", "condition", "arn"]

    causes = frozenset(
        {
            "condition-key-not-carried",
            "for-all-values-in-allow",
            "invalid-condition-value",
            "needs-set-operator",
            "operator-type",
            "set-operator-on-single-value",
            "short-arn",
            "unknown-condition-key",
            "unknown-variable",
            "variable-needs-version",
            "wildcard-in-service",
            "wildcard-in-type",
            "wildcard-without-like",
        }
    )
