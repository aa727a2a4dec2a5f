from inference_experiment_rules._base import Problems, Rule, problem
from shadow_test_policies.experiment import FULL, Experiment


class PromotionSampling(Rule):
    """Why a warning? A promoted variant receives all requests, a load that was not tested."""

    id = "W9513"
    shortdesc = "Promotion with partial sampling"
    description = (
        "The shadow variant is promoted although it receives only part of the requests. AWS recommends a sampling "
        "percentage of 100 before a promotion."
    )
    source_url = "https://docs.aws.amazon.com/sagemaker/latest/dg/shadow-tests-best-practices.html"
    tags = ["sagemaker", "promotion"]

    def check(self, experiment: Experiment) -> Problems:
        """Yield a problem at SamplingPercentage."""
        node = experiment.sampling
        if node is None or node.number is None or not 0 < node.number < FULL or not experiment.promotes:
            return
        if not node.is_plain:
            return  # a parameter may be raised during the test; its default is not the final value
        message = f"the shadow variant is promoted but receives only {node.literal}% of the requests"
        yield problem(node, f"{message}; set SamplingPercentage to 100 before the promotion")
