"""Evaluate, lint, diff and generate IAM policies, with unknowns.

A pure library: it reads no AWS account, and no template engine is needed. The names here are the public API; further
modules: `yaml_source` and `role_dumps` (input), `report_text`, `report_files` and `suppress` (output), `managed` (AWS's
policies), `actions` (AWS's data).
"""

from iam_policy.check import Report, Role, check, decide_all
from iam_policy.deployment import Deployment, assumed
from iam_policy.diff import Difference, diff, excess_of
from iam_policy.document import Document, DocumentKind, Located, Unknown
from iam_policy.evaluate import Decision, Outcome, Policies, Step, decide, decide_trust
from iam_policy.explain import settles, why
from iam_policy.findings import KINDS, Finding, Position, Severity
from iam_policy.generate import as_json, as_template, generate, generate_trust
from iam_policy.lint import lint, refused
from iam_policy.managed import managed_names, managed_policy
from iam_policy.reading import read_json, read_node, read_source
from iam_policy.request import Given, Request
from iam_policy.requirements import (
    Level,
    Requirement,
    deployer_requirements,
    experiment_requirements,
    provider_requirements,
    trust_requirement,
)
from iam_policy.symbols import ACCOUNT, PARTITION, REGION, Hole, Symbolic, Text, text
from iam_policy.verdicts import Result

__all__ = [
    "ACCOUNT",
    "KINDS",
    "PARTITION",
    "REGION",
    "Decision",
    "Deployment",
    "Difference",
    "Document",
    "DocumentKind",
    "Finding",
    "Given",
    "Hole",
    "Level",
    "Located",
    "Outcome",
    "Policies",
    "Position",
    "Report",
    "Request",
    "Requirement",
    "Result",
    "Role",
    "Severity",
    "Step",
    "Symbolic",
    "Text",
    "Unknown",
    "as_json",
    "as_template",
    "assumed",
    "check",
    "decide",
    "decide_all",
    "decide_trust",
    "deployer_requirements",
    "diff",
    "excess_of",
    "experiment_requirements",
    "generate",
    "generate_trust",
    "lint",
    "managed_names",
    "managed_policy",
    "provider_requirements",
    "read_json",
    "read_node",
    "read_source",
    "refused",
    "settles",
    "text",
    "trust_requirement",
    "why",
]
