from inference_experiment_rules._base import GUIDE, Problems, Rule, problem
from shadow_test_policies.endpoints import INFRASTRUCTURE, is_same_model
from shadow_test_policies.experiment import Experiment


class SameVariants(Rule):
    """Why a warning? The test runs and is billed, but it compares a model with itself."""

    id = "W9525"
    shortdesc = "Both variants run the same model on the same infrastructure"
    description = (
        "The shadow variant has the model, the instance type and the instance count of the production variant, so the "
        "test has nothing to compare."
    )
    source_url = GUIDE
    tags = ["sagemaker", "shadow", "variants"]

    def check(self, experiment: Experiment) -> Problems:
        """Yield a problem at the model of the shadow variant."""
        production, shadow = experiment.variant(experiment.source), experiment.variant(experiment.shadow)
        if production is None or shadow is None or production.path == shadow.path or experiment.is_ending:
            return
        node = shadow.get("ModelName")
        paths = [("InfrastructureConfig", "RealTimeInferenceConfig", name) for name in INFRASTRUCTURE]
        pairs = [(production.at(*path), shadow.at(*path)) for path in paths]
        same = all(one and other and one.text is not None and one.text == other.text for one, other in pairs)
        if node is not None and same and is_same_model(experiment.view, production.get("ModelName"), node):
            message = (
                f"both variants run the model {node.text} on the same infrastructure, so there is nothing to compare"
            )
            yield problem(node, f"{message}; specify the model or the infrastructure to test")
