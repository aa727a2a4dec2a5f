import difflib

from cfnlint.rules import RuleMatch
from cfnlint.template.template import Template

from cfn_template.scenarios import shorten
from inference_experiment import contract
from inference_experiment_rules._base import CUSTOM_RESOURCES, MESSAGE_LIMIT, Rule, view_of
from shadow_test_policies.references import attribute_uses


class UnknownAttribute(Rule):
    """The stack operation fails and rolls back when the experiment is already running."""

    id = "E9608"
    shortdesc = "Unknown attribute of the custom type"
    description = (
        "Fn::GetAtt or Fn::Sub refers to an attribute that the custom type does not return. The attributes of a custom "
        "resource are not declared in the template, so cfn-lint accepts any name."
    )
    source_url = CUSTOM_RESOURCES
    tags = ["sagemaker", "custom-resource", "getatt"]

    def match(self, cfn: Template) -> list[RuleMatch]:
        """Return each reference to an unknown attribute, anywhere in the template."""
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
        hint = f"did you mean {by_case[nearest[0]]}?" if nearest else f"!Ref {name} returns its name"
        return shorten(f"{name} does not return the attribute '{attribute}'; {hint}", MESSAGE_LIMIT)
