from collections.abc import Iterator
from typing import ClassVar

from inference_experiment import criteria
from inference_experiment_rules._base import CUSTOM_RESOURCES, Problem, Rule, problem
from shadow_test_policies.experiment import Experiment


class PromotionCriteria(Rule):
    """The function refuses criteria that demand nothing, so the stack operation fails."""

    id = "E9522"
    shortdesc = "PromotionCriteria demand nothing"
    description = (
        "PromotionCriteria need MaxLatencyIncrease or MaxErrorRate, and LatencyStatistic says of which latency "
        "MaxLatencyIncrease speaks."
    )
    source_url = CUSTOM_RESOURCES
    tags: ClassVar[list[str]] = ["sagemaker", "custom-resource", "promotion"]

    def check(self, experiment: Experiment) -> Iterator[Problem]:
        """Yield the problems of criteria whose members are known; their form is the schema's matter."""
        node = experiment.at("PromotionCriteria")
        if not experiment.is_custom or node is None or not (node.members or node.value == {}):
            return
        for finding in criteria.check(node.members):
            yield problem(node.get(str(finding.keys[-1])) or node, finding.message)
