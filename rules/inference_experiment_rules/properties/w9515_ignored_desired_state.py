from inference_experiment import contract
from inference_experiment_rules._base import TYPE_REFERENCE, Problems, Rule, problem
from shadow_test_policies.experiment import Experiment


class IgnoredDesiredState(Rule):
    """Why a warning? The stack operation succeeds, but the test starts later than DesiredState specifies."""

    id = "W9515"
    shortdesc = "Native type ignores DesiredState at creation"
    description = (
        "AWS::SageMaker::InferenceExperiment ignores DesiredState when it creates an experiment: with a StartTime the "
        "experiment waits for that time, and only a later update starts it earlier. The custom type starts it "
        "immediately."
    )
    source_url = TYPE_REFERENCE
    tags = ["sagemaker", "state"]

    def check(self, experiment: Experiment) -> Problems:
        """Yield a problem at DesiredState Running of a scheduled experiment of the native type."""
        node = experiment.at("DesiredState")
        if not experiment.is_native or node is None or node.literal != "Running":
            return
        if experiment.at("Schedule", "StartTime") is not None:
            message = "the native type ignores DesiredState at creation and waits for StartTime"
            yield problem(node, f"{message}; remove StartTime, or use {contract.CUSTOM_TYPE}")
