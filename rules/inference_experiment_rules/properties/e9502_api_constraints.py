import itertools
import re
from collections.abc import Iterator
from typing import Any

from cfn_template.nodes import Node
from inference_experiment_rules._base import Problems, Rule, problem
from inference_experiment_rules.properties._missing_constraints import (
    ANY_ELEMENT,
    Constraints,
    Keys,
    all_constraints,
    integer_properties,
    missing_constraints,
)
from shadow_test_policies.experiment import Experiment

WHOLE = re.compile(r"\s*-?[0-9]+(\.0)?\s*")


class ApiConstraints(Rule):
    """CloudFormation accepts the template, and CreateInferenceExperiment fails with a ValidationException."""

    id = "E9502"
    shortdesc = "API constraint missing from the CloudFormation schema"
    description = (
        "CreateInferenceExperiment requires ShadowModeConfig, matches names and keys against anchored patterns and "
        "rejects negative percentages. CloudFormation's schema of AWS::SageMaker::InferenceExperiment does not "
        "contain these constraints. On the custom type cfn-lint's own rules report them (E3003, E3031, E3034). On both "
        "types cfn-lint accepts +5 and 1_0 for an integer, on the native type also 0.5. What a stack passes to a "
        "nested one, or gets back, is compared with all constraints."
    )
    source_url = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateInferenceExperiment.html"
    tags = ["sagemaker", "schema"]

    def check(self, experiment: Experiment) -> Problems:
        """Yield each constraint that a known value violates."""
        properties = experiment.at()
        if properties is None or not properties.members:
            return
        for node in itertools.chain.from_iterable(beneath(properties, keys) for keys in integer_properties()):
            if _is_accepted_by_core(node, experiment) and not WHOLE.fullmatch(str(node.literal)):
                yield problem(node, f"{node.literal} is not a whole number, which the API requires")
        composition = experiment.view.composition
        if composition.children:
            found = self._violations(experiment, properties, all_constraints())
            yield from (each for each in found if composition.is_passed(each.path))
        if not experiment.is_custom:
            yield from self._violations(experiment, properties, missing_constraints())

    @staticmethod
    def _violations(experiment: Experiment, properties: Node, constraints: Constraints) -> Problems:
        for keys, keyword, limit in constraints:
            if keyword == "required":
                if experiment.at(*keys) is None:
                    message = f"{keys[-1]} is missing; CreateInferenceExperiment requires it"
                    yield problem(properties, message)
                continue
            for node in beneath(properties, keys):
                message = violation(node, keyword, limit)
                if message:
                    yield problem(node, message)


def _is_accepted_by_core(node: Node, experiment: Experiment) -> bool:
    """Tell whether cfn-lint takes a value for an integer: as Python does, on the native type also a fraction."""
    try:
        float(node.literal or "") if not experiment.is_custom else int(node.literal or "")
    except ValueError:
        return False
    return True


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
    return _passed_violation(str(text), number, keyword, limit) if text is not None else ""


def _passed_violation(text: str, number: float | None, keyword: str, limit: Any) -> str:  # noqa: ANN401 - as above
    """Return the message for a constraint that cfn-lint's schema has too."""
    if keyword == "enum" and text not in limit:
        return f"'{text}' is not one of {', '.join(map(str, limit))}"
    if (keyword, limit) == ("type", "integer") and number is None:
        return f"'{text}' is not a whole number"
    size = len(text) if keyword == "maxLength" else number
    if keyword in ("maximum", "maxLength") and size is not None and size > limit:
        return f"{size:g} is more than the maximum of {limit}" + (" characters" if keyword == "maxLength" else "")
    return ""
