from inference_experiment_rules._base import CUSTOM_RESOURCES, Problems, Rule, problem
from shadow_test_policies.experiment import FUNCTION_TYPES, QUALIFIED_TYPES, Experiment
from shadow_test_policies.service_token import wrong_service_token


class ServiceToken(Rule):
    """CloudFormation cannot call it: the create fails, and so does every later update and delete."""

    id = "E9701"
    shortdesc = "ServiceToken is not a function ARN"
    description = (
        "ServiceToken must be the ARN of the provider's function, its alias or its version. Ref of a function returns "
        "its name, and no other resource answers requests: not a layer, a role or a queue, nor an SNS topic, whose "
        "messages the provider does not read. The CDK provider framework cannot serve this provider, which answers "
        "CloudFormation itself."
    )
    source_url = CUSTOM_RESOURCES
    tags = ["sagemaker", "custom-resource", "servicetoken"]

    related_types = FUNCTION_TYPES | QUALIFIED_TYPES

    def check(self, experiment: Experiment) -> Problems:
        """Yield a problem when ServiceToken is certainly not such an ARN."""
        node = experiment.at("ServiceToken") if experiment.is_custom else None
        wrong = wrong_service_token(experiment.view, node)
        if node is not None and wrong:
            yield problem(node, wrong)
