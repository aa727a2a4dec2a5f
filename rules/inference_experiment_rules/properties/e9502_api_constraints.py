import itertools

from cfn_template.nodes import Node
from inference_experiment_rules._base import Problems, Rule, problem
from inference_experiment_rules.properties._missing_constraints import integer_properties, missing_constraints
from shadow_test_policies.experiment import Experiment
from shadow_test_policies.resolved_values import WHOLE, beneath, violation

KEYWORDS = ("pattern", "minimum", "minLength")


class ApiConstraints(Rule):
    """CloudFormation accepts the template, and CreateInferenceExperiment fails with a ValidationException."""

    id = "E9502"
    shortdesc = "API constraint missing from the CloudFormation schema"
    description = (
        "CreateInferenceExperiment requires ShadowModeConfig, matches names and keys against anchored patterns and "
        "rejects negative percentages. CloudFormation's schema of AWS::SageMaker::InferenceExperiment does not "
        "contain these constraints. On the custom type cfn-lint's own rules report them (E3003, E3031, E3034). On both "
        "types cfn-lint accepts +5 and 1_0 for an integer, on the native type also 0.5."
    )
    source_url = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateInferenceExperiment.html"
    tags = ["sagemaker", "schema"]

    def check(self, experiment: Experiment) -> Problems:
        """Yield each constraint that a known value violates."""
        properties = experiment.at()
        if properties is None or not properties.members:
            return
        for node in itertools.chain.from_iterable(beneath(properties, keys) for keys in integer_properties()):
            if is_accepted_by_core(node, experiment) and not WHOLE.fullmatch(str(node.literal)):
                yield problem(node, f"{node.literal} is not a whole number, which the API requires")
        if experiment.is_native:
            yield from self._violations(experiment, properties)

    @staticmethod
    def _violations(experiment: Experiment, properties: Node) -> Problems:
        for keys, keyword, limit, native in missing_constraints():
            if keyword == "required":
                if experiment.at(*keys) is None:
                    message = f"{keys[-1]} is missing; CreateInferenceExperiment requires it"
                    yield problem(properties, message)
                continue
            for node in beneath(properties, keys):
                message = violation(node, keyword, limit) if isinstance(node.text, str) and keyword in KEYWORDS else ""
                # cfn-lint reports a written value that violates the weaker constraint too.
                if message and not (native is not None and node.is_plain and violation(node, keyword, native)):
                    yield problem(node, message)


def is_accepted_by_core(node: Node, experiment: Experiment) -> bool:
    """Tell whether cfn-lint takes a value for an integer: as Python does, on the native type also a fraction."""
    try:
        float(node.literal or "") if experiment.is_native else int(node.literal or "")
    except ValueError:
        return False
    return True
