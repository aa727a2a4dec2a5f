"""The public API of iam_policy as a typed user sees it: mypy checks this file, nothing runs it."""

from typing import assert_type

import iam_policy
from iam_policy import (
    ACCOUNT,
    KINDS,
    Decision,
    Document,
    DocumentKind,
    Finding,
    Given,
    Outcome,
    Place,
    Policies,
    Position,
    Request,
    Role,
    Severity,
    Step,
    Symbol,
    Symbolic,
    Text,
    Unknown,
)

document = iam_policy.read_json('{"Version": "2012-10-17", "Statement": []}', "policy.json", DocumentKind.MANAGED)
assert_type(document, Document)
assert_type(iam_policy.read_node({"Version": "2012-10-17", "Statement": [Unknown("a reason", "a way")]}), Document)
assert_type(iam_policy.managed_policy("AdministratorAccess"), Document | None)
assert_type(iam_policy.managed_names(), tuple[str, ...])
assert_type(document.length, int | None)

bucket = iam_policy.text("arn:aws:s3:::", Symbol("Bucket", minimum=3), "/*")
assert_type(bucket, Text)
assert_type(iam_policy.text("arn:aws:iam::", ACCOUNT, ":root"), Text)
assert isinstance(bucket, Symbolic)

request = Request("s3:GetObject", bucket, {"aws:SecureTransport": "true", "aws:TagKeys": ("a", "b")}, complete=True)
assert_type(request.value_of("aws:sourceip"), Text | tuple[Text, ...] | Given)
policies = Policies((document,), boundary=None, unknown=(Unknown("a reason"),))
decision = iam_policy.decide(policies, request)
assert_type(decision, Decision)
assert_type(decision.outcome, Outcome)
assert_type(decision.allowed, bool)
assert_type(decision.steps, tuple[Step, ...])
assert_type(decision.deciding, Step | None)
assert_type([iam_policy.why(step, request) for step in decision.steps], list[str])
assert_type(iam_policy.settles(decision), tuple[str, ...])
assert_type(iam_policy.decide_trust(document, Request("sts:AssumeRole", principal=("Service", "a"))), Decision)

place = iam_policy.assumed(Place("aws", "us-east-1", "123456789012"), [document])
assert_type(place, Place)
findings = iam_policy.lint_policy(document, place)
assert_type(findings, tuple[Finding, ...])
assert_type(iam_policy.refused(findings), tuple[Finding, ...])
assert_type([finding.severity for finding in findings], list[Severity])
assert_type([(finding.access_analyzer, finding.refused) for finding in findings], list[tuple[str, bool]])
assert_type([finding.position for finding in findings], list[Position])
assert_type(KINDS["unknown-action"].severity, Severity)

role = Role("role", policies, trust=None)
assert_type(role.documents(), tuple[Document, ...])

iam_policy.decide(document, request)  # type: ignore[arg-type]
Request("s3:GetObject", 1)  # type: ignore[arg-type]
Position("1")  # type: ignore[arg-type]
