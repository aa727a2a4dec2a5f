from typing import ClassVar

from inference_experiment_rules.permissions._permission_rule import AccessRule
from shadow_test_policies.policy_findings import PermissionFinding


class ExcessPermissions(AccessRule):
    """Why a warning? It works; a role that can do less can be abused less."""

    id = "W9810"
    shortdesc = "Provider's role may do more than it needs"
    description = (
        "A statement of the provider's role allows actions that no handler calls, or every resource where an ARN "
        "would do. Off unless configured with report=true, since a role may serve other purposes too."
    )
    source_url = "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html"
    tags: ClassVar[list[str]] = ["sagemaker", "iam", "security", "least-privilege"]

    causes = frozenset({"excess-permission"})
    kinds = frozenset({"provider"})

    def __init__(self) -> None:
        super().__init__()
        self.config_definition = {"report": {"default": False, "type": "boolean"}}
        self.configure()

    def wanted(self, judgement: PermissionFinding) -> bool:
        """Tell whether this rule reports a judgement: only if it is switched on."""
        return bool(self.config["report"]) and super().wanted(judgement)
