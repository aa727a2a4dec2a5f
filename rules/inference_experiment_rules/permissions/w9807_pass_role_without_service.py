from inference_experiment_rules.permissions._permission_rule import PermissionRule


class PassRoleWithoutService(PermissionRule):
    """Why a warning? It works, but whoever controls the provider can pass the role to any service."""

    id = "W9807"
    shortdesc = "iam:PassRole without iam:PassedToService"
    description = (
        "A statement allows iam:PassRole without the condition iam:PassedToService, or with one that every service "
        "satisfies."
    )
    source_url = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html"
    tags = ["sagemaker", "iam", "passrole", "security"]

    kinds = frozenset({"pass-role-without-service", "pass-role-any-service"})
