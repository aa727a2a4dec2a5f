from inference_experiment_rules._base import CUSTOM_RESOURCES, Problems, Rule, problem
from shadow_test_policies.experiment import FUNCTION_TYPES, QUALIFIED_TYPES, Experiment
from shadow_test_policies.references import function_timeout


class ServiceTimeout(Rule):
    """Why a warning? Most operations take less time than either limit."""

    id = "W9705"
    shortdesc = "ServiceTimeout is shorter than the function timeout"
    description = (
        "CloudFormation stops waiting before the Timeout of the function in this template. The function may then still "
        "change the experiment while the stack rolls back."
    )
    source_url = CUSTOM_RESOURCES
    tags = ["sagemaker", "custom-resource", "timeout"]

    related_types = FUNCTION_TYPES | QUALIFIED_TYPES

    def check(self, experiment: Experiment) -> Problems:
        """Yield a problem when both timeouts are known and ServiceTimeout is shorter."""
        node = experiment.at("ServiceTimeout")
        limit = function_timeout(experiment.view, experiment.at("ServiceToken"))
        if node is None or node.number is None or limit is None or not experiment.is_custom:
            return
        if 0 < node.number < limit[0]:
            message = f"ServiceTimeout is {node.literal} seconds, but the function may run for {limit[0]:.0f} seconds"
            yield problem(node, f"{message}; specify {limit[0]:.0f} to 3600")
