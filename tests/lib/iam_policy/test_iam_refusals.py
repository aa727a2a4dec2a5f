"""What IAM refuses: moto's validator, whose messages were recorded from IAM, and ours agree."""

import json
from typing import Any

import pytest
from moto.iam.exceptions import MalformedPolicyDocument
from moto.iam.policy_validation import IAMPolicyDocumentValidator, IAMTrustPolicyDocumentValidator

from iam_policy import DocumentKind, lint_policy, read_json, refused

BUCKET = "arn:aws:s3:::bucket"
STATEMENT: dict[str, Any] = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": BUCKET}
POLICY: dict[str, Any] = {"Version": "2012-10-17", "Statement": STATEMENT}
TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
# Elements of the policy, then of its statement, that replace those above; None removes one.
DOCUMENTS: list[dict[str, Any]] = [
    {},
    *({"Version": version} for version in ("2013-10-17", "x", 5, [])),
    *({"Id": value} for value in ("id", ["id"], {}, 1)),
    *({"Statement": value} for value in ([], "x", ["x"], [STATEMENT], [STATEMENT, "x"], None)),
    {"Extra": 1},
]
RESOURCES: tuple[Any, ...] = (
    *(
        "",
        "x",
        "bucket/*",
        "a:b:c:d:e:f:g:h",
        "aws:s3:::bucket",
        "arn:aws",
        "arn:aws:",
        "arn:aws:x",
        "arn:aws:sqs",
        "*",
    ),
    *("arn:aws:s3::bucket", "arn:aws::x", "arn:aws::::bucket", "arn:error:s3:::bucket", "arn:*:s3:::bucket", BUCKET),
    *(
        "arn:aws:iam:::bucket",
        "arn:aws:iam:::user/x",
        "arn:aws:iam::123456789012:role/x",
        "arn:aws:iam:us-east-1::role/x",
    ),
    *("arn:aws:s3:us-east-1::bucket", "arn:aws:s3:us-west-2:123456789012:accesspoint/x/object/*"),
    *("arn:aws:rds:region:*:*", "arn:aws:ec2:region:account-id:instance/*", "arn:aws:nothing:::bucket"),
    *([], [BUCKET, "*"], ["x"], {"a": BUCKET}, [{}], [[]], 5, None),
)
ACTIONS: tuple[Any, ...] = (
    *("", "x", "*", "s3:*", "a a:List", "s3:List:Bucket", "s3s:List", "s3-s:List", "s3.s:List", "iam: a b "),
    *([], ["s3:ListBucket", "x"], {}, [[]], 5, None),
)
CONDITIONS: tuple[Any, ...] = (
    *(
        {},
        [],
        "x",
        {"a": "b"},
        {"a": {}},
        {"x": {}, "y": {}},
        {"x": {"a": "1"}},
        {"ForAnyValue::StringEquals": {"a": "b"}},
    ),
    *(
        {"StringEqualsIfExists": {"a": "b"}},
        {"ForAnyValue:StringEqualsIfExists": {"a": ["b"]}},
        {"StringEquals": {"a": {}}},
    ),
    *({"DateGreaterThan": value} for value in ("b", [], {}, {"a": []})),
    *(
        {"DateLessThan": {"aws:CurrentTime": value}}
        for value in (
            *("soon", "01T", "-292275054", "234-13", "2016-12-13t2:00:00.593194+1", "2016-12-13t2:00:00.593194+23"),
            *(
                "2016-12-13t2:00:00.1999999999+10:59",
                "9223372036854775808",
                "9223372036854775807",
                "2019-07-01T13:20:15Z",
            ),
            *(
                "2016-12-13T21:20:37.593194+00:00",
                "2026-02",
                "2026-00-01",
                "2026-01-32",
                "2026-01-01T24:00:00Z",
                "2026",
            ),
            *("2026-01-01T23:60:00Z", "1893456000"),
        )
    ),
)
IDENTITY = [
    *DOCUMENTS,
    *({"Statement": {**STATEMENT, "Resource": value}} for value in RESOURCES),
    *({"Statement": {**STATEMENT, "Action": value}} for value in ACTIONS),
    *({"Statement": {**STATEMENT, "Condition": value}} for value in CONDITIONS),
    *({"Statement": {**STATEMENT, "Effect": value}} for value in ("allow", "denY", "x", [], "Deny", None)),
    *({"Statement": {**STATEMENT, "Sid": value}} for value in ("", "Ab1", {}, [], 1)),
    {"Statement": {**STATEMENT, "NotAction": "s3:*"}},
    {"Statement": {**STATEMENT, "NotResource": []}},
    {"Statement": {**STATEMENT, "Extra": 1}},
    {"Statement": [{**STATEMENT, "Sid": "a"}, {**STATEMENT, "Sid": "a"}]},
    {"Statement": [{**STATEMENT, "Sid": ""}, {**STATEMENT, "Sid": ""}]},
]
TRUSTS = [
    {"Statement": {**TRUST, "Action": value}}
    for value in (
        *("sts:AssumeRole", "s3:GetObject", "*", "sts:GetCallerIdentity", "x"),
        *(["sts:AssumeRole", "sts:TagSession"], ["sts:AssumeRole", "iam:PassRole"]),
    )
] + [{"Statement": {**TRUST, "Resource": "*"}}]


def moto_accepts(source: str, kind: DocumentKind) -> bool:
    """Return moto's answer."""
    validator = IAMTrustPolicyDocumentValidator if kind is DocumentKind.TRUST else IAMPolicyDocumentValidator
    try:
        validator(source).validate()
    except MalformedPolicyDocument:
        return False
    return True


def document_of(changes: dict[str, Any]) -> str:
    """Return the policy with changes; elements that become None are left out."""
    policy = {**POLICY, **changes}
    if isinstance(policy["Statement"], dict):
        policy["Statement"] = {name: value for name, value in policy["Statement"].items() if value is not None}
    return json.dumps({name: value for name, value in policy.items() if value is not None})


CASES = [
    *((document_of(changes), DocumentKind.INLINE) for changes in IDENTITY),
    *((document_of(changes), DocumentKind.TRUST) for changes in TRUSTS),
]


@pytest.mark.parametrize(("source", "kind"), CASES)
def test_the_documents_that_iam_refuses_are_refused(source: str, kind: DocumentKind) -> None:
    """Promise: IAM's refusals, and nothing else, are findings that say so."""
    findings = refused(lint_policy(read_json(source, "policy.json", kind)))

    assert bool(findings) is not moto_accepts(source, kind), [finding.message for finding in findings]
