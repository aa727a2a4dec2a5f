from inference_experiment_rules.permissions._permission_rule import PermissionRule


class BroadGrant(PermissionRule):
    """Why a warning? It works, but grants far more than an experiment requires."""

    id = "W9809"
    shortdesc = "Overly broad grant"
    description = (
        "A statement of the provider role or the experiment role allows every action of a service or of all services, "
        "or allows with NotAction or NotResource, or lets every principal assume the role."
    )
    source_url = "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html"
    tags = ["sagemaker", "iam", "security", "least-privilege"]

    kinds = frozenset(
        {"broad-action", "allow-not-action", "allow-not-resource", "open-trust", "not-principal-with-allow"}
    )
