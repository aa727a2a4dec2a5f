"""The decision: explicit deny, allow, implicit deny, or unknown.

Order: a Deny that applies is an explicit deny; if no Allow can apply the outcome is an implicit deny, even if a Deny
is unknown; an Allow that applies while no Deny can is an allow; all else is unknown. A permissions boundary must allow
too and its Deny counts. Other limits (service control, resource and session policies) are not in a template: "allowed"
means allowed by the given policies.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from iam_policy.evaluate.request import Request
from iam_policy.evaluate.statements import Attached, ElementTruth, Statements
from iam_policy.match.patterns import Truth, all_of, any_of
from iam_policy.parse.document import Document, Statement, Unknown


class Outcome(StrEnum):
    """The outcome that IAM will return, as far as the policies determine it."""

    ALLOWED = "allowed"
    EXPLICIT_DENY = "explicit deny"
    IMPLICIT_DENY = "implicit deny"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Policies:
    """All that is attached to one principal. `unknown` are attached policies whose text is not known.

    `boundary` is None without a permissions boundary; an unknown boundary is a Document of an Unknown.
    """

    identity: tuple[Document, ...] = ()
    boundary: Document | None = None
    unknown: tuple[Unknown, ...] = ()

    @cached_property
    def compiled(self) -> Statements:
        """The statements of the identity policies, unknown policies as unknown statements."""
        unknown = (Document(each.reason, statements=(Statement(0, unknown=each),)) for each in self.unknown)
        documents = (*self.identity, *unknown)
        return Statements(Attached(document, statement) for document in documents for statement in document.statements)

    @cached_property
    def compiled_boundary(self) -> Statements:
        """The statements of the boundary."""
        boundary = self.boundary
        return Statements(Attached(boundary, each) for each in boundary.statements) if boundary else Statements(())


@dataclass(frozen=True)
class Role:
    """One role (or other principal): its policies and, where it is known, its trust policy."""

    name: str
    policies: Policies = field(default_factory=Policies)
    trust: Document | None = None

    def documents(self) -> tuple[Document, ...]:
        """Return every document of the role."""
        boundary = (self.policies.boundary,) if self.policies.boundary else ()
        trust = (self.trust,) if self.trust else ()
        return (*self.policies.identity, *boundary, *trust)


@dataclass(frozen=True)
class Step:
    """The evaluation of one statement: the truth of the whole and of each part."""

    attached: Attached
    truth: Truth
    parts: tuple[ElementTruth, ...]
    boundary: bool = False

    @property
    def statement(self) -> Statement:
        """The statement."""
        return self.attached.statement


@dataclass(frozen=True)
class Decision:
    """The answer for one request; the steps are evaluated on demand."""

    outcome: Outcome
    request: Request
    policies: Policies = field(repr=False)

    @property
    def allowed(self) -> bool:
        """Whether the answer is a definite yes."""
        return self.outcome is Outcome.ALLOWED

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """Every statement's step: identity policies first, then the boundary."""
        steps = [_step(attached, self.request) for attached in self.policies.compiled]
        steps += [_step(attached, self.request, boundary=True) for attached in self.policies.compiled_boundary]
        return tuple(steps)

    @cached_property
    def relevant(self) -> tuple[Step, ...]:
        """The steps of the statements that may be about the action, a few of many."""
        own = (_step(each, self.request) for each in self.policies.compiled.about(self.request))
        limits = self.policies.compiled_boundary.about(self.request)
        return (*own, *(_step(each, self.request, boundary=True) for each in limits))

    @cached_property
    def deciding(self) -> Step | None:
        """The statement that decided: the Deny, the Allow, or the first unknown one; None for an implicit deny."""
        effect = {Outcome.EXPLICIT_DENY: "Deny", Outcome.ALLOWED: "Allow"}.get(self.outcome)
        if effect:
            return next((s for s in self.steps if s.truth and s.attached.effect == effect), None)
        if self.outcome is Outcome.UNKNOWN:
            unknown = (s for s in self.steps if s.truth is None or (s.truth and s.attached.effect is None))
            return next(unknown, None)
        return None


def _step(attached: Attached, request: Request, *, boundary: bool = False) -> Step:
    parts = tuple(attached.parts(request))
    return Step(attached, all_of(truth for _, truth in parts), parts, boundary)


def decide(policies: Policies, request: Request) -> Decision:
    """Decide one request by identity policies and permissions boundary."""
    return Decision(_outcome(policies, request), request, policies)


def decide_trust(document: Document, request: Request) -> Decision:
    """Decide by a role's trust policy whether the request's principal may assume the role."""
    return decide(Policies((document,)), request)


def _outcome(policies: Policies, request: Request) -> Outcome:
    allow, deny = _truths(policies.compiled.about(request), request)
    if policies.boundary is not None:
        limit, boundary_deny = _truths(policies.compiled_boundary.about(request), request)
        allow, deny = all_of((allow, limit)), any_of((deny, boundary_deny))
    if deny:
        return Outcome.EXPLICIT_DENY
    if allow is False:
        return Outcome.IMPLICIT_DENY
    return Outcome.ALLOWED if allow and deny is False else Outcome.UNKNOWN


def _truths(statements: Iterable[Attached], request: Request) -> tuple[Truth, Truth]:
    """Return whether an Allow applies and whether a Deny applies."""
    allow: Truth = False
    deny: Truth = False
    for attached in statements:
        truth = attached.truth(request)
        if truth is False:
            continue
        if attached.effect == "Deny":
            if truth:
                return allow, True
            deny = None
        elif attached.effect == "Allow":
            allow = allow or truth
        else:  # it may be either
            allow, deny = allow or None, None
    return allow, deny
