from typing import ClassVar

from inference_experiment_rules.permissions._permission_rule import AccessRule


class ImpossibleCondition(AccessRule):
    """The grant reads as if it were there, and the handler still fails with AccessDenied."""

    id = "E9812"
    shortdesc = "Grant is under a condition that never holds"
    description = (
        "A statement of the provider's role allows an action that the handlers call under a condition that their "
        "requests never satisfy: a key that the action does not carry, or another value."
    )
    source_url = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html"
    tags: ClassVar[list[str]] = ["sagemaker", "iam", "permissions", "condition"]

    causes = frozenset({"condition"})
    kinds = frozenset({"provider"})
