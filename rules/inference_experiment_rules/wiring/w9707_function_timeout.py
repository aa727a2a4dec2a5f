from inference_experiment_rules._base import Problems, Rule, problem
from shadow_test_policies.experiment import FUNCTION_TYPES, QUALIFIED_TYPES, Experiment
from shadow_test_policies.references import function_timeout


class FunctionTimeout(Rule):
    """Why a warning? Retries may still complete the operation, slowly."""

    id = "W9707"
    shortdesc = "Function timeout of the provider is too short"
    description = (
        "The provider waits for SageMaker during an invocation and continues through its queue before the timeout. "
        "Lambda's default of 3 seconds is too short for the first API call. The option minimum is the shortest "
        "accepted timeout."
    )
    source_url = "https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html"
    tags = ["sagemaker", "custom-resource", "timeout"]

    related_types = FUNCTION_TYPES | QUALIFIED_TYPES
    # One call of SageMaker (25 s), one of SQS (11 s), and the tenth that the function keeps for its answer.
    options = {"minimum": {"default": 40, "type": "integer"}}

    def check(self, experiment: Experiment) -> Problems:
        """Yield a problem at Timeout of the function, or at its properties when it has none."""
        limit = function_timeout(experiment.view, experiment.at("ServiceToken"))
        if limit is None or not experiment.is_custom:
            return
        seconds, node = limit
        if seconds < self.config["minimum"]:
            name = "Timeout" if node.path[-1] == "Timeout" else "the default Timeout"
            message = f"{name} of {seconds:.0f} seconds is too short for a provider that waits for SageMaker"
            yield problem(node, f"{message}; specify at least {self.config['minimum']}, 300 is recommended")
