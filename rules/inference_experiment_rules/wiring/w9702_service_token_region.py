from cfn_template.scenarios import REGION
from cfn_template.template import DEFAULT_REGIONS
from inference_experiment_rules._base import CUSTOM_RESOURCES, Problems, Rule, problem
from shadow_test_policies.experiment import Experiment
from shadow_test_policies.references import arn_fields


class ServiceTokenRegion(Rule):
    """Why a warning? The region is known only at deployment."""

    id = "W9702"
    shortdesc = "ServiceToken is in another region"
    description = (
        "The function must be in the region of the stack. Reported when the template is linted for regions (-r) other "
        "than the one in the ARN. cfn-lint's default region is not checked."
    )
    source_url = CUSTOM_RESOURCES
    tags = ["sagemaker", "custom-resource", "servicetoken", "regions"]

    def check(self, experiment: Experiment) -> Problems:
        """Yield a problem when the function's region is not one of the linted regions."""
        node, regions = experiment.at("ServiceToken"), experiment.view.regions
        fields = arn_fields(node.text) if node is not None and experiment.is_custom else []
        if node is None or not fields or "?" in fields[3] or regions == DEFAULT_REGIONS:
            return
        here = experiment.scenario.parameters.get(REGION)
        if isinstance(here, str) and here not in regions:
            return  # the region of a condition that is not linted
        if fields[3] not in ((here,) if isinstance(here, str) else regions):
            message = f"the function is in {fields[3]}, but the stack is in {here or regions[0]}"
            yield problem(node, f"{message}; deploy the provider in the region of the stack")
