from inference_experiment_rules._base import CUSTOM_RESOURCES, Problems, Rule, problem
from shadow_test_policies.experiment import FUNCTION_TYPES, QUALIFIED_TYPES, Experiment
from shadow_test_policies.references import function_timeout


class ServiceTimeout(Rule):
    """Why a warning? Operations on a deployed endpoint take less time than either limit."""

    id = "W9705"
    shortdesc = "ServiceTimeout is too short"
    description = (
        "CloudFormation stops waiting before the Timeout of the function in this template. The function may then still "
        "change the experiment while the stack rolls back. It also stops before an experiment can be created: the "
        "instances of a new variant take minutes to start. The option minimum is the shortest accepted timeout."
    )
    source_url = CUSTOM_RESOURCES
    tags = ["sagemaker", "custom-resource", "timeout"]

    related_types = FUNCTION_TYPES | QUALIFIED_TYPES
    options = {"minimum": {"default": 300, "type": "integer"}}

    def check(self, experiment: Experiment) -> Problems:
        """Yield a problem when ServiceTimeout is shorter than the timeout of the function or than a creation."""
        node, minimum = experiment.at("ServiceTimeout"), self.config["minimum"]
        if node is None or node.number is None or node.number <= 0 or not experiment.is_custom:
            return
        limit = function_timeout(experiment.view, experiment.at("ServiceToken"))
        if limit is not None and node.number < limit[0]:
            message = f"ServiceTimeout is {node.literal} seconds, but the function may run for {limit[0]:.0f} seconds"
            yield problem(node, f"{message}; specify {limit[0]:.0f} to 3600")
        elif node.number < minimum:
            message = (
                f"CloudFormation stops waiting after {node.literal} seconds, and a new variant takes minutes to start"
            )
            yield problem(node, f"{message}; specify {minimum} to 3600")
