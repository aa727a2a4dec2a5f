"""What is wrong with the text of a role's policies, and grants that are attached to another role."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Final, TypeAlias

import iam_policy
from cfn_template.values import Path
from iam_policy import KINDS, DocumentKind
from shadow_test_policies.diff import excess_of
from shadow_test_policies.located_documents import LocatedDocument
from shadow_test_policies.requirements import Requirement, provider_requirements
from shadow_test_policies.role_checks import RoleCheck
from shadow_test_policies.role_findings import Result
from shadow_test_policies.role_policies import ROLE, is_attached, policy_resource, role_of_resource
from shadow_test_policies.roles import POLICY_PROPERTIES

INLINE_LIMIT: Final = 10240
# What the decisions themselves say better, for what is needed.
DECIDED: Final = frozenset(
    {"resource-mismatch", "resource-needs-star", "other-account", "other-region", "other-partition"}
)

# A permissions boundary may well be broad: it grants nothing.
GRANTS: Final = frozenset(
    {
        "allow-not-action",
        "allow-not-resource",
        "broad-action",
        "pass-role-any-role",
        "pass-role-any-service",
        "pass-role-without-service",
    }
)


@dataclass(frozen=True)
class PermissionFinding:
    """One thing that is wrong: the cause, the role's part, what it is about, where, and how to word it."""

    cause: str
    kind: str
    subject: str
    path: Path
    # Wording takes longer than judging, and most judgements are of no rule's interest, or the same in all scenarios.
    word: Callable[[], str]

    @cached_property
    def message(self) -> str:
        """What is wrong and what to do."""
        return self.word()


Findings: TypeAlias = list[tuple[LocatedDocument, tuple[iam_policy.Finding, ...]]]


def findings_of(part: RoleCheck) -> Findings:
    """Return what the IAM library says about each document of a role that the template writes.

    A document that is the same in several scenarios is one object, so it is linted once.
    """
    memo, sources = part.shapes.view.memo, part.held.sources.values() if part.held else ()
    keys = [("lint", id(source), part.deployment) for source in sources]
    for key, source in zip(keys, sources, strict=True):
        if key not in memo:  # the source is kept with it: its id is nobody else's
            memo[key] = source, iam_policy.lint_policy(source.document, part.deployment)
    return [memo[key] for key in keys]


def lints(part: RoleCheck, findings: Findings, judged: list[Path]) -> Iterator[PermissionFinding]:
    """Yield what is to be reported of the findings, and what is wrong with all documents together."""
    held = part.held
    if held is None:
        return
    for source, found in findings:
        for finding in found:
            path = source.place(finding.path)
            limit = source.document.kind is DocumentKind.BOUNDARY and finding.kind in GRANTS
            if limit or finding.kind in DECIDED or _is_said(source, finding, path, judged):
                continue
            yield PermissionFinding(finding.kind, part.kind, finding.message, path, partial(str, finding.message))
    yield from _too_long_together(part)
    for finding in excess_of([source.document for source in _identity(part)], needs_of(part)):
        path = held.place(finding.document, finding.path)
        yield PermissionFinding(finding.kind, part.kind, finding.message, path, partial(str, finding.message))


def needs_of(part: RoleCheck) -> tuple[Requirement, ...]:
    """Return everything that a role of this part may ever need, whatever this template's experiment asks for."""
    return (*part.requirements, *(provider_requirements(part.deployment) if part.kind == "provider" else ()))


def _is_said(source: LocatedDocument, finding: iam_policy.Finding, path: Path, judged: list[Path]) -> bool:
    """Tell whether cfn-lint itself reports it, or a decision already has."""
    if KINDS[finding.kind].refused and finding.kind != "too-long" and source.by_core:
        return True
    return finding.kind == "condition-key-not-carried" and path in judged


def _identity(part: RoleCheck) -> list[LocatedDocument]:
    held = part.held
    documents = [id(document) for document in held.identity] if held else []
    return [source for source in held.sources.values() if id(source.document) in documents] if held else []


def _too_long_together(part: RoleCheck) -> Iterator[PermissionFinding]:
    held = part.held
    if held is None:
        return
    lengths = [one.document.length or 0 for one in _identity(part) if one.document.kind is DocumentKind.INLINE]
    if sum(lengths) > INLINE_LIMIT and max(lengths) <= INLINE_LIMIT:
        message = f"the inline policies of {held.name} have {sum(lengths):,} characters together, {INLINE_LIMIT:,} are "
        worded = partial(str, message + "allowed: move statements to managed policies")
        yield PermissionFinding("too-long", part.kind, "inline", held.origin, worded)


def granted_elsewhere(part: RoleCheck, missing: Iterable[Result]) -> LocatedDocument | None:
    """Return the policy of the template that grants everything that is missing, but to another role."""
    requests = [result.requirement.request(result.decision.request.resource) for result in missing]
    for source in _other_policies(part):
        policies = iam_policy.Policies((source.document,))
        if all(iam_policy.decide(policies, request).allowed for request in requests):
            return source
    return None


def _other_policies(part: RoleCheck) -> Iterator[LocatedDocument]:
    shapes, view, held = part.shapes, part.shapes.view, part.held
    for name in view.of_type(ROLE):
        if held is not None and name != held.name and view.exists(name, shapes.scenario):
            yield from (one for one in role_of_resource(name, shapes).sources.values() if _grants(one))
    for name in view.of_type(*POLICY_PROPERTIES):
        if held is not None and view.exists(name, shapes.scenario) and is_attached(name, held.name, shapes) is False:
            yield policy_resource(name, shapes)


def _grants(source: LocatedDocument) -> bool:
    return source.document.kind in {DocumentKind.INLINE, DocumentKind.MANAGED}
