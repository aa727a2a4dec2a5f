from inference_experiment_rules.permissions._permission_rule import PermissionRule


class PassRoleAnyRole(PermissionRule):
    """Why a warning? It works, but every role of the account can be passed to SageMaker, including administrators'."""

    id = "W9808"
    shortdesc = "iam:PassRole on every role"
    description = (
        "A statement allows iam:PassRole on *, or on every role of the account; the role of the experiment is enough."
    )
    source_url = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html"
    tags = ["sagemaker", "iam", "passrole", "security"]

    kinds = frozenset({"pass-role-any-role"})
