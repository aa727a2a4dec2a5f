import difflib
from collections.abc import Iterator
from typing import ClassVar

from inference_experiment import contract
from inference_experiment_rules._base import CUSTOM_RESOURCES, Problem, Rule, problem
from shadow_test_policies.experiment import Experiment
from shadow_test_policies.experiment_template import ALIKE, CUSTOM_PREFIX, ExperimentTemplate


class MisspeltType(Rule):
    """Why a warning? It deploys; only its mistakes are not found before."""

    id = "W9710"
    shortdesc = "Type is nearly Custom::SageMakerInferenceExperiment"
    description = (
        "A custom type whose name is nearly ours. CloudFormation takes any name and calls the same function, but "
        "no rule looks at the properties."
    )
    source_url = CUSTOM_RESOURCES
    tags: ClassVar[list[str]] = ["sagemaker", "custom-resource"]

    def targets(self, view: ExperimentTemplate) -> list[str]:
        """Return the custom resources that are not ours."""
        return [name for name in view.resources if view.type_of(name).startswith(CUSTOM_PREFIX)]

    def check(self, experiment: Experiment) -> Iterator[Problem]:
        """Yield a problem at a type that is one slip away from ours."""
        kind, node = experiment.view.type_of(experiment.name), experiment.resource.get("Type")
        if node is None or kind == contract.CUSTOM_TYPE:
            return
        if difflib.SequenceMatcher(None, kind.lower(), contract.CUSTOM_TYPE.lower()).ratio() > ALIKE:
            message = f"did you mean {contract.CUSTOM_TYPE}?"
            yield problem(node, f"{message} {kind} is called the same way, but its properties are not checked")
