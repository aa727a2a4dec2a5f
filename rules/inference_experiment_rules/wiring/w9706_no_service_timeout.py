from inference_experiment_rules._base import CUSTOM_RESOURCES, Problems, Rule, problem
from shadow_test_policies.experiment import Experiment


class NoServiceTimeout(Rule):
    """Why a warning? The default matters only when the function does not respond."""

    id = "W9706"
    shortdesc = "ServiceTimeout is missing"
    description = (
        "Without ServiceTimeout, CloudFormation waits one hour for a function that does not respond, and again during "
        "the rollback. The provider derives its own deadline from ServiceTimeout."
    )
    source_url = CUSTOM_RESOURCES
    tags = ["sagemaker", "custom-resource", "timeout"]

    def check(self, experiment: Experiment) -> Problems:
        """Yield a problem at the properties when ServiceTimeout is missing."""
        properties = experiment.at()
        if not experiment.is_custom or properties is None or experiment.at("ServiceToken") is None:
            return
        if properties.get("ServiceTimeout") is None:
            message = "without ServiceTimeout, a function that does not respond blocks the stack for one hour"
            yield problem(properties, f"{message}; specify the seconds that a test needs to start, at most 3600")
