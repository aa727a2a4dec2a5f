"""policy: what is decided about documents, dumps and templates, how it is printed, and the exit codes."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml
from command_line import Finished, run, run_process

ROOT = Path(__file__).parents[2]
DOCUMENTS = ROOT / "tests" / "lib" / "iam_policy" / "documents"
EXPECTED: dict[str, dict[str, Any]] = json.loads((DOCUMENTS / "expected.json").read_text())
RULES = ROOT / "tests" / "rules"
ACCOUNT = "123456789012"
PLACE = (
    *("--account", ACCOUNT, "--region", "us-east-1", "--partition", "aws", "--experiment", "shadow-1"),
    *("--experiment-role", f"arn:aws:iam::{ACCOUNT}:role/experiment"),
)


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
    assert all(" undecided: " in line for line in answer.stdout.splitlines())
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
    assert any(line.startswith("* T Deny") for line in answer.stdout.splitlines())

    role = f"arn:aws:iam::{ACCOUNT}:role/experiment"
    unknown = policy("explain", "iam:PassRole", role, path, "--unknown", "error")
    known = policy("explain", "iam:PassRole", role, path, "--context", "iam:PassedToService=sagemaker.amazonaws.com")
    assert (unknown.returncode, known.returncode) == (3, 0)
    assert "settled by" in unknown.stdout
    trust = DOCUMENTS / "17-trust-of-lambda.json"
    assert policy("explain", "sts:AssumeRole", "*", trust, "--principal", "lambda.amazonaws.com").returncode == 0
    assert policy("explain", "sts:AssumeRole", "*", trust, "--principal", "sagemaker.amazonaws.com").returncode == 1


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
        (("bogus",), "bogus"),
    ],
)
def test_usage_is_exit_code_2(arguments: tuple[str, ...], word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    answer = policy(*arguments)
    assert answer.returncode == 2, answer.stderr
    assert word in answer.stderr
    assert "Traceback" not in answer.stderr


def test_the_commands_of_a_process() -> None:
    made = run_process("policy", "generate", "--for", "provider")
    assert made.returncode == 0
    assert run_process("policy", "--help").returncode == 0
    assert run_process("policy", "check", "nothing.json", "--for", "provider").returncode == 2
