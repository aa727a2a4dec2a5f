"""Evaluate, lint, diff and generate IAM policies, with unknowns.

A pure library: it reads no AWS account, and no template engine is needed. The names here are the public API; further
modules: `role_dumps`, `terraform` and `embedded` (input), `suppress` (accepted findings), `access_analyzer` (AWS's
checks), `managed` (AWS's policies), `actions` (AWS's data).
"""

from iam_policy.evaluate.decision import Decision, Limit, Outcome, Policies, Role, Step, decide, decide_trust
from iam_policy.evaluate.explain import settles, why
from iam_policy.evaluate.request import Given, Request
from iam_policy.evaluate.resource_policies import Resource, decide_access
from iam_policy.findings import KINDS, Finding, Position, Severity
from iam_policy.lint.document import lint_policy, refused
from iam_policy.match.symbols import ACCOUNT, PARTITION, REGION, Symbol, Symbolic, Text, text
from iam_policy.parse.document import Document, DocumentKind, Located, Unknown
from iam_policy.parse.reading import read_json, read_node, unreadable
from iam_policy.place import Place, assumed
from iam_policy.service_data.managed import managed_arn, managed_names, managed_policy

__all__ = [
    "ACCOUNT",
    "KINDS",
    "PARTITION",
    "REGION",
    "Decision",
    "Document",
    "DocumentKind",
    "Finding",
    "Given",
    "Limit",
    "Located",
    "Outcome",
    "Place",
    "Policies",
    "Position",
    "Request",
    "Resource",
    "Role",
    "Severity",
    "Step",
    "Symbol",
    "Symbolic",
    "Text",
    "Unknown",
    "assumed",
    "decide",
    "decide_access",
    "decide_trust",
    "lint_policy",
    "managed_arn",
    "managed_names",
    "managed_policy",
    "read_json",
    "read_node",
    "refused",
    "settles",
    "text",
    "unreadable",
    "why",
]
