from inference_experiment import checks
from inference_experiment_rules._base import TYPE_REFERENCE, Problems, Rule, problem
from shadow_test_policies.experiment import Experiment


class EndingAtCreation(Rule):
    """Why informational? It is correct in the update that stops a test and wrong in the first deployment."""

    id = "I9516"
    shortdesc = "DesiredState stops an experiment that must already be running"
    description = (
        "Completed and Cancelled stop a running experiment. In the first deployment of a stack, the custom type fails "
        "before any API call and the native type ignores them. A template does not show which deployment it is for."
    )
    source_url = TYPE_REFERENCE
    tags = ["sagemaker", "state"]

    def check(self, experiment: Experiment) -> Problems:
        """Yield a problem at DesiredState Completed or Cancelled."""
        node = experiment.at("DesiredState")
        if node is None or node.literal not in checks.ENDING_STATES:
            return
        effect = "is ignored" if experiment.is_native else "fails"
        message = f"{node.literal} stops a running experiment; in the first deployment it {effect}"
        yield problem(node, f"{message}: deploy without it first, then update the stack")
