from collections.abc import Collection, Iterator
from typing import ClassVar

from inference_experiment_rules._base import Problem, Rule, problem
from shadow_test_policies.endpoints import apart, same_endpoint
from shadow_test_policies.experiment import Experiment, experiment_in
from shadow_test_policies.experiment_template import ExperimentTemplate


class SharedEndpoint(Rule):
    """Why a warning? SageMaker refuses the second test, but only if the first still runs by then."""

    id = "W9521"
    shortdesc = "Two experiments on one endpoint"
    description = (
        "An endpoint takes one shadow variant at a time, so two experiments of a template must not use it in the "
        "same scenario, unless their schedules do not overlap or one of them is being ended."
    )
    source_url = "https://docs.aws.amazon.com/sagemaker/latest/dg/shadow-tests-create.html"
    tags: ClassVar[list[str]] = ["sagemaker", "endpoint"]

    def related_resources(self, view: ExperimentTemplate, name: str) -> Collection[str]:
        """Return the experiments before this one: each pair is looked at once."""
        return view.experiments[: view.experiments.index(name)]

    def check(self, experiment: Experiment) -> Iterator[Problem]:
        """Yield a problem when an earlier experiment uses the same endpoint at the same time."""
        node = experiment.at("EndpointName")
        if node is None or node.text is None or experiment.is_ending:
            return
        for name in self.related_resources(experiment.view, experiment.name):
            other = experiment_in(experiment.view, name, experiment.scenario)
            if not experiment.view.exists(name, experiment.scenario) or other.is_ending:
                continue
            if same_endpoint(experiment, other) and not apart(experiment, other):
                message = f"{name} tests {node.text} too, and an endpoint takes one shadow test at a time"
                yield problem(node, f"{message}; use another endpoint, or schedules that do not overlap")
                return
