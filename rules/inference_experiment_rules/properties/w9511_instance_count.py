from collections.abc import Iterator
from typing import ClassVar

from inference_experiment_rules._base import TYPE_REFERENCE, Problem, Rule, problem
from shadow_test_policies.experiment import Experiment


class InstanceCount(Rule):
    """Why a warning? The API allows 0, but the test compares nothing and the endpoint may fail."""

    id = "W9511"
    shortdesc = "Variant has no instance"
    description = "InstanceCount is 0. The API takes it, but such a variant answers no request."
    source_url = TYPE_REFERENCE
    tags: ClassVar[list[str]] = ["sagemaker", "variants"]

    def check(self, experiment: Experiment) -> Iterator[Problem]:
        """Yield each variant that has no instance."""
        for variant in experiment.variants or []:
            node = variant.at("InfrastructureConfig", "RealTimeInferenceConfig", "InstanceCount")
            if node is not None and node.number == 0:
                yield problem(node, "InstanceCount 0 leaves this variant without an instance; write at least 1")
