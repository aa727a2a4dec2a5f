from collections.abc import Iterator
from typing import ClassVar

from inference_experiment_rules._base import Problem, Rule, problem
from shadow_test_policies.endpoints import ENDPOINT, MODEL, RELATED_TYPES
from shadow_test_policies.experiment import Experiment
from shadow_test_policies.references import named_resource


class MissingDependency(Rule):
    """Why a warning? It works when the endpoint or model happens to be ready first."""

    id = "W9609"
    shortdesc = "Experiment does not wait for its endpoint or model"
    description = (
        "EndpointName or ModelName is the literal name of an endpoint or model that the same template makes, and "
        "nothing makes the experiment wait for it."
    )
    source_url = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-dependson.html"
    tags: ClassVar[list[str]] = ["sagemaker", "endpoint", "dependson"]

    related_types = RELATED_TYPES

    def check(self, experiment: Experiment) -> Iterator[Problem]:
        """Yield each literal name of something that the experiment does not wait for."""
        view = experiment.view
        named = [(experiment.at("EndpointName"), ENDPOINT, "EndpointName")]
        named += [(variant.get("ModelName"), MODEL, "ModelName") for variant in experiment.variants or []]
        for node, kind, name in named:
            target = named_resource(view, node, kind, name)
            if node is None or target is None or target in view.reachable(experiment.name):
                continue
            message = f"{name} is that of {target} in this template, but the experiment does not wait for it"
            yield problem(node, f"{message}; write !GetAtt {target}.{name}")
