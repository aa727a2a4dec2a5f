from inference_experiment_rules.permissions._permission_rule import PermissionRule


class MisleadingCondition(PermissionRule):
    """Why a warning? IAM accepts it, and it does not have the effect that it seems to have."""

    id = "W9820"
    shortdesc = "Misleading condition or ARN"
    description = (
        "A statement of the provider role or the experiment role has a wildcard that is an ordinary character, an "
        "operator that does not fit its key, Null with a set operator, an unknown key or one that occurs twice, an "
        "incomplete ARN, or a variable that is plain text; or a trust policy admits SageMaker for one resource only."
    )
    source_url = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html"
    tags = ["sagemaker", "iam", "condition", "arn"]

    kinds = frozenset(
        {
            "condition-key-not-carried",
            "duplicate-condition-key",
            "for-all-values-in-allow",
            "invalid-condition-key",
            "invalid-condition-value",
            "needs-set-operator",
            "null-with-set-operator",
            "operator-type",
            "set-operator-on-single-value",
            "short-arn",
            "source-names-one-resource",
            "unknown-condition-key",
            "unknown-variable",
            "variable-needs-version",
            "wildcard-in-service",
            "wildcard-in-type",
            "wildcard-without-like",
        }
    )
