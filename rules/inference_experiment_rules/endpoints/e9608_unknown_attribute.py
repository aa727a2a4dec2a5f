import difflib
from collections.abc import Collection

from cfn_template.scenarios import shorten
from inference_experiment import contract
from inference_experiment_rules._base import CUSTOM_RESOURCES, MESSAGE_LIMIT, Problem, Rule
from shadow_test_policies.experiment import ExperimentTemplate
from shadow_test_policies.references import attribute_uses
from shadow_test_policies.registry_type import attributes

APPLICATION = "AWS::Serverless::Application"


class UnknownAttribute(Rule):
    """The stack operation fails and rolls back when the experiment is already running."""

    id = "E9608"
    shortdesc = "Unknown attribute of the custom or the registry type"
    description = (
        "Fn::GetAtt or Fn::Sub refers to an attribute that the custom type, or the registry type, does not return. "
        "cfn-lint accepts any name: the attributes are not declared in the template, and it does not read those of a "
        "registered type. Also an output that the local template of an AWS::Serverless::Application does not have."
    )
    source_url = CUSTOM_RESOURCES
    tags = ["sagemaker", "custom-resource", "getatt"]

    def problems(self, view: ExperimentTemplate) -> list[Problem]:
        """Return each reference to an unknown attribute, anywhere in the template itself."""
        known = {name: attributes_of(view, name) for name in view.experiments}
        uses = list(attribute_uses(view.composition.original)) if view.experiments else []
        unknown = [Problem(path, self._output(view, name, attribute)) for path, name, attribute in uses]
        return [each for each in unknown if each.message] + [
            Problem(path, self._message(name, attribute, known[name]))
            for path, name, attribute in uses
            if known.get(name) and attribute not in known[name]
        ]

    @staticmethod
    def _output(view: ExperimentTemplate, name: str, attribute: str) -> str:
        """Return a message for an output that an application does not have; of a stack cfn-lint itself reports it."""
        child = view.composition.children.get(name)
        if child is None or view.type_of(name) != APPLICATION or not attribute.startswith("Outputs."):
            return ""
        outputs = [f"Outputs.{output}" for output in child.original.get("Outputs") or {}]
        nearest = difflib.get_close_matches(attribute, outputs, 1, 0)
        hint = f"; did you mean {nearest[0]}?" if nearest else ""
        return "" if attribute in outputs else f"{child.label} has no output '{attribute[8:]}'{hint}"

    @staticmethod
    def _message(name: str, attribute: str, known: Collection[str]) -> str:
        by_case = {each.lower(): each for each in known}
        nearest = difflib.get_close_matches(attribute.lower(), list(by_case), 1, 0.5)
        hint = f"did you mean {by_case[nearest[0]]}?" if nearest else f"!Ref {name} returns its name"
        return shorten(f"{name} does not return the attribute '{attribute}'; {hint}", MESSAGE_LIMIT)


def attributes_of(view: ExperimentTemplate, name: str) -> Collection[str]:
    """Return the attributes of an experiment; none of the native type, whose attributes cfn-lint itself checks."""
    if view.is_custom(name):
        return contract.attributes()
    return () if view.type_of(name) == contract.NATIVE_TYPE else attributes()
