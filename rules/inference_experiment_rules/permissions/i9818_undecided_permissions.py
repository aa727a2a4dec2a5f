from typing import ClassVar

from inference_experiment_rules.permissions._permission_rule import EVALUATION, AccessRule


class UndecidedPermissions(AccessRule):
    """Permissions that nobody can see are found missing in the middle of a deployment."""

    id = "I9818"
    shortdesc = "Permissions cannot be told from the template"
    description = (
        "A role is in another stack, gets no policy here, or has a policy, condition or resource that only the "
        "deployment decides. The message says what would settle it."
    )
    source_url = EVALUATION
    tags: ClassVar[list[str]] = ["sagemaker", "iam", "permissions"]

    causes = frozenset({"undecided", "elsewhere", "bare"})
