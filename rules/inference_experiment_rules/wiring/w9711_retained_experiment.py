from collections.abc import Iterator
from typing import ClassVar

from inference_experiment_rules._base import Problem, Rule, problem
from shadow_test_policies.experiment import Experiment


class RetainedExperiment(Rule):
    """Why a warning? Its shadow instances are billed and the endpoint takes no other test."""

    id = "W9711"
    shortdesc = "Experiment stays when its resource goes"
    description = (
        "DeletionPolicy or UpdateReplacePolicy Retain leaves the experiment running after the resource is gone "
        "from the stack, until its schedule ends."
    )
    source_url = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html"
    tags: ClassVar[list[str]] = ["sagemaker", "cost"]

    def check(self, experiment: Experiment) -> Iterator[Problem]:
        """Yield each policy that leaves a test behind; an ended test costs nothing."""
        if experiment.is_ending:
            return
        for name in ("DeletionPolicy", "UpdateReplacePolicy"):
            node = experiment.resource.get(name)
            if node is not None and (node.literal or "").startswith("Retain"):
                message = f"{name} {node.literal} leaves a running test and its billed shadow instances behind"
                yield problem(node, f"{message}; write Delete, which stops the test first")
