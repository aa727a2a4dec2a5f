from inference_experiment_rules._base import Problems, Rule, problem
from shadow_test_policies.endpoints import RELATED_TYPES, certainly_differ, endpoint_config_of
from shadow_test_policies.experiment import Experiment


class PresentShadowVariant(Rule):
    """Why a warning? The shadow variant may have been removed from the endpoint since it was created."""

    id = "W9611"
    shortdesc = "Endpoint already has another shadow variant"
    description = (
        "An endpoint has at most one shadow variant, and the endpoint configuration already has one "
        "(ShadowProductionVariants) that the experiment does not name. A test may begin with the shadow variant that "
        "the endpoint has. Checked when the endpoint is in the same template."
    )
    source_url = "https://docs.aws.amazon.com/sagemaker/latest/dg/shadow-tests-create.html"
    tags = ["sagemaker", "endpoint", "shadow"]

    related_types = RELATED_TYPES

    def check(self, experiment: Experiment) -> Problems:
        """Yield a problem when the endpoint configuration has a shadow variant that is not the experiment's."""
        node, config, own = experiment.at("EndpointName"), endpoint_config_of(experiment), experiment.shadow
        name = config.at("ShadowProductionVariants", 0, "VariantName") if config is not None else None
        if node is None or own is None or name is None or not certainly_differ(name, own):
            return
        message = f"the endpoint configuration already has a shadow variant ({name.text}), and an endpoint has at most"
        message += f" one; remove ShadowProductionVariants, the experiment adds {own.text}"
        yield problem(node, message)
