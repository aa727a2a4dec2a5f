"""The roles behind an experiment: that of the function behind ServiceToken, and that behind RoleArn."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import iam_policy
from cfn_template.nodes import Node
from iam_policy.match.arns import split
from inference_experiment import contract
from shadow_test_policies.deployment import Deployment
from shadow_test_policies.endpoints import MODEL
from shadow_test_policies.experiment import Experiment
from shadow_test_policies.physical_names import PhysicalNames
from shadow_test_policies.references import holes_of, lambda_function_of
from shadow_test_policies.requirements import (
    Requirement,
    experiment_requirements,
    provider_requirements,
    trust_requirement,
)
from shadow_test_policies.role_policies import ROLE, TemplateRole, role_of_resource
from shadow_test_policies.sam_roles import role_of_function
from shadow_test_policies.template_deployment import (
    PLACES,
    bare,
    known_by_role,
    of_experiment,
    of_function,
    place_of,
    role_arn,
)

SAM_FUNCTION: Final = "AWS::Serverless::Function"
MEASURING: Final = frozenset(one.action for one in contract.permissions_of("GetMetricData"))
# What the containers of the models need, not the experiment.
MODELS_OWN: Final = frozenset({"any", "artifact", "endpointLogs", "repository"})
Builder: TypeAlias = Callable[[PhysicalNames], TemplateRole | None]


@dataclass(frozen=True)
class RoleCheck:
    """One role in its part: `held` is None when it is not of this template. `kind` is provider or experiment."""

    kind: str
    held: TemplateRole | None
    requirements: tuple[Requirement, ...]
    deployment: Deployment
    shapes: PhysicalNames
    node: Node


def parts_of_experiment(experiment: Experiment, shapes: PhysicalNames) -> list[RoleCheck]:
    """Return the roles of one experiment."""
    shapes = replace(shapes, known=known_by_role(role_arn(experiment, shapes)))
    node = experiment.at("RoleArn")
    parts = []
    if node is not None:
        name = _role_behind(node, shapes)
        shapes_then, held = _settled(shapes, lambda used: role_of_resource(name, used) if name else None)
        deployment = of_experiment(experiment, shapes_then, with_tags=False)
        models = MODELS_OWN if not _runs_models(experiment, node) else frozenset()
        needed = tuple(one for one in experiment_requirements(deployment) if one.subject not in models)
        parts.append(RoleCheck("experiment", held, needed, deployment, shapes_then, node))
    token = experiment.at("ServiceToken")
    function = lambda_function_of(experiment.view, token) if experiment.is_custom else None
    if function is not None and token is not None:
        parts.append(_provider(function, shapes, experiment))
    return parts


def _runs_models(experiment: Experiment, role: Node) -> bool:
    """Tell whether models of the template run as the role of the experiment."""
    view = experiment.view
    models = (
        view.resource(name, experiment.scenario).at("Properties", "ExecutionRoleArn") for name in view.of_type(MODEL)
    )
    return any(model is not None and model.text is not None and model.text == role.text for model in models)


def part_of_function(function: str, shapes: PhysicalNames) -> RoleCheck:
    """Return the role of a provider function, with experiments and their roles open."""
    return _provider(function, shapes, None)


def _provider(function: str, shapes: PhysicalNames, experiment: Experiment | None) -> RoleCheck:
    shapes, held = _settled(shapes, lambda used: _role_of(function, used))
    told = of_function(function, shapes)
    base = of_experiment(experiment, shapes, with_tags=True) if experiment else bare(shapes)
    deployment = replace(base, **told)
    optional = set() if _is_measured(experiment) else MEASURING
    missing = {
        subject for subject, key in (("queue", "queue"), ("deadLetterQueue", "dead_letter_queue")) if key not in told
    }
    needed = [
        one for one in provider_requirements(deployment) if one.subject not in missing and one.action not in optional
    ]
    needed.append(trust_requirement("lambda.amazonaws.com", deployment))
    node = shapes.view.resource(function, shapes.scenario)
    return RoleCheck("provider", held, tuple(needed), deployment, shapes, node)


def _is_measured(experiment: Experiment | None) -> bool:
    """Tell whether a promotion of the experiment depends on metrics."""
    return experiment is not None and experiment.at("PromotionCriteria") is not None


def _role_of(function: str, shapes: PhysicalNames) -> TemplateRole | None:
    node = shapes.view.resource(function, shapes.scenario).at("Properties", "Role")
    if node is None:
        return role_of_function(function, shapes) if shapes.view.type_of(function) == SAM_FUNCTION else None
    name = _role_behind(node, shapes)
    return role_of_resource(name, shapes) if name else None


def _role_behind(node: Node, shapes: PhysicalNames) -> str | None:
    """Return the role of the template that an ARN stands for: by reference, or by its literal name."""
    view = shapes.view
    found = [hole.argument.partition(".")[0] for hole in holes_of(node.text)]
    for name in found:
        if view.type_of(name) == ROLE:
            return name if view.exists(name, shapes.scenario) else None
    last = str(node.text or "").rpartition("/")[2]
    for name in view.of_type(ROLE):
        given = view.resource(name, shapes.scenario).at("Properties", "RoleName")
        if last and given is not None and given.literal == last and view.exists(name, shapes.scenario):
            return name
    return None


def _settled(shapes: PhysicalNames, build: Builder) -> tuple[PhysicalNames, TemplateRole | None]:
    """Build a role, then again with the partition, region and account that its own policies agree on."""
    held = build(shapes)
    if held is None:
        return shapes, None
    place = bare(shapes)
    partitions = set(_partitions(held.identity))
    if len(partitions) == 1 and "AWS::Partition" not in shapes.known:
        place = replace(place, partition=partitions.pop())
    agreed = iam_policy.assumed(place, [_of_service(document) for document in held.identity])
    before = place_of(shapes)
    told = {PLACES[name]: getattr(agreed, name) for name in PLACES if getattr(agreed, name) != before[name]}
    if not told:
        return shapes, held
    shapes = replace(shapes, known={**shapes.known, **told})
    return shapes, build(shapes)


def _partitions(documents: Iterable[iam_policy.Document]) -> Iterator[str]:
    """Yield the partitions that the ARNs of documents write out."""
    for document in documents:
        for statement in document.statements:
            for item in statement.resources.items if statement.resources else ():
                parts = split(item.text) if not isinstance(item.text, iam_policy.Unknown) else None
                if parts and len(parts) > 1 and isinstance(parts[1], str) and not set(parts[1]) & set("*?$"):
                    yield parts[1]


def _of_service(document: iam_policy.Document) -> iam_policy.Document:
    """Return a document without statements on other services, whose resources may well be in other accounts."""
    statements = tuple(
        statement
        for statement in document.statements
        if statement.actions is not None
        and all(str(item.text).lower().startswith(("sagemaker:", "iam:passrole")) for item in statement.actions.items)
    )
    return replace(document, statements=statements)
