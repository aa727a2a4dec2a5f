"""Every kind of finding has a document that shows it, and correct documents show none."""

import json
from pathlib import Path
from typing import Any

import pytest
from checking import check, findings_of

from cfn_template.json_reader import parse_json
from cfn_template.located import DocumentError
from iam_policy import (
    KINDS,
    Document,
    DocumentKind,
    Outcome,
    Policies,
    Position,
    Role,
    lint_policy,
    read_json,
    read_node,
    unreadable,
)
from iam_policy.access_analyzer import CHECKS
from shadow_test_policies.decisions import decide_all, diff
from shadow_test_policies.generate import as_json, as_template, generate, generate_trust
from shadow_test_policies.permission_findings import RoleReport
from shadow_test_policies.requirements import (
    Deployment,
    Level,
    Requirement,
    deployer_requirements,
    experiment_requirements,
    provider_requirements,
)

ACCOUNT = "123456789012"
FOLDER = Path(__file__).parent / "documents"
EXPECTED: dict[str, dict[str, Any]] = json.loads((FOLDER / "expected.json").read_text())
DEPLOYMENT = Deployment(
    "aws",
    "us-east-1",
    ACCOUNT,
    experiment="shadow-1",
    experiment_role=f"arn:aws:iam::{ACCOUNT}:role/experiment",
    queue=f"arn:aws:sqs:us-east-1:{ACCOUNT}:waits",
    dead_letter_queue=f"arn:aws:sqs:us-east-1:{ACCOUNT}:failed",
    log_group=f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/lambda/provider:*",
    tags={},
)
LETTERS = {
    Outcome.ALLOWED: "A",
    Outcome.EXPLICIT_DENY: "D",
    Outcome.IMPLICIT_DENY: "-",
    Outcome.UNKNOWN: "?",
}
COLUMNS = [
    *(f"sagemaker:{name}" for name in ("CreateInferenceExperiment", "DescribeInferenceExperiment")),
    *("sagemaker:AddTags", "sagemaker:ListTags", "iam:PassRole"),
]


def read(source: str, name: str, kind: DocumentKind = DocumentKind.INLINE) -> Document:
    """Read a policy with places, as the commands do."""
    try:
        return read_node(parse_json(source), name, kind)
    except DocumentError as error:
        return unreadable(error.message, Position(error.line, error.column), name, kind)


def report_of(name: str) -> RoleReport:
    """Check one of the documents, a trust policy for the experiment's role, all else for the handler create."""
    source = (FOLDER / f"{name}.json").read_text()
    if "trust" in name:
        trust = read(source, f"{name}.json", DocumentKind.TRUST)
        trusted = [one for one in experiment_requirements(DEPLOYMENT) if one.service]
        return check(Role("experiment", trust=trust), trusted, DEPLOYMENT, "experiment")
    role = Role("provider", Policies((read(source, f"{name}.json"),)))
    return check(role, required(("create",)), DEPLOYMENT)


def required(handlers: tuple[str, ...]) -> list[Requirement]:
    """Return what the provider cannot do without; a report lists what is recommended on demand only."""
    return [each for each in provider_requirements(DEPLOYMENT, handlers) if each.level is Level.REQUIRED]


def test_every_document_has_its_expectation() -> None:
    """Promise: no document is left out."""
    assert {path.stem for path in FOLDER.glob("*-*.json")} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_documents_are_decided_and_their_defects_named(name: str) -> None:
    """Promise: Create, Describe, AddTags, ListTags and PassRole are decided as in the survey's table, and the defect
    is named at its line, first the finding that explains the rest.
    """  # noqa: D205 - one promise in two lines
    expected, report = EXPECTED[name], report_of(name)

    role = report.check.role
    assert role is not None
    results = decide_all(role.role, report.check.requirements)
    outcomes = {result.requirement.action: LETTERS[result.decision.outcome] for result in results}
    assert "".join(outcomes.get(action, "") for action in COLUMNS) == expected["decisions"]
    assert [[finding.kind, finding.position.line] for finding in findings_of(report)] == expected["findings"]
    assert report.refused == expected.get("refused", False)


STAR = {"Effect": "Allow", "Action": "sagemaker:ListInferenceExperiments", "Resource": "*"}
EXPERIMENTS = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:inference-experiment/*"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/experiment"
DESCRIBE = {"Effect": "Allow", "Action": "sagemaker:DescribeInferenceExperiment", "Resource": EXPERIMENTS}
CREATE = {**DESCRIBE, "Action": "sagemaker:CreateInferenceExperiment"}
PASS = {
    "Effect": "Allow",
    "Action": "iam:PassRole",
    "Resource": ROLE,
    "Condition": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
}
TRUST = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}


def condition(operator: str, key: str, value: Any) -> dict[str, Any]:
    """Return a statement about creating experiments with one condition."""
    return {**CREATE, "Condition": {operator: {key: value}}}


def without(statement: dict[str, Any], key: str) -> dict[str, Any]:
    """Return a statement without one element."""
    return {name: value for name, value in statement.items() if name != key}


TEAM = "aws:PrincipalTag/team"
STATEMENTS: list[tuple[str, Any]] = [
    ("unknown-element", {**STAR, "Resources": "*"}),
    ("missing-element", without(STAR, "Resource")),
    ("missing-element", without(STAR, "Effect")),
    ("conflicting-elements", {**STAR, "NotAction": "s3:*"}),
    ("misplaced-element", {**STAR, "Principal": "*"}),
    ("wrong-type", "Allow"),
    ("wrong-type", {**STAR, "Action": []}),
    ("wrong-type", {**STAR, "Condition": "x"}),
    ("invalid-effect", {**STAR, "Effect": "Permit"}),
    ("invalid-sid", {**STAR, "Sid": "with space"}),
    ("too-long", {**STAR, "Condition": {"StringLike": {TEAM: "x" * 11000}}}),
    ("invalid-action", {**STAR, "Action": "sage*:Describe*"}),
    ("invalid-action", {**STAR, "Action": "DescribeInferenceExperiment"}),
    ("unknown-service", {**STAR, "Action": "sagemakr:ListEndpoints"}),
    ("unknown-action", {**STAR, "Action": "sagemaker:ListInferenceExperiment"}),
    ("unknown-action", {**STAR, "Action": "sagemaker:Lst*"}),
    ("broad-action", {**STAR, "Action": "*"}),
    ("broad-action", {**STAR, "Action": "sagemaker:*"}),
    ("allow-not-action", {**without(STAR, "Action"), "NotAction": "iam:*"}),
    ("invalid-arn", {**DESCRIBE, "Resource": EXPERIMENTS.removeprefix("arn:")}),
    ("invalid-arn", {**DESCRIBE, "Resource": EXPERIMENTS.replace(ACCOUNT, "12345")}),
    ("invalid-arn", {**PASS, "Resource": ROLE.replace("iam:", "iam:us-east-1")}),
    ("short-arn", {**DESCRIBE, "Resource": "arn:aws:sagemaker:*:inference-experiment/*"}),
    ("wildcard-in-service", {**DESCRIBE, "Resource": EXPERIMENTS.replace(":sagemaker:", ":sage*:")}),
    ("wildcard-in-type", {**DESCRIBE, "Resource": EXPERIMENTS.replace("inference-experiment", "inference-*")}),
    ("resource-mismatch", {**DESCRIBE, "Resource": EXPERIMENTS.replace("inference-experiment", "endpoint")}),
    ("resource-needs-star", {**STAR, "Resource": EXPERIMENTS}),
    ("other-account", {**DESCRIBE, "Resource": EXPERIMENTS.replace(ACCOUNT, "9" * 12)}),
    ("other-region", {**DESCRIBE, "Resource": EXPERIMENTS.replace("us-east-1", "eu-west-1")}),
    ("other-partition", {**PASS, "Resource": ROLE.replace(":aws:", ":aws-cn:")}),
    ("allow-not-resource", {**without(DESCRIBE, "Resource"), "NotResource": EXPERIMENTS}),
    ("unknown-operator", condition("StringEqual", TEAM, "ml")),
    ("unknown-operator", condition("ForEachValue:StringEquals", "aws:TagKeys", "ml")),
    ("unknown-condition-key", condition("StringEquals", "aws:PrincipalTags/team", "ml")),
    ("condition-key-not-carried", {**condition("StringEquals", "aws:RequestTag/team", "x"), **without(STAR, "Effect")}),
    ("operator-type", condition("NumericEquals", TEAM, "5")),
    ("wildcard-without-like", condition("StringEquals", TEAM, "m*")),
    ("for-all-values-in-allow", condition("ForAllValues:StringEquals", "aws:TagKeys", "team")),
    ("null-with-set-operator", condition("ForAnyValue:Null", "aws:TagKeys", "false")),
    (
        "duplicate-condition-key",
        {**DESCRIBE, "Condition": {"StringEquals": {TEAM: "ml"}, "stringEquals": {TEAM.upper(): "ops"}}},
    ),
    ("needs-set-operator", condition("StringEquals", "aws:TagKeys", "team")),
    ("set-operator-on-single-value", condition("ForAnyValue:StringEquals", TEAM, "ml")),
    ("invalid-condition-value", condition("Bool", "aws:SecureTransport", "yes")),
    ("invalid-condition-value", condition("IpAddress", "aws:SourceIp", "10.0.0.0/99")),
    ("invalid-condition-value", condition("Null", TEAM, "maybe")),
    ("unknown-variable", {**DESCRIBE, "Resource": EXPERIMENTS.replace("*", "${aws:usernam}")}),
    ("unknown-variable", {**DESCRIBE, "Resource": EXPERIMENTS.replace(ACCOUNT, "${AWS::AccountId}")}),
    ("pass-role-any-role", {**PASS, "Resource": "*"}),
    ("pass-role-any-role", {**PASS, "Resource": ROLE.replace("experiment", "*")}),
    ("pass-role-without-service", without(PASS, "Condition")),
    ("pass-role-any-service", {**PASS, "Condition": {"StringLike": {"iam:PassedToService": "*"}}}),
]
TRUSTS: list[tuple[str, Any]] = [
    ("missing-element", without(TRUST, "Principal")),
    ("misplaced-element", {**TRUST, "Resource": "*"}),
    ("not-principal-with-allow", {**without(TRUST, "Principal"), "NotPrincipal": {"AWS": ACCOUNT}}),
    ("invalid-principal", {**TRUST, "Principal": {"Service": "*.amazonaws.com"}}),
    ("invalid-principal", {**TRUST, "Principal": {"Service": "sagemaker"}}),
    ("invalid-principal", {**TRUST, "Principal": {"AWS": "12345"}}),
    ("invalid-principal", {**TRUST, "Principal": {"AWS": "arn:aws:iam::123456789012:policy/admin"}}),
    ("invalid-principal", {**TRUST, "Principal": {"AWS": "arn:aws:iam::123456789012:group/admins"}}),
    (
        "invalid-principal",
        {**TRUST, "Principal": {"AWS": "arn:aws:iam::123456789012:oidc-provider/example.com"}},
    ),
    ("invalid-principal", {**TRUST, "Principal": {"AWS": "arn:aws:iam::123456789012:instance-profile/web"}}),
    ("invalid-principal", {**TRUST, "Principal": {"Services": "sagemaker.amazonaws.com"}}),
    ("invalid-principal", {**TRUST, "Principal": "sagemaker.amazonaws.com"}),
    ("open-trust", {**TRUST, "Principal": "*"}),
]
SOURCES: list[tuple[str, str]] = [
    ("invalid-json", "{"),
    ("not-a-policy", "[]"),
    ("duplicate-key", '{"Version": "2012-10-17", "Version": "2012-10-17", "Statement": []}'),
    ("missing-element", '{"Version": "2012-10-17"}'),
    ("invalid-version", '{"Version": "2012-10-18", "Statement": []}'),
    ("old-version", '{"Version": "2008-10-17", "Statement": []}'),
    ("old-version", '{"Statement": []}'),
    (
        "variable-needs-version",
        json.dumps({"Version": "2008-10-17", "Statement": {**STAR, "Resource": "arn:aws:s3:::${aws:username}"}}),
    ),
    ("duplicate-sid", json.dumps({"Version": "2012-10-17", "Statement": [{**STAR, "Sid": "A"}, {**STAR, "Sid": "A"}]})),
]
CASES = [
    *(
        (kind, json.dumps({"Version": "2012-10-17", "Statement": [one]}), DocumentKind.INLINE)
        for kind, one in STATEMENTS
    ),
    *((kind, json.dumps({"Version": "2012-10-17", "Statement": [one]}), DocumentKind.TRUST) for kind, one in TRUSTS),
    *((kind, source, DocumentKind.INLINE) for kind, source in SOURCES),
]
# The kinds of Access Analyzer's checks have documents in the folder `checks`.
ANALYZED = {kind for check in CHECKS.values() for kind in check.kinds}
# These come from decisions, not from the text alone.
# The last five need a template around the policy: the fixtures of E9813, W9809 and W9816. Limits and policies of keys
# are tested in tests/tools/test_policy.py.
DECIDED = {
    "missing-permission",
    "explicit-deny",
    "boundary-denies",
    "missing-trust",
    "source-names-one-resource",
    "source-never-matches",
    "missing-recommended",
    "missing-experiment-permission",
    "missing-auxiliary-permission",
    "resource-never-matches",
    "condition-never-true",
    "misplaced-policy",
    "undecided",
    "excess-permission",
    "privilege-escalation",
    "key-policy-not-given",
    "limit-denies",
    "invalid-entry",
    "open-resource-policy",
    "resource-policy-denies",
    "unknown-managed-policy",
}


@pytest.mark.parametrize(("kind", "source", "document_kind"), CASES)
def test_each_kind_is_found(kind: str, source: str, document_kind: DocumentKind) -> None:
    """Promise: the document shows its defect, in a message of at most 300 characters."""
    findings = lint_policy(read_json(source, "policy.json", document_kind), DEPLOYMENT)

    assert kind in [finding.kind for finding in findings]
    assert all(0 < len(finding.message) <= 300 and finding.document == "policy.json" for finding in findings)


def test_every_kind_has_a_document() -> None:
    """Promise: the list of kinds and the documents are the same list."""
    assert {kind for kind, *_ in CASES} | ANALYZED | DECIDED == set(KINDS)


@pytest.mark.parametrize("statement", [STAR, DESCRIBE, CREATE, PASS])
def test_correct_statements_have_no_finding(statement: dict[str, Any]) -> None:
    """Promise: nothing is said where nothing is wrong."""
    assert not lint_policy(read_node({"Version": "2012-10-17", "Statement": statement}), DEPLOYMENT)


def kinds_for(role: Role) -> set[str]:
    """Check a role for create and return the kinds of its findings."""
    return {finding.kind for finding in check(role, required(("create",)), DEPLOYMENT).findings}


def test_the_kinds_of_decisions() -> None:
    """Promise: each way in which a permission is missing has its own name."""
    minimal = read_node(as_json(generate(provider_requirements(DEPLOYMENT, ("create",)), DEPLOYMENT)))
    nothing = read_node({"Version": "2012-10-17", "Statement": [STAR]})
    everything = read_node({"Version": "2012-10-17", "Statement": {**STAR, "Action": "*"}})
    denied = read_node({"Version": "2012-10-17", "Statement": {**STAR, "Effect": "Deny", "Action": "iam:*"}})
    open_ = read_node({"Version": "2012-10-17", "Statement": {**CREATE, "Condition": {"StringEquals": {TEAM: "x"}}}})

    assert kinds_for(Role("r", Policies((minimal,)))) == set()
    assert kinds_for(Role("r", Policies((nothing,)))) == {"missing-permission", "missing-auxiliary-permission"}
    assert "boundary-denies" in kinds_for(Role("r", Policies((minimal,), nothing)))
    assert "explicit-deny" in kinds_for(Role("r", Policies((minimal, denied))))
    assert "undecided" in kinds_for(Role("r", Policies((open_,))))
    wanted = experiment_requirements(DEPLOYMENT)
    elsewhere = {**TRUST, "Condition": {"StringEquals": {"aws:SourceAccount": "9" * 12}}}
    never = read_node({"Version": "2012-10-17", "Statement": elsewhere}, "trust", DocumentKind.TRUST)
    never_kinds = {finding.kind for finding in check(Role("r", trust=never), wanted, DEPLOYMENT, "experiment").findings}
    assert "source-never-matches" in never_kinds
    found = {finding.kind for finding in check(Role("r", trust=nothing), wanted, DEPLOYMENT, "experiment").findings}
    assert {"missing-trust", "missing-recommended", "missing-experiment-permission"} <= found
    difference = diff(Role("r", Policies((everything,))), provider_requirements(DEPLOYMENT))
    assert [finding.kind for finding in difference.excess] == ["excess-permission"]
    assert not difference.missing


@pytest.mark.parametrize("place", [Deployment(), DEPLOYMENT])
def test_generated_documents_are_minimal_and_clean(place: Deployment) -> None:
    """Promise: what is generated is allowed, without a finding, within 1,350 characters a role and without wildcards
    in actions; PassRole names a role and a service.
    """  # noqa: D205
    for requirements in (provider_requirements(place), experiment_requirements(place)):
        written = json.dumps(as_json(generate(requirements, place)), separators=(",", ":"))
        actions = [action for entry in json.loads(written)["Statement"] for action in listing(entry["Action"])]
        passing = [entry for entry in json.loads(written)["Statement"] if "iam:PassRole" in entry["Action"]]

        assert len(written) <= (1250 if place.experiment is None else 1350)
        assert not [action for action in actions if "*" in action]
        assert all(entry["Resource"] != "*" and entry["Condition"] for entry in passing)
        assert not lint_policy(read_json(written), place)


def listing(value: str | list[str]) -> list[str]:
    """Return a list of one or many."""
    return [value] if isinstance(value, str) else value


@pytest.mark.parametrize("place", [Deployment(), DEPLOYMENT])
@pytest.mark.parametrize("needs", [provider_requirements, deployer_requirements])
def test_generated_documents_satisfy_the_check(place: Deployment, needs: Any) -> None:
    """Promise: generate and check agree, with symbols and without."""
    requirements = needs(place)
    document = read_node(generate(requirements, place), "generated")

    report = check(Role("role", Policies((document,))), requirements, place)

    assert report.outcome is Outcome.ALLOWED
    assert report.findings == ()


def test_generated_trust_satisfies_the_check() -> None:
    """Promise: the generated trust policy lets SageMaker in, for this account only."""
    wanted = [one for one in experiment_requirements(DEPLOYMENT) if one.service]
    trust = read_node(generate_trust(wanted, DEPLOYMENT), "trust", DocumentKind.TRUST)

    report = check(Role("experiment", trust=trust), wanted, DEPLOYMENT)

    assert report.findings == ()
    assert report.outcome is Outcome.ALLOWED
    assert '"aws:SourceAccount": "123456789012"' in json.dumps(as_json(generate_trust(wanted, DEPLOYMENT)))


def test_no_element_of_the_generated_policy_can_be_left_out() -> None:
    """Promise: the minimum is the minimum: without any one action or statement something needed is missing."""
    requirements = provider_requirements(DEPLOYMENT)
    document = as_json(generate(requirements, DEPLOYMENT))
    for index, statement in enumerate(document["Statement"]):
        for action in listing(statement["Action"]):
            fewer = [name for name in listing(statement["Action"]) if name != action]
            kept = [*document["Statement"][:index], *document["Statement"][index + 1 :]]
            kept += [{**statement, "Action": fewer}] if fewer else []
            policies = Policies((read_node({"Version": "2012-10-17", "Statement": kept}),))

            report = check(Role("role", policies), requirements, DEPLOYMENT)

            recommended = action == "cloudformation:DescribeStackResource"
            assert report.outcome is (Outcome.ALLOWED if recommended else Outcome.IMPLICIT_DENY), action
            assert [finding.actions for finding in report.findings] == [(action,)]


def test_templates_get_pseudo_parameters() -> None:
    """Promise: for CloudFormation and SAM the symbols become Fn::Sub, never literal accounts."""
    written = json.dumps(as_template(generate(provider_requirements(Deployment()))))

    assert '{"Fn::Sub": "arn:${AWS::Partition}:sagemaker:${AWS::Region}:${AWS::AccountId}:' in written
    assert "arn:aws:" not in written


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ("arn:aws:s3:us-east-1:123456789012:accesspoint/models/object/*", set()),
        ("arn:aws:s3:*:123456789012:accesspoint/*/object/*", set()),
        ("arn:aws:s3-object-lambda:us-east-1:123456789012:accesspoint/models", set()),
        ("arn:aws:s3::123456789012:accesspoint/m1.mrap/object/*", set()),
        ("arn:aws:s3:us-east-1:123456789012:models/*", {"invalid-arn"}),
        ("arn:aws:s3:us-east-1::models/*", {"invalid-arn"}),
        ("arn:aws:iam:us-east-1:123456789012:role/x", {"invalid-arn"}),
        ("arn:aws", {"invalid-arn"}),
        ("arn:aws:s3", {"short-arn"}),
    ],
)
def test_arns_with_and_without_a_region(resource: str, expected: set[str]) -> None:
    """Promise: access points and their kin have region and account, buckets and roles have none."""
    node = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource}}
    kinds = {finding.kind for finding in lint_policy(read_node(node))}

    assert kinds & {"invalid-arn", "short-arn"} == expected


@pytest.mark.parametrize("form", ["storage-lens/x", "job/1", "storage-lens-group/g", "access-grants/default/grant/1"])
def test_the_kin_of_access_points(form: str) -> None:
    """Promise: whatever S3 keeps per region is accepted, since the forms are AWS's data."""
    resource = f"arn:aws:s3:us-east-1:123456789012:{form}"
    node = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": resource}}

    assert "invalid-arn" not in {finding.kind for finding in lint_policy(read_node(node))}
