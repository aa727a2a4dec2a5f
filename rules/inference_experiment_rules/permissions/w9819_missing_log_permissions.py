from typing import ClassVar

from inference_experiment_rules.permissions._permission_rule import EVALUATION, AccessRule


class SparePermissions(AccessRule):
    """Why a warning? Requests are carried out, but nobody sees why one fails, or a rollback gets stuck."""

    id = "W9819"
    shortdesc = "Provider's role cannot log or ask for its stack"
    description = (
        "The provider's role may not write to the log group of its function, or may not ask CloudFormation "
        "whether the stack is rolling back."
    )
    source_url = EVALUATION
    tags: ClassVar[list[str]] = ["sagemaker", "iam", "permissions", "logs"]

    causes = frozenset({"spare"})
    kinds = frozenset({"provider"})
