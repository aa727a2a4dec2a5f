"""Evaluate, lint and explain IAM policies, with unknowns.

A pure library: it reads no AWS account, and no template engine is needed. The names here are the public API; README.md
describes them, with examples and the further modules.
"""

from iam_policy.evaluate.decision import Decision, Limit, Outcome, Policies, Role, Step, decide, decide_trust
from iam_policy.evaluate.explain import settles, why
from iam_policy.evaluate.explanation import Effect, ExplainedStep, Explanation, explain
from iam_policy.evaluate.request import Given, Request
from iam_policy.evaluate.resource_policies import Resource, decide_access
from iam_policy.findings import KINDS, Finding, Kind, Position, Severity, add_kinds
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
    "Effect",
    "ExplainedStep",
    "Explanation",
    "Finding",
    "Given",
    "Kind",
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
    "add_kinds",
    "assumed",
    "decide",
    "decide_access",
    "decide_trust",
    "explain",
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
