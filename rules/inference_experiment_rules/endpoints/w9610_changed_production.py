from inference_experiment_rules._base import Problems, Rule, problem
from shadow_test_policies.endpoints import RELATED_TYPES, production_change
from shadow_test_policies.experiment import Experiment


class ChangedProduction(Rule):
    """Why a warning? Another fleet may be what is wanted, but it serves all requests as soon as the test starts."""

    id = "W9610"
    shortdesc = "Experiment changes what serves production"
    description = (
        "The production variant of the experiment has another model, instance type or instance count than the variant "
        "of that name in the endpoint configuration. Creating the experiment changes the endpoint to those of the "
        "experiment. Checked when the endpoint is in the same template."
    )
    source_url = "https://docs.aws.amazon.com/sagemaker/latest/dg/shadow-tests-create.html"
    tags = ["sagemaker", "endpoint", "variants"]

    related_types = RELATED_TYPES

    def check(self, experiment: Experiment) -> Problems:
        """Yield a problem at the first value of the production variant that differs from the endpoint's."""
        change = production_change(experiment)
        if change is not None:
            yield problem(*change)
