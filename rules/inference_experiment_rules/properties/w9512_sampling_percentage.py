from inference_experiment_rules._base import GUIDE, Problems, Rule, problem
from shadow_test_policies.experiment import Experiment


class SamplingPercentage(Rule):
    """Why a warning? The API allows 0, but the test has no results, and its instances are billed."""

    id = "W9512"
    shortdesc = "Shadow variant receives no requests"
    description = "SamplingPercentage is 0, so no requests are copied to the shadow variant."
    source_url = GUIDE
    tags = ["sagemaker", "shadow"]

    def check(self, experiment: Experiment) -> Problems:
        """Yield a problem when SamplingPercentage is 0."""
        node = experiment.sampling
        if node is not None and node.number == 0:
            yield problem(
                node, "SamplingPercentage is 0, so no requests are copied to the shadow variant; specify 1 to 100"
            )
