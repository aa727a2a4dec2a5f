"""The analysis of a role: missing permissions with their cause, and problems of its policies.

The one classification for the 98xx rules and for `policy check`, whether the role comes from a template, from a dump
or from policy documents. The severity of a kind is in `iam_policy.KINDS`, the messages are in `wording`.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any, Final, TypeAlias

import iam_policy
from cfn_template.scenarios import shorten
from iam_policy import KINDS, DocumentKind, Finding, Outcome, Position, Severity
from iam_policy.escalation import escalations
from iam_policy.evaluate.decision import BOUNDARY, Step
from iam_policy.evaluate.statements import StatementElement
from iam_policy.findings import MAXIMUM_MESSAGE
from shadow_test_policies import wording
from shadow_test_policies.decisions import (
    Result,
    actions_beyond,
    decide_all,
    excess_of,
    failed_condition,
    failed_element,
    misspelt_actions,
    nearest_miss,
    pinned,
    pinned_condition,
)
from shadow_test_policies.generated_names import with_ordinary_names
from shadow_test_policies.located_documents import LocatedDocument, Location
from shadow_test_policies.references import ROLE
from shadow_test_policies.requirements import (
    Level,
    Requirement,
    customary,
    experiment_requirements,
    provider_requirements,
)
from shadow_test_policies.resource_policies import KEYS, ResourcePolicy, lacks_foreign_policy, with_resource_policies
from shadow_test_policies.role_checks import RoleCheck
from shadow_test_policies.role_policies import POLICY_PROPERTIES, is_attached, policy_resource, role_of_resource

# A document with the findings of linting it.
Linted: TypeAlias = tuple[LocatedDocument, tuple[iam_policy.Finding, ...]]
Linter: TypeAlias = Callable[[iam_policy.Document, iam_policy.Place], tuple[Finding, ...]]
INLINE_LIMIT: Final = 10240
# The function works without these; without a log its failures cannot be explained.
AUXILIARY: Final = frozenset({"logGroup", "stack"})
# One statement or limit decides about every kind of resource; a message may not have room for all permissions.
TOGETHER: Final = frozenset({"undecided", "explicit-deny", "limit-denies"})
# What is missing on one role may be attached to another by mistake.
MOVABLE: Final = frozenset({"missing-permission", "missing-auxiliary-permission"})
# The element of a statement that failed -> the kind of finding.
NEAR_MISSES: Final = {
    StatementElement.RESOURCE: "resource-never-matches",
    StatementElement.CONDITION: "condition-never-true",
}
# Mistakes in a condition that make it never true.
OF_CONDITIONS: Final = frozenset(
    {"invalid-condition-value", "needs-set-operator", "operator-type", "unknown-condition-key", "wildcard-without-like"}
)
# Reported more precisely by decisions, where the statement is relevant.
DECIDED: Final = frozenset(
    {"resource-mismatch", "resource-needs-star", "other-account", "other-region", "other-partition"}
)
# Refused by IAM, and unknown to cfn-lint's own rules, which otherwise report documents in CloudFormation's resources.
NOT_BY_CORE: Final = frozenset({"invalid-date", "too-long", "trust-action"})
# Access Analyzer's checks of the invalid principals that it does know: none for AWS: of no account, user or role.
PRINCIPALS_BY_CORE: Final = frozenset({"", "Invalid principal format"})
# Decisions report it as the cause of a missing permission.
_NOT_CARRIED: Final = "condition-key-not-carried"
# These may be broad: limits grant nothing, and the default policy of a key allows its account all of KMS.
MAY_BE_BROAD: Final = frozenset({DocumentKind.BOUNDARY, DocumentKind.SCP, DocumentKind.SESSION, DocumentKind.RESOURCE})
BROAD: Final = frozenset({"allow-not-action", "allow-not-resource", "broad-action"})
GRANTS: Final = BROAD | {
    *("pass-role-any-role", "pass-role-any-service", "pass-role-broadly", "pass-role-without-service"),
    "service-linked-roles",
}


@dataclass(frozen=True)
class PermissionFinding:
    """A problem of a role: its kind, its location, and the statement that would fix it."""

    kind: str
    role_kind: str
    role: str
    subject: str
    location: Location
    # Most findings are not reported, or are the same in all scenarios, so messages are generated when reporting.
    word: Callable[[int], str] = field(compare=False, repr=False)
    actions: tuple[str, ...] = ()
    suggest: Callable[[], Mapping[str, Any] | None] = field(default=lambda: None, compare=False, repr=False)
    by_core: bool = False  # cfn-lint reports it itself
    analyzer_check: str = ""  # the title of Access Analyzer's check for it

    @property
    def severity(self) -> Severity:
        """The severity of the kind."""
        return KINDS[self.kind].severity

    @cached_property
    def message(self) -> str:
        """The problem and how to fix it."""
        return self.word(MAXIMUM_MESSAGE)

    @cached_property
    def statement(self) -> Mapping[str, Any] | None:
        """The statement to add, with pseudo parameters where it goes into a template."""
        return self.suggest()

    def as_finding(self, document: str, position: Position) -> Finding:
        """Return the finding for a report on policy documents, at its place in a file."""
        return Finding(
            *(self.kind, self.message, self.location.path, position, document),
            addition=self.statement,
            permissions=self.actions if self.kind in TOGETHER else (),
            analyzer_check=self.analyzer_check,
        )

    def as_template_finding(self, template: str, position: Position, message: str) -> Finding:
        """Return the finding for a report on a template, with the severity of the rule that reports it."""
        return replace(self.as_finding(template, position), message=message, level=self.severity)


@dataclass(frozen=True, eq=False)
class RoleReport:
    """The result for one role: decisions, findings, and whether IAM rejects one of the documents."""

    check: RoleCheck
    results: tuple[Result, ...]
    findings: tuple[PermissionFinding, ...]
    refused: bool = False

    @property
    def outcome(self) -> Outcome:
        """ALLOWED if all required actions are, IMPLICIT_DENY if one is not (or a document is rejected), or UNKNOWN."""
        if self.check.role is None:
            return Outcome.UNKNOWN
        required = (result for result in self.results if result.requirement.level is Level.REQUIRED)
        outcomes = {result.decision.outcome for result in required}
        if self.refused or outcomes & {Outcome.EXPLICIT_DENY, Outcome.IMPLICIT_DENY}:
            return Outcome.IMPLICIT_DENY
        return Outcome.UNKNOWN if Outcome.UNKNOWN in outcomes else Outcome.ALLOWED


@dataclass(frozen=True)
class Cause:
    """Why one requirement fails, the kind of finding (none if it is not reported), and the statement to report."""

    reason: str
    kind: str
    step: Step | None = None
    misspelt: str = ""  # the entry that should have granted it
    location: Location | None = None  # of that entry


def analyze(check: RoleCheck, lint: Linter = iam_policy.lint_policy) -> RoleReport:
    """Decide the requirements of a role and lint its documents, by `lint` if several roles have the same ones."""
    role = check.role
    if role is None:
        return RoleReport(check, (), (_finding("undecided", check, check.kind, check.origin, wording.not_here),))
    sources = [*role.documents, *check.given_resource_policies]
    advised = replace(check.deployment, passed_to=_passed_to(check.requirements))
    linted = [(source, lint(source.document, advised)) for source in sources]
    refusals = {finding.kind for _, findings in linted for finding in iam_policy.refused(findings)}
    refused = bool(refusals)
    # Decisions of a rejected document do not matter, unless it says nothing that could be misread.
    decidable = (
        () if refusals - {"no-statement"} else [each for each in check.decidable if each.service or not role.is_bare]
    )
    own, place = tuple(with_ordinary_names(decide_all(role.role, decidable))), check.deployment
    both = list(with_resource_policies(own, check.resource_policies, check.principal, place.account))
    results = tuple(result for result, _ in both)
    granted = {id(after) for before, after in zip(own, results, strict=True) if before.decision.allowed}
    foreign = [
        each
        for each in results
        if id(each) in granted and lacks_foreign_policy(each, check.resource_policies, place.account)
    ]
    found = [
        *_decision_findings(check, [each for each, policy in both if policy is None and each not in foreign]),
        *_denied(check, both),
        *_key_policies(check, results, foreign),
    ]
    decided = sorted(found, key=lambda finding: list(KINDS).index(finding.kind))
    if role.is_bare and not refused:
        decided.append(_finding("undecided", check, check.kind, role.origin, wording.not_here))
    decided = [replace(each, analyzer_check=_said_check(each, linted)) for each in decided]
    return RoleReport(check, results, (*_document_findings(check, linted, decided), *decided), refused)


def _passed_to(requirements: Iterable[Requirement]) -> str:
    """Return the service that the role has to pass a role to, empty if it passes none."""
    services = (each.context.get("iam:PassedToService") for each in requirements)
    return next((service for service in services if isinstance(service, str)), "")


def _finding(
    kind: str,
    check: RoleCheck,
    subject: str,
    location: Location,
    word: Callable[..., str],
    results: tuple[Result, ...] = (),
    *,
    by_core: bool = False,
) -> PermissionFinding:
    actions = tuple(dict.fromkeys(result.requirement.action for result in results))
    suggests = bool(results) and kind not in {
        "explicit-deny",
        "undecided",
        "misplaced-policy",
        "key-policy-not-given",
        "limit-denies",
        "source-names-one-resource",
    }
    suggest = partial(wording.statement_for, results, check, _owner(location)) if suggests else (lambda: None)
    return PermissionFinding(
        kind, check.kind, check.role_name, subject, location, partial(word, check), actions, suggest, by_core
    )


def _decision_findings(check: RoleCheck, results: Iterable[Result]) -> Iterator[PermissionFinding]:
    """Yield one finding for each cause and kind of resource."""
    entries, results = _misspelt(check), list(results)
    needed = _needed(results)
    failed = [(_cause(result, check, entries, needed), result) for result in results if not result.decision.allowed]
    failed.sort(key=lambda entry: (entry[1].requirement.subject, entry[0].reason, entry[0].kind, entry[0].misspelt))
    decided = [entry for entry in failed if entry[0].kind not in {"undecided", ""}]
    misplaced: dict[Location, tuple[LocatedDocument, list[Result]]] = {}
    groups: dict[tuple[str, ...], list[tuple[Cause, Result]]] = {}
    for cause, result in decided:
        key = (_origin(cause, result), cause.reason, cause.kind, cause.misspelt)
        groups.setdefault(key, []).append((cause, result))
    for members in groups.values():
        cause, results = members[0][0], [result for _, result in members]
        elsewhere = _granted_elsewhere(check, results) if cause.kind in MOVABLE else None
        if elsewhere is None:
            yield _of_cause(check, cause, tuple(results))
        else:
            misplaced.setdefault(Location(elsewhere.origin), (elsewhere, []))[1].extend(results)
    for location, (source, found) in misplaced.items():
        word = partial(wording.misplaced, found, source.document.name)
        yield _finding("misplaced-policy", check, source.document.name, location, word, tuple(found))
    yield from _undecided(check, [result for cause, result in failed if cause.kind == "undecided"])


def _undecided(check: RoleCheck, results: Iterable[Result]) -> Iterator[PermissionFinding]:
    """Yield one finding for each cause, which is what would settle the first statement that is not decided."""
    causes: dict[tuple[str, ...], list[Result]] = {}
    for result in results:
        causes.setdefault(iam_policy.settles(result.decision)[:1], []).append(result)
    for cause, listed in causes.items():
        if check.role is not None:
            word = partial(wording.undecided, listed)
            yield _finding("undecided", check, "".join(cause) or check.kind, check.role.origin, word, tuple(listed))


def _origin(cause: Cause, result: Result) -> str:
    """Return what decides: the statement or limit that takes permissions away, else the kind of resource."""
    if cause.reason == "explicit-deny" and cause.step is not None:
        return f"{cause.step.limit} {cause.step.attached.document.name} {cause.step.statement.index}"
    if cause.reason == "limit-denies":
        return result.decision.exceeded
    return result.requirement.subject


def _denied(check: RoleCheck, results: Iterable[tuple[Result, ResourcePolicy | None]]) -> Iterator[PermissionFinding]:
    """Yield one finding for each policy of a bucket or key that denies what the role's own policies allow."""
    denied: dict[str, list[Result]] = {}
    policies = {policy.resource: policy for _, policy in results if policy is not None}
    for result, policy in results:
        if policy is not None and result.requirement.level is Level.REQUIRED:
            denied.setdefault(policy.resource, []).append(result)
    for resource, members in denied.items():
        word = partial(wording.denied_by_resource, members, policies[resource])
        location = policies[resource].source.locate(())
        yield _finding("resource-policy-denies", check, resource, location, word)


def _key_policies(
    check: RoleCheck, results: Sequence[Result], foreign: Sequence[Result]
) -> Iterator[PermissionFinding]:
    """Yield that the policy of a key, which always decides, is not given; in another account nothing is decided."""
    role = check.role
    foreign = [each for each in foreign if each.requirement.level is Level.REQUIRED]
    own = [
        each
        for each in results
        if each.decision.allowed
        and each.requirement.level is Level.REQUIRED
        and each.requirement.subject in KEYS
        and each.requirement.subject not in check.resource_policies
    ]
    if role is None:
        return
    if foreign:
        word = partial(wording.foreign_key, foreign)
        yield _finding("undecided", check, "keys", role.origin, word, tuple(foreign))
    if own:
        yield _finding(
            "key-policy-not-given", check, "keys", role.origin, partial(wording.no_key_policy, own), tuple(own)
        )


def _of_cause(check: RoleCheck, cause: Cause, results: tuple[Result, ...]) -> PermissionFinding:
    subject = results[0].requirement.subject
    location = cause.location or _location(check, cause, results[0].decision)
    owner = _owner(location)
    word = partial(wording.of_cause, cause.reason, results, cause.step, owner)
    if cause.misspelt:
        word = partial(wording.misspelt, cause.misspelt, results)
    finding = _finding(cause.kind, check, subject, location, word, results)
    # Another Allow does not help where one statement or limit takes permissions away.
    if cause.reason in TOGETHER:
        return replace(finding, suggest=lambda: None)
    if cause.reason != "condition-never-true" or cause.step is None:
        return finding
    return replace(finding, suggest=partial(wording.conditional_statement, results, cause.step, owner, check))


def _owner(location: Location) -> str:
    """Return the resource of the template that a location is in."""
    return str(location.path[1]) if len(location.path) > 1 else ""


def _misspelt(check: RoleCheck) -> dict[str, tuple[str, Location]]:
    """Return the actions of a template's role that are misspelt, with the entry and its location."""
    sources = check.role.identity_documents if check.role is not None and check.names is not None else ()
    return {
        action.lower(): (str(item.text), source.locate(item.path, item.position))
        for source in sources
        for action, item in misspelt_actions(source.document)
    }


def _needed(results: Sequence[Result]) -> set[tuple[str, int]]:
    """Return the statements that are right for one resource, and only lack another: by document and index."""
    failed = [each for each in results if not each.decision.allowed]
    actions = {each.requirement.action for each in failed}
    granted = {
        (*_place(step), each.requirement.action)
        for each in results
        if each.requirement.action in actions
        for step in each.decision.relevant
        if step.truth and step.attached.effect == "Allow" and not step.limit
    }
    near = [(step, each.requirement.action) for each in failed if (step := _reason(each)[1]) is not None]
    misdirected = {_place(step) for step, action in near if (*_place(step), action) not in granted}
    return {(document, index) for document, index, _ in granted} - misdirected


def _place(step: Step) -> tuple[str, int]:
    return step.attached.document.name, step.statement.index


def _cause(
    result: Result, check: RoleCheck, misspelt: Mapping[str, tuple[str, Location]], needed: Collection[tuple[str, int]]
) -> Cause:
    reason, step = _reason(result)
    if reason == "resource-never-matches" and step is not None and _place(step) in needed:
        reason, step = "missing-permission", None
    if reason == "undecided" and result.requirement.service and check.kind == "experiment" and check.names is not None:
        # Calls for the experiment and those for its endpoint have different ARNs.
        step = pinned(result.decision)
        reason = "undecided" if step is None else "source-names-one-resource"
    requirement = result.requirement
    kind = reason
    if requirement.level is Level.RECOMMENDED:
        kind = "" if reason == "undecided" else "missing-recommended"
    elif not requirement.service and reason != "undecided":
        if check.kind == "experiment":
            kind = "missing-experiment-permission"
        elif check.kind == "provider" and requirement.subject in AUXILIARY:
            kind = "missing-auxiliary-permission"
    entry = misspelt.get(requirement.action.lower())
    if entry is not None and reason == "missing-permission" and KINDS[kind].severity is not Severity.INFO:
        return Cause("misspelt-action", kind, None, *entry)
    return Cause(reason, kind, step)


def _reason(result: Result) -> tuple[str, Step | None]:
    """Return the kind of finding for a permission that is required."""
    decision = result.decision
    if decision.outcome is Outcome.UNKNOWN:
        return "undecided", None
    near = nearest_miss(decision)
    failed = failed_element(near) if near else None
    if result.requirement.service:
        return "source-never-matches" if failed is StatementElement.CONDITION else "missing-trust", near
    if decision.outcome is Outcome.EXPLICIT_DENY:
        return "explicit-deny", decision.deciding
    if any(step.truth and step.attached.effect == "Allow" and not step.limit for step in decision.relevant):
        return "boundary-denies" if decision.exceeded == BOUNDARY else "limit-denies", None
    # A policy of AWS cannot be edited.
    if near is None or failed not in NEAR_MISSES or near.attached.document.kind is DocumentKind.AWS:
        return "missing-permission", None
    return NEAR_MISSES[failed], near


def _location(check: RoleCheck, cause: Cause, decision: iam_policy.Decision) -> Location:
    role, step = check.role, cause.step
    if role is None:
        return check.origin
    document = role.located(step.attached.document) if step else None
    if step is None or document is None:
        boundary = role.boundary_origin if cause.reason == "boundary-denies" else None
        limit = role.limit_origin(decision.exceeded) if cause.reason == "limit-denies" else None
        return boundary or limit or role.origin
    statement, request = step.statement, decision.request
    elements = {
        "resource-never-matches": statement.resources,
        "condition-never-true": failed_condition(step, request),
        "source-never-matches": failed_condition(step, request),
        "source-names-one-resource": pinned_condition(step, request),
        "missing-trust": statement.principals,
    }
    element = elements.get(cause.reason) or statement
    return document.locate(element.path, element.position)


def _granted_elsewhere(check: RoleCheck, missing: Iterable[Result]) -> LocatedDocument | None:
    """Return the policy of the template that grants everything that is missing, but to another role."""
    requests = [result.requirement.request(result.decision.request.resource) for result in missing]
    for source in _other_policies(check):
        policies = iam_policy.Policies((source.document,))
        if all(iam_policy.decide(policies, request).allowed for request in requests):
            return source
    return None


def _other_policies(check: RoleCheck) -> Iterator[LocatedDocument]:
    names, role = check.names, check.role
    if names is None or role is None:
        return
    view, scenario = names.view, names.scenario
    for name in view.of_type(ROLE):
        if name != role.name and view.exists(name, scenario):
            yield from role_of_resource(name, names).identity_documents
    for name in view.of_type(*POLICY_PROPERTIES):
        if view.exists(name, scenario) and is_attached(name, role.name, names) is False:
            yield policy_resource(name, names)


def _document_findings(
    check: RoleCheck,
    linted: Sequence[Linted],
    decided: Iterable[PermissionFinding],
) -> Iterator[PermissionFinding]:
    """Yield the problems of documents that no decision has reported."""
    reported = {finding.location: finding for finding in decided}
    for source, findings in linted:
        for finding in findings:
            if not _is_said(check, source, finding, reported):
                yield _of_document(check, source, finding)
    yield from _escalating(check, linted)
    yield from _open(check)
    yield from _too_long_together(check)
    yield from _excess(check)


def _is_said(
    check: RoleCheck,
    source: LocatedDocument,
    finding: iam_policy.Finding,
    reported: Mapping[Location, PermissionFinding],
) -> bool:
    """Tell whether a decision reports it, or it is irrelevant in this document."""
    if source.document.kind in MAY_BE_BROAD and finding.kind in GRANTS:
        return True
    if check.names is not None and KINDS[finding.kind].documents_only:
        return True
    if finding.kind in DECIDED:
        statement = source.locate(finding.path[:2]).path
        return any(
            each.document == source.document.name and each.path[: len(statement)] == statement for each in reported
        )
    location = source.locate(finding.path, finding.position)
    if finding.kind == _NOT_CARRIED:
        return location in reported
    return check.names is not None and _is_cause(finding, location, reported.values())


def _is_cause(finding: iam_policy.Finding, location: Location, reported: Iterable[PermissionFinding]) -> bool:
    """Tell whether a mistake in a template is reported by what it leads to: one mistake, one finding."""
    serious = [each for each in reported if each.severity is not Severity.INFO]
    if finding.kind == "pass-role-without-service":
        depth = len(location.path)
        return any(
            each.kind == "condition-never-true" and each.location.path[:depth] == location.path for each in serious
        )
    kinds = {"condition-never-true", "source-never-matches"} if finding.kind in OF_CONDITIONS else set()
    if finding.kind in OF_CONDITIONS:
        depth = len(location.path)
        return any(
            each.kind in kinds and location.path[: len(each.location.path)] == each.location.path for each in serious
        )
    return finding.kind == "unknown-action" and any(each.location == location for each in serious)


def _said_check(finding: PermissionFinding, linted: Sequence[Linted]) -> str:
    """Return Access Analyzer's check for the condition that a decision reports, empty if it has none."""
    for source, findings in linted:
        for each in findings:
            if each.kind == _NOT_CARRIED and source.locate(each.path, each.position) == finding.location:
                return each.analyzer_check
    return ""


def _of_document(check: RoleCheck, source: LocatedDocument, finding: iam_policy.Finding) -> PermissionFinding:
    kind = finding.kind
    by_core = source.by_core and KINDS[kind].refused and kind not in NOT_BY_CORE
    by_core &= kind != "invalid-principal" or finding.analyzer_check in PRINCIPALS_BY_CORE
    location = source.locate(finding.path, finding.position)
    found = _finding(
        kind, check, finding.message, location, lambda _, limit: shorten(finding.message, limit), by_core=by_core
    )
    return replace(found, analyzer_check=finding.analyzer_check)


def _escalating(check: RoleCheck, linted: Sequence[Linted]) -> Iterator[PermissionFinding]:
    """Yield one finding for all ways in which a role can gain permissions that it was not given.

    A statement that grants every action has its own finding, and a deployer is expected to change roles.
    """
    role = check.role
    if role is None or check.kind == "deployer":
        return
    broad = {id(source.document) for source, findings in linted if any(each.kind in BROAD for each in findings)}
    policies = replace(role.role.policies, unknown=())
    found = [
        (each.way, step)
        for each in escalations(policies, check.deployment, check.principal)
        if (step := each.decision.deciding) is not None and id(step.attached.document) not in broad
    ]
    if found:
        step = found[0][1]
        document = step.attached.document
        source = role.located(document)
        location = source.locate(step.statement.path, step.statement.position) if source else role.origin
        word = partial(wording.escalating, document.name, [way for way, _ in found])
        yield _finding("privilege-escalation", check, document.name, location, word)


def _open(check: RoleCheck) -> Iterator[PermissionFinding]:
    """Yield the statements of bucket and key policies that let every principal in, under no condition."""
    for policy in {each.resource: each for each in check.resource_policies.values()}.values():
        for statement in policy.source.document.statements:
            principals = statement.principals
            if statement.effect != "Allow" or principals is None or statement.conditions:
                continue
            is_public = any(each.item.text == "*" and each.type in {"*", "AWS"} for each in principals.entries)
            if is_public is not principals.negated:
                beside = ", ".join(str(each.item.text) for each in principals.entries) if principals.negated else ""
                word = partial(wording.open_to_everybody, policy.resource, beside)
                location = policy.source.locate(statement.path, statement.position)
                yield _finding("open-resource-policy", check, policy.resource, location, word)


def _too_long_together(check: RoleCheck) -> Iterator[PermissionFinding]:
    role = check.role
    if role is None or not check.is_whole:
        return
    inline = (each.document for each in role.identity_documents if each.document.kind is DocumentKind.INLINE)
    lengths = [document.length or 0 for document in inline]
    if sum(lengths) > INLINE_LIMIT and max(lengths) <= INLINE_LIMIT:
        word = partial(wording.too_long_together, sum(lengths), INLINE_LIMIT)
        yield _finding("too-long", check, "inline", role.origin, word)


def _excess(check: RoleCheck) -> Iterator[PermissionFinding]:
    """Yield the grants of a template's role beyond everything that a role of its kind may need."""
    role = check.role
    if check.names is None or role is None or check.kind == "deployer":
        return
    of_kind = provider_requirements if check.kind == "provider" else experiment_requirements
    required = (*check.requirements, *of_kind(check.deployment))
    for source in role.identity_documents:
        for finding in excess_of([source.document], required, customary(check.kind)):
            yield _of_document(check, source, finding)
    for source in role.aws_managed:
        more = actions_beyond(source.document, required)
        if more:
            word = partial(wording.beyond, source.document.name, more)
            yield _finding("excess-permission", check, source.document.name, source.locate(()), word)
