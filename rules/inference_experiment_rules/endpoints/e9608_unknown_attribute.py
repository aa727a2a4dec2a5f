import difflib
from typing import ClassVar

from cfnlint.rules import RuleMatch
from cfnlint.template.template import Template

from inference_experiment import contract
from inference_experiment_rules._base import CUSTOM_RESOURCES, MESSAGE_LIMIT, Rule, shorten
from inference_experiment_rules._view import view_of
from shadow_test_policies.references import attribute_uses


class UnknownAttribute(Rule):
    """The stack fails when the experiment is already running, and rolls back."""

    id = "E9608"
    shortdesc = "Attribute is not one that the custom type returns"
    description = (
        "Fn::GetAtt and Fn::Sub ask the custom experiment for an attribute. CloudFormation cannot know which ones "
        "a custom resource returns, so cfn-lint takes any name."
    )
    source_url = CUSTOM_RESOURCES
    tags: ClassVar[list[str]] = ["sagemaker", "custom-resource", "getatt"]

    def match(self, cfn: Template) -> list[RuleMatch]:
        """Return each use of an attribute that does not exist, wherever in the template it is."""
        view = view_of(cfn)
        ours = {name for name in view.experiments if view.type_of(name) != contract.NATIVE_TYPE}
        uses = attribute_uses(view.template) if ours else ()
        return [
            RuleMatch(list(path), self._message(name, attribute))
            for path, name, attribute in uses
            if name in ours and attribute not in contract.attributes()
        ]

    @staticmethod
    def _message(name: str, attribute: str) -> str:
        by_case = {known.lower(): known for known in contract.attributes()}
        nearest = difflib.get_close_matches(attribute.lower(), list(by_case), 1, 0.5)
        hint = f"did you mean {by_case[nearest[0]]}?" if nearest else f"!Ref {name} gives its name"
        return shorten(f"{name} returns no attribute {attribute!r}; {hint}", MESSAGE_LIMIT)
