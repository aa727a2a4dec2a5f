"""What policy check reads: everything that people have of a role is judged alike, and nothing else is judged."""

import json
import random
import re
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml
from command_line import Finished, run

from benchmarks.dump import write_dump
from inference_experiment_cli.errors import CommandError
from inference_experiment_cli.policy import dumps
from inference_experiment_cli.policy.checks import CheckOptions, check_roles
from inference_experiment_cli.policy.inputs import Inputs, RoleInput, TemplateText, as_roles, read_data

TEMPLATE = Path(__file__).resolve().parents[2] / "template.yaml"

ACCOUNT = "123456789012"
PLACE = (
    *("--account", ACCOUNT, "--region", "us-east-1", "--partition", "aws"),
    *("--experiment-role", f"arn:aws:iam::{ACCOUNT}:role/experiment"),
)
DOCUMENT: dict[str, Any] = json.loads(run("policy", "generate", "--for", "provider", *PLACE).stdout)
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
MANAGED_ARN = f"arn:aws:iam::{ACCOUNT}:policy/managed"
BARE = {
    "Path": "/",
    "RoleName": "provider",
    "RoleId": "AROA1",
    "Arn": f"arn:aws:iam::{ACCOUNT}:role/provider",
    "AssumeRolePolicyDocument": TRUST,
}
ROLE = {**BARE, "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": DOCUMENT}], "AttachedManagedPolicies": []}
MANAGED = {
    "PolicyName": "managed",
    "Arn": MANAGED_ARN,
    "PolicyVersionList": [
        {"Document": {"Statement": []}, "VersionId": "v1", "IsDefaultVersion": False},
        {"Document": DOCUMENT, "VersionId": "v2", "IsDefaultVersion": True},
    ],
}
ATTACHED = [{"PolicyName": "managed", "PolicyArn": MANAGED_ARN}]
USER = {"UserName": "ci", "Arn": f"arn:aws:iam::{ACCOUNT}:user/ci", "GroupList": ["g"], "AttachedManagedPolicies": []}
GROUP = {"GroupName": "g", "GroupId": "A", "GroupPolicyList": [], "AttachedManagedPolicies": ATTACHED}
DUMP = {"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [ROLE], "Policies": [], "IsTruncated": False}
USERS = {"UserDetailList": [USER], "GroupDetailList": [GROUP], "RoleDetailList": [], "Policies": [MANAGED]}


def resource(kind: str, label: str, address: str = "", **values: Any) -> dict[str, Any]:
    local = f"{kind}.{label}"
    return {"address": f"{address}{local}", "mode": "managed", "type": kind, "name": label, "values": values}


def plan(*resources: dict[str, Any], **members: Any) -> dict[str, Any]:
    planned = {"root_module": {"resources": list(resources)}}
    return {"format_version": "1.2", "terraform_version": "1.9.0", "planned_values": planned, **members}


TERRAFORM_ROLE = resource("aws_iam_role", "provider", name="provider", assume_role_policy=json.dumps(TRUST))
TERRAFORM_POLICY = resource("aws_iam_role_policy", "p", name="p", role="provider", policy=json.dumps(DOCUMENT))
PLAN = plan(TERRAFORM_ROLE, TERRAFORM_POLICY)


def planned_in_module() -> dict[str, Any]:
    """A plan whose policy, its ARN and its role's name are known after the apply only, in a module."""
    blocks = [
        {
            "actions": one["Action"] if isinstance(one["Action"], list) else [one["Action"]],
            "resources": one["Resource"] if isinstance(one["Resource"], list) else [one["Resource"]],
            "condition": [
                {"test": test, "variable": key, "values": [value]}
                for test, keys in one.get("Condition", {}).items()
                for key, value in keys.items()
            ],
        }
        for one in DOCUMENT["Statement"]
    ]
    data, module = "data.aws_iam_policy_document.d", "module.iam."
    resources = [
        resource("aws_iam_role", "provider", module, name_prefix="p", assume_role_policy=json.dumps(TRUST)),
        resource("aws_iam_policy", "m", module, name="m"),
        resource("aws_iam_role_policy_attachment", "a", module),
    ]
    changes = [
        {"address": f"{module}aws_iam_policy.m", "change": {"after_unknown": {"arn": True, "policy": True}}},
        {
            "address": f"{module}aws_iam_role_policy_attachment.a",
            "change": {"after_unknown": {"role": True, "policy_arn": True}},
        },
        {
            "address": module + data,
            "module_address": "module.iam",
            "type": "aws_iam_policy_document",
            "change": {"actions": ["read"], "after": {"statement": blocks}, "after_unknown": {"json": True}},
        },
    ]
    expressions = {
        "aws_iam_policy.m": {"policy": {"references": [f"{data}.json", data]}},
        "aws_iam_role_policy_attachment.a": {
            "role": {"references": ["aws_iam_role.provider.name", "aws_iam_role.provider"]},
            "policy_arn": {"references": ["aws_iam_policy.m.arn", "aws_iam_policy.m"]},
        },
    }
    configured = [{"address": address, "expressions": each} for address, each in expressions.items()]
    calls = {"iam": {"module": {"resources": configured}}}
    planned = {"root_module": {"child_modules": [{"address": "module.iam", "resources": resources}]}}
    configuration = {"root_module": {"module_calls": calls}}
    return {**plan(), "planned_values": planned, "resource_changes": changes, "configuration": configuration}


def state() -> dict[str, Any]:
    """Return a terraform.tfstate, in which the role repeats what is attached to it."""
    attributes: list[tuple[str, str, dict[str, Any]]] = [
        ("aws_iam_role", "r", {**TERRAFORM_ROLE["values"], "arn": BARE["Arn"], "managed_policy_arns": [MANAGED_ARN]}),
        ("aws_iam_policy", "m", {"name": "managed", "arn": MANAGED_ARN, "policy": json.dumps(DOCUMENT)}),
        ("aws_iam_role_policy_attachment", "a", {"role": "provider", "policy_arn": MANAGED_ARN}),
    ]
    resources = [
        {"mode": "managed", "type": kind, "name": name, "instances": [{"attributes": values}]}
        for kind, name, values in attributes
    ]
    return {"version": 4, "terraform_version": "1.9.0", "lineage": "x", "resources": resources}


OTHER = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}

# What is sufficient in every form.
FORMS: dict[str, Any] = {
    "document": DOCUMENT,
    "get-inline-policy-for-permission-set": {"InlinePolicy": json.dumps(DOCUMENT)},
    "get-policy-version": {"PolicyVersion": {"Document": DOCUMENT, "VersionId": "v1", "IsDefaultVersion": True}},
    "get-policy-version, cut": {"Document": DOCUMENT, "VersionId": "v1", "IsDefaultVersion": True},
    "get-role-policy": {"RoleName": "r", "PolicyName": "p", "PolicyDocument": DOCUMENT},
    "get-user-policy, as text": {"UserName": "u", "PolicyName": "p", "PolicyDocument": json.dumps(DOCUMENT)},
    "get-group-policy, URL-encoded": {
        "GroupName": "g",
        "PolicyName": "p",
        "PolicyDocument": quote(json.dumps(DOCUMENT)),
    },
    "a list of inline policies": ROLE["RolePolicyList"],
    "stringified": json.dumps(DOCUMENT),
    "stringified twice": json.dumps(json.dumps(DOCUMENT)),
    "stringified and URL-encoded": quote(json.dumps(DOCUMENT)),
    "get-account-authorization-details": DUMP,
    "roles only": [ROLE],
    "one role": ROLE,
    "pages": [DUMP, {"RoleDetailList": [], "Policies": []}],
    "a managed policy": MANAGED,
    "a list of one managed policy": {"Policies": [MANAGED]},
    "a user by its group": USERS,
    "a role by its managed policy": {
        "RoleDetailList": [{**BARE, "AttachedManagedPolicies": ATTACHED}],
        "Policies": [MANAGED],
    },
    "Terraform plan": PLAN,
    "Terraform plan with a module": planned_in_module(),
    "Terraform state": state(),
    "Terraform state, shown": {**plan(), "planned_values": None, "values": PLAN["planned_values"]},
}
FORMS["Terraform state, shown"].pop("planned_values")


def check(tmp_path: Path, content: str | bytes, *arguments: str) -> Finished:
    path = tmp_path / "given"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return run("policy", "check", str(path), "--for", "provider", *PLACE, *arguments)


@pytest.mark.parametrize("form", FORMS)
def test_a_sufficient_role_is_sufficient_in_every_form(form: str, tmp_path: Path) -> None:
    answer = check(tmp_path, json.dumps(FORMS[form], indent=1), "--unknown", "error")
    assert (answer.returncode, answer.stdout) == (0, ""), answer.stderr


@pytest.mark.parametrize("form", FORMS)
def test_what_is_missing_is_missing_in_every_form(form: str, tmp_path: Path) -> None:
    """Promise: the action is misspelt wherever the document is, and found missing with a place in the file."""
    wrong = json.dumps(FORMS[form], indent=1).replace("CreateInferenceExperiment", "CreateInferenceExperimentt")
    answer = check(tmp_path, wrong, "--unknown", "error")
    assert answer.returncode == 1
    assert "lacks sagemaker:CreateInferenceExperiment" in answer.stdout
    unknown = next(line for line in answer.stdout.splitlines() if "unknown-action" in line)
    assert unknown.startswith(f"{tmp_path / 'given'}:")


def test_the_place_in_a_large_dump_is_that_of_a_small_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise: a dump that is read member by member gives the same findings, at the same lines and columns."""
    texts = {
        "indented": json.dumps(
            {"RoleDetailList": [{**ROLE, "Description": "Übung \U0001f600"}, {**ROLE, "RoleName": "b"}]},
            indent=4,
            ensure_ascii=False,
        ),
        "one line": json.dumps([{**ROLE, "Description": "\u4e00"}, {**ROLE, "RoleName": "b"}], ensure_ascii=False),
        "lines": "".join(json.dumps({**ROLE, "RoleName": name}) + "\n" for name in "ab"),
        "UTF-16": json.dumps([ROLE, {**ROLE, "RoleName": "b"}], indent=2),
    }
    for name, text in texts.items():
        wrong = text.replace("CreateInferenceExperiment", "CreateInferenceExperimentt")
        content = wrong.encode("utf-16" if name == "UTF-16" else "utf-8")
        small = check(tmp_path, content, "--role", "b", "--format", "json")
        with monkeypatch.context() as patched:
            patched.setattr("inference_experiment_cli.policy.inputs.LARGE", 10)
            large = check(tmp_path, content, "--role", "b", "--format", "json")
        assert small.returncode == 1, name
        assert large.stdout == small.stdout, name


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_every_encoding_of_unicode_is_read(encoding: str, tmp_path: Path) -> None:
    """Promise: also what `>` writes in Windows PowerShell."""
    assert check(tmp_path, json.dumps(DOCUMENT).encode(encoding)).returncode == 0


@pytest.mark.parametrize("form", ["get-account-authorization-details", "get-policy-version"])
def test_the_cli_may_print_yaml(form: str, tmp_path: Path) -> None:
    assert check(tmp_path, yaml.safe_dump(FORMS[form])).returncode == 0


@pytest.mark.parametrize("node", [{"Role": BARE}, {"Roles": [BARE]}, BARE, {"User": {"UserName": "u", "Arn": "a"}}])
def test_what_a_command_does_not_print_is_unknown(node: Any, tmp_path: Path) -> None:
    answer = check(tmp_path, json.dumps(node), "--unknown", "error")
    assert answer.returncode == 3
    assert "get-account-authorization-details" in answer.stdout


# What is no policy -> words that say what it is or what to give.
OTHERS = {
    "null": "null",
    '""': "an empty text",
    "5": "a number",
    "[1, 2]": "a list of numbers",
    "{}": "an empty object",
    "[]": "an empty list",
    "": "is empty",
    '{"name": "x", "version": "1.0.0", "dependencies": {}}': "a package.json",
    '{"Policy": {"PolicyName": "p", "Arn": "a", "DefaultVersionId": "v1"}}': "get-policy-version",
    '{"Policies": [{"PolicyName": "p", "Arn": "a"}]}': "the names of policies",
    json.dumps({"Policies": [MANAGED, MANAGED]}): "no role",
    json.dumps([MANAGED, MANAGED]): "no role",
    '{"Policy": {"PolicySummary": {"Type": "SERVICE_CONTROL_POLICY"}, "Content": "{}"}}': "service control policy",
    json.dumps(
        {"Policy": json.dumps({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}})}
    ): "a bucket",
    '{"FunctionName": "f", "Role": "arn:aws:iam::123456789012:role/x"}': "configuration of a function",
    '{"version": "36.0.0", "artifacts": {}}': "*.template.json",
    '{"version": "36.0.0", "files": {}, "dockerImages": {}}': "*.template.json",
    '{"Effect": "Allow", "Action": "*", "Resource": "*"}': "one statement",
    '[{"Effect": "Allow", "Action": "*", "Resource": "*"}, {"Effect": "Deny", "Action": "s3:*"}]': "list of statements",
    '{"PolicyNames": ["a"]}': "get-role-policy",
    '{"Users": ["a"]}': "not a policy",
    "<!DOCTYPE html><html>{}</html>": "HTML",
    "apiVersion: v1\nkind: Pod\n": "Kubernetes",
    "apiVersion: v1\nkind: Pod\n---\nkind: Pod\n": "Kubernetes",
    repr(ROLE): "json.dumps",
    'resource "aws_iam_role" "x" {\n  name = "x"\n}\n': "terraform show -json",
    "\nAn error occurred (AccessDenied) when calling the GetRole operation: no": "an error message",
    "2012-10-17\nSTATEMENT\tAllow\tsts:AssumeRole\n": "--output json",
    "-----------\n|  GetRole  |\n": "--output json",
    '{"RoleDetailList": [ // all\n]}': "comments are not allowed",
    json.dumps(DUMP)[:200]: "is not valid JSON",
    "PK\x03\x04": "terraform show -json",
    "some text": "plain text",
    "- RoleName: x\n" * 400_000: "--output json",
    "```json\n{}\n```\n": "Markdown",
    '{"resource": {"aws_iam_role": {}}, "terraform": {}}': "terraform show -json",
    '{"PolicySummary": {"Type": "SERVICE_CONTROL_POLICY"}, "Content": "{}"}': "service control policy",
    '{"@level": "info", "type": "version"}\n{"@level": "info"}\n': "terraform show -json",
    '{"Users": [{"Username": "of another service"}]}': "not a policy",
}


@pytest.mark.parametrize("content", OTHERS, ids=lambda content: content[:40])
def test_what_is_no_policy_is_not_judged(content: str, tmp_path: Path) -> None:
    """Promise: one line that says what it is or what to give instead, and no permission is called missing."""
    answer = check(tmp_path, content)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert OTHERS[content] in answer.stderr
    assert answer.stderr.count("\n") == 1
    assert len(answer.stderr) - len(str(tmp_path)) < 330


def test_a_resource_policy_is_no_trust_policy(tmp_path: Path) -> None:
    """Promise: a role cannot have a bucket's policy; it is not said to be a trust policy with a wrong Resource."""
    public = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}
    answer = check(tmp_path, json.dumps({"Version": "2012-10-17", "Statement": [public]}))
    assert answer.returncode == 1
    assert "misplaced-element: remove Principal" in answer.stdout
    assert "lacks" not in answer.stdout


@pytest.mark.parametrize("actions", ["sts:AssumeRole", ["sts:AssumeRole", "sts:TagSession"]])
def test_a_trust_policy_may_forget_to_say_who(actions: Any, tmp_path: Path) -> None:
    """Promise: what is about assuming the role alone, and names no role to assume, is read as a trust policy."""
    answer = check(
        tmp_path, json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions}]})
    )
    assert "add Principal" in answer.stdout
    assert "add Resource" not in answer.stdout


@pytest.mark.parametrize(
    ("comment", "before"),
    [(comment, '"Statement"') for comment in ("// why\n", "/* why */", "# why\n")]
    + [("// why\n", "{"), ("/* why\n * that */\n// too\n", "{")],
)
def test_a_comment_in_a_policy_is_named(comment: str, before: str, tmp_path: Path) -> None:
    answer = check(tmp_path, json.dumps(DOCUMENT).replace(before, comment + before, 1))
    assert answer.returncode == 1
    assert "error invalid-json: is not valid JSON: comments are not allowed, remove this one" in answer.stdout


@pytest.mark.parametrize(
    ("dump", "path"),
    [
        ({"RoleDetailList": None}, "RoleDetailList"),
        ({"RoleDetailList": [{**ROLE, "RolePolicyList": {}}]}, "RoleDetailList/0/RolePolicyList"),
        ({"RoleDetailList": [{**ROLE, "RolePolicyList": [{}]}]}, "RoleDetailList/0/RolePolicyList/0"),
        ({"RoleDetailList": [{**ROLE, "AttachedManagedPolicies": [5]}]}, "RoleDetailList/0/AttachedManagedPolicies/0"),
        ({"RoleDetailList": [{**ROLE, "PermissionsBoundary": "x"}]}, "RoleDetailList/0/PermissionsBoundary"),
        ({"RoleDetailList": [{**ROLE, "AssumeRolePolicyDocument": 5}]}, "RoleDetailList/0/AssumeRolePolicyDocument"),
    ],
)
def test_a_broken_dump_is_one_line_with_the_path(dump: Any, path: str, tmp_path: Path) -> None:
    answer = check(tmp_path, json.dumps(dump))
    assert (answer.returncode, answer.stdout) == (1, "")
    assert f": {path}: " in answer.stderr


def test_a_plan_is_checked_for_the_role_that_the_service_assumes(tmp_path: Path) -> None:
    other = resource(
        "aws_iam_role", "other", name="other", assume_role_policy=json.dumps(TRUST).replace("lambda", "ec2")
    )
    assert check(tmp_path, json.dumps(plan(other, TERRAFORM_ROLE, TERRAFORM_POLICY))).returncode == 0
    answer = check(tmp_path, json.dumps(plan(other)))
    assert (answer.returncode, answer.stdout) == (2, "")
    assert "has no role of the provider; choose one with --role: other" in answer.stderr


def test_what_the_apply_decides_is_unknown(tmp_path: Path) -> None:
    """Promise: a policy whose text or role is not known yet is neither absent nor allowed."""
    for unknown in ("policy", "role"):
        values = {key: value for key, value in TERRAFORM_POLICY["values"].items() if key != unknown}
        change = {"address": "aws_iam_role_policy.p", "change": {"after_unknown": {unknown: True}}}
        configured = [{"address": "aws_iam_role_policy.p", "expressions": {unknown: {"references": ["var.x"]}}}]
        node = plan(
            TERRAFORM_ROLE,
            {**TERRAFORM_POLICY, "values": values},
            resource_changes=[change],
            configuration={"root_module": {"resources": configured}},
        )
        answer = check(tmp_path, json.dumps(node), "--unknown", "error")
        assert answer.returncode == 3, answer.stdout
        assert "after the apply" in answer.stdout


def test_an_attachment_without_its_configuration_has_a_policy_all_the_same(tmp_path: Path) -> None:
    """Promise: a plan cut to its planned values does not say which policy; the role is not said to lack its actions."""
    attachment = resource("aws_iam_role_policy_attachment", "a", role="provider")
    answer = check(tmp_path, json.dumps(plan(TERRAFORM_ROLE, attachment)), "--unknown", "error")
    assert answer.returncode == 3, answer.stdout
    assert "after the apply" in answer.stdout
    assert "lacks" not in answer.stdout


def test_terraform_finds_instances_and_names_what_is_elsewhere(tmp_path: Path) -> None:
    """Promise: count and for_each pair the instances; a policy of a role that is elsewhere leaves the rest unknown."""
    policy = {**resource("aws_iam_role_policy", "p", name="p", policy=json.dumps(DOCUMENT)), "index": 0}
    instances = [{**each, "address": f"{each['address']}[0]"} for each in (TERRAFORM_ROLE, policy)]
    change = {"address": "aws_iam_role_policy.p[0]", "change": {"after_unknown": {"role": True}}}
    references = ["aws_iam_role.provider[0].id", "aws_iam_role.provider[0]", "aws_iam_role.provider"]
    configured = [{"address": "aws_iam_role_policy.p", "expressions": {"role": {"references": references}}}]
    configuration = {"root_module": {"resources": configured}}
    counted = plan(*instances, resource_changes=[change], configuration=configuration)
    assert check(tmp_path, json.dumps(counted), "--unknown", "error").returncode == 0
    elsewhere = {
        **TERRAFORM_POLICY,
        "values": {**TERRAFORM_POLICY["values"], "role": "elsewhere", "policy": json.dumps(OTHER)},
    }
    answer = check(tmp_path, json.dumps(plan(elsewhere)), "--unknown", "error")
    assert "elsewhere" in answer.stdout + answer.stderr
    assert "missing-permission" not in answer.stdout


TERRAFORM_USER = resource("aws_iam_user", "ci", name="ci")
TERRAFORM_GROUP = resource("aws_iam_group", "g", name="g")
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


@pytest.mark.parametrize(
    "attachments",
    [
        [resource("aws_iam_user_policy", "p", user="ci", policy=json.dumps(DOCUMENT))],
        [resource("aws_iam_user_policy_attachment", "p", user="ci", policy_arn=ADMINISTRATOR)],
        [resource("aws_iam_policy_attachment", "p", users=["ci"], policy_arn=ADMINISTRATOR)],
        [
            resource("aws_iam_group_policy", "p", group="g", policy=json.dumps(DOCUMENT)),
            resource("aws_iam_user_group_membership", "m", user="ci", groups=["g"]),
        ],
        [
            resource("aws_iam_group_policy_attachment", "p", group="g", policy_arn=ADMINISTRATOR),
            resource("aws_iam_group_membership", "m", group="g", users=["ci"]),
        ],
    ],
    ids=lambda attachments: attachments[-1]["type"],
)
def test_users_of_terraform_have_what_is_attached_to_them_and_their_groups(attachments: Any, tmp_path: Path) -> None:
    node = plan(TERRAFORM_USER, TERRAFORM_GROUP, *attachments)
    assert check(tmp_path, json.dumps(node), "--role", "ci", "--unknown", "error").returncode == 0
    without = plan(TERRAFORM_USER, TERRAFORM_GROUP, *attachments[:-1])
    assert check(tmp_path, json.dumps(without), "--role", "ci", "--unknown", "error").returncode == 1


@pytest.mark.parametrize(
    ("kind", "values", "unknown"),
    [
        ("aws_iam_role", {"permissions_boundary": None}, "permissions_boundary"),
        ("aws_iam_role_policy_attachment", {"role": "provider"}, "policy_arn"),
        ("aws_iam_role_policy_attachment", {"policy_arn": ADMINISTRATOR}, "role"),
    ],
)
def test_an_unknown_boundary_or_attachment_decides_nothing(
    kind: str, values: dict[str, Any], unknown: str, tmp_path: Path
) -> None:
    label = "provider" if kind == "aws_iam_role" else "a"
    given = TERRAFORM_ROLE["values"] | values if kind == "aws_iam_role" else values
    changed = resource(kind, label, **given)
    configured = [{"address": changed["address"], "expressions": {unknown: {"references": ["module.x.y", "module.x"]}}}]
    rest = [TERRAFORM_POLICY] if kind == "aws_iam_role" else [TERRAFORM_ROLE]
    node = plan(changed, *rest, configuration={"root_module": {"resources": configured}})
    assert check(tmp_path, json.dumps(node), "--unknown", "error").returncode == 3


def test_the_deployer_may_be_a_user(tmp_path: Path) -> None:
    document = json.loads(run("policy", "generate", "--for", "deployer", *PLACE).stdout)
    path = tmp_path / "dump.json"
    for given, code in ((document, 0), (DOCUMENT, 1)):
        inline = [{"PolicyName": "p", "PolicyDocument": given}]
        path.write_text(json.dumps({"UserDetailList": [{**USER, "GroupList": [], "UserPolicyList": inline}]}))
        assert run("policy", "check", str(path), "--for", "deployer", *PLACE).returncode == code


def test_a_table_lists_who_may_run_shadow_tests(tmp_path: Path) -> None:
    dump = {
        **USERS,
        "RoleDetailList": [{**ROLE, "RoleName": "none", "RolePolicyList": []}, ROLE, BARE | {"RoleName": "x"}],
    }
    answer = check(tmp_path, json.dumps(dump), "--all-roles")
    lines = [line.split() for line in answer.stdout.splitlines()]
    assert lines[0] == ["NAME", "TYPE", "VERDICT", "MISSING", "FIRST"]
    assert [line[:3] for line in lines[1:]] == [
        ["ci", "user", "allowed"],
        ["provider", "role", "allowed"],
        ["x", "role", "undecided"],
        ["none", "role", "denied"],
    ]
    rows = check(tmp_path, json.dumps(dump), "--all-roles", "--format", "json").data()
    assert rows[1] == {
        "name": "provider",
        "type": "role",
        "arn": BARE["Arn"],
        "verdict": "allowed",
        "missing": 0,
        "permissions": [],
    }
    assert rows[-1]["missing"] == len(rows[-1]["permissions"]) > 1
    assert (
        check(tmp_path, json.dumps({**dump, "RoleDetailList": [], "UserDetailList": []}), "--all-roles").returncode == 1
    )


@pytest.mark.parametrize("wrong", [("--role", "x"), ("--format", "sarif"), ("--boundary", "x.json")])
def test_the_table_takes_no_options_for_one_role(wrong: tuple[str, str], tmp_path: Path) -> None:
    answer = check(tmp_path, json.dumps(DUMP), "--all-roles", *wrong)
    assert (answer.returncode, answer.stdout) == (2, "")


def test_a_table_of_documents_is_refused(tmp_path: Path) -> None:
    assert check(tmp_path, json.dumps(DOCUMENT), "--all-roles").returncode == 2


def test_verdicts_of_the_table_are_those_of_each_role(tmp_path: Path) -> None:
    path = tmp_path / "dump.json"
    write_dump(path, 12, 20)
    listed = run("policy", "check", str(path), "--for", "provider", "--all-roles", "--format", "json").data()
    assert len(listed) == 12
    for row in listed[::4]:
        answer = run("policy", "check", str(path), "--for", "provider", "--role", row["name"], "--format", "json")
        (role,) = answer.data()["roles"]
        outcomes = [each["outcome"] for each in role["decisions"] if each["level"] == "required"]
        assert row["missing"] == len([each for each in outcomes if each.endswith("deny")])


def test_a_directive_of_yaml_is_not_taken_for_an_encoded_policy(tmp_path: Path) -> None:
    path = tmp_path / "template.yaml"
    path.write_text("%YAML 1.1\n---\n" + TEMPLATE.read_text(encoding="utf-8"), encoding="utf-8")

    assert run("policy", "check", str(path), "--for", "provider").returncode == 0


SEED = 15
MUTANTS = 2000
JUNK: tuple[Any, ...] = (
    None,
    True,
    5,
    -1.5,
    10**400,
    "",
    "x",
    "\ud800",
    [],
    {},
    [[]],
    [None],
    {"": None},
    "%7B%22",
    '{"',
)


def nodes(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every container with each of its keys."""
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from nodes(value[key])


def mutated(form: Any, chance: random.Random) -> bytes:
    """Return the text of a file after one to three mutations of its value, and some of the text."""
    root = {"root": deepcopy(form)}
    for _ in range(chance.randint(1, 3)):
        parent, key = chance.choice(list(nodes(root)))
        action = chance.choice(["delete", "repeat", "deepen", "replace", "replace"])
        if action == "delete" and len(parent) > 1:
            del parent[key]
        elif action == "repeat" and isinstance(parent, list):
            parent.insert(key, deepcopy(parent[key]))
        else:
            parent[key] = f"@{chance.choice([3, 50, 2000])}@" if action == "deepen" else deepcopy(chance.choice(JUNK))
    text = re.sub(r'"@(\d+)@"', lambda found: "[" * int(found[1]) + "]" * int(found[1]), json.dumps(root.get("root")))
    if chance.randrange(10) == 0:
        text = text[: chance.randrange(len(text))]
    if chance.randrange(20) == 0:
        text = text.replace("{", '{"Version": 1, "RoleName": {}, ', 1)  # repeated keys
    return text.encode("utf-16" if chance.randrange(20) == 0 else "utf-8")


@pytest.mark.slow
def test_no_mutated_dump_gives_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise: whatever is wrong with a file of any form, the answer is a finding or one line."""
    forms = [*FORMS.values(), {"Role": BARE}, {"Roles": [BARE]}, {"Policy": json.dumps(TRUST)}]
    options = CheckOptions("provider", ("read",))
    answers: dict[str, int] = {}
    for number in range(MUTANTS):
        chance = random.Random(SEED * MUTANTS + number)
        data = mutated(chance.choice(forms), chance)
        monkeypatch.setattr("inference_experiment_cli.policy.inputs.LARGE", chance.choice([0, dumps.LARGE]))
        answer = _answer(data, options)
        answers[answer] = answers.get(answer, 0) + 1
    assert {"judged", "UsageError", "NotPossibleError"} <= answers.keys()
    assert answers["judged"] > MUTANTS / 4


def _answer(data: bytes, options: CheckOptions) -> str:
    try:
        inputs = Inputs()
        found = read_data("given", data, inputs)
        if isinstance(found, TemplateText):
            return "template"
        if isinstance(found, dumps.DumpFile):
            inputs.roles = [RoleInput(found.role(entry), "given", is_partial=False) for entry in found.dump.entries]
        else:
            as_roles(inputs, found)
        _, findings = check_roles(inputs, options)
        for finding in findings:
            f"{finding.document} {finding.message}".encode()
    except CommandError as error:
        str(error).encode()
        return type(error).__name__
    return "judged"
