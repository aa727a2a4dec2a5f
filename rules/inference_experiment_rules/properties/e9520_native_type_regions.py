from cfn_template.scenarios import REGION
from inference_experiment import contract
from inference_experiment_rules import _cfnlint
from inference_experiment_rules._base import TYPE_REFERENCE, Problems, Rule, problem
from shadow_test_policies.experiment import Experiment


class NativeTypeRegions(Rule):
    """The stack operation fails: the resource type does not exist in the region."""

    id = "E9520"
    shortdesc = "Native type is not available in the region"
    description = (
        "AWS::SageMaker::InferenceExperiment is available in about 20 regions. The custom type works in every region "
        "with SageMaker and Lambda. cfn-lint's E3006 reports the same without an alternative."
    )
    source_url = TYPE_REFERENCE
    tags = ["sagemaker", "regions"]

    def check(self, experiment: Experiment) -> Problems:
        """Yield one problem at the type, naming the linted regions without it."""
        if not experiment.is_native:
            return
        here = experiment.scenario.parameters.get(REGION)
        linted = experiment.view.regions
        regions = [region for region in linted if region == here or not isinstance(here, str)]
        without = [region for region in regions if not _cfnlint.native_type_exists(region)]
        node = experiment.resource.get("Type")
        if without and node is not None:
            others = f" and {len(without) - 1} more regions" if len(without) > 1 else ""
            yield problem(
                node, f"{contract.NATIVE_TYPE} is not available in {without[0]}{others}; use {contract.CUSTOM_TYPE}"
            )
