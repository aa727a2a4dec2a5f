"""A rule without findings, by which a run knows the experiments of a template."""

from typing import Any, Final

from cfnlint.rules import CloudFormationLintRule
from cfnlint.template.template import Template

from inference_experiment_rules._base import view_of

SCOUT: Final = "I9500"


class Scout(CloudFormationLintRule):  # type: ignore[misc] # cfn-lint has no types
    """Has no findings; notes the experiments of the template as other rules get it, after its transforms."""

    id = SCOUT
    shortdesc = "Notes the experiments"

    def __init__(self) -> None:
        super().__init__()
        self.experiments: frozenset[str] = frozenset()

    def match(self, cfn: Template) -> list[Any]:
        """Note the experiments."""
        self.experiments = frozenset(view_of(cfn).experiments)
        return []
