from inference_experiment_rules.permissions._permission_rule import PermissionRule


class UnknownAction(PermissionRule):
    """Why a warning? AWS's data may be older than an action; mostly it is a typing error, and grants nothing."""

    id = "W9811"
    shortdesc = "Unknown IAM action"
    description = (
        "A policy of the provider role or the experiment role names an action or service that AWS's data do not "
        "contain. The message lists up to three similar names."
    )
    source_url = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html"
    tags = ["sagemaker", "iam", "permissions", "spelling"]

    kinds = frozenset({"unknown-action", "unknown-service"})
