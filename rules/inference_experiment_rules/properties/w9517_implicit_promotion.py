from inference_experiment_rules._base import TYPE_REFERENCE, Problems, Rule, problem
from shadow_test_policies.experiment import Experiment


class ImplicitPromotion(Rule):
    """Why a warning? Removing a list element changes the production variant, which is easily missed in a review."""

    id = "W9517"
    shortdesc = "Removed production variant promotes the shadow variant"
    description = (
        "With DesiredState Completed or Cancelled, a production variant that is no longer in ModelVariants is removed "
        "from the endpoint, and the shadow variant is promoted. On the custom type ModelVariantActions states this "
        "explicitly."
    )
    source_url = TYPE_REFERENCE
    tags = ["sagemaker", "promotion"]

    def check(self, experiment: Experiment) -> Problems:
        """Yield a problem when stopping the experiment promotes the shadow variant without ModelVariantActions."""
        source, shadow = experiment.source, experiment.shadow
        if source is None or shadow is None or not experiment.drops_production or experiment.has_actions:
            return
        message = f"'{source.literal}' is not in ModelVariants: it is removed and '{shadow.literal}' is promoted"
        actions = f"specify ModelVariantActions {{{source.literal}: Remove, {shadow.literal}: Promote}}"
        instead = "suppress this finding if it is intended" if experiment.is_native else actions
        yield problem(source, f"{message}; {instead}")
