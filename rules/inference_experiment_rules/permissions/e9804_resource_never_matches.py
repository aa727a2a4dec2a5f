from typing import ClassVar

from inference_experiment_rules.permissions._permission_rule import AccessRule


class UselessResource(AccessRule):
    """The grant reads as if it were there, and the handler still fails with AccessDenied."""

    id = "E9804"
    shortdesc = "Grant is on the wrong resource"
    description = (
        "A statement of the provider's role names an action that the handlers call, but its Resource is of "
        "another type, account, region or name than what they work on, and no other statement grants it."
    )
    source_url = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html"
    tags: ClassVar[list[str]] = ["sagemaker", "iam", "permissions", "resource"]

    causes = frozenset({"resource"})
    kinds = frozenset({"provider"})
