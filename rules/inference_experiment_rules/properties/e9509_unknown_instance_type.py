from collections.abc import Iterator
from typing import ClassVar

from inference_experiment_rules._base import Problem, Rule, problem
from inference_experiment_rules.properties._instance_types import nearest_instance_type
from shadow_test_policies.experiment import Experiment


class UnknownInstanceType(Rule):
    """The endpoint update fails after the stack operation has begun."""

    id = "E9509"
    shortdesc = "Instance type does not exist for hosting"
    description = (
        "A parameter, mapping or other function gives an instance type that SageMaker hosting has in no region. "
        "Literal values are checked by cfn-lint's E3642, which skips functions on the native type; on the custom "
        "type it does not (W1030 to W1035). Families that the price list does not have are not judged."
    )
    source_url = "https://aws.amazon.com/sagemaker/ai/pricing/"
    tags: ClassVar[list[str]] = ["sagemaker", "instance-type"]

    def check(self, experiment: Experiment) -> Iterator[Problem]:
        """Yield each known value that comes from a function and is in no region's list."""
        for node in [] if experiment.is_custom else experiment.instance_types:
            name = node.literal
            if name is None or node.is_plain:
                continue
            nearest = nearest_instance_type(name)
            if nearest is not None:
                yield problem(node, f"{name!r} is no hosting instance type; did you mean {nearest}?")
