from collections.abc import Iterator
from typing import ClassVar

from inference_experiment_rules._base import CUSTOM_RESOURCES, Problem, Rule, problem
from shadow_test_policies.experiment import Experiment


class NoServiceTimeout(Rule):
    """Why a warning? It costs time only when something else is wrong."""

    id = "W9706"
    shortdesc = "ServiceTimeout is left out"
    description = (
        "Without ServiceTimeout CloudFormation waits an hour for a function that does not answer, and again when "
        "it rolls back. The provider takes its own deadline from it."
    )
    source_url = CUSTOM_RESOURCES
    tags: ClassVar[list[str]] = ["sagemaker", "custom-resource", "timeout"]

    def check(self, experiment: Experiment) -> Iterator[Problem]:
        """Yield a problem at the properties when there is no ServiceTimeout."""
        properties = experiment.at()
        if not experiment.is_custom or properties is None or experiment.at("ServiceToken") is None:
            return
        if properties.get("ServiceTimeout") is None:
            message = "without ServiceTimeout a function that does not answer blocks the stack for an hour"
            yield problem(properties, f"{message}; write the seconds that a test needs to start, at most 3600")
