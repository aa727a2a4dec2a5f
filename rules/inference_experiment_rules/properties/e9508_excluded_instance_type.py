from collections.abc import Iterator
from typing import ClassVar

from inference_experiment_rules._base import Problem, Rule, problem
from inference_experiment_rules.properties._instance_types import EXCLUDED_FAMILIES
from shadow_test_policies.experiment import Experiment


class ExcludedInstanceType(Rule):
    """The experiment is refused after the stack operation has begun."""

    id = "E9508"
    shortdesc = "Shadow tests exclude the instance type"
    description = "Shadow tests cannot run on ml.inf1 instances; the set-up fails with a validation error."
    source_url = "https://docs.aws.amazon.com/sagemaker/latest/dg/shadow-tests-exclusions.html"
    tags: ClassVar[list[str]] = ["sagemaker", "instance-type"]

    def check(self, experiment: Experiment) -> Iterator[Problem]:
        """Yield each variant on an excluded instance."""
        for node in experiment.instance_types:
            if (node.literal or "").startswith(EXCLUDED_FAMILIES):
                message = f"{node.literal} cannot be part of a shadow test; use ml.inf2 or another type"
                yield problem(node, message)
