from collections.abc import Iterator
from typing import ClassVar

from inference_experiment import contract
from inference_experiment_rules._base import TYPE_REFERENCE, Problem, Rule, problem
from shadow_test_policies.experiment import Experiment


class IgnoredDesiredState(Rule):
    """Why a warning? The stack succeeds and the test runs later than the template says."""

    id = "W9515"
    shortdesc = "Native type ignores DesiredState at creation"
    description = (
        "AWS::SageMaker::InferenceExperiment does not look at DesiredState when it creates an experiment: with a "
        "StartTime the experiment waits for it. Only a later update starts it early. The custom type starts it at "
        "once."
    )
    source_url = TYPE_REFERENCE
    tags: ClassVar[list[str]] = ["sagemaker", "state"]

    def check(self, experiment: Experiment) -> Iterator[Problem]:
        """Yield a problem when the native type is to start a scheduled experiment at creation."""
        node = experiment.at("DesiredState")
        if experiment.is_custom or node is None or node.literal != "Running":
            return
        if experiment.at("Schedule", "StartTime") is not None:
            message = "the native type ignores DesiredState at creation and waits for StartTime"
            yield problem(node, f"{message}; leave StartTime out, or use {contract.CUSTOM_TYPE}")
