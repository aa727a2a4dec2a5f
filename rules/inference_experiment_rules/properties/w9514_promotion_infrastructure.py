from collections.abc import Iterator
from typing import ClassVar

from inference_experiment_rules._base import Problem, Rule, problem
from shadow_test_policies.experiment import Experiment


class PromotionInfrastructure(Rule):
    """Why a warning? Differences in latency then come from the instances as much as from the model."""

    id = "W9514"
    shortdesc = "Promotion to a different infrastructure"
    description = (
        "The shadow variant is to be promoted and runs on another instance type or number of instances than "
        "production. AWS recommends the same for both, unless the infrastructure itself is under test."
    )
    source_url = "https://docs.aws.amazon.com/sagemaker/latest/dg/shadow-tests-best-practices.html"
    tags: ClassVar[list[str]] = ["sagemaker", "promotion"]

    def check(self, experiment: Experiment) -> Iterator[Problem]:
        """Yield one problem per member in which the shadow variant differs."""
        source, shadow = experiment.variant(experiment.source), experiment.variant(experiment.shadow)
        if source is None or shadow is None or not experiment.promotes:
            return
        for member in ("InstanceType", "InstanceCount"):
            path = "InfrastructureConfig", "RealTimeInferenceConfig", member
            ours, theirs = shadow.at(*path), source.at(*path)
            if ours is None or theirs is None or not ours.literal or not theirs.literal:
                continue
            if ours.literal != theirs.literal:
                message = f"{member} {ours.literal} differs from production's {theirs.literal}, so the test says little"
                yield problem(ours, f"{message} about the promotion; use the same unless that is what you test")
