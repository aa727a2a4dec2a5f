from typing import ClassVar

from inference_experiment_rules.permissions._permission_rule import AccessRule


class PassedRole(AccessRule):
    """Why a warning? It works, and every role of the account can be handed to SageMaker, administrators' included."""

    id = "W9808"
    shortdesc = "iam:PassRole on every role"
    description = (
        "A statement allows iam:PassRole on *, or on every role of the account, where the experiment's role would do."
    )
    source_url = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html"
    tags: ClassVar[list[str]] = ["sagemaker", "iam", "passrole", "security"]

    causes = frozenset({"pass-role-any-role"})
