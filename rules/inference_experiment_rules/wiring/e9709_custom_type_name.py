import re

from inference_experiment_rules._base import Problems, Rule, problem
from shadow_test_policies.experiment import ALLOWED_NAME, CUSTOM_PREFIX, Experiment, ExperimentTemplate


class CustomTypeName(Rule):
    """CloudFormation rejects the template."""

    id = "E9709"
    shortdesc = "Invalid name of a custom type"
    description = "Custom:: must be followed by 1 to 60 letters, digits and the characters _, @ and -."
    source_url = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-cfn-customresource.html"
    tags = ["custom-resource"]

    def targets(self, view: ExperimentTemplate) -> list[str]:
        """Return all custom resources, of this provider or not."""
        return [name for name in view.resources if view.type_of(name).startswith(CUSTOM_PREFIX)]

    def check(self, experiment: Experiment) -> Problems:
        """Yield a problem at a type name that CloudFormation rejects."""
        node = experiment.resource.get("Type")
        name = experiment.view.type_of(experiment.name).removeprefix(CUSTOM_PREFIX)
        if node is None or ALLOWED_NAME.fullmatch(name):
            return
        wrong = sorted(set(re.sub(r"[A-Za-z0-9_@-]", "", name)))
        reason = f"'{wrong[0]}' is not allowed" if wrong else f"{len(name)} characters are not allowed"
        yield problem(node, f"{reason} after Custom::; write 1 to 60 letters, digits, _, @ or -")
