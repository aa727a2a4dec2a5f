from collections.abc import Iterator
from typing import ClassVar

from inference_experiment_rules._base import Problem, Rule, problem
from shadow_test_policies.experiment import FULL, Experiment


class PromotionSampling(Rule):
    """Why a warning? A promoted variant gets all requests at once, a load that this test did not show."""

    id = "W9513"
    shortdesc = "Promotion after less than full sampling"
    description = (
        "The shadow variant is to be promoted although it saw only a part of the requests. AWS recommends to "
        "sample 100 % before a promotion."
    )
    source_url = "https://docs.aws.amazon.com/sagemaker/latest/dg/shadow-tests-best-practices.html"
    tags: ClassVar[list[str]] = ["sagemaker", "promotion"]

    def check(self, experiment: Experiment) -> Iterator[Problem]:
        """Yield a problem at the percentage."""
        node = experiment.sampling
        if node is None or node.number is None or not 0 < node.number < FULL or not experiment.promotes:
            return
        if not node.is_plain:
            return  # people raise a parameter during the test; its default says nothing about the end
        message = f"the shadow variant is promoted, but saw only {node.literal} % of the requests; sample 100 % first"
        yield problem(node, f"{message}, since it will get all of them at once")
