import re
from collections.abc import Iterator
from typing import Any, ClassVar

from cfn_template.nodes import Node
from inference_experiment_rules._base import Problem, Rule, problem
from inference_experiment_rules.properties._forgotten_constraints import ANY_ELEMENT, Keys, forgotten_constraints
from shadow_test_policies.experiment import Experiment


class ApiConstraints(Rule):
    """CloudFormation accepts the template and the create call fails with a ValidationException."""

    id = "E9502"
    shortdesc = "SageMaker's API demands what the native schema forgets"
    description = (
        "CreateInferenceExperiment requires ShadowModeConfig, matches names and keys against their whole pattern, "
        "and takes no negative percentage. CloudFormation's schema of AWS::SageMaker::InferenceExperiment leaves "
        "this out. On the custom type the same mistakes carry cfn-lint's own ids (E3003, E3031, E3034)."
    )
    source_url = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateInferenceExperiment.html"
    tags: ClassVar[list[str]] = ["sagemaker", "schema"]

    def check(self, experiment: Experiment) -> Iterator[Problem]:
        """Yield each constraint that a known value breaks."""
        properties = experiment.at()
        if experiment.is_custom or properties is None or not properties.members:
            return
        for keys, keyword, limit in forgotten_constraints():
            if keyword == "required":
                if experiment.at(*keys) is None:
                    message = f"{keys[-1]} is missing; CreateInferenceExperiment requires it, so the create would fail"
                    yield problem(properties, message)
                continue
            for node in beneath(properties, keys):
                message = broken(node, keyword, limit)
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


def broken(node: Node, keyword: str, limit: Any) -> str:  # noqa: ANN401 - a JSON Schema value
    """Return what is wrong with a value, empty when nothing is or the value is not known."""
    text, number = node.literal, node.number
    if keyword == "pattern" and text is not None and not re.search(limit, text):
        return f"{text!r} does not match {limit}; SageMaker refuses the whole experiment for it"
    if keyword == "minimum" and number is not None and number < limit:
        return f"{text} is below {limit}, the least that SageMaker takes"
    if keyword == "minLength" and text is not None and len(text) < limit:
        return f"{text!r} is too short; SageMaker asks for at least {limit} characters"
    return ""
