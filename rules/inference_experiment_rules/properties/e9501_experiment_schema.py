from collections.abc import Collection

from cfnlint.template.template import Template

from inference_experiment_rules._base import CUSTOM_RESOURCES, view_of
from inference_experiment_rules._cfnlint import ReenteringRule, register_types
from shadow_test_policies.registry_type import registry_types


class ExperimentSchema(ReenteringRule):
    """The function rejects invalid properties, so the stack operation fails and rolls back."""

    id = "E9501"
    shortdesc = "Properties of the custom experiment are invalid"
    description = (
        "Checks Custom::SageMakerInferenceExperiment and the registry type ShadowTests::SageMaker::InferenceExperiment "
        "against the provider's schema, in every region. Most findings have the id of the cfn-lint rule for the same "
        "mistake (E3002, E3003, E3012, E3030 ...), so suppressions written for the native type also apply here. This "
        "id is used for constraints without a cfn-lint rule. With registry_types the registry type has other names too."
    )
    source_url = CUSTOM_RESOURCES
    tags = ["sagemaker", "custom-resource", "schema"]
    given: Collection[str] = ()
    """Names of the registry type beside the configured ones: those of the option --registry-type."""

    def __init__(self) -> None:
        super().__init__()
        self.config_definition = {"registry_types": {"default": [], "type": "list", "itemtype": "string"}}
        self.configure()

    def initialize(self, cfn: Template) -> None:
        """Build the view of the template for all rules, before any of them runs."""
        register_types(self.registry_types)
        view_of(cfn, self.registry_types)
        super().initialize(cfn)

    @property
    def registry_types(self) -> frozenset[str]:
        """The names of the registry type."""
        return registry_types([*self.config["registry_types"], *self.given])

    def targets(self, cfn: Template) -> list[str]:
        """Return the experiments of this provider."""
        return [name for name in view_of(cfn).experiments if name in cfn.template["Resources"]]
