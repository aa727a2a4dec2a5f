from inference_experiment import checks
from inference_experiment_rules._base import Problems, Rule, problem
from shadow_test_policies.experiment import Experiment


class VariantActions(Rule):
    """SageMaker rejects StopInferenceExperiment, or the endpoint has no production variant afterwards."""

    id = "E9518"
    shortdesc = "ModelVariantActions are inconsistent with the variants"
    description = (
        "ModelVariantActions name the production and the shadow variant. Only the shadow variant can be promoted, and "
        "it must be promoted when the production variant is removed."
    )
    source_url = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StopInferenceExperiment.html"
    tags = ["sagemaker", "promotion"]

    def check(self, experiment: Experiment) -> Problems:
        """Yield the problems of the actions when both variants are known."""
        node, source, shadow = experiment.at("ModelVariantActions"), experiment.source, experiment.shadow
        if experiment.is_native or node is None or source is None or shadow is None:
            return
        if source.literal is None or shadow.literal is None:
            return
        # An unresolved action is treated as none of Retain, Remove and Promote.
        actions = {name: action.literal or "" for name, action in node.members.items()}
        for finding in checks.check_actions(actions, source.literal, shadow.literal):
            yield problem(node.get(str(finding.keys[1])) or node, finding.message)
