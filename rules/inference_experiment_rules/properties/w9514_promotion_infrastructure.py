from inference_experiment_rules._base import Problems, Rule, problem
from shadow_test_policies.experiment import Experiment


class PromotionInfrastructure(Rule):
    """Why a warning? Latency then depends on the instances as much as on the model."""

    id = "W9514"
    shortdesc = "Promotion with different infrastructure"
    description = (
        "The shadow variant is promoted and has another InstanceType or InstanceCount than the production variant. "
        "AWS recommends the same for both, unless the test compares infrastructure."
    )
    source_url = "https://docs.aws.amazon.com/sagemaker/latest/dg/shadow-tests-best-practices.html"
    tags = ["sagemaker", "promotion"]

    def check(self, experiment: Experiment) -> Problems:
        """Yield one problem for each of InstanceType and InstanceCount that differs."""
        source, shadow = experiment.variant(experiment.source), experiment.variant(experiment.shadow)
        if source is None or shadow is None or not experiment.promotes:
            return
        for member in ("InstanceType", "InstanceCount"):
            path = "InfrastructureConfig", "RealTimeInferenceConfig", member
            ours, theirs = shadow.at(*path), source.at(*path)
            if ours is None or theirs is None or not ours.literal or not theirs.literal:
                continue
            if ours.literal != theirs.literal:
                message = f"{member} {ours.literal} differs from the production variant's {theirs.literal}"
                yield problem(ours, f"{message}; use the same value unless the test compares infrastructure")
