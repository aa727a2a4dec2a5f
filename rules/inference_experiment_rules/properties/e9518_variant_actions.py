from collections.abc import Iterator
from typing import ClassVar

from inference_experiment import checks
from inference_experiment_rules._base import Problem, Rule, problem
from shadow_test_policies.experiment import Experiment


class VariantActions(Rule):
    """SageMaker refuses the stop, or the endpoint is left without a variant that serves."""

    id = "E9518"
    shortdesc = "ModelVariantActions do not fit the variants"
    description = (
        "Actions are for the source and the shadow variant. Only the shadow variant can be promoted, and when "
        "production is removed the shadow variant must take its place."
    )
    source_url = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StopInferenceExperiment.html"
    tags: ClassVar[list[str]] = ["sagemaker", "promotion"]

    def check(self, experiment: Experiment) -> Iterator[Problem]:
        """Yield the problems of actions whose variants are known."""
        node, source, shadow = experiment.at("ModelVariantActions"), experiment.source, experiment.shadow
        if not experiment.is_custom or node is None or source is None or shadow is None:
            return
        if source.literal is None or shadow.literal is None:
            return
        # An action that is not known is none of the three, and no finding is about it.
        actions = {name: action.literal or "" for name, action in node.members.items()}
        for finding in checks.check_actions(actions, source.literal, shadow.literal):
            place = node.get(str(finding.keys[1])) or node
            yield problem(place, finding.message)
