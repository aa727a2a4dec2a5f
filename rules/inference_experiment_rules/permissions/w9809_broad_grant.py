from typing import ClassVar

from inference_experiment_rules.permissions._permission_rule import AccessRule


class BroadGrant(AccessRule):
    """Why a warning? It works, and grants far more than an experiment needs."""

    id = "W9809"
    shortdesc = "Every action or resource is granted"
    description = (
        "A statement of the provider's or the experiment's role allows every action of a service or of all, or "
        "allows with NotAction or NotResource, or everybody may assume the role."
    )
    source_url = "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html"
    tags: ClassVar[list[str]] = ["sagemaker", "iam", "security", "least-privilege"]

    causes = frozenset(
        {"broad-action", "allow-not-action", "allow-not-resource", "open-trust", "not-principal-with-allow"}
    )
