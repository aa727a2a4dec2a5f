import re
from collections.abc import Iterator
from typing import Any

from cfn_template.nodes import Node
from inference_experiment_rules._base import Problem, Rule, problem
from inference_experiment_rules.properties._missing_constraints import ANY_ELEMENT, Keys, missing_constraints
from shadow_test_policies.experiment import Experiment


class ApiConstraints(Rule):
    """CloudFormation accepts the template, and CreateInferenceExperiment fails with a ValidationException."""

    id = "E9502"
    shortdesc = "API constraint missing from the CloudFormation schema"
    description = (
        "CreateInferenceExperiment requires ShadowModeConfig, matches names and keys against anchored patterns and "
        "rejects negative percentages. CloudFormation's schema of AWS::SageMaker::InferenceExperiment does not "
        "contain these constraints. On the custom type cfn-lint's own rules report them (E3003, E3031, E3034)."
    )
    source_url = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateInferenceExperiment.html"
    tags = ["sagemaker", "schema"]

    def check(self, experiment: Experiment) -> Iterator[Problem]:
        """Yield each constraint that a known value violates."""
        properties = experiment.at()
        if experiment.is_custom or properties is None or not properties.members:
            return
        for keys, keyword, limit in missing_constraints():
            if keyword == "required":
                if experiment.at(*keys) is None:
                    message = f"{keys[-1]} is missing; CreateInferenceExperiment requires it"
                    yield problem(properties, message)
                continue
            for node in beneath(properties, keys):
                message = violation(node, keyword, limit)
                if message:
                    yield problem(node, message)


def beneath(node: Node, keys: Keys) -> Iterator[Node]:
    """Yield the nodes at a path whose elements may be "any element of the list"."""
    if not keys:
        yield node
    elif keys[0] == ANY_ELEMENT:
        for item in node.items or []:
            yield from beneath(item, keys[1:])
    elif (member := node.get(keys[0])) is not None:
        yield from beneath(member, keys[1:])


def violation(node: Node, keyword: str, limit: Any) -> str:  # noqa: ANN401 - a JSON Schema value
    """Return the message for a known value that violates a constraint, else an empty text."""
    text, number = node.literal, node.number
    if keyword == "pattern" and text is not None and not re.search(limit, text):
        return f"'{text}' does not match the pattern {limit}, which CreateInferenceExperiment requires"
    if keyword == "minimum" and number is not None and number < limit:
        return f"{text} is less than the minimum of {limit}"
    if keyword == "minLength" and text is not None and len(text) < limit:
        return f"'{text}' is too short; write at least {limit} characters"
    return ""
