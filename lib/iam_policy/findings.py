"""The closed list of the kinds of findings with their severity, and one finding.

Kinds are stable names: suppressions, baselines and SARIF rule ids use them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, NamedTuple

MAXIMUM_MESSAGE: Final = 300


class Severity(StrEnum):
    """An error breaks the work or is rejected, a warning is a risk, information cannot be decided."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Kind(NamedTuple):
    """One kind of finding. IAM rejects a document with a `refused` finding."""

    severity: Severity
    title: str
    refused: bool = False


_E, _W, _I = Severity.ERROR, Severity.WARNING, Severity.INFO

KINDS: Final[dict[str, Kind]] = {
    # The document
    "invalid-json": Kind(_E, "The document is not JSON", refused=True),
    "not-a-policy": Kind(_E, "The document is not a policy", refused=True),
    "duplicate-key": Kind(_E, "Duplicate key", refused=True),
    "unknown-element": Kind(_E, "Unknown element", refused=True),
    "missing-element": Kind(_E, "A required element is missing", refused=True),
    "conflicting-elements": Kind(_E, "An element and its Not form in one statement", refused=True),
    "misplaced-element": Kind(_E, "The element does not belong in this type of policy", refused=True),
    "wrong-type": Kind(_E, "An element has the wrong type", refused=True),
    "invalid-effect": Kind(_E, "Invalid Effect", refused=True),
    "invalid-version": Kind(_E, "Unknown policy language version", refused=True),
    "old-version": Kind(_W, "The old policy language has no variables"),
    "variable-needs-version": Kind(_W, "A policy variable is plain text in the old policy language"),
    "invalid-sid": Kind(_E, "Invalid Sid", refused=True),
    "duplicate-sid": Kind(_E, "Two statements have the same Sid", refused=True),
    "too-long": Kind(_E, "The document is longer than IAM accepts", refused=True),
    "invalid-entry": Kind(_E, "The entry is neither a policy, a policy template, a name nor an ARN", refused=True),
    "unknown-managed-policy": Kind(_E, "AWS has no managed policy of this ARN", refused=True),
    # Actions
    "invalid-action": Kind(_E, "Invalid action", refused=True),
    "unknown-service": Kind(_W, "Unknown service"),
    "unknown-action": Kind(_W, "Unknown action"),
    "broad-action": Kind(_W, "Every action of a service, or of all services, is granted"),
    "allow-not-action": Kind(_W, "Allow with NotAction grants everything that is not listed"),
    # Resources
    "invalid-arn": Kind(_E, "Invalid ARN", refused=True),
    "short-arn": Kind(_W, "The ARN has fewer than six parts"),
    "wildcard-in-service": Kind(_W, "Wildcard in the service of an ARN"),
    "wildcard-in-type": Kind(_W, "Wildcard in the resource type of an ARN"),
    "resource-mismatch": Kind(_W, "No resource of the statement is of a type that the action works on"),
    "resource-needs-star": Kind(_W, "The action does not support resource ARNs"),
    "other-account": Kind(_E, "The resource is in another account than the one deployed to"),
    "other-region": Kind(_E, "The resource is in another region than the one deployed to"),
    "other-partition": Kind(_E, "The resource is in another partition than the one deployed to"),
    "allow-not-resource": Kind(_W, "Allow with NotResource grants every other resource"),
    # Conditions
    "unknown-operator": Kind(_E, "Unknown condition operator", refused=True),
    "unknown-condition-key": Kind(_W, "Unknown condition key"),
    "condition-key-not-carried": Kind(_W, "Requests of the action never have the condition key"),
    "operator-type": Kind(_W, "The operator does not fit the type of the condition key"),
    "wildcard-without-like": Kind(_W, "The operator compares wildcards literally"),
    "for-all-values-in-allow": Kind(_W, "ForAllValues is true for a request without the key"),
    "source-names-one-resource": Kind(_W, "The trust policy lets the service in for one resource only"),
    "needs-set-operator": Kind(_W, "A multivalued key needs ForAnyValue or ForAllValues"),
    "set-operator-on-single-value": Kind(_W, "A set operator on a single-valued key only weakens the condition"),
    "null-with-set-operator": Kind(_W, "Null with ForAllValues is always true, with ForAnyValue never"),
    "repeated-condition-key": Kind(_W, "Condition keys that differ only in case"),
    "invalid-condition-value": Kind(_W, "The operator cannot parse the value, so the condition is never true"),
    "unknown-variable": Kind(_W, "Unknown policy variable"),
    # Grants
    "privilege-escalation": Kind(_W, "The role can gain permissions that it was not given"),
    "open-resource-policy": Kind(_W, "Every principal can use the bucket or key"),
    "pass-role-any-role": Kind(_W, "Any role can be passed"),
    "pass-role-without-service": Kind(_W, "The role can be passed to any service"),
    "pass-role-any-service": Kind(_W, "iam:PassedToService with * restricts nothing"),
    # Principals
    "not-principal-with-allow": Kind(_W, "Allow with NotPrincipal trusts every other principal"),
    "invalid-principal": Kind(_E, "Invalid principal", refused=True),
    "open-trust": Kind(_W, "Every principal can assume the role"),
    # Decisions
    "explicit-deny": Kind(_E, "A Deny takes a required permission away"),
    "boundary-denies": Kind(_E, "The permissions boundary does not allow a required permission"),
    "limit-denies": Kind(_E, "A service control or session policy does not allow a required permission"),
    "resource-never-matches": Kind(_E, "A required permission is granted on another resource"),
    "condition-never-true": Kind(_E, "A required permission is granted under a condition that is never true"),
    "source-never-matches": Kind(_E, "The trust statement for a service can never match"),
    "misplaced-policy": Kind(_E, "The policy with a required permission is attached to another role"),
    "missing-permission": Kind(_E, "A required permission is not allowed"),
    "missing-trust": Kind(_E, "The service cannot assume the role"),
    "missing-experiment-permission": Kind(_W, "The role of the experiment lacks a derived permission"),
    "resource-policy-denies": Kind(_W, "The policy of a bucket or key does not allow what the role needs"),
    "missing-auxiliary-permission": Kind(_W, "A permission for logs or for the status of the stack is not allowed"),
    "missing-recommended": Kind(_I, "A recommended permission is not allowed"),
    "undecided": Kind(_I, "Whether a required permission is allowed cannot be decided statically"),
    "key-policy-not-given": Kind(_I, "The policy of a key decides too, and is not given"),
    "excess-permission": Kind(_W, "More is granted than required"),
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

    @property
    def severity(self) -> Severity:
        """The severity of the kind, unless this finding has its own."""
        return self.level or KINDS[self.kind].severity


def shorten(message: str) -> str:
    """Truncate a message to one line of a report."""
    return message if len(message) <= MAXIMUM_MESSAGE else message[: MAXIMUM_MESSAGE - 3] + "..."


def show_path(path: tuple[str | int, ...]) -> str:
    """Return a path as Statement[0].Action[1]."""
    shown = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return shown.removeprefix(".")
