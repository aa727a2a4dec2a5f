from inference_experiment import contract
from inference_experiment_rules._base import CUSTOM_RESOURCES, Problems, Rule, problem
from shadow_test_policies.experiment import CUSTOM_PREFIX, Experiment, ExperimentTemplate, is_misspelt


class MisspeltType(Rule):
    """Why a warning? The template deploys, but the properties are not checked before deployment."""

    id = "W9710"
    shortdesc = "Misspelled Custom::SageMakerInferenceExperiment"
    description = (
        "The name of a custom type is similar to Custom::SageMakerInferenceExperiment. CloudFormation accepts any name "
        "and calls the same function, but no rule checks the properties."
    )
    source_url = CUSTOM_RESOURCES
    tags = ["sagemaker", "custom-resource"]

    def targets(self, view: ExperimentTemplate) -> list[str]:
        """Return all custom resources."""
        return [name for name in view.resources if view.type_of(name).startswith(CUSTOM_PREFIX)]

    def check(self, experiment: Experiment) -> Problems:
        """Yield a problem at a type name that is similar to ours."""
        kind, node = experiment.view.type_of(experiment.name), experiment.resource.get("Type")
        if node is not None and is_misspelt(kind):
            message = f"the properties of {kind} are not checked"
            yield problem(node, f"{message}; did you mean {contract.CUSTOM_TYPE}?")
