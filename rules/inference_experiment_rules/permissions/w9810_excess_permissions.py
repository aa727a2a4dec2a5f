from inference_experiment_rules.permissions._permission_rule import PermissionRule
from shadow_test_policies.permission_findings import PermissionFinding


class ExcessPermissions(PermissionRule):
    """Why a warning? It works, but unused permissions can be abused."""

    id = "W9810"
    shortdesc = "Excess permission of the provider role or the experiment role"
    description = (
        "A policy of the provider role or the experiment role allows actions that a shadow test does not require, or "
        "every resource where an ARN is enough. Off unless configured with report=true, since a role may serve other "
        "purposes too."
    )
    source_url = "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html"
    tags = ["sagemaker", "iam", "security", "least-privilege"]

    kinds = frozenset({"excess-permission"})
    options = {"report": {"default": False, "type": "boolean"}}

    def reports(self, finding: PermissionFinding) -> bool:
        """Tell whether this rule reports a finding: only if it is switched on."""
        return bool(self.config["report"]) and super().reports(finding)
