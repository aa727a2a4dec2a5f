from collections.abc import Iterator
from typing import ClassVar

from inference_experiment import contract
from inference_experiment_rules import _cfnlint
from inference_experiment_rules._base import TYPE_REFERENCE, Problem, Rule, problem
from shadow_test_policies.experiment import Experiment


class ReadOnlyProperties(Rule):
    """CloudFormation or the provider refuses the template after the stack operation has begun."""

    id = "E9507"
    shortdesc = "Property is set by SageMaker only"
    description = (
        "Arn, Status, the times and EndpointMetadata are results of an experiment. cfn-lint's own rule about "
        "read-only properties (E3040) never fires."
    )
    source_url = TYPE_REFERENCE
    tags: ClassVar[list[str]] = ["sagemaker", "schema"]

    def check(self, experiment: Experiment) -> Iterator[Problem]:
        """Yield each read-only property that is there."""
        for name in sorted(contract.read_only()):
            node = experiment.at(name)
            if node is not None and (experiment.is_custom or name in _cfnlint.native_schema()["properties"]):
                instead = "write DesiredState instead" if name == "Status" else "read it with !GetAtt"
                yield problem(node, f"{name} is set by SageMaker only: remove it and {instead}; the operation fails")
