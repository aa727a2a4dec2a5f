from inference_experiment_rules._base import Problems, Rule, problem
from shadow_test_policies.endpoints import RELATED_TYPES, production_variants_of
from shadow_test_policies.experiment import Experiment


class SeveralProductionVariants(Rule):
    """Why a warning? The other variants may have been removed from the endpoint since it was created."""

    id = "W9605"
    shortdesc = "Endpoint has several production variants"
    description = (
        "A shadow test compares one production variant with one shadow variant. Remove other production variants from "
        "the endpoint first. Checked when the endpoint is in the same template."
    )
    source_url = "https://docs.aws.amazon.com/sagemaker/latest/dg/shadow-tests-create.html"
    tags = ["sagemaker", "endpoint"]

    related_types = RELATED_TYPES

    def check(self, experiment: Experiment) -> Problems:
        """Yield a problem when the endpoint configuration has more than one production variant."""
        node = experiment.at("EndpointName")
        variants = production_variants_of(experiment) or []
        names = [str(each.text) for variant in variants if (each := variant.get("VariantName")) is not None]
        if node is not None and len(variants) > 1 and len(names) == len(variants):
            message = f"the endpoint has {len(variants)} production variants ({', '.join(names[:3])})"
            yield problem(node, f"{message}; a shadow test compares one: remove the others first")
