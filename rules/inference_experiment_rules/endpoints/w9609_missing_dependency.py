import itertools
from collections.abc import Iterator
from typing import Final

from cfn_template.nested import SEPARATOR
from cfn_template.nodes import Node
from inference_experiment_rules._base import Problem, Problems, Rule, problem
from shadow_test_policies.endpoints import ENDPOINT, MODEL, RELATED_TYPES
from shadow_test_policies.experiment import Experiment
from shadow_test_policies.references import ROLE, exports_of, named_resource, role_behind, unresolved_of
from shadow_test_policies.resolved_values import walk

IMPORT: Final = "Fn::ImportValue"


class MissingDependency(Rule):
    """Why a warning? The deployment succeeds when what is named happens to be ready first."""

    id = "W9609"
    shortdesc = "Experiment does not depend on what it names"
    description = (
        "EndpointName, ModelName or RoleArn has the literal name of an endpoint, model or role in the same template, "
        "and the experiment does not depend on that resource; or a nested stack imports what another one exports, and "
        "does not depend on it."
    )
    source_url = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-dependson.html"
    tags = ["sagemaker", "endpoint", "dependson"]

    related_types = RELATED_TYPES | {ROLE}

    def check(self, experiment: Experiment) -> Problems:
        """Yield each name of a resource, and each import of another stack, that the experiment does not wait for."""
        view = experiment.view
        for node, target, name, attribute in _named(experiment):
            if target is None or target in view.reachable(experiment.name):
                continue
            message = f"{name} is the name of {target} in this template, but the experiment does not depend on it"
            yield problem(node, f"{message}; write !GetAtt {target}.{attribute}")
        yield from _imports(experiment)


def _named(experiment: Experiment) -> Iterator[tuple[Node, str | None, str, str]]:
    """Yield (value, the resource that it names, property, attribute) for each property that names a resource."""
    view, role = experiment.view, experiment.at("RoleArn")
    named = [(experiment.at("EndpointName"), ENDPOINT, "EndpointName")]
    named += [(variant.get("ModelName"), MODEL, "ModelName") for variant in experiment.variants or []]
    for node, kind, name in named:
        if node is not None:
            yield node, named_resource(view, node, kind), name, name
    if role is not None:
        yield role, role_behind(view, role), "RoleArn", "Arn"


def _imports(experiment: Experiment) -> Problems:
    """Yield a problem for the first import of what another stack of the template exports, at the stack to change."""
    view, scenario = experiment.view, experiment.scenario
    stack, _, _ = experiment.name.rpartition(SEPARATOR)
    exports = exports_of(view, scenario)
    around = sorted(name for name in view.reachable(experiment.name) if name.rpartition(SEPARATOR)[0] == stack)
    for name, imported in _imported(experiment, [experiment.name, *around]) if exports else ():
        exporter, _, _ = exports.get(imported, "").rpartition(SEPARATOR)
        if not exporter or f"{stack}{SEPARATOR}".startswith(exporter + SEPARATOR):
            continue
        first, waiting = _diverging(exporter, name)
        if first not in view.reachable(name) and view.exists(first, scenario):
            own, other = (each.rpartition(SEPARATOR)[2] for each in (waiting, first))
            message = f"{own} imports {imported}, which {other} exports, but does not depend on it"
            yield Problem(("Resources", waiting), f"{message}: there may be no such export yet; add DependsOn: {other}")
            return


def _imported(experiment: Experiment, names: list[str]) -> Iterator[tuple[str, str]]:
    """Yield (resource, name of the export) for each Fn::ImportValue in the properties of some resources."""
    view, scenario = experiment.view, experiment.scenario
    for name in names:
        properties = view.resource(name, scenario).get("Properties")
        for _, node in walk(properties) if properties is not None else ():
            yield from ((name, part.argument) for part in unresolved_of(node.text) if part.function == IMPORT)


def _diverging(one: str, other: str) -> tuple[str, str]:
    """Return the resources of one template that two resources, of which neither is around the other, are or are in."""
    ours, theirs = one.split(SEPARATOR), other.split(SEPARATOR)
    same = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(ours, theirs, strict=False)))
    return SEPARATOR.join(ours[: same + 1]), SEPARATOR.join(theirs[: same + 1])
