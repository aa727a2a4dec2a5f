from inference_experiment_rules._base import Problems, Rule, problem
from shadow_test_policies.endpoints import RELATED_TYPES, endpoint_config_of
from shadow_test_policies.experiment import Experiment


class PresentShadowVariant(Rule):
    """Why a warning? The shadow variant may have been removed from the endpoint since it was created."""

    id = "W9611"
    shortdesc = "Endpoint already has a shadow variant"
    description = (
        "An endpoint has at most one shadow variant, and the endpoint configuration already has one "
        "(ShadowProductionVariants). Checked when the endpoint is in the same template."
    )
    source_url = "https://docs.aws.amazon.com/sagemaker/latest/dg/shadow-tests-create.html"
    tags = ["sagemaker", "endpoint", "shadow"]

    related_types = RELATED_TYPES

    def check(self, experiment: Experiment) -> Problems:
        """Yield a problem when the endpoint configuration has a shadow variant."""
        node, config = experiment.at("EndpointName"), endpoint_config_of(experiment)
        present = config.at("ShadowProductionVariants", 0) if config is not None else None
        if node is None or present is None:
            return
        name = present.get("VariantName")
        shown = f" ({name.text})" if name is not None and name.text else ""
        message = f"the endpoint configuration already has a shadow variant{shown}, and an endpoint has at most one"
        yield problem(node, f"{message}; remove ShadowProductionVariants, the experiment adds its own")
