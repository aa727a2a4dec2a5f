"""policy: what is decided about documents, dumps and templates, how it is printed, and the exit codes."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml
from command_line import Finished, run, run_process

from iam_policy.match.symbols import symbols_of
from inference_experiment_cli.policy.checks import CheckOptions
from inference_experiment_cli.policy.names import NAMES
from shadow_test_policies.generate import generate, leaves
from shadow_test_policies.requirements import Deployment

ROOT = Path(__file__).parents[2]
DOCUMENTS = ROOT / "tests" / "lib" / "iam_policy" / "documents"
EXPECTED: dict[str, dict[str, Any]] = json.loads((DOCUMENTS / "expected.json").read_text())
RULES = ROOT / "tests" / "rules"
ACCOUNT = "123456789012"
PLACE = (
    *("--account", ACCOUNT, "--region", "us-east-1", "--partition", "aws", "--experiment", "shadow-1"),
    *("--experiment-role", f"arn:aws:iam::{ACCOUNT}:role/experiment"),
)


CREATION = ("sagemaker:CreateInferenceExperiment", f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:inference-experiment/x")
PROVIDER = ("--for", "provider")
LOGS = {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "*"}
TRUST = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
}


def policy(*arguments: str | Path, stdin: str = "") -> Finished:
    return run("policy", *map(str, arguments), stdin=stdin)


def document_of(name: str, *arguments: str) -> Finished:
    whose = ("--for", "experiment") if "trust" in name else ("--for", "provider", "--handler", "create")
    return policy("check", DOCUMENTS / f"{name}.json", *whose, *PLACE, *arguments)


def written(tmp_path: Path, name: str, content: Any) -> Path:
    path = tmp_path / name
    path.write_text(content if isinstance(content, str) else json.dumps(content, indent=1))
    return path


def minimal(whose: str = "provider", *arguments: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(policy("generate", "--for", whose, *arguments).stdout)
    return document


@pytest.mark.parametrize("name", EXPECTED)
def test_the_first_line_names_the_defect(name: str) -> None:
    """The survey's table: 21 defects, of which the best of seven other linters names 16."""
    answer = document_of(name)
    findings = EXPECTED[name]["findings"]

    assert answer.returncode == EXPECTED[name]["exit"], answer.stdout
    if not findings:
        assert answer.stdout == ""
        return
    kind, line = findings[0]
    place = f"{DOCUMENTS / name}.json" + (f":{line}:" if line else ":")
    assert answer.stdout.startswith(place)
    assert f" {kind}: " in answer.stdout.splitlines()[0]


@pytest.mark.parametrize("style", ["json", "yaml"])
@pytest.mark.parametrize("whose", ["provider", "experiment", "deployer"])
def test_what_is_generated_is_enough(whose: str, style: str) -> None:
    made = policy("generate", "--for", whose, "--format", style)
    answer = policy("check", "-", "--for", whose, "--unknown", "error", stdin=made.stdout)

    assert (made.returncode, answer.returncode, answer.stdout) == (0, 0, "")


@pytest.mark.parametrize("whose", ["provider", "experiment"])
def test_the_minimum_is_short_and_narrow(whose: str) -> None:
    made = policy("generate", "--for", whose).stdout.strip()
    statements = json.loads(made)["Statement"]
    listed = [one["Action"] for one in statements]
    actions = [name for one in listed for name in ([one] if isinstance(one, str) else one)]

    assert len(made) <= 1200
    assert not [name for name in actions if "*" in name or "?" in name]
    for one in statements:
        if "iam:PassRole" in one["Action"]:
            assert one["Action"] == "iam:PassRole"
            assert one["Resource"] != "*"
            assert not one["Resource"].endswith(":role/*")
            assert one["Condition"] == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}


@pytest.mark.parametrize("whose", ["provider", "experiment"])
@pytest.mark.parametrize("style", ["cloudformation", "sam"])
def test_generated_templates_lint_and_are_enough(whose: str, style: str, tmp_path: Path) -> None:
    fixture = RULES / ("E9801/pass-complete.yaml" if whose == "provider" else "W9816/pass-capture.yaml")
    if style == "sam" and whose == "provider":
        fixture = RULES / "E9813" / "pass-document.yaml"
    shown = yaml.safe_load(
        policy("generate", "--for", whose, "--capture", "s3://capture/shadow-test", "--format", style).stdout
    )
    if style == "sam" and whose == "experiment":
        assert list(shown) == ["Policies"]
        return
    template = fixture.read_text()
    head, _, rest = template.partition("      Policies:\n")
    written_policies = "".join(
        f"      {line}\n" for line in yaml.safe_dump(shown, sort_keys=False, width=999).splitlines()
    )
    path = written(tmp_path, "template.yaml", head + written_policies)
    answer = policy("check", path, "--for", whose)

    assert rest
    assert answer.returncode == 0, answer.stdout
    assert "missing" not in answer.stdout


@pytest.mark.parametrize(
    ("whose", "options"),
    [
        (
            "provider",
            ("--queue", "wait-*", "--dead-letter-queue", "lost", "--log-group", "/logs/x", "--stack", "shop-*"),
        ),
        ("experiment", ("--endpoint", "shop", "--endpoint-config", "shop-*", "--model", "fraud-*")),
        ("deployer", ("--function", "fn", "--function-role", "fn-*", "--alarm", "fn-*", "--deployment-bucket", "code")),
    ],
)
def test_assumed_names_are_said_and_can_be_given(whose: str, options: tuple[str, ...]) -> None:
    assumed, named = policy("generate", "--for", whose), policy("generate", "--for", whose, *options)
    answer = policy("check", "-", "--for", whose, "--unknown", "error", stdin=named.stdout)

    assert (named.returncode, answer.returncode, answer.stdout) == (0, 0, "")
    for option, value in zip(options[::2], options[1::2], strict=True):
        assert f"({option})" in assumed.stderr
        assert f"({option})" not in named.stderr
        assert value in named.stdout


def test_every_open_name_of_a_generated_policy_has_an_option() -> None:
    documents = [
        generate(CheckOptions(whose).requirements(Deployment())) for whose in ("provider", "experiment", "deployer")
    ]
    symbols = {symbol.identity for each in documents for leaf in leaves(each) for symbol in symbols_of(leaf)}
    shown = policy("generate", "--help").stdout

    assert symbols - {"Id", "EventSourceMappingId"} == set(NAMES)
    assert [name.option for name in NAMES.values() if f" {name.option} " not in shown] == []


def test_a_trust_policy_is_generated_and_checked() -> None:
    made = policy("generate", "--for", "experiment", "--trust", "--account", ACCOUNT)
    assert json.loads(made.stdout)["Statement"][0]["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}

    for account, code in ((ACCOUNT, 0), ("210987654321", 1)):
        answer = policy("check", "-", "--for", "experiment", "--account", account, stdin=made.stdout)
        assert answer.returncode == code
    assert "source-never-matches" in answer.stdout


def test_documents_together_are_one_role(tmp_path: Path) -> None:
    whole = minimal()
    first = written(tmp_path, "first.json", {**whole, "Statement": whole["Statement"][:2]})
    second = written(tmp_path, "second.json", {**whole, "Statement": whole["Statement"][2:]})

    assert policy("check", first, "--for", "provider").returncode == 1
    assert policy("check", first, second, "--for", "provider").returncode == 0


def test_a_boundary_takes_away(tmp_path: Path) -> None:
    whole = written(tmp_path, "policy.json", minimal())
    statement = {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}
    boundary = written(tmp_path, "boundary.json", {"Version": "2012-10-17", "Statement": [statement]})
    role = f"arn:aws:iam::{ACCOUNT}:role/inference-experiment-shadow"
    answer = policy("check", whole, "--for", "provider", "--boundary", boundary, "--experiment-role", role)

    assert answer.returncode == 1
    assert "boundary-denies: the permissions boundary of the role does not allow iam:PassRole" in answer.stdout


def test_what_a_limit_takes_from_a_role_that_the_policy_names_is_the_limits_fault(tmp_path: Path) -> None:
    whole = written(tmp_path, "policy.json", minimal())
    narrow = written(tmp_path, "narrow.json", statements({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}))
    answer = policy("check", whole, "--for", "provider", "--boundary", narrow)

    assert "boundary-denies: the permissions boundary of the role does not allow iam:PassRole" in answer.stdout
    assert "lacks iam:PassRole" not in answer.stdout


def test_what_a_limit_leaves_open_is_one_finding(tmp_path: Path) -> None:
    whole = written(tmp_path, "policy.json", minimal())
    condition = {"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
    deny = written(tmp_path, "deny.json", statements({**EVERYTHING, "Effect": "Deny", "Condition": condition}))
    answer = policy("check", whole, "--for", "provider", "--scp", deny, "--format", "json")

    (finding,) = json.loads(answer.stdout)["findings"]
    assert (finding["kind"], "aws:PrincipalOrgID is not known" in finding["message"]) == ("undecided", True)


def role_entry(name: str, **members: Any) -> dict[str, Any]:
    service = "lambda.amazonaws.com"
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    trust = {"Version": "2012-10-17", "Statement": [statement]}
    return {
        "RoleName": name,
        "Arn": f"arn:aws:iam::{ACCOUNT}:role/{name}",
        "AssumeRolePolicyDocument": trust,
        **members,
    }


def test_a_dump_of_the_account_is_checked_by_role(tmp_path: Path) -> None:
    inline = [{"PolicyName": "all", "PolicyDocument": minimal()}]
    roles = [role_entry("good", RolePolicyList=inline), role_entry("bad", RolePolicyList=[])]
    dump = written(tmp_path, "dump.json", {"RoleDetailList": roles, "Policies": []})

    assert policy("check", dump, "--for", "provider", "--role", "good").returncode == 0
    answer = policy("check", dump, "--for", "provider", "--role", "bad")
    assert (answer.returncode, answer.stdout.startswith(f"{dump}: error missing-permission")) == (1, True)
    answer = policy("check", dump, "--for", "provider")
    assert answer.returncode == 2
    assert "select one with --role (available: good, bad)" in answer.stderr


@pytest.mark.parametrize(
    ("action", "resource", "way"),
    [
        ("iam:AttachRolePolicy", "arn:aws:iam::*:role/*", "change the policies of every role"),
        ("iam:*AssumeRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/*", "change the trust policy of every role"),
        ("iam:Create*", "arn:aws:iam::*:user/*", "sign in as every user"),
        ("lambda:UpdateFunctionCode", "arn:aws:lambda:*:*:function:*", "change the code of every function"),
    ],
)
def test_a_way_to_more_permissions_is_a_warning(tmp_path: Path, action: str, resource: str, way: str) -> None:
    whole = minimal()
    more = {"Effect": "Allow", "Action": action, "Resource": resource}
    found = {}
    for name, statements in {
        "broad": [more],
        "denied": [more, {**more, "Effect": "Deny"}],
        "narrow": [{**more, "Resource": resource.rpartition("*")[0] + "one"}],
    }.items():
        document = written(tmp_path, f"{name}.json", {**whole, "Statement": [*whole["Statement"], *statements]})
        answer = policy("check", document, "--for", "provider", "--format", "json")
        assert answer.returncode == 0
        findings = json.loads(answer.stdout)["findings"]
        found[name] = [each["message"] for each in findings if each["kind"] == "privilege-escalation"]

    assert (len(found["broad"]), found["denied"], found["narrow"]) == (1, [], [])
    assert way in found["broad"][0]


def test_get_role_says_nothing_about_permissions(tmp_path: Path) -> None:
    """Its policies are unknown, not absent; given beside it, they are what it has."""
    dump = written(tmp_path, "role.json", {"Role": role_entry("provider")})
    whole = written(tmp_path, "policy.json", minimal())
    codes = {
        unknown: policy("check", dump, "--for", "provider", "--unknown", unknown)
        for unknown in ("error", "warn", "ignore")
    }

    assert {unknown: answer.returncode for unknown, answer in codes.items()} == {"error": 3, "warn": 0, "ignore": 0}
    assert "get-account-authorization-details" in codes["warn"].stdout
    assert codes["ignore"].stdout == ""
    assert policy("check", dump, whole, "--for", "provider", "--unknown", "error").returncode == 0


def test_our_template_may_do_what_it_needs() -> None:
    """Only a permissions boundary that somebody else makes can take it away."""
    answer = policy("check", ROOT / "template.yaml", "--for", "provider")
    assert answer.returncode == 0
    found, permissions = answer.stdout.splitlines()
    assert " undecided: " in found
    assert permissions.startswith("  permissions: sagemaker:")
    assert policy("check", ROOT / "template.yaml", "--for", "provider", "--unknown", "error").returncode == 3
    assert policy("check", ROOT / "examples" / "shadow-test.yaml", "--for", "experiment").stdout == ""


@pytest.mark.parametrize(
    ("fixture", "role_kind", "kind", "line"),
    [
        ("E9801/fail-sam", "provider", "missing-permission", 30),
        ("E9802/fail-separate", "provider", "explicit-deny", 83),
        ("E9805/fail-experiment", "experiment", "missing-trust", 37),
        ("E9815/fail-together", "provider", "too-long", 37),
        ("W9816/fail-prefix", "experiment", "missing-experiment-permission", 46),
    ],
)
def test_templates_are_checked_as_the_rules_do(fixture: str, role_kind: str, kind: str, line: int) -> None:
    answer = policy("check", RULES / f"{fixture}.yaml", "--for", role_kind)
    assert answer.returncode == (1 if fixture[0] == "E" else 0)  # a warning is not an error
    assert f"{fixture}.yaml:{line}:" in answer.stdout.splitlines()[0]
    assert kind in answer.stdout.splitlines()[0]


AGREEING = ["E9801/fail-condition", "E9801/fail-managed", "E9804/fail-name", "E9812/fail-service", "E9814/fail-inline"]
AGREEING += ["I9818/fail-boundary", "W9807/fail-any-service", "W9816/fail-endpoint", "W9819/fail-stacks"]


@pytest.mark.parametrize("fixture", AGREEING)
def test_lint_and_check_say_the_same(fixture: str) -> None:
    """Promise: severity, line and message (with the suggested statement) of a template's findings are one verdict."""
    path = RULES / f"{fixture}.yaml"
    lint = run("lint", str(path), "--format", "json", "-c", "I98", "--no-cache")
    reported = {(each["Level"], each["Location"]["Start"]["LineNumber"], each["Message"]) for each in lint.data()}
    checked = set()
    for role_kind in ("provider", "experiment"):
        answer = policy("check", path, "--for", role_kind, "--recommended", "--format", "json")
        findings = answer.data()["findings"] if answer.returncode != 2 else []  # native: there is no provider
        checked |= {(LEVELS[each["severity"]], each["line"], each["message"]) for each in findings}

    assert reported == checked


def test_what_is_only_recommended_fails_nothing() -> None:
    """Promise: without a recommended permission a role has no error or warning; --recommended lists it."""
    path = RULES / "I9817" / "fail-provider.yaml"
    silent = policy("check", path, "--for", "provider", "--format", "json")
    asked = policy("check", path, "--for", "provider", "--recommended", "--format", "json")
    difference = policy("diff", path, "--for", "provider")

    assert (silent.returncode, silent.data()["findings"]) == (0, [])
    (finding,) = asked.data()["findings"]
    assert asked.returncode == 0
    assert (finding["kind"], finding["severity"]) == ("missing-recommended", "info")
    assert finding["add"]["Action"] == "cloudformation:DescribeStackResource"
    assert difference.returncode == 0
    assert "- cloudformation:DescribeStackResource on " in difference.stdout
    assert "(recommended)" in difference.stdout


LEVELS = {"error": "Error", "warning": "Warning", "info": "Informational"}


def test_the_statement_for_a_template_has_pseudo_parameters() -> None:
    answer = policy("check", RULES / "E9804" / "fail-account.yaml", "--for", "provider", "--format", "json")
    (finding,) = [each for each in answer.data()["findings"] if each["kind"] == "resource-never-matches"]

    assert finding["add"]["Resource"] == {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/shadow-test"}


def test_long_lists_of_actions_are_cut_between_actions() -> None:
    answer = policy("check", RULES / "E9801" / "fail-managed.yaml", "--for", "provider", "--format", "json")
    (finding,) = [each for each in answer.data()["findings"] if " more on " in each["message"]]
    lacking, _, rest = finding["message"].partition(" more on ")
    shown, _, more = lacking.removeprefix("ProviderRole lacks ").rpartition(" and ")
    actions = finding["add"]["Action"]

    assert len(finding["message"]) <= 300
    assert [f"sagemaker:{name.removeprefix('sagemaker:')}" for name in shown.split(", ")] == actions[: -int(more)]
    assert rest.endswith(
        "`inference-experiment policy generate --for provider --format cloudformation` prints what to add"
    )


def test_the_suggested_statement_is_no_broader_than_the_minimum(tmp_path: Path) -> None:
    """Promise: not even PassRole of an unknown role is suggested for every role."""
    source = yaml.safe_load(policy("generate", "--for", "provider", "--format", "yaml").stdout)
    source["Statement"] = [each for each in source["Statement"] if "iam:PassRole" not in each["Action"]]
    role = {"Resources": {"Role": deployed_role(source)}}
    for path in (written(tmp_path, "policy.json", source), written(tmp_path, "template.json", role)):
        selected = ("--role", "Role") if path.stem == "template" else ()
        answer = policy("check", path, "--for", "provider", *selected, "--format", "json")
        (statement,) = [each["add"] for each in answer.data()["findings"] if each["kind"] == "missing-permission"]
        assert "role/<ROLE_NAME>" in json.dumps(statement["Resource"])
        assert statement["Condition"] == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}


def test_the_region_is_that_of_cfn_lint() -> None:
    path = RULES / "E9804" / "fail-region.yaml"
    assert policy("check", path, "--for", "provider", "--region", "us-east-1").returncode == 0
    answer = policy("check", path, "--for", "provider", "--region", "eu-west-1")
    assert answer.returncode == 1
    assert "resource-never-matches" in answer.stdout


def test_policies_of_aws_are_not_linted(tmp_path: Path) -> None:
    answer = policy("check", RULES / "W9816" / "pass-full-access.yaml", "--for", "experiment")
    assert (answer.returncode, answer.stdout) == (0, "")
    managed = [{"PolicyName": "x", "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}]
    role = role_entry("provider", RolePolicyList=[], AttachedManagedPolicies=managed)
    dump = written(tmp_path, "dump.json", {"RoleDetailList": [role], "Policies": []})
    found = json.loads(policy("check", dump, "--for", "provider", "--format", "json").stdout)["findings"]
    assert [each["kind"] for each in found] == ["privilege-escalation"]


def test_a_role_of_a_template_is_selected_by_name(tmp_path: Path) -> None:
    document = minimal()
    for statement in document["Statement"]:
        if "sagemaker:CreateInferenceExperiment" in statement["Action"]:
            statement["Action"].remove("sagemaker:CreateInferenceExperiment")
    template = written(tmp_path, "template.json", {"Resources": {"ExecutionRole": deployed_role(document)}})

    answer = policy("check", template, "--for", "provider", "--role", "ExecutionRole")
    assert answer.returncode == 1
    assert "error missing-permission: ExecutionRole lacks sagemaker:CreateInferenceExperiment" in answer.stdout
    for name in ("", "OtherRole"):
        answer = policy("check", template, "--for", "provider", "--role", name)
        assert answer.returncode == 2
        assert "ExecutionRole" in answer.stderr


@pytest.mark.parametrize("before", ["", "\ufeff", "# a comment\n\n", "---\n", "\ufeff# a comment\n---\n"])
@pytest.mark.parametrize("head", [{}, {"AWSTemplateFormatVersion": "2010-09-09"}], ids=["bare", "version"])
@pytest.mark.parametrize("form", ["json", "flow", "block"])
def test_a_template_is_recognised_in_every_form(tmp_path: Path, form: str, head: dict[str, str], before: str) -> None:
    content = {**head, "Resources": {"ExecutionRole": deployed_role({"Statement": []})}}
    flow = yaml.safe_dump(content, default_flow_style=True, sort_keys=False).replace("Allow", "!Sub Allow")
    texts = {"json": json.dumps(content), "flow": flow, "block": yaml.safe_dump(content, sort_keys=False)}
    template = written(tmp_path, "template", before + texts[form])

    answer = policy("check", template, "--for", "provider", "--role", "ExecutionRole")

    assert answer.returncode == 1
    assert "error missing-permission: ExecutionRole lacks sagemaker:" in answer.stdout


def test_a_policy_in_braces_is_json() -> None:
    """IAM takes no YAML."""
    answer = policy("check", "-", "--for", "provider", stdin="{Version: '2012-10-17', Statement: []}")
    assert "is not valid JSON" in answer.stdout


def deployed_role(document: dict[str, Any]) -> dict[str, Any]:
    policies = [{"PolicyName": "experiments", "PolicyDocument": document}]
    trust = role_entry("provider")["AssumeRolePolicyDocument"]
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust, "Policies": policies}}


def test_conditions_of_a_template_are_all_looked_at() -> None:
    answer = policy("check", RULES / "E9801" / "fail-condition.yaml", "--for", "provider")
    assert answer.returncode == 1
    assert answer.stdout.count("lacks iam:PassRole on") == 1
    assert "(when MayPass is false)" in answer.stdout


def test_suppressions_are_kept_and_do_not_count(tmp_path: Path) -> None:
    source = (DOCUMENTS / "03-everything-of-sagemaker.json").read_text().replace('"sagemaker:*"', '"sagemaker:*"')
    accepted = yaml.safe_dump(json.loads(source), sort_keys=False).replace(
        "sagemaker:*", "sagemaker:*  # iam-policy: ignore broad-action - a sandbox", 1
    )
    path = written(tmp_path, "policy.yaml", accepted)
    answer = policy("check", path, "--for", "provider", "--handler", "create", *PLACE, "--format", "sarif")
    results = json.loads(answer.stdout)["runs"][0]["results"]

    assert [one["suppressions"][0]["justification"] for one in results if one["ruleId"] == "broad-action"] == [
        "a sandbox"
    ]


def test_a_baseline_accepts_what_was_there(tmp_path: Path) -> None:
    baseline = tmp_path / "baseline.json"
    before = document_of("02-missing-action", "--write-baseline", str(baseline))
    after = document_of("02-missing-action", "--baseline", str(baseline))
    other = document_of("04-deny-create", "--baseline", str(baseline))

    assert (before.returncode, after.returncode, other.returncode) == (0, 0, 1)
    assert "0 findings, 1 suppressed" in after.stderr


def test_reports_for_machines() -> None:
    report = json.loads(document_of("02-missing-action", "--format", "json").stdout)
    assert report["roles"][0]["outcome"] == "implicit deny"
    assert report["findings"][0]["add"]["Action"] == "sagemaker:AddTags"
    (run_log,) = json.loads(document_of("02-missing-action", "--format", "sarif").stdout)["runs"]
    assert [one["ruleId"] for one in run_log["results"]] == ["missing-permission"]
    suite = ET.fromstring(document_of("02-missing-action", "--format", "junit").stdout)
    assert suite.find("testsuite").attrib["failures"] == "1"  # type: ignore[union-attr]


def test_the_difference_to_the_minimum(tmp_path: Path) -> None:
    whole = minimal()
    changed = {**whole, "Statement": [*whole["Statement"][1:], {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    answer = policy("diff", written(tmp_path, "policy.json", changed), "--for", "provider")

    assert answer.returncode == 1
    assert "- sagemaker:ListInferenceExperiments on *: implicit deny (required)" in answer.stdout
    assert '"s3:*" is not required; remove it' in answer.stdout
    same = policy("diff", written(tmp_path, "same.json", whole), "--for", "provider", "--format", "json")
    assert (same.returncode, json.loads(same.stdout)) == (0, {"missing": [], "excess": []})


def test_a_decision_is_explained(tmp_path: Path) -> None:
    path = DOCUMENTS / "04-deny-create.json"
    target = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:inference-experiment/shadow-1"
    answer = policy("explain", "sagemaker:CreateInferenceExperiment", target, path)
    assert answer.returncode == 1
    assert "explicit deny by these policies" in answer.stdout
    lines = answer.stdout.splitlines()
    assert lines[1] == f"  statement 6 (line 53) of {path} denies it, whatever else allows it"
    assert any(line.startswith(f"  - Deny, statement 6 (line 53) of {path}: applies: ") for line in lines)

    role = f"arn:aws:iam::{ACCOUNT}:role/experiment"
    unknown = policy("explain", "iam:PassRole", role, path, "--unknown", "error")
    known = policy("explain", "iam:PassRole", role, path, "--context", "iam:PassedToService=sagemaker.amazonaws.com")
    assert (unknown.returncode, known.returncode) == (3, 0)
    assert "settled by" in unknown.stdout
    trust = DOCUMENTS / "17-trust-of-lambda.json"
    assert policy("explain", "sts:AssumeRole", "*", trust, "--principal", "lambda.amazonaws.com").returncode == 0
    assert policy("explain", "sts:AssumeRole", "*", trust, "--principal", "sagemaker.amazonaws.com").returncode == 1


def test_what_was_checked_is_said(tmp_path: Path) -> None:
    """The last line has the verdict, the one before it the limits that were not given."""
    path = written(tmp_path, "role.json", minimal())
    trust = written(tmp_path, "trust.json", TRUST)
    limits = ("--boundary", path, "--scp", written(tmp_path, "scp.json", statements(EVERYTHING)))

    alone = policy("check", path, "--for", "provider").stderr.splitlines()
    whole = policy("check", path, trust, "--for", "provider", *limits).stderr.splitlines()
    lacking = policy("check", trust, written(tmp_path, "empty.json", statements(LOGS)), "--for", "provider")
    refused = policy("check", written(tmp_path, "x.json", statements({})), "--for", "provider")
    only_trust = policy("check", trust, "--for", "provider")

    assert alone[-2:] == [
        "limits not given: permissions boundary (--boundary), service control policies (--scp)",
        f"provider role of {path}: 20 permissions allowed by 1 policy; trust policy not given",
    ]
    assert whole[-1] == (
        f"provider role of {path}: 20 permissions allowed by 3 policies (boundary, 1 SCP level); "
        "trust policy allows lambda.amazonaws.com"
    )
    assert not any("limits not given" in line for line in whole)
    assert "2 of 20 permissions allowed, 18 denied by 1 policy" in lacking.stderr.splitlines()[-1]
    assert refused.stderr.splitlines()[-1].endswith("nothing is allowed, since IAM refuses a policy")
    assert only_trust.stderr.splitlines()[-1].endswith("trust.json: trust policy allows lambda.amazonaws.com")
    assert "limits" not in only_trust.stderr


def test_what_is_not_known_of_a_role_is_said(tmp_path: Path) -> None:
    shown = {"Role": {"RoleName": "x", "Arn": f"arn:aws:iam::{ACCOUNT}:role/x", "AssumeRolePolicyDocument": TRUST}}
    role = policy("check", written(tmp_path, "role.json", shown), *PROVIDER).stderr.splitlines()[-1]
    elsewhere = policy("check", ROOT / "examples" / "promotion.yaml", "--for", "experiment").stderr.splitlines()[-1]
    keys = policy("check", ROOT / "examples" / "capture-with-kms.yaml", "--for", "experiment").stderr.splitlines()[-1]

    unknown = "permissions undecided, since the policies are not known"
    assert role.endswith(f"role.json: {unknown}; trust policy allows lambda.amazonaws.com")
    assert elsewhere == f"experiment role of {ROOT / 'examples' / 'promotion.yaml'}: {unknown}"
    assert "8 permissions allowed by 2 policies (key policy)" in keys


def test_the_verdict_for_machines(tmp_path: Path) -> None:
    found = json.loads(policy("check", written(tmp_path, "p.json", minimal()), *PROVIDER, "--format", "json").stdout)

    (role,) = found["roles"]
    assert (role["verdict"], role["policies"], role["limits"], role["trust"]) == ("allowed", 1, [], {})
    assert role["permissions"] == {"allowed": 20, "denied": 0, "undecided": 0}
    assert len(found["limits_not_given"]) == 2


def test_our_own_template_has_an_answer() -> None:
    """In each scenario, and for one deployment with the defaults."""
    path = ROOT / "template.yaml"
    every = policy("check", path, *PROVIDER).stderr.splitlines()
    one = policy("check", path, *PROVIDER, "--unknown", "error", "--parameter", "ExperimentRolePath=shadow/*")
    bounded = ("--parameter", f"PermissionsBoundary=arn:aws:iam::{ACCOUNT}:policy/b", "--unknown", "error")

    allowed = "19 permissions allowed by 2 policies; trust policy allows lambda.amazonaws.com"
    assert any(allowed in line and "HasPermissionsBoundary is false" in line for line in every)
    assert (one.returncode, one.stdout) == (0, "")
    assert one.stderr.splitlines()[-1] == f"provider role ProviderRole in {path}: {allowed}"
    assert policy("check", path, *PROVIDER, *bounded).returncode == 3
    assert policy("diff", path, *PROVIDER, "--parameter", "LogLevel=INFO").returncode == 0
    role = f"arn:aws:iam::{ACCOUNT}:role/x"
    place = ("--account", ACCOUNT, "--partition", "aws")
    explained = policy("explain", "iam:PassRole", role, path, *place, "--parameter", "ExperimentRolePath=y")
    assert "does not apply because its resource role/y does not match role/x" in explained.stdout


def test_pseudo_parameters_are_where_the_template_is_deployed() -> None:
    target = f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:inference-experiment/x"
    values = ("AWS::AccountId=" + ACCOUNT, "AWS::Region=eu-west-1", "AWS::Partition=aws")
    options = [word for value in values for word in ("--parameter", value)]
    here = policy("explain", CREATION[0], target, ROOT / "template.yaml", *options, "--unknown", "error")
    elsewhere = policy("explain", CREATION[0], target.replace("eu-west", "us-west"), ROOT / "template.yaml", *options)

    assert (here.returncode, elsewhere.returncode) == (0, 1)
    assert "the region of its resource is eu-west-1 instead of us-west-1" in elsewhere.stdout


def test_what_aws_does_not_know_is_said_first(tmp_path: Path) -> None:
    path = written(tmp_path, "policy.json", minimal())
    target = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:inference-experiment/x"

    action = policy("explain", "sagemaker:AddTag", target, path).stdout
    service = policy("explain", "sagmaker:AddTags", target, path).stdout
    resource = policy("explain", "iam:PassRole", target, path).stdout

    assert action.startswith('unknown action "sagemaker:AddTag"; did you mean sagemaker:AddTags')
    assert service.startswith('unknown service "sagmaker"; did you mean sagemaker')
    assert resource.startswith("iam:PassRole works on other resources by AWS's data: arn:*:iam::*:role/*")


def test_an_action_that_aws_does_not_know_is_never_answered_with_yes(tmp_path: Path) -> None:
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sagemaker:*", "Resource": "*"}]}
    path = written(tmp_path, "policy.json", everything)
    target = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:inference-experiment/x"

    assert policy("explain", "sagemaker:AddTags", target, path).returncode == 0
    assert policy("explain", "sagemaker:AddTag", target, path).returncode == 3


def test_wildcards_in_the_question(tmp_path: Path) -> None:
    """A pattern of actions is answered for each; one in the resource for all that it stands for."""
    path = written(tmp_path, "policy.json", minimal())
    target = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:inference-experiment/"

    each = policy("explain", "sagemaker:*Tags", target + "x", path)
    every = policy("explain", "sagemaker:AddTags", target + "*", path)
    other = policy("explain", "sagemaker:AddTags", "*", path, "--unknown", "error")

    assert [line.partition(" ")[0] for line in each.stdout.splitlines()] == [
        *("sagemaker:AddTags", "sagemaker:DeleteTags", "sagemaker:ListTags"),
    ]
    assert (each.returncode, every.returncode, other.returncode) == (0, 0, 3)
    assert "sagemaker:AddTags on *: undecided by these policies" in other.stdout
    assert "settled by: a resource without wildcards" in other.stdout
    assert policy("explain", "sagemaker:ListInferenceExperiments", "*", path).returncode == 0


def test_what_iam_refuses_allows_nothing(tmp_path: Path) -> None:
    path = written(tmp_path, "p.json", statements({**EVERYTHING, "Sid": "not valid"}))
    answer = policy("explain", *CREATION, path)

    assert answer.returncode == 1
    assert answer.stdout.startswith(f"IAM refuses {path}, so it allows nothing yet: ")


def test_explanations_for_machines(tmp_path: Path) -> None:
    path = written(tmp_path, "policy.json", minimal())
    (found,) = json.loads(policy("explain", "iam:PassRole", "*", path, "--format", "json").stdout)

    assert (found["outcome"], found["remarks"] != []) == ("unknown", True)
    assert {step["effect"] for step in found["steps"]} == {"does not apply", "undecided"}
    assert [step["decides"] for step in found["steps"]].count(True) == 1


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("check", "missing.json", "--for", "provider"), "missing.json"),
        (("check", "template.yaml", "--for", "deployer"), "deployer"),
        (("check", "template.yaml", "--for", "experiment"), "has no role of the experiment"),
        (("check", "template.yaml"), "--for"),
        (("check", "template.yaml", "--for", "nobody"), "nobody"),
        (("check", "template.yaml", "--for", "provider", "--handler", "creation"), "creation"),
        (("check", "template.yaml", "--for", "provider", "--account", "12"), "12 digits"),
        (("check", "template.yaml", "--for", "provider", "--experiment-role", "role"), "is not an ARN"),
        (("check", "template.yaml", "--for", "provider", "--baseline", "README.md"), "is not a baseline"),
        (("generate", "--for", "experiment", "--capture", "bucket"), "s3://"),
        (("explain", "AddTags", "*", "template.yaml"), "AddTags"),
        (("explain", "sagemaker:AddTags", "name", "template.yaml"), "is not an ARN"),
        (("explain", "*", "*", "template.yaml"), "*: is not one action"),
        (("check", "template.yaml", *PROVIDER, "--parameter", "Loglevel=INFO"), "did you mean LogLevel?"),
        (("check", "template.yaml", *PROVIDER, "--parameter", "LogLevel=LOUD"), '"LOUD" is not one of DEBUG'),
        (("check", "template.yaml", *PROVIDER, "--parameter", "LogLevel"), "write it as NAME=VALUE"),
        (("check", "README.md", *PROVIDER, "--parameter", "A=1"), "README.md"),
        (("check", "dump.json", *PROVIDER, "--all-roles", "--parameter", "A=1"), "--parameter is for one role"),
        (("generate", "--for", "experiment", "--queue", "x"), "names no such resource"),
        (("generate", "--for", "provider", "--queue", "a b"), "is not a name"),
        (("generate", "--for", "provider", "--queue", "arn:aws:sqs:us-east-1:1:q"), "is not a name"),
        (("generate", "--for", "provider", "--format", "xml"), "--format xml: choose "),
        (("explain", "s3:*", CREATION[1], "template.yaml"), "no such action works on"),
        (("explain", "sagemaker:Bogus*", "*", "template.yaml"), "stands for no action"),
        (("explain", "sagemaker:AddTags", "arn:aws:*", "template.yaml"), "is not a whole ARN"),
        (("explain", "sagemaker:AddTags", "*", "template.yaml", "--context", "a"), "write it as KEY=VALUE"),
        (("explain", "sagemaker:AddTags", "*", "template.yaml", "--format", "sarif"), "--format sarif: choose "),
        (("diff", "template.yaml", "--for", "provider", "--format", "junit"), "--format junit: choose "),
        (("bogus",), "bogus"),
    ],
)
def test_usage_is_exit_code_2(arguments: tuple[str, ...], word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    answer = policy(*arguments)
    assert answer.returncode == 2, answer.stderr
    assert word in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize(
    "text", ["", "[]", '{"findings": []}', '{"findings": {"a": "accepted"}}', '{"findings": {"a": {}, "b": null}}']
)
def test_what_is_no_baseline_is_a_usage_error(text: str, tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    file.write_text(text, encoding="utf-8")
    answer = policy("check", written(tmp_path, "p.json", minimal()), *PROVIDER, "--baseline", file)

    assert answer.returncode == 2
    assert f"{file}: is not a baseline: " in answer.stderr


def test_the_commands_of_a_process() -> None:
    made = run_process("policy", "generate", "--for", "provider")
    assert made.returncode == 0
    assert run_process("policy", "--help").returncode == 0
    assert run_process("policy", "check", "nothing.json", "--for", "provider").returncode == 2


EUROPE = {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def statements(*listed: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(listed)}


OF_SERVICES = [f"arn:aws:{service}:*:*:*" for service in ("sagemaker", "sqs", "iam", "logs", "cloudformation")]
ANYWHERE = ["cloudwatch:*", "sagemaker:ListInferenceExperiments"]


@pytest.mark.parametrize(
    ("levels", "code"),
    [
        ([[EVERYTHING]], 0),
        ([[{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]], 0),  # FullAWSAccess is attached with it
        ([[EVERYTHING], [{**EVERYTHING, "Action": "s3:*"}]], 1),
        ([[{**EVERYTHING, "Resource": OF_SERVICES}, {**EVERYTHING, "Action": ANYWHERE}]], 0),
        ([[EVERYTHING, {**EVERYTHING, "Effect": "Deny", "Condition": EUROPE}]], 1),
    ],
)
def test_each_level_of_service_control_policies_must_allow(
    levels: list[list[dict[str, Any]]], code: int, tmp_path: Path
) -> None:
    own = written(tmp_path, "own.json", statements(EVERYTHING))
    files = [written(tmp_path, f"level{index}.json", statements(*level)) for index, level in enumerate(levels)]
    options = [word for file in files for word in ("--scp", str(file))]

    assert policy("explain", *CREATION, own, *options).returncode == code
    assert policy("check", own, "--for", "provider", *PLACE, *options).returncode == code


def test_policies_of_one_level_are_listed_with_commas(tmp_path: Path) -> None:
    own = written(tmp_path, "own.json", statements(EVERYTHING))
    narrow = written(tmp_path, "narrow.json", statements({**EVERYTHING, "Action": "s3:*"}))

    assert policy("explain", *CREATION, own, "--scp", f"{own},{narrow}").returncode == 0
    assert policy("explain", *CREATION, own, "--scp", own, "--scp", narrow).returncode == 1


def test_a_service_control_policy_may_be_what_the_organization_prints(tmp_path: Path) -> None:
    own = written(tmp_path, "own.json", statements(EVERYTHING))
    content = json.dumps(statements({**EVERYTHING, "Action": "s3:*"}))
    printed = written(tmp_path, "described.json", {"Policy": {"PolicySummary": {"Id": "p-1"}, "Content": content}})

    assert policy("explain", *CREATION, own, "--scp", printed).returncode == 1


def test_a_service_control_policy_among_the_files_is_refused_or_asked_about(tmp_path: Path) -> None:
    guard = statements(EVERYTHING, {**EVERYTHING, "Effect": "Deny", "Condition": EUROPE})
    named = policy("check", written(tmp_path, "org-SCP.json", guard), "--for", "provider", *PLACE)
    unnamed = policy("check", written(tmp_path, "guard.json", guard), "--for", "provider", *PLACE)

    assert (named.returncode, named.stderr.count("\n")) == (2, 1)
    assert "--scp" in named.stderr
    assert "--scp" in unnamed.stderr
    assert "explicit-deny" in unnamed.stdout


@pytest.mark.parametrize("option", ["--boundary", "--bucket-policy", "--key-policy"])
def test_a_second_file_is_refused_where_there_is_one(option: str, tmp_path: Path) -> None:
    own = written(tmp_path, "own.json", statements(EVERYTHING))
    answer = policy("check", own, "--for", "experiment", option, own, option, own)

    assert (answer.returncode, answer.stderr.count("\n")) == (2, 1)
    assert option in answer.stderr


def test_a_session_policy_limits_and_its_incomplete_arns_are_refused(tmp_path: Path) -> None:
    own = written(tmp_path, "own.json", statements(EVERYTHING))
    narrow = written(tmp_path, "narrow.json", statements({**EVERYTHING, "Action": "s3:*"}))
    short = written(tmp_path, "short.json", statements({**EVERYTHING, "Resource": "arn:aws:sagemaker"}))

    answer = policy("check", own, "--for", "provider", *PLACE, "--session", narrow)
    assert answer.returncode == 1
    assert answer.stdout.count("limit-denies") == 1
    assert f"{narrow}: error limit-denies" in answer.stdout
    assert "invalid-arn" in policy("check", own, "--for", "provider", *PLACE, "--session", short).stdout
    assert "invalid-arn" not in policy("check", own, "--for", "provider", *PLACE, "--boundary", short).stdout


CAPTURE = ("--capture", "s3://cap/x", "--capture-key")
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1111aaaa-1111-1111-1111-111111111111"
OTHER_KEY = KEY.replace(ACCOUNT, "999999999999")
EXPERIMENT_ROLE = f"arn:aws:iam::{ACCOUNT}:role/experiment"


def with_key(tmp_path: Path, key: str, *allowed: dict[str, Any]) -> Finished:
    """Check a role that may do everything with a key whose policy allows somebody something, if it is given."""
    own = written(tmp_path, "own.json", statements(EVERYTHING))
    given = ("--key-policy", written(tmp_path, "key.json", statements(*allowed))) if allowed else ()
    return policy("check", own, "--for", "experiment", *PLACE, *CAPTURE, key, "--unknown", "error", *given)


@pytest.mark.parametrize("key", [KEY, OTHER_KEY])
@pytest.mark.parametrize(
    ("principal", "action", "findings"),
    [
        (EXPERIMENT_ROLE, "kms:GenerateDataKey", 0),
        (f"arn:aws:iam::{ACCOUNT}:root", "kms:*", 0),
        ("999999999999", "kms:*", 1),
        (f"arn:aws:iam::{ACCOUNT}:role/other", "kms:*", 1),
        (EXPERIMENT_ROLE, "kms:Decrypt", 1),
    ],
)
def test_the_policy_of_a_key_must_name_the_role_or_its_account(
    key: str, principal: str, action: str, findings: int, tmp_path: Path
) -> None:
    allow = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": action, "Resource": "*"}
    answer = with_key(tmp_path, key, allow)

    assert answer.stdout.count("resource-policy-denies") == findings, answer.stdout
    assert "key-policy-not-given" not in answer.stdout
    assert "undecided" not in answer.stdout


def test_a_key_without_its_policy_is_an_information_and_open_in_another_account(tmp_path: Path) -> None:
    own, other = with_key(tmp_path, KEY), with_key(tmp_path, OTHER_KEY)

    assert own.returncode == 0
    assert "info key-policy-not-given" in own.stdout
    assert other.returncode == 3
    assert "error undecided" in other.stdout
    assert "key policy" in other.stdout


@pytest.mark.parametrize("via", ["true", "false"])
def test_other_services_may_call_kms_for_a_role(via: str, tmp_path: Path) -> None:
    """S3 calls it for what it encrypts, so neither a direct call nor one by a service is certain."""
    condition = {"Bool": {"aws:ViaAWSService": via}}
    keys = {"Effect": "Allow", "Action": "kms:*", "Resource": "*", "Condition": condition}
    own = written(tmp_path, "own.json", statements({"Effect": "Allow", "NotAction": "kms:*", "Resource": "*"}, keys))

    answer = policy("check", own, "--for", "experiment", *PLACE, *CAPTURE, KEY, "--unknown", "error")

    assert answer.returncode == 3
    assert "aws:ViaAWSService is not known" in answer.stdout


def test_the_policy_of_a_bucket_grants_by_itself_and_denies(tmp_path: Path) -> None:
    resource = {"Action": "s3:PutObject", "Resource": "arn:aws:s3:::cap/*"}
    nothing = written(tmp_path, "own.json", statements({**EVERYTHING, "Action": "sagemaker:*"}))
    grant = {"Effect": "Allow", "Principal": {"AWS": EXPERIMENT_ROLE}, **resource}
    granting = written(tmp_path, "bucket.json", statements(grant))
    denying = written(tmp_path, "deny.json", statements({**grant, "Effect": "Deny", "Principal": "*"}))
    options = ("--for", "experiment", *PLACE, *CAPTURE[:2], "--bucket-account", ACCOUNT)

    assert "s3:PutObject" in policy("check", nothing, *options).stdout
    assert "s3:PutObject" not in policy("check", nothing, *options, "--bucket-policy", granting).stdout
    # A boundary limits what names the role.
    limited = policy("check", nothing, *options, "--bucket-policy", granting, "--boundary", nothing)
    assert "s3:PutObject" in limited.stdout
    own = written(tmp_path, "all.json", statements(EVERYTHING))
    assert "resource-policy-denies" in policy("check", own, *options, "--bucket-policy", denying).stdout
    # A Deny of the bucket is named, also where the role's own policies lack the permission.
    denied = policy("check", nothing, *options, "--bucket-policy", denying).stdout
    assert f"{denying}: warning resource-policy-denies: the bucket policy of s3://cap/x denies" in denied
    assert "s3:PutObject" not in "".join(each for each in denied.splitlines() if "resource-policy-denies" not in each)
    # Nothing says where a bucket is; from another account both sides must allow.
    open_account = policy("check", nothing, *options[:-2], "--bucket-policy", granting, "--format", "json")
    assert f"--bucket-account}} must be {ACCOUNT}" in open_account.stdout
    elsewhere = policy("check", nothing, *options[:-1], "999999999999", "--bucket-policy", granting)
    assert "missing-experiment-permission: the role lacks s3:PutObject" in elsewhere.stdout
    assert policy("check", nothing, *options[:-1], "x", "--bucket-policy", granting).returncode == 2
    request = ("explain", "s3:PutObject", "arn:aws:s3:::cap/x/y", own, "--for", "experiment")
    assert policy(*request, "--bucket-policy", denying).returncode == 1
    assert policy(*request, "--bucket-policy", granting).returncode == 0


def test_the_default_policy_of_a_key_is_sound_and_one_of_nothing_is_refused(tmp_path: Path) -> None:
    root = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}
    answer = with_key(tmp_path, KEY, root)
    assert "key.json" not in answer.stdout
    own, key = tmp_path / "own.json", tmp_path / "key.json"
    for whose, option in (
        ("experiment", "--key-policy"),
        ("provider", "--key-policy"),
        ("provider", "--bucket-policy"),
    ):
        refused = policy("check", own, "--for", whose, *PLACE, option, key)
        assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    denied = with_key(tmp_path, KEY, {**root, "Effect": "Deny"}, root)
    assert f"{key}: warning resource-policy-denies" in denied.stdout


def test_limits_apply_to_the_roles_of_a_template(tmp_path: Path) -> None:
    template = RULES / "E9801" / "pass-complete.yaml"
    narrow = written(tmp_path, "narrow.json", statements({**EVERYTHING, "Action": "s3:*"}))
    short = written(tmp_path, "short.json", statements({**EVERYTHING, "Resource": "arn:aws:s3"}))

    assert policy("check", template, "--for", "provider").returncode == 0
    for option, kind in (("--scp", "limit-denies"), ("--session", "limit-denies"), ("--boundary", "boundary-denies")):
        answer = policy("check", template, "--for", "provider", option, narrow)
        assert answer.returncode == 1
        assert f"{narrow}: error {kind}" in answer.stdout
    assert f"{short}:" in policy("check", template, "--for", "provider", "--session", short).stdout


def test_the_identity_of_the_caller_is_always_allowed(tmp_path: Path) -> None:
    deny = written(tmp_path, "deny.json", statements({**EVERYTHING, "Effect": "Deny"}))
    answer = policy("explain", "sts:GetCallerIdentity", "*", deny)

    assert answer.returncode == 0
    assert "no permission is required" in answer.stdout


def test_one_deny_is_one_finding_that_lists_every_permission(tmp_path: Path) -> None:
    deny = {**EVERYTHING, "Effect": "Deny", "Condition": EUROPE}
    own = written(tmp_path, "own.json", statements(EVERYTHING, deny))
    found = json.loads(policy("check", own, "--for", "provider", *PLACE, "--format", "json").stdout)["findings"]

    denials = [each for each in found if each["kind"] == "explicit-deny"]
    assert len(denials) == 1
    assert {"sagemaker:CreateInferenceExperiment", "sqs:ReceiveMessage"} <= set(denials[0]["permissions"])


def test_a_baseline_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    own = written(tmp_path, "own.json", statements(EVERYTHING))
    answer = policy("check", own, "--for", "provider", "--write-baseline", tmp_path / "no" / "such.json")

    assert answer.returncode == 2
    assert "Traceback" not in answer.stderr
    assert "such.json" in answer.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        ({"StringEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}}, 0),
        ({"StringNotEquals": {"aws:ResourceAccount": ACCOUNT}}, 1),
        ({"Bool": {"aws:SecureTransport": "true"}}, 0),
        ({"Bool": {"aws:ViaAWSService": "true"}}, 1),
        ({"Null": {"aws:CalledVia": "false"}}, 1),
        ({"StringEquals": {"aws:RequestedRegion": "us-east-1"}}, 0),
        ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}, 0),
        ({"ForAllValues:Null": {"aws:TagKeys": "false"}}, 0),
        ({"ForAnyValue:Null": {"aws:TagKeys": "false"}}, 1),
    ],
)
def test_explain_knows_of_a_request_what_check_knows(condition: dict[str, Any], code: int, tmp_path: Path) -> None:
    own = written(tmp_path, "own.json", statements({**EVERYTHING, "Condition": condition}))
    answer = policy("explain", *CREATION, own, "--account", ACCOUNT, "--unknown", "error")

    assert answer.returncode == code, answer.stdout


CREATE, DESCRIBE = "sagemaker:CreateInferenceExperiment", "sagemaker:DescribeInferenceExperiment"
STOP, PASS = "sagemaker:StopInferenceExperiment", "iam:PassRole"
OWNER = "cfn-inference-experiment:owner"


@pytest.mark.parametrize(
    ("condition", "denied", "undecided"),
    [
        ({"StringNotEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}}, set(), set()),
        ({"StringEquals": {"aws:ResourceAccount": ACCOUNT}}, {CREATE, DESCRIBE, STOP, PASS}, set()),
        ({"StringNotEqualsIfExists": {"aws:RequestedRegion": "us-east-1"}}, set(), {PASS}),
        ({"Bool": {"aws:SecureTransport": "false"}}, set(), set()),
        ({"Bool": {"aws:ViaAWSService": "true"}}, set(), set()),
        ({"Null": {"aws:CalledVia": "true"}}, {CREATE, DESCRIBE, STOP, PASS}, set()),
        ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}, {CREATE, DESCRIBE, STOP, PASS}, set()),
        ({"Bool": {"aws:PrincipalIsAWSService": "true"}}, set(), set()),
        ({"ArnNotLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/*"}}, set(), set()),
        ({"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:user/*"}}, set(), set()),
        ({"StringNotEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}, {CREATE, DESCRIBE, STOP}, set()),
        ({"ArnLike": {"iam:AssociatedResourceArn": "arn:aws:sagemaker:*:*:inference-experiment/*"}}, {PASS}, set()),
        # An experiment has its tags once there is one; the passed role may have any.
        ({"Null": {"aws:ResourceTag/team": "true"}}, {CREATE, DESCRIBE}, {STOP, PASS}),
        ({"Null": {f"aws:ResourceTag/{OWNER}": "true"}}, {CREATE, DESCRIBE}, {PASS}),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, set(), {CREATE, DESCRIBE, STOP, PASS}),
        ({"Null": {f"aws:RequestTag/{OWNER}": "false"}}, {CREATE}, set()),
    ],
)
def test_what_is_known_of_a_request_decides(
    condition: dict[str, Any], denied: set[str], undecided: set[str], tmp_path: Path
) -> None:
    deny = {**EVERYTHING, "Effect": "Deny", "Condition": condition}
    own = written(tmp_path, "own.json", statements(EVERYTHING, deny))
    report = json.loads(policy("check", own, "--for", "provider", *PLACE, "--format", "json").stdout)

    outcomes = {each["action"]: each["outcome"] for each in report["roles"][0]["decisions"]}
    asked = (CREATE, DESCRIBE, STOP, PASS)
    assert {name for name in asked if outcomes[name] == "explicit deny"} == denied
    assert {name for name in asked if outcomes[name] == "unknown"} == undecided


def test_a_policy_without_allow_is_not_said_to_allow(tmp_path: Path) -> None:
    deny = written(tmp_path, "deny.json", statements({**EVERYTHING, "Effect": "Deny", "Action": "sagemaker:*"}))
    answer = policy("check", deny, "--for", "provider", *PLACE)

    assert f"{deny}: denies only; if it is a service control policy" in answer.stderr


@pytest.mark.parametrize(
    ("condition", "caller", "answer"),
    [
        ({"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}, "sagemaker.amazonaws.com", "implicit deny"),
        ({"StringEquals": {"aws:SourceAccount": ACCOUNT}}, "sagemaker.amazonaws.com", "allowed"),
        ({"StringEquals": {"aws:SourceAccount": "999999999999"}}, "sagemaker.amazonaws.com", "implicit deny"),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/ci"}}, f"arn:aws:iam::{ACCOUNT}:role/ci", "allowed"),
        (
            {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/x"}},
            f"arn:aws:iam::{ACCOUNT}:role/ci",
            "implicit deny",
        ),
        ({"StringEquals": {"aws:username": "zoe"}}, f"arn:aws:iam::{ACCOUNT}:user/team/zoe", "allowed"),
        ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, f"arn:aws:iam::{ACCOUNT}:user/zoe", "undecided"),
        ({"StringEquals": {"aws:username": "ci"}}, f"arn:aws:iam::{ACCOUNT}:role/ci", "implicit deny"),
        (
            {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/ci"}},
            f"arn:aws:sts::{ACCOUNT}:assumed-role/ci/build",
            "undecided",
        ),
    ],
)
def test_what_is_known_of_the_caller_decides(
    condition: dict[str, Any], caller: str, answer: str, tmp_path: Path
) -> None:
    principal = {"Service": "sagemaker.amazonaws.com", "AWS": ACCOUNT}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", "Condition": condition}
    trust = written(tmp_path, "trust.json", statements(statement))
    asked = ("explain", "sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/x", trust, *PLACE[:6], "--principal", caller)

    shown = policy(*asked).stdout
    assert f"sts:AssumeRole by {caller}: {answer} by these policies" in shown
    needs_own = answer == "allowed" and caller.startswith("arn:")
    assert (f"the policies of {caller} must allow sts:AssumeRole too" in shown) is needs_own


@pytest.mark.parametrize(
    ("principal", "message"),
    [
        ({"Principal": "*"}, "every principal can use s3://cap/x; "),
        ({"NotPrincipal": {"AWS": ACCOUNT}}, f"every principal but {ACCOUNT} can use s3://cap/x; "),
        ({"Principal": {"AWS": ACCOUNT}}, ""),
    ],
)
def test_a_bucket_that_is_open_is_reported(principal: dict[str, Any], message: str, tmp_path: Path) -> None:
    """NotPrincipal with Allow lets everybody else in."""
    grant = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::cap/*", **principal}
    own = written(tmp_path, "own.json", statements(EVERYTHING))
    bucket = written(tmp_path, "bucket.json", statements(grant))

    shown = policy("check", own, "--for", "experiment", *CAPTURE[:2], "--bucket-policy", bucket).stdout

    assert ("open-resource-policy" in shown) is bool(message)
    assert message in shown


def account_dump(tmp_path: Path, arn: str, *allowed: dict[str, Any], boundary: dict[str, Any] | None = None) -> Path:
    """Write a dump with one role or user."""
    kind, _, name = arn.rpartition(":")[2].partition("/")
    prefix = kind.title()
    entry: dict[str, Any] = {f"{prefix}Name": name.rpartition("/")[2], "Arn": arn}
    entry[f"{prefix}PolicyList"] = [{"PolicyName": "own", "PolicyDocument": statements(*allowed)}]
    policies = []
    if boundary is not None:
        limit = f"arn:aws:iam::{ACCOUNT}:policy/limit"
        entry["PermissionsBoundary"] = {"PermissionsBoundaryArn": limit}
        version = {"VersionId": "v1", "IsDefaultVersion": True, "Document": boundary}
        policies = [{"PolicyName": "limit", "Arn": limit, "PolicyVersionList": [version]}]
    return written(tmp_path, "account.json", {f"{prefix}DetailList": [entry], "Policies": policies})


USER = f"arn:aws:iam::{ACCOUNT}:user/team/zoe"
CI = f"arn:aws:iam::{ACCOUNT}:role/ci"


@pytest.mark.parametrize(
    ("arn", "kind", "condition", "answer"),
    [
        (USER, "provider", {"StringEquals": {"aws:username": "zoe"}}, "allowed"),
        (USER, "deployer", {"StringEquals": {"aws:username": "zoe"}}, "allowed"),
        (USER, "provider", {"StringEquals": {"aws:PrincipalType": "User"}}, "allowed"),
        (USER, "provider", {"Bool": {"aws:MultiFactorAuthPresent": "true"}}, "undecided"),
        (USER, "provider", {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/team/*"}}, "allowed"),
        (CI, "provider", {"ArnLike": {"aws:PrincipalArn": CI}}, "allowed"),
        (CI, "provider", {"Null": {"aws:username": "true"}}, "allowed"),
        (CI, "provider", {"Bool": {"aws:MultiFactorAuthPresent": "true"}}, "implicit deny"),
        (CI, "deployer", {"Null": {"aws:username": "true"}}, "allowed"),
        (CI, "deployer", {"StringEquals": {"aws:PrincipalType": "AssumedRole"}}, "allowed"),
        (CI, "deployer", {"Bool": {"aws:MultiFactorAuthPresent": "true"}}, "undecided"),
        (CI, "deployer", {"StringEquals": {"aws:CalledViaFirst": "cloudformation.amazonaws.com"}}, "undecided"),
    ],
)
def test_what_is_known_of_a_request_depends_on_who_makes_it(
    arn: str, kind: str, condition: dict[str, Any], answer: str, tmp_path: Path
) -> None:
    """A user has a name and perhaps MFA, a role that a service assumes neither; a deployer may have used MFA."""
    dump = account_dump(tmp_path, arn, {**EVERYTHING, "Condition": condition})

    shown = policy("explain", "sqs:ListQueues", "*", dump, "--role", arn, "--for", kind).stdout

    assert f"sqs:ListQueues on *: {answer} by these policies" in shown
    verdict = {"allowed": "allowed", "undecided": "undecided"}.get(answer, "denied")
    checked = policy("check", dump, "--role", arn, "--for", kind, "--format", "json").data()
    assert {each["verdict"] for each in checked["roles"]} == {verdict}


def test_a_deployer_without_an_arn_may_be_a_user(tmp_path: Path) -> None:
    """The ARN of a role was assumed, so conditions on users were never true."""
    own = written(
        tmp_path, "own.json", statements({**EVERYTHING, "Condition": {"ArnLike": {"aws:PrincipalArn": USER}}})
    )

    answer = policy("check", own, "--for", "deployer", "--scp", written(tmp_path, "scp.json", statements(EVERYTHING)))

    assert "undecided" in answer.stdout
    assert answer.returncode == 0


@pytest.mark.parametrize(
    ("arn", "answer"),
    [(CI, "explicit deny"), (f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/x.amazonaws.com/Linked", "allowed")],
)
def test_service_control_policies_do_not_limit_service_linked_roles(arn: str, answer: str, tmp_path: Path) -> None:
    dump = account_dump(tmp_path, arn, EVERYTHING)
    scp = written(tmp_path, "scp.json", statements(EVERYTHING, {**EVERYTHING, "Effect": "Deny"}))

    shown = policy("explain", "sqs:ListQueues", "*", dump, "--role", arn, "--scp", scp).stdout

    assert f"{answer} by these policies" in shown


def test_a_boundary_does_not_limit_what_a_bucket_grants_to_a_user(tmp_path: Path) -> None:
    """It limits the same grant to a role."""
    nothing = statements({**EVERYTHING, "Action": "sqs:*"})
    grant = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::cap/*"}
    place = ("--for", "experiment", *PLACE, *CAPTURE[:2], "--bucket-account", ACCOUNT)
    for arn, missing in ((USER, False), (CI, True)):
        dump = account_dump(tmp_path, arn, EVERYTHING, boundary=nothing)
        bucket = written(tmp_path, "bucket.json", statements({**grant, "Principal": {"AWS": arn}}))

        shown = policy("check", dump, "--role", arn, *place, "--bucket-policy", bucket).stdout

        assert ("s3:PutObject" in shown) is missing


GITHUB = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
CLAIM = "token.actions.githubusercontent.com:sub"


@pytest.mark.parametrize(
    ("principal", "context", "answer"),
    [
        (GITHUB, (), "undecided"),
        (GITHUB, ("--context", f"{CLAIM}=repo:o/r:main"), "allowed"),
        (GITHUB, ("--context", f"{CLAIM}=repo:o/other:main"), "implicit deny"),
        (GITHUB.replace("token", "x"), ("--context", f"{CLAIM}=repo:o/r:main"), "implicit deny"),
        ("cognito-identity.amazonaws.com", ("--context", f"{CLAIM}=repo:o/r:main"), "allowed"),
    ],
)
def test_identity_providers_assume_roles(principal: str, context: tuple[str, ...], answer: str, tmp_path: Path) -> None:
    """A provider is a federated principal, whose claims are not known and who has no policies of its own."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": [GITHUB, "cognito-identity.amazonaws.com"]},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringLike": {CLAIM: "repo:o/r:*"}},
    }
    trust = written(tmp_path, "trust.json", statements(statement))

    shown = policy("explain", statement["Action"], "*", trust, "--principal", principal, *context).stdout

    assert f"by {principal}: {answer} by these policies" in shown
    assert "must allow" not in shown


@pytest.mark.parametrize("principal", [ACCOUNT, "lambda", "arn:aws:iam"])
def test_a_principal_is_a_service_or_an_arn(principal: str) -> None:
    """What is neither is refused; it was said that the trust policy denies it."""
    answer = policy("explain", "sts:AssumeRole", "*", DOCUMENTS / "17-trust-of-lambda.json", "--principal", principal)

    assert answer.returncode == 2
    assert f"--principal {principal}: is neither a service nor an ARN" in answer.stderr


def test_claims_of_identity_providers_are_absent_from_calls_of_the_function(tmp_path: Path) -> None:
    """Sessions of other roles have them, those that a service has assumed do not."""
    statement = {
        "Effect": "Allow",
        "Action": "*",
        "Resource": "*",
        "Condition": {"StringEquals": {"cognito-identity.amazonaws.com:sub": "x"}},
    }
    path = written(tmp_path, "role.json", statements(statement))

    assert "implicit deny by these policies" in policy("explain", "sqs:ListQueues", "*", path).stdout
