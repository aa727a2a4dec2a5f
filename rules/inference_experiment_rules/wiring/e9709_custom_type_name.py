import re
from collections.abc import Iterator
from typing import ClassVar

from inference_experiment_rules._base import Problem, Rule, problem
from shadow_test_policies.experiment import Experiment
from shadow_test_policies.experiment_template import ALLOWED_NAME as ALLOWED
from shadow_test_policies.experiment_template import CUSTOM_PREFIX as PREFIX
from shadow_test_policies.experiment_template import ExperimentTemplate


class CustomTypeName(Rule):
    """CloudFormation refuses the whole template."""

    id = "E9709"
    shortdesc = "Name of a custom type is not allowed"
    description = "After Custom:: come 1 to 60 letters, digits and the characters _, @ and -."
    source_url = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-cfn-customresource.html"
    tags: ClassVar[list[str]] = ["custom-resource"]

    def targets(self, view: ExperimentTemplate) -> list[str]:
        """Return every custom resource, ours or not."""
        return [name for name in view.resources if view.type_of(name).startswith(PREFIX)]

    def check(self, experiment: Experiment) -> Iterator[Problem]:
        """Yield a problem at a type that CloudFormation does not allow."""
        node = experiment.resource.get("Type")
        name = experiment.view.type_of(experiment.name).removeprefix(PREFIX)
        if node is None or ALLOWED.fullmatch(name):
            return
        wrong = sorted(set(re.sub(r"[A-Za-z0-9_@-]", "", name)))
        reason = f"{wrong[0]!r} is not allowed" if wrong else f"{len(name)} characters, 1 to 60 are allowed"
        yield problem(node, f"{reason} after Custom::; letters, digits, _, @ and - are")
