"""The endpoint of an experiment, its configuration and its models, if they are in the same template."""

import re
from collections.abc import Iterator
from typing import Final

from cfn_template.nodes import Node
from cfn_template.values import SymbolicString
from inference_experiment import checks
from shadow_test_policies.experiment import Experiment, ExperimentTemplate
from shadow_test_policies.references import named_resource

ENDPOINT: Final = "AWS::SageMaker::Endpoint"
ENDPOINT_CONFIG: Final = "AWS::SageMaker::EndpointConfig"
MODEL: Final = "AWS::SageMaker::Model"
# The infrastructure of an experiment's variant -> that of an endpoint configuration's.
INFRASTRUCTURE: Final = {"InstanceType": "InstanceType", "InstanceCount": "InitialInstanceCount"}
RELATED_TYPES: Final = frozenset({ENDPOINT, ENDPOINT_CONFIG, MODEL})
# AWS publishes Marketplace packages from accounts of its own; their names carry a hash of 32 hexadecimal digits.
MARKETPLACE: Final = re.compile(r":model-package/[^:]*-[0-9a-f]{32}$")


def endpoint_of(experiment: Experiment) -> str | None:
    """Return the logical id of the experiment's endpoint."""
    return named_resource(experiment.view, experiment.at("EndpointName"), ENDPOINT)


def same_endpoint(one: Experiment, other: Experiment) -> bool:
    """Tell whether two experiments certainly use the same endpoint."""
    ours, theirs = (each.at("EndpointName") for each in (one, other))
    return ours is not None and theirs is not None and same_endpoint_name(one.view, ours, theirs)


def same_endpoint_name(view: ExperimentTemplate, one: Node, other: Node) -> bool:
    """Tell whether two values certainly name the same endpoint."""
    if one.text is None:
        return False
    ours, theirs = (named_resource(view, node, ENDPOINT) for node in (one, other))
    return one.text == other.text or (ours is not None and ours == theirs)


def certainly_differ(one: Node, other: Node) -> bool:
    """Tell whether two values, of which at most one has unresolved parts, are certainly different texts."""
    first, second = one.text, other.text
    if isinstance(first, str) and isinstance(second, SymbolicString):
        first, second = second, first
    if isinstance(first, SymbolicString):
        return isinstance(second, str) and first.filling(second) is None
    return first is not None and isinstance(second, str) and first != second


def apart(one: Experiment, other: Experiment) -> bool:
    """Tell whether one experiment ends, or may end, before the other starts."""
    return _ends_before(one, other) or _ends_before(other, one)


def _ends_before(one: Experiment, other: Experiment) -> bool:
    end, start = one.at("Schedule", "EndTime"), other.at("Schedule", "StartTime")
    if end is None or start is None:
        return False
    if end.literal is None or start.literal is None:
        return True
    ending, starting = checks.parse_time(end.literal), checks.parse_time(start.literal)
    return ending is None or starting is None or ending <= starting


def endpoint_config_of(experiment: Experiment) -> Node | None:
    """Return the properties of the configuration of the experiment's endpoint."""
    view, scenario = experiment.view, experiment.scenario
    endpoint = endpoint_of(experiment)
    if endpoint is None:
        return None
    name_node = view.resource(endpoint, scenario).at("Properties", "EndpointConfigName")
    name = named_resource(view, name_node, ENDPOINT_CONFIG)
    return view.resource(name, scenario).get("Properties") if name else None


def production_variants_of(experiment: Experiment) -> list[Node] | None:
    """Return the ProductionVariants of the endpoint's configuration, None when they are not known."""
    config = endpoint_config_of(experiment)
    listed = config.get("ProductionVariants") if config is not None else None
    return listed.items if listed is not None else None


def models_of(experiment: Experiment) -> Iterator[tuple[Node, Node]]:
    """Yield (ModelName of a variant, properties of the model) for models of this template."""
    for variant in experiment.variants or []:
        node = variant.get("ModelName")
        name = named_resource(experiment.view, node, MODEL)
        properties = experiment.view.resource(name, experiment.scenario).get("Properties") if name else None
        if node is not None and properties is not None:
            yield node, properties


def production_change(experiment: Experiment) -> tuple[Node, str] | None:
    """Return what the experiment certainly changes in the variant that serves production, and the first value of it.

    Creating an experiment changes the endpoint's variant to the model and the instances that the experiment has for it.
    """
    variant, present = experiment.variant(experiment.source), _present_production(experiment)
    if variant is None or present is None or experiment.is_ending:
        return None
    changes: list[tuple[Node, str]] = []
    model, serving = variant.get("ModelName"), present.get("ModelName")
    if model is not None and serving is not None and is_same_model(experiment.view, serving, model) is False:
        changes.append((model, f"the model {serving.text} to {model.text}"))
    for name, before_name in INFRASTRUCTURE.items():
        node, before = variant.at("InfrastructureConfig", "RealTimeInferenceConfig", name), present.get(before_name)
        if node is None or before is None or not node.literal or not before.literal:
            continue
        if node.literal != before.literal:
            changes.append((node, f"{before_name} {before.literal} to {node.literal}"))
    listed = ", ".join(text for _, text in changes)
    message = f"the test changes what serves production: {listed}; write what the endpoint configuration has"
    return (changes[0][0], message) if changes else None


def _present_production(experiment: Experiment) -> Node | None:
    """Return the endpoint's variant with the name of the experiment's production variant."""
    source = experiment.source
    for variant in production_variants_of(experiment) or []:
        name = variant.get("VariantName")
        if source is not None and name is not None and source.text and name.text == source.text:
            return variant
    return None


def is_same_model(view: ExperimentTemplate, one: Node | None, other: Node | None) -> bool | None:
    """Tell whether two values name the same model; None where that is not certain."""
    if one is None or other is None or not one.text:
        return None
    resources = [named_resource(view, node, MODEL) for node in (one, other)]
    if one.text == other.text or all(resources):
        return one.text == other.text or resources[0] == resources[1]
    return False if one.literal and other.literal and not any(resources) else None
