from typing import ClassVar

from inference_experiment_rules.permissions._permission_rule import AccessRule


class UnknownAction(AccessRule):
    """Why a warning? The data of actions may be older than an action, but mostly it is a slip, and allows nothing."""

    id = "W9811"
    shortdesc = "There is no such action"
    description = (
        "A policy of the provider's or the experiment's role names an action or service that AWS's data do not "
        "know. The message has up to three that are spelt alike."
    )
    source_url = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html"
    tags: ClassVar[list[str]] = ["sagemaker", "iam", "permissions", "spelling"]

    causes = frozenset({"unknown-action", "unknown-service"})
