from inference_experiment_rules.permissions._permission_rule import PermissionRule


class UnknownAction(PermissionRule):
    """Why a warning? AWS's data may not have a new action yet; usually it is a typo and grants nothing."""

    id = "W9811"
    shortdesc = "Unknown IAM action"
    description = (
        "A policy of the provider role or the experiment role names an action or service that AWS's data does not "
        "contain. The message lists up to three similar names."
    )
    source_url = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html"
    tags = ["sagemaker", "iam", "permissions", "spelling"]

    kinds = frozenset({"unknown-action", "unknown-service"})
