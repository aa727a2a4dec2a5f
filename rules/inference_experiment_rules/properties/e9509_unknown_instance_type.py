from inference_experiment_rules import _cfnlint
from inference_experiment_rules._base import Problems, Rule, problem
from shadow_test_policies.experiment import Experiment
from shadow_test_policies.instance_types import unknown_instance_type


class UnknownInstanceType(Rule):
    """The endpoint update fails during the stack operation."""

    id = "E9509"
    shortdesc = "Unknown hosting instance type"
    description = (
        "A parameter, mapping or other function returns an instance type that SageMaker hosting does not have in any "
        "region. cfn-lint's E3642 checks literal values and skips functions on the native type; on the custom type "
        "W1030 to W1035 check them. Of instance families that are not in the price list only the form is checked."
    )
    source_url = "https://aws.amazon.com/sagemaker/ai/pricing/"
    tags = ["sagemaker", "instance-type"]

    def check(self, experiment: Experiment) -> Problems:
        """Yield each resolved function whose value is not in the list of any region."""
        for node in experiment.instance_types if experiment.is_native else []:
            name = node.literal
            if name is None or node.is_plain:
                continue
            message = unknown_instance_type(name, _cfnlint.hosting_instance_types())
            if message is not None:
                yield problem(node, message)
