from inference_experiment_rules.permissions._permission_rule import PermissionRule


class BroadGrant(PermissionRule):
    """Why a warning? It works, but grants far more than an experiment requires."""

    id = "W9809"
    shortdesc = "Overly broad grant"
    description = (
        "A policy of the provider role or the experiment role allows every action of a service or of all services, "
        "allows with NotAction or NotResource, lets every principal assume the role, or lets the role change policies, "
        "access keys or code and so gain permissions that it was not given. Or every principal can use the capture "
        "bucket or a key."
    )
    source_url = "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html"
    tags = ["sagemaker", "iam", "security", "least-privilege"]

    kinds = frozenset(
        {
            "allow-not-action",
            "allow-not-resource",
            "broad-action",
            "not-principal-with-allow",
            "open-resource-policy",
            "open-trust",
            "privilege-escalation",
        }
    )
