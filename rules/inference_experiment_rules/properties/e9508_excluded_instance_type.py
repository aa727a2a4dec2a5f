from inference_experiment_rules._base import Problems, Rule, problem
from inference_experiment_rules.properties._instance_types import EXCLUDED_FAMILIES
from shadow_test_policies.experiment import Experiment


class ExcludedInstanceType(Rule):
    """SageMaker rejects the experiment during the stack operation."""

    id = "E9508"
    shortdesc = "Instance type is excluded from shadow tests"
    description = (
        "Shadow tests do not support ml.inf1 instances: creating the experiment fails with a validation error."
    )
    source_url = "https://docs.aws.amazon.com/sagemaker/latest/dg/shadow-tests-exclusions.html"
    tags = ["sagemaker", "instance-type"]

    def check(self, experiment: Experiment) -> Problems:
        """Yield each variant with an excluded instance type."""
        for node in experiment.instance_types:
            if (node.literal or "").startswith(EXCLUDED_FAMILIES):
                message = f"shadow tests do not support {node.literal}; use ml.inf2 or another instance type"
                yield problem(node, message)
