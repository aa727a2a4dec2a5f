"""Random policies and requests that reach every operator, wildcard, variable and Not form; reproducible by seed."""

import json
import random
from dataclasses import dataclass, field
from typing import Any

ACCOUNT = "123456789012"
NAMES = ["shadow-1", "shadow-2", "Shadow-1", "other"]
EXPERIMENT = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:inference-experiment/"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/"
VERBS = ["Create", "Describe", "Update", "Start", "Stop", "Delete"]

OBJECTS = [
    "arn:aws:s3:::models/a.tar",
    "arn:aws:s3:::accesspoint/models/object/a.tar",
    f"arn:aws:s3:us-east-1:{ACCOUNT}:accesspoint/models/object/a.tar",
]

ACTIONS = [
    *(f"sagemaker:{verb}InferenceExperiment" for verb in VERBS),
    "iam:PassRole",
    "s3:GetObject",
    "sts:GetCallerIdentity",
]
ACTION_PATTERNS = [
    *ACTIONS,
    "*",
    "sagemaker:*",
    "SageMaker:describe*",
    "sagemaker:*InferenceExperiment",
    "sagemaker:St?rtInferenceExperiment",
    "sagemaker:Describe*",
    "iam:*",
    "iam:Pass?ole",
    "s3:GetObject",
    "s3:*",
    "sts:*",
    "sagemaker:createinferenceexperiment",
]
RESOURCE_PATTERNS = [
    "*",
    f"{EXPERIMENT}*",
    f"{EXPERIMENT}shadow-*",
    f"{EXPERIMENT}shadow-?",
    f"{EXPERIMENT}shadow-1",
    f"{EXPERIMENT}*-*",
    f"arn:aws:sagemaker:*:{ACCOUNT}:inference-experiment/*",
    "arn:aws:sagemaker:*:*:*",
    "arn:aws:sagemaker:US-EAST-1:*:inference-experiment/*",
    "arn:aws:sagemaker:eu-*:*:inference-experiment/*",
    "arn:*:sagemaker:us-east-?:*:inference-experiment/*",
    "arn:aws:sagemaker:us-east-1:999999999999:inference-experiment/*",
    f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:endpoint/*",
    f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:Inference-Experiment/*",
    f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:inference-*/shadow-1",
    "arn:aws:sagemaker:*:*:*/*",
    "arn:aws:sagemaker:*",
    "arn:aws:sagemaker:us-*",
    "arn:aws:sagemaker:*:inference-experiment/*",
    f"{EXPERIMENT}${{aws:PrincipalTag/team}}-1",
    f"{EXPERIMENT}${{aws:PrincipalTag/none}}-1",
    f"{EXPERIMENT}${{aws:PrincipalTag/none, 'shadow'}}-*",
    f"{EXPERIMENT}${{*}}shadow-1",
    f"{ROLE}*",
    f"{ROLE}experiment",
    f"{ROLE}service-role/*",
    "arn:aws:iam::*:role/exp*",
    "arn:aws:iam::*:*",
]
# IAM completes what is missing with `*`; the last has an empty region, which is none that is missing.
SHORT = [
    "arn:aws:sagemaker",
    "arn:aws:sagemaker:us-east-1",
    f"arn:aws:sagemaker:us-east-1:{ACCOUNT}",
    "arn:aws:sagemaker:eu-west-1",
    "arn:aws:SAGEMAKER:US-EAST-?",
    "arn:aws:iam",
    f"arn:aws:iam::{ACCOUNT}",
    "arn:aws:s3",
    "arn:aws:s3:us-east-1",
    "arn:aws:s3::",
]
S3 = [
    "arn:aws:s3:::models/*",
    "arn:aws:s3:::*",
    "arn:aws:s3:*:*:accesspoint/*",
    f"arn:aws:s3:us-east-1:{ACCOUNT}:accesspoint/models/object/*",
    f"arn:aws:s3:eu-west-1:{ACCOUNT}:accesspoint/models/object/*",
    f"arn:aws:s3:us-east-1:{ACCOUNT}:accesspoint/models",
]
RESOURCE_PATTERNS += [*SHORT, *S3]
STRINGS = ["ml", "m*", "M?", "*", "ops", "sagemaker.amazonaws.com", "*.amazonaws.com", "", "ML"]
STRINGS += ["${aws:PrincipalTag/team}", "${aws:PrincipalTag/none}", "${aws:PrincipalTag/none, 'ml'}", "a${*}b", "${$}"]
ARNS = [
    f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:endpoint/a",
    "arn:aws:sagemaker:*:*:endpoint/*",
    "arn:aws:sagemaker:*:*:*",
    "arn:aws:s3:::bucket",
    "arn:aws:sagemaker:*",
    "arn:aws:sagemaker",
    "junk",
]
KEYS: dict[str, tuple[list[str], list[str]]] = {  # kind of operator -> keys, values of policies
    "String": (["aws:PrincipalTag/team", "aws:PrincipalTag/none", "AWS:principaltag/Team"], STRINGS),
    "Numeric": (["aws:MultiFactorAuthAge"], ["0", "5", "5.0", "10", "-1", "junk"]),
    "Date": (["aws:CurrentTime"], ["2026-01-01T00:00:00Z", "2026-01-01", "2027-01-01T12:30:00Z", "1767225600", "junk"]),
    "Bool": (["aws:SecureTransport"], ["true", "false", "True", "junk"]),
    "IpAddress": (["aws:SourceIp"], ["10.0.0.0/8", "10.1.2.3", "10.1.2.3/32", "2001:db8::/32", "junk"]),
    "Arn": (["aws:SourceArn"], ARNS),
    "Null": (["aws:PrincipalTag/team", "aws:PrincipalTag/none", "aws:TagKeys", "aws:SourceIp"], ["true", "false"]),
    "Set": (["aws:TagKeys"], ["team", "cost", "t*", "TEAM", "*"]),
}
COMPARISONS = ["Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"]
OPERATORS: dict[str, list[str]] = {
    "String": [
        *("StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"),
        *("StringLike", "StringNotLike", "stringlike"),
    ],
    "Numeric": [f"Numeric{name}" for name in COMPARISONS],
    "Date": [f"Date{name}" for name in COMPARISONS],
    "Bool": ["Bool"],
    "IpAddress": ["IpAddress", "NotIpAddress"],
    "Arn": ["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"],
    "Null": ["Null"],
    "Set": [
        f"{quantifier}:{name}"
        for quantifier in ("ForAllValues", "ForAnyValue")
        for name in ("StringEquals", "StringLike", "StringNotEquals", "StringNotLike", "StringEqualsIgnoreCase")
    ]
    + ["StringEquals", "StringNotLike"],
}


@dataclass(frozen=True)
class Case:
    """A question for both evaluators. `scps` are the levels of an organization."""

    policies: list[dict[str, Any]]
    boundary: dict[str, Any] | None
    action: str
    resource: str
    context: dict[str, str | list[str]]
    scps: list[list[dict[str, Any]]] = field(default_factory=list)
    session: dict[str, Any] | None = None

    def documents(self) -> list[dict[str, Any]]:
        """All policies."""
        limits = [policy for policy in (self.boundary, self.session) if policy]
        return [*self.policies, *limits, *(policy for level in self.scps for policy in level)]

    def question(self) -> dict[str, Any]:
        """The question as the oracle's driver reads it."""
        return vars(self)


def _some(source: random.Random, values: list[str]) -> str | list[str]:
    """Return one value or several."""
    return source.choice(values) if source.random() < 0.5 else source.choices(values, k=source.randint(1, 3))


def _condition(source: random.Random) -> dict[str, Any]:
    block: dict[str, Any] = {}
    for _ in range(source.choice([1, 1, 2])):
        kind = source.choice(list(KEYS))
        keys, values = KEYS[kind]
        operator = source.choice(OPERATORS[kind])
        if kind != "Null" and source.random() < 0.25:
            operator += "IfExists"
        if kind == "Null" and source.random() < 0.2:
            operator = source.choice(["ForAllValues:Null", "ForAnyValue:Null"])
        key = source.choice(keys)
        block.setdefault(operator, {})[key] = [] if source.random() < 0.04 else _some(source, values)
        if source.random() < 0.06:  # the same key and the same operator, but for the case
            other = source.choice([operator, operator.upper()])
            block.setdefault(other, {})[key.upper()] = _some(source, values)
    return block


def _statement(source: random.Random) -> dict[str, Any]:
    action = "Action" if source.random() < 0.85 else "NotAction"
    resource = "Resource" if source.random() < 0.85 else "NotResource"
    statement: dict[str, Any] = {
        "Effect": "Allow" if source.random() < 0.75 else "Deny",
        action: _some(source, ACTION_PATTERNS),
        resource: _some(source, RESOURCE_PATTERNS),
    }
    if source.random() < 0.5:
        statement["Condition"] = _condition(source)
    return statement


def _policy(source: random.Random) -> dict[str, Any]:
    version = "2012-10-17" if source.random() < 0.93 else "2008-10-17"
    return {"Version": version, "Statement": [_statement(source) for _ in range(source.randint(1, 4))]}


def _limit(source: random.Random) -> dict[str, Any]:
    """Return a policy whose ARNs are whole: the oracle refuses others in some limits, the documentation in others."""
    written = json.dumps(_policy(source))
    for short in sorted([*SHORT, "arn:aws:sagemaker:*", "arn:aws:sagemaker:us-*"], key=len):
        written = written.replace(f'"{short}"', '"*"')
    written = written.replace('"arn:aws:sagemaker:*:inference-experiment/*"', '"*"')
    policy: dict[str, Any] = json.loads(written)
    if source.random() < 0.5:
        policy["Statement"].append({"Effect": "Allow", "Action": "*", "Resource": "*"})
    return policy


def _context(source: random.Random, action: str) -> dict[str, str | list[str]]:
    context: dict[str, str | list[str]] = {}
    choices: dict[str, list[str]] = {
        "aws:PrincipalTag/team": ["ml", "ML", "shadow", "ops", "*", "a*b", "$"],
        "aws:MultiFactorAuthAge": ["0", "5", "10", "x"],
        "aws:CurrentTime": ["2026-01-01T00:00:00Z", "2026-06-01T00:00:00Z"],
        "aws:SecureTransport": ["true", "false"],
        "aws:SourceIp": ["10.1.2.3", "192.0.2.1", "2001:db8::1"],
        "aws:SourceArn": ARNS[:1] + ARNS[3:4],
    }
    for key, values in choices.items():
        if source.random() < 0.6:
            context[key] = source.choice(values)
    if action == "sagemaker:CreateInferenceExperiment" and source.random() < 0.7:
        context["aws:TagKeys"] = source.sample(["team", "cost", "owner"], source.randint(1, 2))
    return context


def random_case(source: random.Random) -> Case:
    """Return one case."""
    action = source.choice(ACTIONS)
    resources = {
        "iam:PassRole": [f"{ROLE}experiment", f"{ROLE}service-role/x"],
        "s3:GetObject": OBJECTS,
        "sts:GetCallerIdentity": ["*"],
    }
    return Case(
        [_policy(source) for _ in range(source.choice([1, 1, 2]))],
        _policy(source) if source.random() < 0.15 else None,
        action,
        source.choice(resources.get(action) or [EXPERIMENT + name for name in NAMES]),
        _context(source, action),
        [[_limit(source) for _ in range(source.choice([1, 1, 2]))] for _ in range(source.choice([0] * 8 + [1, 2]))],
        _limit(source) if source.random() < 0.1 else None,
    )
