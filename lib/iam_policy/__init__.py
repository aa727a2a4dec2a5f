"""Evaluate, lint and explain IAM policies, with unknowns.

A pure library: it reads no AWS account, and no template engine is needed. The names here are the public API; README.md
describes them, with examples and the further modules.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
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

# Imported on first use: whoever needs one of the modules does not pay for all of them.
_HOMES: Final = {
    "evaluate.decision": "Decision Limit Outcome Policies Role Step decide decide_trust",
    "evaluate.explain": "settles why",
    "evaluate.explanation": "Effect ExplainedStep Explanation explain",
    "evaluate.request": "Given Request",
    "evaluate.resource_policies": "Resource decide_access",
    "findings": "KINDS Finding Kind Position Severity add_kinds",
    "lint.document": "lint_policy refused",
    "match.symbols": "ACCOUNT PARTITION REGION Symbol Symbolic Text text",
    "parse.document": "Document DocumentKind Located Unknown",
    "parse.reading": "read_json read_node unreadable",
    "place": "Place assumed",
    "service_data.managed": "managed_arn managed_names managed_policy",
}

if not TYPE_CHECKING:  # a type checker would take any name for one of ours

    def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever has that name
        """Return a name of the public API from its module."""
        for module, names in _HOMES.items():
            if name in names.split():
                return globals().setdefault(name, getattr(import_module(f"iam_policy.{module}"), name))
        raise AttributeError(f"module 'iam_policy' has no attribute {name!r}")
