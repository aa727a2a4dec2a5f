from inference_experiment_rules.permissions._permission_rule import PermissionRule


class ConditionNeverTrue(PermissionRule):
    """The statement looks right, and the handler still fails with AccessDenied."""

    id = "E9812"
    shortdesc = "Permission is granted under a condition that is never true"
    description = (
        "A statement of the provider role allows an action that the handlers call under a condition that their "
        "requests never satisfy: a key that the action does not have, or another value."
    )
    source_url = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html"
    tags = ["sagemaker", "iam", "permissions", "condition"]

    kinds = frozenset({"condition-never-true"})
