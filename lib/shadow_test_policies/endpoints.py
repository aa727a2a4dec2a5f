"""The endpoint of an experiment, its configuration and its models, if they are in the same template."""

import re
from collections.abc import Iterator
from typing import Final

from cfn_template.nodes import Node
from inference_experiment import checks
from shadow_test_policies.experiment import Experiment
from shadow_test_policies.references import named_resource

ENDPOINT: Final = "AWS::SageMaker::Endpoint"
ENDPOINT_CONFIG: Final = "AWS::SageMaker::EndpointConfig"
MODEL: Final = "AWS::SageMaker::Model"
RELATED_TYPES: Final = frozenset({ENDPOINT, ENDPOINT_CONFIG, MODEL})
# AWS publishes Marketplace packages from accounts of its own; their names carry a hash of 32 hexadecimal digits.
MARKETPLACE: Final = re.compile(r":model-package/.*-[0-9a-f]{32}$")


def endpoint_of(experiment: Experiment) -> str | None:
    """Return the logical id of the experiment's endpoint."""
    return named_resource(experiment.view, experiment.at("EndpointName"), ENDPOINT)


def same_endpoint(one: Experiment, other: Experiment) -> bool:
    """Tell whether two experiments certainly use the same endpoint."""
    ours, theirs = (each.at("EndpointName") for each in (one, other))
    if ours is None or theirs is None or ours.text is None:
        return False
    return ours.text == theirs.text or (endpoint_of(one) is not None and endpoint_of(one) == endpoint_of(other))


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
