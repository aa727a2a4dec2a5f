"""The roles behind an experiment: that of the function behind ServiceToken, and that behind RoleArn."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

import iam_policy
from cfn_template.nodes import Node
from cfn_template.values import unresolved
from iam_policy.match.arns import split
from inference_experiment import contract
from shadow_test_policies.endpoints import MODEL
from shadow_test_policies.experiment import Experiment, experiment_in
from shadow_test_policies.located_documents import LocatedDocument, Location, text_at
from shadow_test_policies.physical_names import PhysicalNames
from shadow_test_policies.references import role_behind
from shadow_test_policies.requirements import (
    NAMED_RESOURCES,
    Deployment,
    Level,
    Requirement,
    experiment_requirements,
    principal_context,
    provider_requirements,
    trust_requirement,
)
from shadow_test_policies.resource_policies import ResourcePolicy, provider_policies, resource_policies
from shadow_test_policies.role_policies import LocatedRole, role_of_function, role_of_resource
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
MEASURING: Final = frozenset(permission.action for permission in contract.permissions_of("GetMetricData"))
# Called for experiments without Name only, or while a stack takes a Name back.
LISTING: Final = frozenset(permission.action for permission in contract.permissions_of("ListInferenceExperiments"))
# Needed by the models' containers, not by the experiment.
MODELS_OWN: Final = frozenset({"any", "artifact", "endpointLogs", "repository"})
OPTIONAL_SUBJECTS: Final = ("queue", "deadLetterQueue")
Builder: TypeAlias = Callable[[PhysicalNames], LocatedRole | None]


@dataclass(frozen=True)
class RoleCheck:
    """One role and what it requires. `kind` is provider, experiment or deployer."""

    kind: str
    role: LocatedRole | None  # None when it is not part of the template
    requirements: tuple[Requirement, ...]
    deployment: Deployment
    origin: Location = field(default_factory=Location)  # of the value that names the role
    names: PhysicalNames | None = None  # None for a role that is not part of a template
    is_whole: bool = True  # all inline policies of the role are known
    resource_policies: Mapping[str, ResourcePolicy] = field(default_factory=dict)  # by subject
    principal: iam_policy.Text | None = None  # the ARN of the role or user

    @property
    def role_name(self) -> str:
        """The role's name in messages."""
        return self.role.name if self.role else f"the role of the {self.kind}"

    @property
    def known_role(self) -> iam_policy.Role:
        """The role for the IAM library; policies that are not in the template are unknown."""
        if self.role is not None and not self.role.is_bare:
            return self.role.role
        missing = iam_policy.Unknown(f"the policies of {self.role_name} are not in the template", "a dump of the role")
        trust = self.role.trust.document if self.role and self.role.trust else None
        return iam_policy.Role(self.role_name, iam_policy.Policies(unknown=(missing,)), trust)

    @property
    def given_resource_policies(self) -> list[LocatedDocument]:
        """The policies of buckets and keys that are not part of a template, each once."""
        sources = {id(each.source): each.source for each in self.resource_policies.values()}
        return [source for source in sources.values() if source.paths is None]

    @property
    def decidable(self) -> tuple[Requirement, ...]:
        """The requirements without trust where there is no trust policy: SAM writes it."""
        trust = self.role.trust if self.role else None
        required = (each for each in self.requirements if not each.service or trust is not None)
        return tuple(each if each.service or self.principal is None else self._of_principal(each) for each in required)

    def _of_principal(self, requirement: Requirement) -> Requirement:
        return replace(requirement, context={**requirement.context, **principal_context(self.principal)})


def role_checks(name: str, names: PhysicalNames) -> list[RoleCheck]:
    """Return the roles behind an experiment or provider function in one scenario."""
    if name in names.view.experiments:
        return _of_experiment(experiment_in(names.view, name, names.scenario), names)
    return [_provider(name, names, None)]


def role_in_place(names: PhysicalNames, build: Builder) -> tuple[LocatedRole | None, PhysicalNames]:
    """Build a role, then again with the partition, region and account that its policies have in common."""
    role = build(names)
    if role is None:
        return None, names
    place = bare(names)
    partitions = set(_partitions(role.identity))
    if len(partitions) == 1 and not isinstance(place.partition, str):
        place = replace(place, partition=partitions.pop())
    agreed = iam_policy.assumed(place, [_of_service(document) for document in role.identity])
    before = place_of(names)
    literals = {PLACES[name]: getattr(agreed, name) for name in PLACES if getattr(agreed, name) != before[name]}
    if not literals:
        return role, names
    names = replace(names, known={**names.known, **literals})
    return build(names), names


def _of_experiment(experiment: Experiment, names: PhysicalNames) -> list[RoleCheck]:
    names = replace(names, known={**known_by_role(role_arn(experiment, names)), **names.known})
    node = experiment.at("RoleArn")
    checks = []
    if node is not None:
        name = role_behind(names.view, node)
        role, placed = role_in_place(names, lambda used: role_of_resource(name, used) if name else None)
        deployment = of_experiment(experiment, placed, with_tags=False)
        models = MODELS_OWN if not _runs_models(experiment, node) else frozenset()
        required = tuple(each for each in experiment_requirements(deployment) if each.subject not in models)
        others = resource_policies(experiment, placed)
        location = Location(node.path)
        arn = deployment.experiment_role
        checks.append(
            RoleCheck(
                "experiment", role, required, deployment, location, placed, resource_policies=others, principal=arn
            )
        )
    token = experiment.at("ServiceToken")
    function = experiment.view.provider_of(token) if experiment.is_custom else None
    if function is not None and token is not None:
        checks.append(_provider(function, names, experiment))
    return checks


def _runs_models(experiment: Experiment, role: Node) -> bool:
    """Tell whether models of the template run as the role of the experiment."""
    view = experiment.view
    models = (
        view.resource(name, experiment.scenario).at("Properties", "ExecutionRoleArn") for name in view.of_type(MODEL)
    )
    return any(model is not None and model.text is not None and model.text == role.text for model in models)


def _provider(function: str, names: PhysicalNames, experiment: Experiment | None) -> RoleCheck:
    role, names = role_in_place(names, lambda used: _role_of(function, used))
    resources = of_function(function, names)
    base = of_experiment(experiment, names, with_tags=True) if experiment else bare(names)
    deployment = replace(base, **resources)
    # A promotion may depend on metrics.
    measured = experiment is not None and experiment.at("PromotionCriteria") is not None
    optional = set() if measured else MEASURING
    absent = {subject for subject in OPTIONAL_SUBJECTS if NAMED_RESOURCES[subject] not in resources}
    required = [
        each for each in provider_requirements(deployment) if each.subject not in absent and each.action not in optional
    ]
    if experiment is not None and experiment.at("Name") is not None:
        required = [replace(each, level=Level.RECOMMENDED) if each.action in LISTING else each for each in required]
    required.append(trust_requirement("lambda.amazonaws.com", deployment))
    node = names.view.resource(function, names.scenario)
    arn = text_at(node.at("Properties", "Role"), names) or names.text(unresolved("Fn::GetAtt", f"{function}Role.Arn"))
    check = RoleCheck("provider", role, tuple(required), deployment, Location(node.path), names)
    return replace(check, resource_policies=provider_policies(function, experiment, names), principal=arn)


def _role_of(function: str, names: PhysicalNames) -> LocatedRole | None:
    node = names.view.resource(function, names.scenario).at("Properties", "Role")
    if node is None:
        return role_of_function(function, names) if names.view.type_of(function) == SAM_FUNCTION else None
    name = role_behind(names.view, node)
    return role_of_resource(name, names) if name else None


def _partitions(documents: Iterable[iam_policy.Document]) -> Iterator[str]:
    """Yield the literal partitions in the ARNs of documents."""
    for document in documents:
        for statement in document.statements:
            for one in statement.resources.texts if statement.resources else ():
                parts = split(one)
                if parts and len(parts) > 1 and isinstance(parts[1], str) and not set(parts[1]) & set("*?$"):
                    yield parts[1]


def _of_service(document: iam_policy.Document) -> iam_policy.Document:
    """Return a document without statements on other services, whose resources may be in other accounts."""
    statements = tuple(
        statement
        for statement in document.statements
        if statement.actions is not None
        and all(str(item.text).lower().startswith(("sagemaker:", "iam:passrole")) for item in statement.actions.items)
    )
    return replace(document, statements=statements)
