from collections.abc import Iterator
from typing import ClassVar

from inference_experiment_rules._base import CUSTOM_RESOURCES, Problem, Rule, problem
from shadow_test_policies.experiment import Experiment
from shadow_test_policies.experiment_template import FUNCTION_TYPES
from shadow_test_policies.references import QUALIFIED_TYPES, function_timeout


class ServiceTimeout(Rule):
    """Why a warning? Most operations are quicker than either limit."""

    id = "W9705"
    shortdesc = "ServiceTimeout is shorter than the function may run"
    description = (
        "CloudFormation stops waiting before the function of this template has to stop. The provider then still "
        "changes the experiment while the stack rolls back."
    )
    source_url = CUSTOM_RESOURCES
    tags: ClassVar[list[str]] = ["sagemaker", "custom-resource", "timeout"]

    related_types = FUNCTION_TYPES | QUALIFIED_TYPES

    def check(self, experiment: Experiment) -> Iterator[Problem]:
        """Yield a problem when both times are known and in the wrong order."""
        node = experiment.at("ServiceTimeout")
        limit = function_timeout(experiment.view, experiment.at("ServiceToken"))
        if node is None or node.number is None or limit is None or not experiment.is_custom:
            return
        if 0 < node.number < limit[0]:
            message = f"CloudFormation waits {node.literal} s, but the function may run for {limit[0]:.0f} s"
            yield problem(node, f"{message}; write at least that much, 3600 is the most")
