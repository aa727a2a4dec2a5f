from cfnlint.template.template import Template

from inference_experiment_rules._base import CUSTOM_RESOURCES, view_of
from inference_experiment_rules._cfnlint import ReenteringRule


class ExperimentSchema(ReenteringRule):
    """The function rejects invalid properties, so the stack operation fails and rolls back."""

    id = "E9501"
    shortdesc = "Properties of the custom experiment are invalid"
    description = (
        "Checks Custom::SageMakerInferenceExperiment against the provider's schema, in every region. Most findings "
        "have the id of the cfn-lint rule for the same mistake (E3002, E3003, E3012, E3030 ...), so suppressions "
        "written for the native type also apply here. This id is used for constraints without a cfn-lint rule."
    )
    source_url = CUSTOM_RESOURCES
    tags = ["sagemaker", "custom-resource", "schema"]

    def targets(self, cfn: Template) -> list[str]:
        """Return the experiments of this provider."""
        return [name for name in view_of(cfn).experiments if name in cfn.template["Resources"]]
