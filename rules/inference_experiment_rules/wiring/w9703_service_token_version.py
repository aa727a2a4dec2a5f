from inference_experiment_rules._base import CUSTOM_RESOURCES, Problems, Rule, problem
from shadow_test_policies.experiment import FUNCTION_TYPES, QUALIFIED_TYPES, Experiment
from shadow_test_policies.references import unresolved_of


class ServiceTokenVersion(Rule):
    """Why a warning? The first deployment succeeds; an update after the next published version fails."""

    id = "W9703"
    shortdesc = "ServiceToken is a function version"
    description = (
        "The ARN of a version changes with each published version, and CloudFormation cannot update a ServiceToken. "
        "Use the ARN of the function or of an alias."
    )
    source_url = CUSTOM_RESOURCES
    tags = ["sagemaker", "custom-resource", "servicetoken"]

    related_types = FUNCTION_TYPES | QUALIFIED_TYPES

    def check(self, experiment: Experiment) -> Problems:
        """Yield a problem when ServiceToken is a version in this template, including one that SAM publishes."""
        node = experiment.at("ServiceToken")
        if node is None or not experiment.is_custom:
            return
        for unresolved in unresolved_of(node.text):
            name, _, suffix = unresolved.argument.partition(".")
            kind = experiment.view.type_of(name)
            if kind == "AWS::Lambda::Version" or (kind in FUNCTION_TYPES and suffix == "Version"):
                message = (
                    "the ARN of a version changes with each published version, and a ServiceToken cannot be updated"
                )
                yield problem(node, f"{message}; use the function's ARN or an alias")
