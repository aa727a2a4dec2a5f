"""IAM Access Analyzer's policy checks for identity and trust policies, and our kind of finding for each.

The titles are AWS's (IAM User Guide, "IAM policy validation check reference"); the checks are implemented from their
descriptions. A finding of the kind has the check's title in `analyzer_check`.
"""

from enum import StrEnum
from typing import Final, NamedTuple

REFERENCE: Final = "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html"


class CheckType(StrEnum):
    """AWS's four classes of findings."""

    ERROR = "Error"
    SECURITY_WARNING = "Security Warning"
    GENERAL_WARNING = "General Warning"
    SUGGESTION = "Suggestion"


class AnalyzerCheck(NamedTuple):
    """One check: its class, and the kinds of its findings; the first is the usual one."""

    type: CheckType
    kinds: tuple[str, ...]


_E, _S, _G, _I = CheckType.ERROR, CheckType.SECURITY_WARNING, CheckType.GENERAL_WARNING, CheckType.SUGGESTION

CHECKS: Final[dict[str, AnalyzerCheck]] = {
    title: AnalyzerCheck(type_, tuple(kinds.split()))
    for type_, title, kinds in (
        # The document and its elements
        (_E, "Json syntax error", "invalid-json"),
        (_E, "Data type mismatch", "wrong-type not-a-policy"),
        (_E, "Invalid policy element", "unknown-element"),
        (_E, "Invalid version", "invalid-version"),
        (_G, "Missing version", "old-version"),
        (_E, "Missing statement", "missing-element no-statement"),
        (_E, "Missing effect", "missing-element"),
        (_E, "Missing action", "missing-element"),
        (_E, "Missing resource", "missing-element"),
        (_E, "Missing principal", "missing-element"),
        (_E, "Invalid effect", "invalid-effect"),
        (_E, "Unsupported element combination", "conflicting-elements"),
        (_E, "Unsupported principal", "misplaced-element"),
        (_E, "Role trust policy syntax error notprincipal", "misplaced-element"),
        (_E, "Role trust policy syntax error resource", "misplaced-element"),
        (_E, "Unique Sids required", "duplicate-sid"),
        (_E, "Unsupported Sid", "invalid-sid underscore-in-sid"),
        (_I, "Empty Sid value", "empty-element"),
        (_I, "Empty array action", "wrong-type"),
        (_I, "Empty array resource", "wrong-type"),
        (_I, "Empty array principal", "wrong-type"),
        (_I, "Empty object principal", "empty-element"),
        (_I, "Empty object condition", "empty-element"),
        (_I, "Empty array condition", "empty-element"),
        (_I, "Empty array condition ForAllValues", "empty-element"),
        (_I, "Empty array condition ForAnyValue", "empty-element"),
        (_I, "Empty array condition IfExists", "empty-element"),
        (_G, "Policy size exceeds identity policy quota", "too-long"),
        (_G, "Policy size exceeds role trust policy quota", "too-long"),
        # Actions
        (_E, "Invalid action", "unknown-action invalid-action"),
        (_E, "Invalid service in action", "unknown-service invalid-action"),
        (_E, "Unsupported action in policy", "trust-action"),
        # Resources
        (_E, "Invalid ARN prefix", "invalid-arn"),
        (_E, "Invalid partition", "invalid-arn"),
        (_E, "Missing ARN field", "short-arn invalid-arn"),
        (_E, "Invalid service", "invalid-service"),
        (_E, "Invalid ARN service case", "resource-format"),
        (_E, "Invalid ARN Region", "resource-format"),
        (_E, "ARN Region not allowed", "resource-format invalid-arn"),
        (_E, "Missing ARN Region", "resource-format"),
        (_E, "Invalid ARN account", "resource-format invalid-arn"),
        (_E, "ARN account not allowed", "resource-format"),
        (_E, "Invalid ARN resource", "resource-format invalid-arn"),
        (_I, "Wildcard in service name", "wildcard-in-service"),
        # Condition keys and operators
        (_E, "Invalid condition operator", "unknown-operator"),
        (_E, "Null with if exists", "unknown-operator"),
        (_I, "Null with qualifier", "null-with-set-operator"),
        (_E, "Invalid condition key format", "invalid-condition-key"),
        (_E, "Duplicate keys with different case", "duplicate-condition-key"),
        (_E, "Invalid global condition key", "unknown-condition-key"),
        (_E, "Invalid service condition key", "unknown-condition-key"),
        (_E, "Unsupported global condition key", "unknown-condition-key"),
        (_G, "Deprecated global condition key", "deprecated-condition-key"),
        (_E, "Missing tag key in condition", "unknown-condition-key"),
        (_E, "Missing qualifier", "needs-set-operator"),
        (_S, "ForAllValues with single valued key", "set-operator-on-single-value for-all-values-in-allow"),
        (_E, "Unsupported action for condition key", "condition-key-not-carried"),
        (_I, "Allow with unsupported tag condition key for service", "condition-key-not-carried"),
        (_S, "Deny with unsupported tag condition key for service", "condition-key-not-carried"),
        (_I, "Allow NotAction with unsupported tag condition key for service", "tag-condition-with-not-action"),
        (_S, "Deny NotAction with unsupported tag condition key for service", "tag-condition-with-not-action"),
        (_S, "Missing paired condition keys", "missing-paired-key"),
        # Values of conditions
        (_E, "Invalid condition data type", "mixed-value-types wrong-type"),
        (_E, "Invalid condition multiple Boolean", "invalid-condition-value"),
        (_E, "Invalid Region", "invalid-condition-value"),
        (_E, "Invalid vpc format", "invalid-condition-value"),
        (_E, "Invalid vpce format", "invalid-condition-value"),
        (_E, "Invalid service principal format", "invalid-condition-value invalid-principal"),
        (_E, "Private IP address", "invalid-condition-value"),
        (_E, "Private NotIpAddress", "invalid-condition-value"),
        (_I, "Private IP address subset", "improvable-value"),
        (_I, "Private NotIpAddress subset", "improvable-value"),
        (_I, "Improve IP range", "improvable-value"),
        (_G, "Invalid date value", "improvable-value"),
        (_G, "Type mismatch", "operator-type text-operator"),
        (_G, "Type mismatch Boolean", "invalid-condition-value"),
        (_G, "Type mismatch IP range", "invalid-condition-value"),
        (_G, "Type mismatch date", "invalid-condition-value invalid-date"),
        (_G, "Type mismatch number", "invalid-condition-value"),
        (_G, "Type mismatch string (binary)", "invalid-condition-value"),
        (_G, "Wildcard without like operator", "wildcard-without-like"),
        # Policy variables
        (_E, "Empty variable", "unknown-variable"),
        (_E, "Missing brace in variable", "unknown-variable"),
        (_E, "Missing quote in variable", "unknown-variable"),
        (_E, "Unsupported space in variable", "unknown-variable"),
        (_E, "Invalid variable for operator", "unknown-variable"),
        (_E, "Variable unsupported in element", "unknown-variable"),
        (_E, "Variable unsupported in version", "variable-needs-version"),
        # Grants
        (_S, "Pass role with star in resource", "pass-role-any-role"),
        (_S, "Pass role with NotResource", "pass-role-broadly"),
        (_S, "Pass role with star in action and resource", "pass-role-broadly"),
        (_S, "Pass role with star in action and NotResource", "pass-role-broadly"),
        (_S, "Pass role with star in resource and NotAction", "pass-role-broadly"),
        (_S, "Pass role with NotAction and NotResource", "pass-role-broadly"),
        (_G, "Create SLR with star in resource", "service-linked-roles"),
        (_G, "Create SLR with NotResource", "service-linked-roles"),
        (_G, "Create SLR with star in action and resource", "service-linked-roles"),
        (_G, "Create SLR with star in action and NotResource", "service-linked-roles"),
        (_G, "Create SLR with star in resource and NotAction", "service-linked-roles"),
        (_G, "Create SLR with NotAction and NotResource", "service-linked-roles"),
        # Trust policies
        (_E, "Invalid principal format", "invalid-principal"),
        (_E, "Invalid principal key", "invalid-principal"),
        (_E, "Unsupported wildcard in principal", "invalid-principal"),
        (_E, "Role trust policy unsupported wildcard in principal", "invalid-principal"),
        (_E, "Invalid federated principal syntax in role trust policy", "invalid-principal"),
        (_S, "Allow with NotPrincipal", "not-principal-with-allow"),
        (_E, "Mismatched action for principal", "principal-action-mismatch"),
        (_E, "Missing action for condition key", "missing-session-action"),
        (_E, "Missing action for roles anywhere trust policy", "missing-session-action"),
        (_E, "Unsupported condition key for service principal", "key-of-other-principals"),
        (_S, "Restrict access to service principal", "unrestricted-service"),
        (_I, "Recommended condition key for service principal", "weak-source-key"),
        (_S, "Missing condition key for oidc principal", "unrestricted-identity-provider"),
        (_S, "Missing github repo condition key", "unrestricted-identity-provider"),
        (_G, "Specific github repo and branch recommended", "unrestricted-identity-provider"),
        (_I, "Confirm audience claim type", "set-operator-on-audience"),
        (_G, "Invalid role reference", "principal-by-id"),
        (_G, "Invalid user reference", "principal-by-id"),
        (_I, "Irrelevant condition key in policy", "irrelevant-condition-key"),
        # Redundancy
        (_I, "Redundant action", "redundant-element"),
        (_I, "Redundant resource", "redundant-element"),
        (_I, "Redundant statement", "redundant-element"),
        (_I, "Redundant condition value num", "redundant-element"),
        (_I, "Redundant principal in role trust policy", "redundant-element"),
    )
}


def full_title(check: str) -> str:
    """Return a check's type and title with an en dash, as AWS writes them; empty for no check."""
    return f"{CHECKS[check].type} \N{EN DASH} {check}" if check else ""
