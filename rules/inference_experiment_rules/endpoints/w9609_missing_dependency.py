from inference_experiment_rules._base import Problems, Rule, problem
from shadow_test_policies.endpoints import ENDPOINT, MODEL, RELATED_TYPES
from shadow_test_policies.experiment import Experiment
from shadow_test_policies.references import named_resource


class MissingDependency(Rule):
    """Why a warning? The deployment succeeds when the endpoint or model happens to be ready first."""

    id = "W9609"
    shortdesc = "Experiment does not depend on its endpoint or model"
    description = (
        "EndpointName or ModelName is the literal name of an endpoint or model in the same template, and the "
        "experiment does not depend on that resource."
    )
    source_url = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-dependson.html"
    tags = ["sagemaker", "endpoint", "dependson"]

    related_types = RELATED_TYPES

    def check(self, experiment: Experiment) -> Problems:
        """Yield each literal name of a resource that the experiment does not depend on."""
        view = experiment.view
        named = [(experiment.at("EndpointName"), ENDPOINT, "EndpointName")]
        named += [(variant.get("ModelName"), MODEL, "ModelName") for variant in experiment.variants or []]
        for node, kind, name in named:
            target = named_resource(view, node, kind)
            if node is None or target is None or target in view.reachable(experiment.name):
                continue
            message = f"{name} is the name of {target} in this template, but the experiment does not depend on it"
            yield problem(node, f"{message}; write !GetAtt {target}.{name}")
