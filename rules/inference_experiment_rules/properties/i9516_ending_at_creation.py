from collections.abc import Iterator
from typing import ClassVar

from inference_experiment import checks
from inference_experiment_rules._base import TYPE_REFERENCE, Problem, Rule, problem
from shadow_test_policies.experiment import Experiment


class EndingAtCreation(Rule):
    """Why only information? It is right for the update that ends a test and wrong for a first deployment."""

    id = "I9516"
    shortdesc = "DesiredState ends an experiment that must already run"
    description = (
        "Completed and Cancelled stop a running experiment. In a stack's first deployment the custom type fails "
        "before any call and the native type ignores them; a template does not say which deployment it is for."
    )
    source_url = TYPE_REFERENCE
    tags: ClassVar[list[str]] = ["sagemaker", "state"]

    def check(self, experiment: Experiment) -> Iterator[Problem]:
        """Yield a problem at an ending DesiredState."""
        node = experiment.at("DesiredState")
        if node is None or node.literal not in checks.ENDING_STATES:
            return
        effect = "fails" if experiment.is_custom else "is ignored"
        message = f"{node.literal} stops a running experiment; in a first deployment it {effect}"
        yield problem(node, f"{message}: deploy without it first, then update the stack with it")
