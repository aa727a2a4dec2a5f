from cfn_template.nodes import Node
from inference_experiment_rules._base import Problems, Rule, problem
from shadow_test_policies.endpoints import ENDPOINT, MODEL, RELATED_TYPES
from shadow_test_policies.experiment import Experiment
from shadow_test_policies.references import is_logical_id, reference_of


class NamesNotArns(Rule):
    """An ARN does not match the pattern of a name, so SageMaker rejects the experiment."""

    id = "E9601"
    shortdesc = "Reference does not return the required name"
    description = (
        "EndpointName and ModelName require names. Ref of an endpoint, an endpoint configuration or a model returns "
        "its ARN; Fn::GetAtt returns the name. The logical id of an endpoint or a model is not its name either."
    )
    source_url = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-sagemaker-endpoint.html"
    tags = ["sagemaker", "endpoint", "ref"]

    related_types = RELATED_TYPES

    def check(self, experiment: Experiment) -> Problems:
        """Yield each reference that does not return a name of the required type."""
        yield from self._wrong(experiment, experiment.at("EndpointName"), ENDPOINT, "EndpointName")
        for variant in experiment.variants or []:
            yield from self._wrong(experiment, variant.get("ModelName"), MODEL, "ModelName")

    def _wrong(self, experiment: Experiment, node: Node | None, kind: str, name: str) -> Problems:
        reference = reference_of(experiment.view, node)
        if node is not None and node.is_plain and is_logical_id(experiment.view, kind, node.text, node.scenario):
            other = f"{node.text} is a logical id, and that resource has another name"
            yield problem(node, f"{other}; write !GetAtt {node.text}.{name}")
        if node is None or reference is None or reference.type not in RELATED_TYPES:
            return
        if reference.type != kind:
            yield problem(node, f"{name} refers to {reference.name}, which is of type {reference.type}, not {kind}")
        elif reference.attribute != name:
            given = f"GetAtt {reference.name}.{reference.attribute}" if reference.attribute else f"Ref {reference.name}"
            message = f"!{given} returns an ARN, not a name; write !GetAtt {reference.name}.{name}"
            yield problem(node, message)
