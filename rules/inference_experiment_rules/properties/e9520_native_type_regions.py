from collections.abc import Iterator
from typing import ClassVar

from cfn_template.scenarios import REGION
from inference_experiment import contract
from inference_experiment_rules import _cfnlint
from inference_experiment_rules._base import TYPE_REFERENCE, Problem, Rule, problem
from shadow_test_policies.experiment import Experiment


class NativeTypeRegions(Rule):
    """The stack fails at once: the resource type does not exist."""

    id = "E9520"
    shortdesc = "Region lacks the native type"
    description = (
        "CloudFormation has AWS::SageMaker::InferenceExperiment in about 20 regions. The custom type works "
        "wherever SageMaker and Lambda do. cfn-lint says the same with E3006, without the way out."
    )
    source_url = TYPE_REFERENCE
    tags: ClassVar[list[str]] = ["sagemaker", "regions"]

    def check(self, experiment: Experiment) -> Iterator[Problem]:
        """Yield one problem at the type, naming the linted regions that lack it."""
        if experiment.is_custom:
            return
        here = experiment.scenario.parameters.get(REGION)
        linted = experiment.view.regions
        regions = [region for region in linted if region == here or not isinstance(here, str)]
        lacking = [region for region in regions if not _cfnlint.native_type_exists(region)]
        node = experiment.resource.get("Type")
        if lacking and node is not None:
            others = f" and {len(lacking) - 1} more linted regions" if len(lacking) > 1 else ""
            yield problem(node, f"{lacking[0]}{others} has no {contract.NATIVE_TYPE}; use {contract.CUSTOM_TYPE}")
