from inference_experiment_rules._base import TYPE_REFERENCE, Problems, Rule, problem
from shadow_test_policies.experiment import Experiment


class InstanceCount(Rule):
    """Why a warning? The API allows 0, but the variant has no results to compare, and the endpoint may fail."""

    id = "W9511"
    shortdesc = "Variant without instances"
    description = "InstanceCount is 0. The API accepts it, but such a variant cannot respond to requests."
    source_url = TYPE_REFERENCE
    tags = ["sagemaker", "variants"]

    def check(self, experiment: Experiment) -> Problems:
        """Yield each variant with InstanceCount 0."""
        for variant in experiment.variants or []:
            node = variant.at("InfrastructureConfig", "RealTimeInferenceConfig", "InstanceCount")
            if node is not None and node.number == 0:
                yield problem(node, "InstanceCount is 0, so this variant has no instances; specify at least 1")
