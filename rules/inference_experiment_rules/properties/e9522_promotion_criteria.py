from inference_experiment import criteria
from inference_experiment_rules._base import CUSTOM_RESOURCES, Problems, Rule, problem
from shadow_test_policies.experiment import Experiment


class PromotionCriteria(Rule):
    """The function rejects PromotionCriteria that decide nothing or cannot be judged, so the stack operation fails."""

    id = "E9522"
    shortdesc = "PromotionCriteria sets no threshold, or lacks what a threshold needs"
    description = (
        "PromotionCriteria requires MaxLatencyIncrease, MaxErrorRate, MaxErrorIncrease, MinAgreement, "
        "MaxPredictionDrift or MinAccuracyGain. The last three require PredictionResult; MaxResultAge and MinPairs "
        "apply to them, LatencyStatistic to MaxLatencyIncrease."
    )
    source_url = CUSTOM_RESOURCES
    tags = ["sagemaker", "custom-resource", "promotion"]

    def check(self, experiment: Experiment) -> Problems:
        """Yield the problems of known criteria; the schema checks their types."""
        node = experiment.at("PromotionCriteria")
        if experiment.is_native or node is None or not (node.members or node.value == {}):
            return
        for finding in criteria.check(node.members):
            yield problem(node.get(str(finding.keys[-1])) or node, finding.message)
