"""The decision: order of evaluation, unknowns, boundaries, conditions, trust, and AWS's own examples."""

import itertools
from typing import Any

import pytest

from cfn_template.documents import parse
from iam_policy import (
    Document,
    DocumentKind,
    Given,
    Limit,
    Outcome,
    Policies,
    Request,
    Symbol,
    Unknown,
    decide,
    decide_trust,
    lint_policy,
    read_node,
    settles,
    text,
    why,
)
from iam_policy.match.patterns import Truth
from iam_policy.match.symbols import ACCOUNT, NAME_CHARACTERS, PARTITION

ACTION = "sagemaker:CreateInferenceExperiment"
EXPERIMENT = "arn:aws:sagemaker:us-east-1:123456789012:inference-experiment/shadow-1"
KIND = "inference-experiment"
ALLOW: dict[str, Any] = {"Effect": "Allow", "Action": ACTION, "Resource": "*"}
DENY: dict[str, Any] = {"Effect": "Deny", "Action": ACTION, "Resource": "*"}
OPEN = {"StringEquals": {"aws:PrincipalTag/nobody-knows": "x"}}
MAYBE_ALLOW, MAYBE_DENY = {**ALLOW, "Condition": OPEN}, {**DENY, "Condition": OPEN}
UNKNOWN_STATEMENT = Unknown("Fn::If")


def policy(*statements: Any, version: str = "2012-10-17") -> Document:
    """Return a document of some statements."""
    return read_node({"Version": version, "Statement": list(statements)})


def outcome(*statements: Any, boundary: Document | None = None, **request: Any) -> Outcome:
    """Decide about creating an experiment."""
    asked = Request(ACTION, EXPERIMENT, **request)
    return decide(Policies((policy(*statements),), boundary), asked).outcome


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([], Outcome.IMPLICIT_DENY),
        ([ALLOW], Outcome.ALLOWED),
        ([ALLOW, DENY], Outcome.EXPLICIT_DENY),
        ([DENY], Outcome.EXPLICIT_DENY),
        ([MAYBE_ALLOW], Outcome.UNKNOWN),
        ([ALLOW, MAYBE_ALLOW], Outcome.ALLOWED),
        ([ALLOW, MAYBE_DENY], Outcome.UNKNOWN),
        ([MAYBE_ALLOW, DENY], Outcome.EXPLICIT_DENY),
        ([MAYBE_DENY], Outcome.IMPLICIT_DENY),
        ([UNKNOWN_STATEMENT], Outcome.UNKNOWN),
        ([ALLOW, UNKNOWN_STATEMENT], Outcome.UNKNOWN),
        ([DENY, UNKNOWN_STATEMENT], Outcome.EXPLICIT_DENY),
        ([{**ALLOW, "Effect": Unknown("Fn::If")}], Outcome.UNKNOWN),
        ([{**ALLOW, "Effect": Unknown("Fn::If"), "Action": "s3:GetObject"}], Outcome.IMPLICIT_DENY),
    ],
)
def test_deny_goes_before_allow_goes_before_nothing(statements: list[Any], expected: Outcome) -> None:
    """Promise: AWS's order, and in any order of the statements; an unknown Deny cannot rescue what nothing allows."""
    for order in itertools.permutations(statements):
        assert outcome(*order) is expected


@pytest.mark.parametrize(
    ("identity", "boundary", "expected"),
    [
        (ALLOW, [ALLOW], Outcome.ALLOWED),
        (ALLOW, [], Outcome.IMPLICIT_DENY),
        (ALLOW, [DENY, ALLOW], Outcome.EXPLICIT_DENY),
        (ALLOW, [MAYBE_ALLOW], Outcome.UNKNOWN),
        (MAYBE_ALLOW, [], Outcome.IMPLICIT_DENY),
        (DENY, [ALLOW], Outcome.EXPLICIT_DENY),
        ({**ALLOW, "Action": "s3:*"}, [ALLOW], Outcome.IMPLICIT_DENY),
        (ALLOW, [UNKNOWN_STATEMENT], Outcome.UNKNOWN),
    ],
)
def test_a_boundary_limits_and_grants_nothing(identity: Any, boundary: list[Any], expected: Outcome) -> None:
    """Promise: identity policy and boundary must both allow, a Deny in either wins."""
    assert outcome(identity, boundary=policy(*boundary)) is expected


def test_policies_that_nobody_knows_leave_the_answer_open() -> None:
    """Promise: an attached policy without text may allow or deny."""
    unknown = Policies((policy(ALLOW),), unknown=(Unknown("imported", "the policy Shared"),))

    decision = decide(unknown, Request(ACTION, EXPERIMENT))

    assert decision.outcome is Outcome.UNKNOWN
    assert settles(decision) == ("the policy Shared",)


TAG, TAGS, SOURCE = "aws:PrincipalTag/team", "aws:TagKeys", "aws:SourceArn"
ENDPOINT = "arn:aws:sagemaker:us-east-1:123456789012:endpoint/a"


@pytest.mark.parametrize(
    ("operator", "key", "value", "context", "expected"),
    [
        ("StringEquals", TAG, "ml", {TAG: "ml"}, True),
        ("stringequals", TAG.upper(), "ml", {TAG: "ml"}, True),
        ("StringEquals", TAG, "ML", {TAG: "ml"}, False),
        ("StringEqualsIgnoreCase", TAG, "ML", {TAG: "ml"}, True),
        ("StringEquals", TAG, "m*", {TAG: "ml"}, False),
        ("StringLike", TAG, "m*", {TAG: "ml"}, True),
        ("StringLike", TAG, ["x", "m?"], {TAG: "ml"}, True),
        ("StringNotEquals", TAG, "ml", {}, True),
        ("StringNotLike", TAG, ["x", "m*"], {TAG: "ml"}, False),
        ("StringEquals", TAG, "ml", {}, False),
        ("StringEqualsIfExists", TAG, "ml", {}, True),
        ("StringEqualsIfExists", TAG, "ml", {TAG: "ops"}, False),
        ("StringEquals", TAG, "${*}", {TAG: "*"}, True),
        ("StringEquals", TAG, "${aws:PrincipalTag/none, 'ml'}", {TAG: "ml"}, True),
        ("StringEquals", TAG, "${aws:PrincipalTag/other}", {TAG: "ml", "aws:PrincipalTag/other": "ml"}, True),
        ("StringEquals", TAG, "${aws:PrincipalTag/none}", {TAG: "ml"}, False),
        ("StringNotEquals", TAG, "${aws:PrincipalTag/none}", {TAG: "ml"}, None),
        ("StringLike", TAG, "${aws:PrincipalTag/other}", {TAG: "ml", "aws:PrincipalTag/other": "m*"}, False),
        ("ForAllValues:StringEquals", TAGS, "a", {}, True),
        ("ForAllValues:StringEquals", TAGS, "a", {TAGS: ()}, True),
        ("ForAllValues:StringEquals", TAGS, ["a", "b"], {TAGS: ("a", "b")}, True),
        ("ForAllValues:StringEquals", TAGS, "a", {TAGS: ("a", "b")}, False),
        ("ForAnyValue:StringEquals", TAGS, "a", {}, False),
        ("ForAnyValue:StringEqualsIfExists", TAGS, "a", {}, False),
        ("ForAnyValue:StringEquals", TAGS, "a", {TAGS: ("a", "b")}, True),
        ("ForAllValues:StringEquals", TAGS, "a", {TAGS: ("",)}, True),
        ("ForAllValues:StringEquals", TAGS, "a", {TAGS: ("", "b")}, False),
        ("ForAnyValue:StringNotEquals", TAGS, "a", {TAGS: ""}, False),
        ("ForAnyValue:StringNotEquals", TAGS, "a", {TAGS: ("a", "b")}, True),
        ("ForAllValues:StringNotEquals", TAGS, "a", {TAGS: ("a", "b")}, False),
        ("StringEquals", TAGS, "a", {TAGS: ("a", "b")}, None),
        ("Null", TAG, "true", {}, True),
        ("Null", TAG, "false", {}, False),
        ("Null", TAG, "false", {TAG: "x"}, True),
        ("Null", TAG, "junk", {}, False),
        ("NumericLessThan", "aws:MultiFactorAuthAge", "10", {"aws:MultiFactorAuthAge": "9.5"}, True),
        ("NumericEquals", "aws:MultiFactorAuthAge", "5", {"aws:MultiFactorAuthAge": "5.0"}, True),
        ("NumericNotEquals", "aws:MultiFactorAuthAge", "x", {"aws:MultiFactorAuthAge": "5"}, False),
        ("DateLessThan", "aws:CurrentTime", "2026-02-01", {"aws:CurrentTime": "2026-01-01T00:00:00Z"}, True),
        ("DateEquals", "aws:CurrentTime", "1767225600", {"aws:CurrentTime": "2026-01-01T00:00:00Z"}, True),
        ("DateGreaterThan", "aws:CurrentTime", "junk", {"aws:CurrentTime": "2026-01-01T00:00:00Z"}, False),
        ("Bool", "aws:SecureTransport", "TRUE", {"aws:SecureTransport": "true"}, True),
        ("Bool", "aws:SecureTransport", False, {"aws:SecureTransport": "false"}, True),
        ("DateLessThan", "aws:CurrentTime", "2026-02", {"aws:CurrentTime": "2026-01-15T00:00:00Z"}, True),
        ("DateNotEquals", "aws:CurrentTime", "2026", {"aws:CurrentTime": "2026-01-01T00:00:00Z"}, False),
        ("BinaryEquals", TAG, "QmluYXJ5", {TAG: "QmluYXJ5"}, True),
        ("IpAddress", "aws:SourceIp", "10.0.0.0/8", {"aws:SourceIp": "10.1.2.3"}, True),
        ("IpAddress", "aws:SourceIp", "2001:db8::/32", {"aws:SourceIp": "2001:db8::1"}, True),
        ("NotIpAddress", "aws:SourceIp", "10.0.0.0/8", {"aws:SourceIp": "192.0.2.1"}, True),
        ("IpAddress", "aws:SourceIp", "10.0.0.0/255.0.0.0", {"aws:SourceIp": "10.1.2.3"}, False),
        ("NumericLessThan", "aws:MultiFactorAuthAge", "1_000", {"aws:MultiFactorAuthAge": "5"}, False),
        ("NumericLessThan", "aws:MultiFactorAuthAge", ".5e1", {"aws:MultiFactorAuthAge": "-4."}, True),
        ("NotIpAddress", "aws:SourceIp", "junk", {"aws:SourceIp": "192.0.2.1"}, False),
        ("ArnLike", SOURCE, "arn:aws:sagemaker:*:123456789012:*", {SOURCE: ENDPOINT}, True),
        ("ArnEquals", SOURCE, "arn:aws:sagemaker:*:123456789012:*", {SOURCE: ENDPOINT}, True),
        ("ArnLike", SOURCE, "arn:aws:s*:123456789012:*", {SOURCE: ENDPOINT}, None),
        ("ArnLike", SOURCE, "arn:aws:sagemaker:*:*:endpoint/A", {SOURCE: ENDPOINT}, False),
        ("ArnNotLike", SOURCE, "junk", {SOURCE: ENDPOINT}, False),
        ("StringEquals", "aws:PrincipalOrgID", "o-1", None, None),
        ("StringLikeIfExists", "aws:PrincipalOrgID", "*", None, True),
        ("StringEqualss", TAG, "ml", {TAG: "ml"}, None),
    ],
)
def test_conditions_hold_as_documented(
    operator: str, key: str, value: Any, context: dict[str, Any] | None, expected: Truth
) -> None:
    """Promise: each operator, missing keys, many values and variables as in IAM's documentation."""
    statement = {**ALLOW, "Condition": {operator: {key: value}}}
    expectations = {True: Outcome.ALLOWED, False: Outcome.IMPLICIT_DENY, None: Outcome.UNKNOWN}

    found = outcome(statement, context=context or {}, complete=context is not None)

    assert found is expectations[expected]


@pytest.mark.parametrize(
    ("operator", "key", "given", "tag"),
    [
        ("NumericLessThan", "aws:MultiFactorAuthAge", "5", "10"),
        ("NumericNotEquals", "aws:MultiFactorAuthAge", "5", "10"),
        ("DateLessThan", "aws:CurrentTime", "2026-01-01", "2026-02-01"),
        ("IpAddress", "aws:SourceIp", "192.0.2.1", "192.0.2.0/24"),
    ],
)
def test_operators_that_replace_no_variables_are_undecided(operator: str, key: str, given: str, tag: str) -> None:
    """Promise: IAM documents variables for texts, ARNs and Booleans only, and not what they do elsewhere."""
    statement = {**ALLOW, "Condition": {operator: {key: "${aws:PrincipalTag/limit}"}}}
    request = Request(ACTION, EXPERIMENT, {key: given, "aws:PrincipalTag/limit": tag})

    decision = decide(Policies((policy(statement),)), request)

    assert decision.outcome is Outcome.UNKNOWN
    assert settles(decision) == (
        f"{operator} does not replace the variable in ${{aws:PrincipalTag/limit}}; write the value",
    )
    boolean = {**ALLOW, "Condition": {"Bool": {"aws:SecureTransport": "${aws:PrincipalTag/secure}"}}}
    context = {"aws:SecureTransport": "true", "aws:PrincipalTag/secure": "true"}
    assert outcome(boolean, context=context) is Outcome.ALLOWED


def test_a_key_that_the_action_cannot_carry_is_missing() -> None:
    """Promise: sagemaker:PassedToService is decided, although nobody gave it: no request has it."""
    statement = {**ALLOW, "Condition": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}}

    assert outcome(statement) is Outcome.IMPLICIT_DENY
    assert outcome({**statement, "Condition": {"Null": {"iam:PassedToService": "true"}}}) is Outcome.ALLOWED


@pytest.mark.parametrize(
    ("action", "key"),
    [
        ("sts:AssumeRoleWithWebIdentity", "token.actions.githubusercontent.com:sub"),
        ("sts:AssumeRoleWithWebIdentity", "oidc.eks.us-east-1.amazonaws.com/id/ABC:aud"),
        ("s3:GetObject", "cognito-identity.amazonaws.com:sub"),
        ("s3:GetObject", "saml:sub"),
    ],
)
def test_claims_of_identity_providers_are_not_known(action: str, key: str) -> None:
    """Promise: requests for a session may have any claim, those of a session the ones that AWS keeps in it."""
    for pattern in ("x", f"${{{key}}}"):
        statement = {"Effect": "Allow", "Action": action, "Resource": "*", "Condition": {"StringLike": {key: pattern}}}

        assert decide(Policies((policy(statement),)), Request(action, "arn:aws:s3:::b/x")).outcome is Outcome.UNKNOWN
    absent = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringLike": {key: "x"}}}
    request = Request("sqs:ListQueues", context={key: Given.ABSENT})
    assert decide(Policies((policy(absent),)), request).outcome is Outcome.IMPLICIT_DENY


@pytest.mark.parametrize(
    ("resource", "allow", "deny"),
    [
        ("arn:aws:s3:::*", Outcome.ALLOWED, Outcome.EXPLICIT_DENY),
        (text("arn:", PARTITION, ":s3:::*"), Outcome.ALLOWED, Outcome.EXPLICIT_DENY),
        ("*", Outcome.ALLOWED, Outcome.EXPLICIT_DENY),
        ("arn:aws:s3:::reports", Outcome.IMPLICIT_DENY, Outcome.ALLOWED),
        ("arn:aws:s3:::*/*", Outcome.IMPLICIT_DENY, Outcome.ALLOWED),
    ],
)
def test_all_buckets_are_listed_by_the_arn_of_all_buckets(resource: Any, allow: Outcome, deny: Outcome) -> None:
    """Promise: AWS's own examples allow s3:ListAllMyBuckets there, not on `*` only."""
    request = Request("s3:ListAllMyBuckets")
    listing = {"Effect": "Allow", "Action": request.action, "Resource": resource}

    assert decide(Policies((policy(listing),)), request).outcome is allow
    both = policy({**ALLOW, "Action": "*"}, {**listing, "Effect": "Deny"})
    assert decide(Policies((both,)), request).outcome is deny
    found = [each.kind for each in lint_policy(policy(listing))]
    assert ("resource-needs-star" in found) is (allow is Outcome.IMPLICIT_DENY)


def test_variables_are_plain_text_in_the_old_version() -> None:
    """Promise: only Version 2012-10-17 has variables."""
    statement = {**ALLOW, "Resource": EXPERIMENT.replace("shadow-1", "${aws:PrincipalTag/team}")}
    asked = Request(ACTION, EXPERIMENT, {"aws:PrincipalTag/team": "shadow-1"})

    assert decide(Policies((policy(statement),)), asked).allowed
    old = decide(Policies((policy(statement, version="2008-10-17"),)), asked)
    assert old.outcome is Outcome.IMPLICIT_DENY


@pytest.mark.parametrize("name", ["shadow-${aws:PrincipalTag/team}", "${aws:PrincipalTag/team, 'shadow'}-*"])
def test_an_unknown_variable_is_what_settles_a_resource(name: str) -> None:
    """Promise: the key is named as it is written; one that does not matter is not named."""
    texts = [EXPERIMENT.replace("shadow-1", name), EXPERIMENT.replace("shadow-1", "other-${aws:userid}")]
    decision = decide(Policies((policy({**ALLOW, "Resource": texts}),)), Request(ACTION, EXPERIMENT))

    assert settles(decision) == ("aws:PrincipalTag/team is not known",)


def test_unknown_says_what_would_settle_it() -> None:
    """Promise: the symbol is named, with what it has to do, and what its default does."""
    prefix = Symbol("ExpPrefix", NAME_CHARACTERS, default="shadow-")
    statement = {**ALLOW, "Resource": text(EXPERIMENT.removesuffix("shadow-1"), prefix, "*")}

    decision = decide(Policies((policy(statement),)), Request(ACTION, EXPERIMENT))

    assert settles(decision) == (
        f"${{ExpPrefix}} must make {KIND}/${{ExpPrefix}}* match {KIND}/shadow-1 (matches with the defaults)",
    )


@pytest.mark.parametrize(
    ("statements", "deciding"),
    [
        ([ALLOW, DENY, DENY], 1),
        ([MAYBE_DENY, ALLOW, DENY], 2),
        ([MAYBE_ALLOW, ALLOW, ALLOW], 1),
        ([ALLOW, MAYBE_DENY], 1),
        ([{**ALLOW, "Action": "s3:GetObject"}, {**ALLOW, "Effect": Unknown("Fn::If")}], 1),
        ([MAYBE_DENY], None),
    ],
)
def test_the_first_statement_of_the_outcome_decides(statements: list[Any], deciding: int | None) -> None:
    decision = decide(Policies((policy(*statements),)), Request(ACTION, EXPERIMENT))

    assert decision.deciding is (None if deciding is None else decision.steps[deciding])


def test_decisions_carry_the_deciding_statement_and_every_step() -> None:
    """Promise: Sid, index, line, truth and reason of each statement are there."""
    lines = [
        '{"Version": "2012-10-17", "Statement": [',
        '{"Effect": "Allow", "Action": "s3:*", "Resource": "*"},',
        '{"Sid": "Ok", "Effect": "Allow", "Action": "sagemaker:*", "Resource": "*"}]}',
    ]
    document = read_node(parse("\n".join(lines)))

    decision = decide(Policies((document,)), Request(ACTION, EXPERIMENT))

    assert decision.deciding is not None
    assert decision.deciding.statement.label == 'statement 1 "Ok" (line 3)'
    assert [step.truth for step in decision.steps] == [False, True]
    assert why(decision.steps[0], decision.request) == f"its Action does not cover {ACTION}"


SAGEMAKER = ("Service", "sagemaker.amazonaws.com")


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ({"Principal": {"Service": "sagemaker.amazonaws.com"}}, Outcome.ALLOWED),
        ({"Principal": {"Service": ["lambda.amazonaws.com", "sagemaker.amazonaws.com"]}}, Outcome.ALLOWED),
        ({"Principal": {"Service": "lambda.amazonaws.com"}}, Outcome.IMPLICIT_DENY),
        ({"Principal": {"AWS": "123456789012"}}, Outcome.IMPLICIT_DENY),
        ({"Principal": {"Service": "*"}}, Outcome.IMPLICIT_DENY),
        ({"Principal": "*"}, Outcome.UNKNOWN),
        ({"Principal": Unknown("Ref")}, Outcome.UNKNOWN),
        ({"NotPrincipal": {"Service": "lambda.amazonaws.com"}}, Outcome.ALLOWED),
        (
            {"Principal": {"Service": SAGEMAKER[1]}, "Condition": {"StringEquals": {"aws:SourceAccount": "1" * 12}}},
            Outcome.IMPLICIT_DENY,
        ),
        (
            {"Principal": {"Service": SAGEMAKER[1]}, "Condition": {"ArnLike": {SOURCE: ENDPOINT}}},
            Outcome.UNKNOWN,
        ),
        (
            {
                "Principal": {"Service": SAGEMAKER[1]},
                "Condition": {"ArnLike": {SOURCE: "arn:aws:sagemaker:us-east-1:123456789012:*"}},
            },
            Outcome.ALLOWED,
        ),
    ],
)
def test_trust_policies_decide_who_may_assume(statement: dict[str, Any], expected: Outcome) -> None:
    """Promise: principals match whole, and confused-deputy conditions are decided by what is known of the caller."""
    node = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", **statement}}
    source = text("arn:aws:sagemaker:us-east-1:123456789012:", Symbol("resource", minimum=1))
    context = {"aws:SourceAccount": "123456789012", SOURCE: source}

    decision = decide_trust(
        read_node(node, "trust", DocumentKind.TRUST), Request("sts:AssumeRole", "*", context, principal=SAGEMAKER)
    )

    assert decision.outcome is expected


def test_principals_of_accounts() -> None:
    """Promise: an account, its root and the exact ARN let a role in; another account does not."""
    caller = ("AWS", "arn:aws:iam::123456789012:role/deployer")

    def allowed(principal: str) -> Outcome:
        statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}
        node = {"Version": "2012-10-17", "Statement": [statement]}
        return decide_trust(read_node(node), Request("sts:AssumeRole", principal=caller)).outcome

    assert allowed("123456789012") is Outcome.ALLOWED
    assert allowed("arn:aws:iam::123456789012:root") is Outcome.ALLOWED
    assert allowed("arn:aws-cn:iam::123456789012:root") is Outcome.IMPLICIT_DENY
    assert allowed("arn:aws:iam::123456789012:role/deployer") is Outcome.ALLOWED
    assert allowed("arn:aws:iam::123456789012:role/other") is Outcome.IMPLICIT_DENY
    assert allowed("999999999999") is Outcome.IMPLICIT_DENY
    assert allowed("*") is Outcome.ALLOWED


# IAM User Guide: "Policies and permissions", "Example policies", "Tutorial: attribute-based access control".
EXAMPLES: list[tuple[str, dict[str, Any], str, str, dict[str, Any], Outcome]] = [
    (
        "NotAction with Deny and MFA leaves IAM usable without MFA",
        {
            "Effect": "Deny",
            "NotAction": "iam:*",
            "Resource": "*",
            "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
        },
        "iam:PassRole",
        "arn:aws:iam::123456789012:role/x",
        {},
        Outcome.IMPLICIT_DENY,
    ),
    (
        "the same denies everything else",
        {
            "Effect": "Deny",
            "NotAction": "iam:*",
            "Resource": "*",
            "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
        },
        "s3:GetObject",
        "arn:aws:s3:::b/k",
        {},
        Outcome.EXPLICIT_DENY,
    ),
    (
        "NotResource with Deny protects all but one bucket",
        {"Effect": "Deny", "Action": "s3:*", "NotResource": ["arn:aws:s3:::HRBucket", "arn:aws:s3:::HRBucket/*"]},
        "s3:GetObject",
        "arn:aws:s3:::Other/key",
        {},
        Outcome.EXPLICIT_DENY,
    ),
    (
        "home directory by user name",
        {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::bucket/home/${aws:username}/*"},
        "s3:GetObject",
        "arn:aws:s3:::bucket/home/zoe/file",
        {"aws:username": "zoe"},
        Outcome.ALLOWED,
    ),
    (
        "home directory of somebody else",
        {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::bucket/home/${aws:username}/*"},
        "s3:GetObject",
        "arn:aws:s3:::bucket/home/adam/file",
        {"aws:username": "zoe"},
        Outcome.IMPLICIT_DENY,
    ),
    (
        "ABAC: tags of principal and resource are equal",
        {
            "Effect": "Allow",
            "Action": "secretsmanager:*",
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}},
        },
        "secretsmanager:GetSecretValue",
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:x",
        {"aws:ResourceTag/team": "a", "aws:PrincipalTag/team": "a"},
        Outcome.ALLOWED,
    ),
    (
        "between two dates",
        {
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": "*",
            "Condition": {
                "DateGreaterThan": {"aws:CurrentTime": "2020-04-01T00:00:00Z"},
                "DateLessThan": {"aws:CurrentTime": "2020-06-30T23:59:59Z"},
            },
        },
        "s3:GetObject",
        "arn:aws:s3:::b/k",
        {"aws:CurrentTime": "2020-07-01T00:00:00Z"},
        Outcome.IMPLICIT_DENY,
    ),
    (
        "deny unless from some networks",
        {
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {
                "NotIpAddress": {"aws:SourceIp": ["192.0.2.0/24", "203.0.113.0/24"]},
                "Bool": {"aws:ViaAWSService": "false"},
            },
        },
        "s3:GetObject",
        "arn:aws:s3:::b/k",
        {"aws:SourceIp": "198.51.100.7", "aws:ViaAWSService": "false"},
        Outcome.EXPLICIT_DENY,
    ),
]


@pytest.mark.parametrize(("_name", "statement", "action", "resource", "context", "expected"), EXAMPLES)
def test_examples_of_the_user_guide(
    _name: str, statement: dict[str, Any], action: str, resource: str, context: dict[str, Any], expected: Outcome
) -> None:
    """Promise: AWS's documented examples come out as documented."""
    request = Request(action, resource, context, complete=True)

    assert decide(Policies((policy(statement),)), request).outcome is expected


def test_a_given_absence_counts_as_missing() -> None:
    """Promise: callers can say that a key is surely missing, for one key or for a whole prefix."""
    condition = {"StringEquals": {"aws:RequestTag/team": "ml"}}
    statement = {**ALLOW, "Condition": condition}

    assert outcome(statement) is Outcome.UNKNOWN
    assert outcome(statement, context={"aws:RequestTag/team": Given.ABSENT}) is Outcome.IMPLICIT_DENY
    assert outcome(statement, context={"aws:RequestTag/*": Given.ABSENT}) is Outcome.IMPLICIT_DENY
    account = {**ALLOW, "Condition": {"StringEquals": {"aws:PrincipalAccount": text(ACCOUNT)}}}
    assert outcome(account, context={"aws:PrincipalAccount": text(ACCOUNT)}) is Outcome.ALLOWED


def test_the_reason_is_the_element_that_fails_not_one_that_is_undecided() -> None:
    """Promise: where the Condition is never true nothing is said about a Resource that may or may not match."""
    statement = {
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": "arn:aws:iam::123456789012:role/shadow",
        "Condition": {"StringEquals": {"sagemaker:PassedToService": "sagemaker.amazonaws.com"}},
    }
    policies = Policies((read_node({"Version": "2012-10-17", "Statement": statement}),))
    request = Request("iam:PassRole", text("arn:aws:iam::123456789012:role/", Symbol("Role")))

    decision = decide(policies, request)

    assert decision.outcome is Outcome.IMPLICIT_DENY
    assert why(decision.steps[0], request).startswith("it requires StringEquals sagemaker:PassedToService")


@pytest.mark.parametrize(
    ("condition", "allow", "deny"),
    [
        ({"ForAllValues:Null": {"aws:TagKeys": "false"}}, Outcome.ALLOWED, Outcome.EXPLICIT_DENY),
        ({"ForAnyValue:Null": {"aws:TagKeys": "false"}}, Outcome.IMPLICIT_DENY, Outcome.ALLOWED),
        ({"StringEquals": {"aws:RequestTag/Team": []}}, Outcome.IMPLICIT_DENY, Outcome.ALLOWED),
        ({"StringNotEquals": {"aws:RequestTag/Team": []}}, Outcome.ALLOWED, Outcome.EXPLICIT_DENY),
        ({"Null": {"aws:RequestTag/Team": []}}, Outcome.IMPLICIT_DENY, Outcome.ALLOWED),
        ({"StringEquals": {}}, Outcome.ALLOWED, Outcome.EXPLICIT_DENY),
        ({"StringEquals": {"aws:RequestTag/Team": "ml", "aws:requesttag/TEAM": "ml"}}, Outcome.ALLOWED, None),
        ({"StringEquals": {"aws:RequestTag/Team": "ml", "aws:requesttag/TEAM": "x"}}, Outcome.UNKNOWN, Outcome.UNKNOWN),
        ({"StringEquals": {"aws:RequestTag/Team": "x", "aws:requesttag/TEAM": "y"}}, Outcome.IMPLICIT_DENY, None),
        ({"StringEquals": {"aws:RequestTag/cost": "1"}}, Outcome.UNKNOWN, Outcome.UNKNOWN),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:sagemaker"}}, Outcome.UNKNOWN, Outcome.UNKNOWN),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:iam"}}, Outcome.IMPLICIT_DENY, Outcome.ALLOWED),
    ],
)
def test_conditions_that_are_easily_mistaken(condition: Any, allow: Outcome, deny: Outcome | None) -> None:
    """Promise: what is documented is decided; keys and tags that differ only in case, if every reading agrees."""
    context = {
        "aws:TagKeys": ("Team", "Cost", "cost"),
        "aws:RequestTag/Team": "ml",
        "aws:RequestTag/Cost": "1",
        "aws:RequestTag/cost": "2",
        "aws:SourceArn": ENDPOINT,
    }

    assert outcome({**ALLOW, "Condition": condition}, context=context) is allow
    denied = outcome(ALLOW, {**DENY, "Condition": condition}, context=context)
    if deny is not None:
        assert denied is deny


def test_a_key_twice_says_what_would_settle_it() -> None:
    """Promise: an undecided answer names its cause."""
    block = {"StringEquals": {"aws:RequestTag/Team": "ml", "aws:requesttag/TEAM": "x"}}
    request = Request(ACTION, EXPERIMENT, {"aws:RequestTag/Team": "ml"})

    decision = decide(Policies((policy({**ALLOW, "Condition": block}),)), request)

    assert "differs only in case" in settles(decision)[0]


@pytest.mark.parametrize("name", ["sts:GetCallerIdentity", "STS:getcalleridentity"])
def test_everybody_may_ask_who_they_are(name: str) -> None:
    """Promise: no permission is needed, and no Deny or limit takes it away."""
    everything = policy({**DENY, "Action": "*", "Resource": "*"})

    assert decide(Policies((everything,), everything), Request(name)).outcome is Outcome.ALLOWED
    assert decide(Policies(), Request(name)).outcome is Outcome.ALLOWED


def test_what_may_allow_is_no_cause_beside_what_allows() -> None:
    """Promise: only the open limit is named, not another Allow that is open too."""
    limit = Limit("level 1", (policy(UNKNOWN_STATEMENT),))

    decision = decide(Policies((policy(MAYBE_ALLOW, ALLOW),), limits=(limit,)), Request(ACTION, EXPERIMENT))

    assert decision.outcome is Outcome.UNKNOWN
    assert len(settles(decision)) == 1
    assert decision.exceeded == ""
