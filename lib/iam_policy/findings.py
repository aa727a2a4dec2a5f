"""The kinds of findings with their severity, and one finding.

Kinds are stable names: suppressions, baselines and SARIF rule ids use them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, NamedTuple

from iam_policy.access_analyzer import CHECKS, CheckType, full_title

MAXIMUM_MESSAGE: Final = 300


class Severity(StrEnum):
    """An error breaks the work or is rejected, a warning is a risk, information cannot be decided."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Kind(NamedTuple):
    """One kind of finding. IAM rejects a document with a `refused` finding.

    Of `documents_only` kinds only policy documents have findings: in a template they would distract from what a
    deployment needs, or decisions report the problem where it matters.
    """

    severity: Severity
    title: str
    refused: bool = False
    documents_only: bool = False


_E, _W, _I = Severity.ERROR, Severity.WARNING, Severity.INFO

KINDS: Final[dict[str, Kind]] = {
    # The document
    "invalid-json": Kind(_E, "The document is not JSON", refused=True),
    "not-a-policy": Kind(_E, "The document is not a policy", refused=True),
    "duplicate-key": Kind(_E, "Duplicate key", refused=True),
    "unknown-element": Kind(_E, "Unknown element", refused=True),
    "missing-element": Kind(_E, "A required element is missing", refused=True),
    "no-statement": Kind(_E, "The policy has no statement", refused=True),
    "conflicting-elements": Kind(_E, "An element and its Not form in one statement", refused=True),
    "misplaced-element": Kind(_E, "The element does not belong in this type of policy", refused=True),
    "wrong-type": Kind(_E, "An element has the wrong type", refused=True),
    "invalid-effect": Kind(_E, "Invalid Effect", refused=True),
    "invalid-version": Kind(_E, "Unknown policy language version", refused=True),
    "old-version": Kind(_W, "The old policy language has no variables", documents_only=True),
    "variable-needs-version": Kind(_W, "A policy variable is plain text in the old policy language"),
    "invalid-sid": Kind(_E, "Invalid Sid", refused=True),
    # IAM's pages allow letters and digits only; policies with an underscore that moto has recorded were accepted.
    "underscore-in-sid": Kind(_W, "A Sid with an underscore", documents_only=True),
    "duplicate-sid": Kind(_E, "Two statements have the same Sid", refused=True),
    "empty-element": Kind(_I, "An element is empty", documents_only=True),
    "redundant-element": Kind(_I, "An element repeats another one", documents_only=True),
    "too-long": Kind(_E, "The document is longer than IAM accepts", refused=True),
    "invalid-entry": Kind(_E, "The entry is neither a policy, a policy template, a name nor an ARN", refused=True),
    "unknown-managed-policy": Kind(_E, "AWS has no managed policy of this ARN", refused=True),
    # Actions
    "invalid-action": Kind(_E, "Invalid action", refused=True),
    "unknown-service": Kind(_W, "Unknown service"),
    "unknown-action": Kind(_W, "Unknown action"),
    "broad-action": Kind(_W, "Every action of a service, or of all services, is granted"),
    "allow-not-action": Kind(_W, "Allow with NotAction grants everything that is not listed"),
    "trust-action": Kind(_E, "A trust policy may only name actions of STS", refused=True),
    # Resources
    "invalid-arn": Kind(_E, "Invalid ARN", refused=True),
    "short-arn": Kind(_W, "The ARN has fewer than six parts"),
    "invalid-service": Kind(_W, "Unknown service in an ARN or condition key", documents_only=True),
    "resource-format": Kind(_W, "The ARN fits no resource type of its service", documents_only=True),
    "wildcard-in-service": Kind(_W, "Wildcard in the service of an ARN"),
    "wildcard-in-type": Kind(_W, "Wildcard in the resource type of an ARN"),
    "resource-mismatch": Kind(
        _W, "No resource of the statement is of a type that the action works on", documents_only=True
    ),
    "resource-needs-star": Kind(_W, "The action does not support resource ARNs", documents_only=True),
    "other-account": Kind(_E, "The resource is in another account than the one deployed to", documents_only=True),
    "other-region": Kind(_E, "The resource is in another region than the one deployed to", documents_only=True),
    "other-partition": Kind(_E, "The resource is in another partition than the one deployed to", documents_only=True),
    "allow-not-resource": Kind(_W, "Allow with NotResource grants every other resource"),
    # Conditions
    "unknown-operator": Kind(_E, "Unknown condition operator", refused=True),
    "null-with-set-operator": Kind(_W, "Null with a set operator is always or never true"),
    "invalid-condition-key": Kind(_W, "The condition key has no prefix"),
    "duplicate-condition-key": Kind(_W, "Two condition keys differ in case only"),
    "unknown-condition-key": Kind(_W, "Unknown condition key"),
    "deprecated-condition-key": Kind(_W, "Deprecated condition key", documents_only=True),
    "missing-paired-key": Kind(_W, "The condition key needs a second one", documents_only=True),
    "condition-key-not-carried": Kind(_W, "Requests of the action never have the condition key"),
    "tag-condition-with-not-action": Kind(
        _W, "Requests of some actions never have the tag condition key", documents_only=True
    ),
    "operator-type": Kind(_W, "The operator does not fit the type of the condition key"),
    "text-operator": Kind(_I, "A string operator on a key of another type", documents_only=True),
    "wildcard-without-like": Kind(_W, "The operator compares wildcards literally"),
    "for-all-values-in-allow": Kind(_W, "ForAllValues is true for a request without the key"),
    "source-names-one-resource": Kind(_W, "The trust policy lets the service in for one resource only"),
    "needs-set-operator": Kind(_W, "A multivalued key needs ForAnyValue or ForAllValues"),
    "set-operator-on-single-value": Kind(_W, "A set operator on a single-valued key only weakens the condition"),
    "invalid-condition-value": Kind(_W, "The operator cannot parse the value, so the condition is never true"),
    "invalid-date": Kind(_E, "Not a date", refused=True),
    "mixed-value-types": Kind(_W, "The values of a condition have different JSON types", documents_only=True),
    "improvable-value": Kind(_I, "The value means something else, or less, than it says", documents_only=True),
    "unknown-variable": Kind(_W, "Unknown, invalid or unsupported policy variable"),
    # Grants
    "privilege-escalation": Kind(_W, "The role can gain permissions that it was not given"),
    "open-resource-policy": Kind(_W, "Every principal can use the bucket or key"),
    "pass-role-any-role": Kind(_W, "Any role can be passed"),
    "pass-role-without-service": Kind(_W, "The role can be passed to any service"),
    "pass-role-any-service": Kind(_W, "iam:PassedToService with * restricts nothing"),
    "pass-role-broadly": Kind(_W, "A broad grant includes passing any role", documents_only=True),
    "service-linked-roles": Kind(_W, "Service-linked roles of any service can be created", documents_only=True),
    # Principals
    "not-principal-with-allow": Kind(_W, "Allow with NotPrincipal trusts every other principal"),
    "invalid-principal": Kind(_E, "Invalid principal", refused=True),
    "open-trust": Kind(_W, "Every principal can assume the role"),
    "principal-action-mismatch": Kind(_E, "The principal cannot use the action", documents_only=True),
    "missing-session-action": Kind(_E, "The trust policy lacks an action of the session", documents_only=True),
    "key-of-other-principals": Kind(_E, "Service principals never have the condition key", documents_only=True),
    "unrestricted-service": Kind(_W, "A service can assume the role on behalf of anyone", documents_only=True),
    "unrestricted-identity-provider": Kind(
        _W, "Too many identities of a provider can assume the role", documents_only=True
    ),
    "principal-by-id": Kind(_W, "A principal is named by its unique ID", documents_only=True),
    "weak-source-key": Kind(_I, "The condition key does not restrict the source of a service", documents_only=True),
    "set-operator-on-audience": Kind(_I, "A set operator on a single-valued audience", documents_only=True),
    "irrelevant-condition-key": Kind(_I, "The condition key has no meaning in a trust policy", documents_only=True),
}


def add_kinds(kinds: Mapping[str, Kind]) -> None:
    """Add the kinds of a caller's own findings, after the others. Raises ValueError for one that exists."""
    known = KINDS.keys() & kinds.keys()
    if known:
        raise ValueError(f"there is a kind {min(known)} already")
    KINDS.update(kinds)


_SEVERITIES: Final = {
    CheckType.ERROR: _E,
    CheckType.SECURITY_WARNING: _W,
    CheckType.GENERAL_WARNING: _W,
    CheckType.SUGGESTION: _I,
}


class Position(NamedTuple):
    """A place in a file; both count from 1, 0 means that it is not known."""

    line: int = 0
    column: int = 0


NOWHERE: Final = Position()


@dataclass(frozen=True)
class Finding:
    """A problem, its place, and how to fix it; `addition` is a statement that would fix it.

    `permissions` are all that cannot be decided for the one reason of the message, which may leave some out.
    """

    kind: str
    message: str
    path: tuple[str | int, ...] = ()
    position: Position = NOWHERE
    document: str = ""
    level: Severity | None = None
    addition: Mapping[str, Any] | None = field(default=None, compare=False)
    permissions: tuple[str, ...] = ()
    analyzer_check: str = ""

    @property
    def severity(self) -> Severity:
        """The severity of the kind or of Access Analyzer, whichever is higher, unless this finding has its own."""
        own = KINDS[self.kind].severity
        if self.level is not None or not self.analyzer_check:
            return self.level or own
        return min(own, _SEVERITIES[CHECKS[self.analyzer_check].type], key=list(Severity).index)

    @property
    def refused(self) -> bool:
        """Whether IAM rejects the document for it."""
        return KINDS[self.kind].refused

    @property
    def access_analyzer(self) -> str:
        """AWS's type and title of the Access Analyzer check that reports the same; empty if none does."""
        return full_title(self.analyzer_check)


def shorten(message: str) -> str:
    """Truncate a message to one line of a report."""
    return message if len(message) <= MAXIMUM_MESSAGE else message[: MAXIMUM_MESSAGE - 3] + "..."


def show_path(path: tuple[str | int, ...]) -> str:
    """Return a path as Statement[0].Action[1]."""
    shown = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return shown.removeprefix(".")
