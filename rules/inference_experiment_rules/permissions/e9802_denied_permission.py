from typing import ClassVar

from inference_experiment_rules.permissions._permission_rule import EVALUATION, AccessRule


class DeniedPermission(AccessRule):
    """A Deny wins over every Allow, so the handler fails with AccessDenied."""

    id = "E9802"
    shortdesc = "A Deny takes a needed permission from the provider"
    description = (
        "A statement with Effect Deny of a policy or permissions boundary of the provider's role covers an action "
        "that the handlers call, whatever else allows it."
    )
    source_url = EVALUATION
    tags: ClassVar[list[str]] = ["sagemaker", "iam", "permissions", "deny"]

    causes = frozenset({"deny"})
    kinds = frozenset({"provider"})
