"""The decision: explicit deny, allow, implicit deny, or unknown.

Order: a Deny that applies is an explicit deny; if no Allow can apply the outcome is an implicit deny, even if a Deny
is unknown; an Allow that applies while no Deny can is an allow; all else is unknown. Limits (permissions boundary, each
level of service control policies, session policies) must allow too and their Deny counts. "Allowed" means allowed by
the given policies: limits that are not given are not there.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Final, NamedTuple

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


# "No permissions are required to perform this operation", and a Deny does not take it away. Source: AWS STS API
# Reference, GetCallerIdentity.
ALWAYS_ALLOWED: Final = frozenset({"sts:getcalleridentity"})
BOUNDARY: Final = "boundary"


@dataclass(frozen=True)
class Limit:
    """Policies that grant nothing: at least one of them must allow too, and a Deny in any counts.

    A level of an organization with its service control policies, or the policies of a session.
    """

    name: str
    documents: tuple[Document, ...]

    @cached_property
    def compiled(self) -> Statements:
        """The statements of all documents."""
        return Statements(Attached(document, each) for document in self.documents for each in document.statements)


@dataclass(frozen=True)
class Policies:
    """All that is attached to one principal. `unknown` are attached policies whose text is not known.

    `boundary` is None without a permissions boundary; an unknown boundary is a Document of an Unknown.
    """

    identity: tuple[Document, ...] = ()
    boundary: Document | None = None
    unknown: tuple[Unknown, ...] = ()
    limits: tuple[Limit, ...] = ()

    @cached_property
    def compiled(self) -> Statements:
        """The statements of the identity policies, unknown policies as unknown statements."""
        unknown = (Document(each.reason, statements=(Statement(0, unknown=each),)) for each in self.unknown)
        documents = (*self.identity, *unknown)
        return Statements(Attached(document, statement) for document in documents for statement in document.statements)

    @cached_property
    def every_limit(self) -> tuple[Limit, ...]:
        """The boundary and the further limits."""
        return (*(() if self.boundary is None else (Limit(BOUNDARY, (self.boundary,)),)), *self.limits)


@dataclass(frozen=True)
class Role:
    """One role (or other principal): its policies and, where they are known, its trust policy and ARN."""

    name: str
    policies: Policies = field(default_factory=Policies)
    trust: Document | None = None
    arn: str = ""

    def documents(self) -> tuple[Document, ...]:
        """Return every document of the role."""
        limits = (document for limit in self.policies.every_limit for document in limit.documents)
        trust = (self.trust,) if self.trust else ()
        return (*self.policies.identity, *limits, *trust)


@dataclass(frozen=True)
class Step:
    """The evaluation of one statement: the truth of the whole and of each part; `limit` is the name of its limit."""

    attached: Attached
    truth: Truth
    parts: tuple[ElementTruth, ...]
    limit: str = ""

    @property
    def statement(self) -> Statement:
        """The statement."""
        return self.attached.statement


@dataclass(frozen=True)
class Decision:
    """The answer for one request; the steps are evaluated on demand.

    `open_ways` would settle what the policy of the resource leaves open.
    """

    outcome: Outcome
    request: Request
    policies: Policies = field(repr=False)
    open_ways: tuple[str, ...] = ()

    @property
    def allowed(self) -> bool:
        """Whether the answer is a definite yes."""
        return self.outcome is Outcome.ALLOWED

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """Every statement's step: identity policies first, then the limits."""
        steps = [step_of(attached, self.request) for attached in self.policies.compiled]
        for limit in self.policies.every_limit:
            steps += [step_of(attached, self.request, limit.name) for attached in limit.compiled]
        return tuple(steps)

    @cached_property
    def exceeded(self) -> str:
        """The name of the first limit of which no statement can allow the request; empty if there is none."""
        limits = ((each, each.compiled.about(self.request)) for each in self.policies.every_limit)
        return next((each.name for each, about in limits if _truths(about, self.request)[0] is False), "")

    @cached_property
    def relevant(self) -> tuple[Step, ...]:
        """The steps of the statements that may be about the action, a few of many."""
        steps = [step_of(each, self.request) for each in self.policies.compiled.about(self.request)]
        for limit in self.policies.every_limit:
            steps += [step_of(each, self.request, limit.name) for each in limit.compiled.about(self.request)]
        return tuple(steps)

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


def step_of(attached: Attached, request: Request, limit: str = "") -> Step:
    """Evaluate one statement for a request."""
    parts = tuple(attached.parts(request))
    return Step(attached, all_of(truth for _, truth in parts), parts, limit)


def decide(policies: Policies, request: Request) -> Decision:
    """Decide one request by identity policies and their limits."""
    if request.name in ALWAYS_ALLOWED:
        return Decision(Outcome.ALLOWED, request, policies)
    return Decision(outcome_of(truths_of(policies, request)), request, policies)


def decide_trust(document: Document, request: Request) -> Decision:
    """Decide by a role's trust policy whether the request's principal may assume the role."""
    return decide(Policies((document,)), request)


class Truths(NamedTuple):
    """Whether the identity policies allow, whether every limit does, and whether a Deny applies."""

    granted: Truth
    within: Truth
    denied: Truth


def truths_of(policies: Policies, request: Request) -> Truths:
    """Evaluate identity policies and limits for a request."""
    granted, denied = _truths(policies.compiled.about(request), request)
    within: Truth = True
    for limit in policies.every_limit:
        allow, deny = _truths(limit.compiled.about(request), request)
        within, denied = all_of((within, allow)), any_of((denied, deny))
    return Truths(granted, within, denied)


def outcome_of(truths: Truths) -> Outcome:
    """Combine what the policies say to the outcome."""
    if truths.denied:
        return Outcome.EXPLICIT_DENY
    allow = all_of((truths.granted, truths.within))
    if allow is False:
        return Outcome.IMPLICIT_DENY
    return Outcome.ALLOWED if allow and truths.denied is False else Outcome.UNKNOWN


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
