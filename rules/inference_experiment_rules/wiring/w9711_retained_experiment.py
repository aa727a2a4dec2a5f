from inference_experiment_rules._base import Problems, Rule, problem
from shadow_test_policies.experiment import Experiment


class RetainedExperiment(Rule):
    """Why a warning? Its shadow instances are billed, and the endpoint cannot have another shadow test."""

    id = "W9711"
    shortdesc = "Retained experiment keeps running after stack deletion"
    description = (
        "With DeletionPolicy or UpdateReplacePolicy Retain, the experiment keeps running after its resource is removed "
        "from the stack, until its schedule ends."
    )
    source_url = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html"
    tags = ["sagemaker", "cost"]

    def check(self, experiment: Experiment) -> Problems:
        """Yield each policy that retains a running experiment; a stopped one costs nothing."""
        if experiment.is_ending:
            return
        for name in ("DeletionPolicy", "UpdateReplacePolicy"):
            node = experiment.resource.get(name)
            if node is not None and (node.literal or "").startswith("Retain"):
                message = f"{name} {node.literal} keeps the experiment running and its shadow instances billed"
                yield problem(node, f"{message}; specify Delete, which stops the experiment first")
