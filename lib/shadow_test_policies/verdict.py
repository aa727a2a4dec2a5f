"""What is wrong with the permissions of an experiment's roles in one scenario, decided by the IAM library.

Worked out once per experiment and scenario; each 98xx rule takes the causes that it reports. A role that the template
does not make, or to which it attaches nothing, is not judged: somebody else does that.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Final

import iam_policy
from cfn_template.scenarios import Scenario, covering
from cfn_template.values import Path
from iam_policy import Outcome
from iam_policy.evaluate.decision import Step
from iam_policy.evaluate.statements import StatementElement
from shadow_test_policies.experiment import experiment_in
from shadow_test_policies.experiment_template import FUNCTION_TYPES, ExperimentTemplate
from shadow_test_policies.physical_names import PhysicalNames, open_scenario
from shadow_test_policies.policy_findings import PermissionFinding, findings_of, granted_elsewhere, lints
from shadow_test_policies.references import QUALIFIED_TYPES
from shadow_test_policies.requirements import Level, Requirement
from shadow_test_policies.role_checks import RoleCheck, part_of_function, parts_of_experiment
from shadow_test_policies.role_findings import Result, nearest_miss
from shadow_test_policies.role_policies import ROLE
from shadow_test_policies.role_report import decide_all
from shadow_test_policies.roles import POLICY_PROPERTIES
from shadow_test_policies.wording import settled_by, wording

# The function works without these; without a log nobody sees why it does not.
SPARE: Final = frozenset({"logGroup", "stack"})
MOVABLE: Final = frozenset({"experiment", "experimentRole"})
RELATED: Final = FUNCTION_TYPES | QUALIFIED_TYPES | frozenset(POLICY_PROPERTIES) | {ROLE}
MANY: Final = 4
# Of more policy resources than this only those that are attached to a role in question matter.
MAXIMUM_OTHER_POLICIES: Final = 6
WHERE: Final = {StatementElement.RESOURCE: "resource", StatementElement.CONDITION: "condition"}


@dataclass(frozen=True)
class Cause:
    """Why one requirement fails, what that is reported as, and the statement to look at."""

    name: str
    reported: str
    step: Step | None = None


def subjects_of(view: ExperimentTemplate) -> list[str]:
    """Return the experiments, and the provider functions that no experiment of the template asks."""
    if view.experiments:
        return view.experiments
    return view.provider_functions


class Judged:
    """What is wrong with the roles behind each experiment or provider function of one template, for all rules."""

    def __init__(self, view: ExperimentTemplate) -> None:
        self.view = view
        self._found: dict[str, dict[Scenario, list[PermissionFinding]]] = {}

    def of(self, name: str) -> dict[Scenario, list[PermissionFinding]]:
        """Return the judgements in each scenario."""
        if name not in self._found:
            self._found[name] = self._judge(name)
        return self._found[name]

    def _judge(self, name: str) -> dict[Scenario, list[PermissionFinding]]:
        """Judge each scenario, unless all that a judgement asked of an earlier one has the same answers in it."""
        known: list[tuple[Scenario, list[PermissionFinding]]] = []
        found = {}
        for scenario in scenarios_of(self.view, name):
            shapes = PhysicalNames(self.view, open_scenario(self.view, scenario))
            same = next((judged for earlier, judged in known if earlier.is_like(shapes.scenario)), None)
            if same is None:
                same = list(_judge(parts_in(name, shapes)))
                known.append((shapes.scenario, same))
            found[scenario] = same
        return found


def scenarios_of(view: ExperimentTemplate, name: str) -> list[Scenario]:
    """Return the scenarios in which the policies of an experiment's or function's roles may differ; of many, enough."""
    scenarios = view.scenarios({name}, related(view, name))
    return scenarios if len(scenarios) <= MANY else covering(scenarios)


def judged(view: ExperimentTemplate) -> Judged:
    """Return the judgements of a template, worked out once for all rules."""
    key = ("judged",)
    if key not in view.memo:
        view.memo[key] = Judged(view)
    known: Judged = view.memo[key]
    return known


def related(view: ExperimentTemplate, name: str) -> Collection[str]:
    """Return the resources that the permissions of the roles may depend on."""
    reached = view.reachable(name, RELATED)
    policies = view.of_type(*POLICY_PROPERTIES)
    attached = [policy for policy in policies if reached & view.references(policy)]
    # Elsewhere may be what is missing here; where that would be many resources nobody looks.
    others = [*policies, *view.of_type(ROLE)]
    return {*reached, *attached, *(others if len(others) <= MAXIMUM_OTHER_POLICIES else ())}


def parts_in(name: str, shapes: PhysicalNames) -> list[RoleCheck]:
    """Return the roles behind an experiment or provider function in one scenario."""
    if name in shapes.view.experiments:
        return parts_of_experiment(experiment_in(shapes.view, name, shapes.scenario), shapes)
    return [part_of_function(name, shapes)]


def _judge(parts: Iterable[RoleCheck]) -> Iterator[PermissionFinding]:
    for part in parts:
        yield from _judge_part(part)


def _judge_part(part: RoleCheck) -> Iterator[PermissionFinding]:
    if part.held is None:
        yield PermissionFinding("elsewhere", part.kind, part.kind, part.node.path, partial(settled_by, part))
        return
    findings = findings_of(part)
    # What IAM would answer by a document that it does not accept is of no interest to anybody.
    found = [] if any(iam_policy.refused(each) for _, each in findings) else list(_decide(part))
    yield from found
    yield from lints(part, findings, [one.path for one in found])


def _decide(part: RoleCheck) -> Iterator[PermissionFinding]:
    held = part.held
    if held is None:
        return
    wanted = [one for one in part.requirements if _is_decided(part, one)]
    undecided: list[Result] = []
    for _, group in groupby(decide_all(held.role, wanted), key=lambda one: one.requirement.subject):
        yield from _judge_subject(part, group, undecided)
    if undecided:
        worded = partial(wording, "undecided", part, undecided, None, "")
        yield PermissionFinding("undecided", part.kind, part.kind, held.origin, worded)
    if held.is_bare:
        yield PermissionFinding("bare", part.kind, part.kind, held.origin, partial(settled_by, part))


def _is_decided(part: RoleCheck, requirement: Requirement) -> bool:
    """A role without trust policy (SAM writes it) is trusted; one to which nothing is attached is not judged."""
    held = part.held
    if held is None or (requirement.service and held.trust is None):
        return False
    return bool(requirement.service) or not held.is_bare


def _judge_subject(part: RoleCheck, results: Iterable[Result], undecided: list[Result]) -> Iterator[PermissionFinding]:
    """Yield what fails for one kind of resource; what cannot be told is collected."""
    failed = [(_cause(one, part), one) for one in results if not one.decision.allowed]
    failed.sort(key=lambda one: (one[0].name, one[0].reported))
    for _, group in groupby(failed, key=lambda one: (one[0].name, one[0].reported)):
        members = list(group)
        if members[0][0].name == "undecided":
            undecided += [result for cause, result in members if cause.reported]
            continue
        yield _judgement(part, members[0][0], [result for _, result in members])


def _judgement(part: RoleCheck, cause: Cause, results: list[Result]) -> PermissionFinding:
    subject = results[0].requirement.subject
    name, path, elsewhere = cause.name, _place(part, cause), ""
    if name == "missing" and part.kind == "provider" and subject in MOVABLE:
        found = granted_elsewhere(part, results)
        if found is not None:
            name, path, elsewhere = "misplaced", found.origin, found.document.name
    reported = "misplaced" if elsewhere else cause.reported
    worded = partial(wording, name, part, results, cause.step, elsewhere)
    return PermissionFinding(reported, part.kind, subject, path, worded)


def _softened(name: str, part: RoleCheck, result: Result) -> str:
    """Return the cause that counts: what is recommended, derived or spare never is an error."""
    requirement = result.requirement
    if requirement.service or name == "undecided":
        return "" if name == "undecided" and requirement.level is Level.RECOMMENDED else name
    if part.kind == "experiment":
        return "recommended" if requirement.level is Level.RECOMMENDED else "required"
    return "spare" if requirement.subject in SPARE else name


def _cause(result: Result, part: RoleCheck) -> Cause:
    name, step = _reason(result)
    return Cause(name, _softened(name, part, result), step)


def _reason(result: Result) -> tuple[str, Step | None]:
    decision = result.decision
    if decision.outcome is Outcome.UNKNOWN:
        return "undecided", None
    if result.requirement.service:
        near = nearest_miss(decision)
        failed = _failed_at(near) if near else None
        return "source" if failed is StatementElement.CONDITION else "trust", near
    if decision.outcome is Outcome.EXPLICIT_DENY:
        return "deny", decision.deciding
    if any(step.truth and step.attached.effect == "Allow" and not step.boundary for step in decision.steps):
        return "boundary", None
    near = nearest_miss(decision)
    failed = _failed_at(near) if near else None
    # What AWS manages is not there to be mended.
    if near is None or failed not in WHERE or not near.statement.path or near.attached.document.node is None:
        return "missing", None
    return WHERE[failed], near


def _failed_at(step: Step) -> StatementElement | None:
    return next((part for part, truth in step.parts if truth is False), None)


def _place(part: RoleCheck, cause: Cause) -> Path:
    held, step = part.held, cause.step
    if held is None:
        return part.node.path
    if step is None or step.attached.document.name not in held.sources:
        return held.boundary_place if cause.name == "boundary" else held.origin
    element: Path = step.statement.path
    if cause.name == "resource" and step.statement.resources is not None:
        element = step.statement.resources.path
    if cause.name in {"condition", "source"} and step.statement.conditions:
        element = step.statement.conditions[0].path
    if cause.name == "trust" and step.statement.principals is not None:
        element = step.statement.principals.path
    return held.place(step.attached.document.name, element)
