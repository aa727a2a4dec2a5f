"""docs/terraform.md and its example: what Terraform would send to CloudFormation and IAM is right and lints clean."""

import json
import re
from pathlib import Path
from typing import Any, Final

import hcl2
import pytest
from command_line import run

from cfn_template.documents import parse_document
from inference_experiment_cli.lint.engine import lint

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = ROOT / "docs" / "terraform.md"
EXAMPLE: Final = ROOT / "examples" / "terraform" / "main.tf"
BLOCK: Final = re.compile(r"^```hcl\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE: Final = re.compile(r'^\$\{file\("\$\{path\.module\}/(.+)"\)\}$')
KEY: Final = re.compile(r'"?([\w:]+)"? = ')
REFERENCE: Final = re.compile(r"(?<=[ \[])((?:data|var)\.[\w.]+)")
# The argument reference of the AWS provider's page, with the meta-arguments of Terraform that are used.
ARGUMENTS: Final = frozenset(
    {
        "name",
        "template_body",
        "template_url",
        "capabilities",
        "disable_rollback",
        "notification_arns",
        "on_failure",
        "parameters",
        "policy_body",
        "policy_url",
        "tags",
        "iam_role_arn",
        "timeout_in_minutes",
        "timeouts",
        "depends_on",
    }
)


def parsed(text: str) -> dict[tuple[str, ...], dict[str, Any]]:
    """Return the blocks of a configuration by their labels."""
    blocks: dict[tuple[str, ...], dict[str, Any]] = {}
    for kind, items in hcl2.loads(text).items():
        for item in items if kind in ("resource", "variable", "output") else ():
            labels, body = [kind], item
            while "__is_block__" not in body:
                ((label, body),) = body.items()
                labels.append(label.strip('"'))
            blocks[tuple(labels)] = {key: value for key, value in body.items() if not key.startswith("__")}
    return blocks


BLOCKS: Final = parsed(EXAMPLE.read_text(encoding="utf-8"))
STACK: Final = BLOCKS["resource", "aws_cloudformation_stack", "shadow_test"]


def template_path() -> Path:
    match = FILE.match(STACK["template_body"])
    assert match is not None
    return (EXAMPLE.parent / match[1]).resolve()


def template() -> Any:
    return parse_document(template_path().read_text(encoding="utf-8"), "template").value


def document(expression: str) -> dict[str, Any]:
    """Return the argument of jsonencode as JSON, with references as the texts that they would be."""
    inner = expression.removeprefix("${jsonencode(").removesuffix(")}")
    text = REFERENCE.sub(r'"\1"', KEY.sub(r'"\1": ', inner))
    made: dict[str, Any] = json.loads(
        text.replace('"var.model_role_arn"', '"arn:aws:iam::123456789012:role/models"')
        .replace("${local.sagemaker}", "arn:aws:sagemaker:*:123456789012")
        .replace("data.aws_caller_identity.current.account_id", "123456789012")
    )
    return made


def test_the_stack_has_arguments_of_the_provider_and_a_template_without_findings() -> None:
    assert STACK.keys() <= ARGUMENTS
    assert lint(template_path()) == []
    kinds = {resource["Type"] for resource in template()["Resources"].values()}
    assert any(kind.startswith("AWS::IAM::") for kind in kinds) == ("capabilities" in STACK)


def test_parameters_and_outputs_are_those_of_the_template() -> None:
    parameters = template()["Parameters"]
    assert set(STACK["parameters"]) == set(parameters)
    verdicts = re.findall(r'"([^"]+)"', BLOCKS["variable", "verdict"]["validation"][0]["condition"])
    assert verdicts == parameters["Verdict"]["AllowedValues"]
    outputs = {body["value"] for labels, body in BLOCKS.items() if labels[0] == "output"}
    assert {re.findall(r'outputs\["(\w+)"\]', value)[0] for value in outputs} <= set(template()["Outputs"])


def test_every_variable_is_used_and_declared() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    declared = {labels[1] for labels in BLOCKS if labels[0] == "variable"}
    assert set(re.findall(r"var\.(\w+)", text)) == declared


def test_terraform_waits_as_long_as_the_function_may_take() -> None:
    (experiment,) = template()["Resources"].values()
    hours = {int(value.strip('"').removesuffix("h")) for key, value in STACK["timeouts"][0].items() if key[0] != "_"}
    assert {hour * 3600 >= 2 * experiment["Properties"]["ServiceTimeout"] for hour in hours} == {True}


@pytest.fixture
def role(tmp_path: Path) -> tuple[str, str]:
    """Write the policies of the experiment's role; return their files."""
    trust = BLOCKS["resource", "aws_iam_role", "experiment"]["assume_role_policy"]
    permissions = BLOCKS["resource", "aws_iam_role_policy", "experiment"]["policy"]
    files = (tmp_path / "trust.json", tmp_path / "permissions.json")
    for file, expression in zip(files, (trust, permissions), strict=True):
        file.write_text(json.dumps(document(expression)), encoding="utf-8")
    return str(files[0]), str(files[1])


def test_the_role_has_the_permissions_of_the_gallery_and_passes_the_check(role: tuple[str, str]) -> None:
    finished = run("policy", "check", *role, "--for", "experiment")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "0 findings" in finished.stderr
    gallery = parse_document((ROOT / "examples" / "shadow-test.yaml").read_text(encoding="utf-8"), "gallery").value
    (policy,) = gallery["Resources"]["ExperimentRole"]["Properties"]["Policies"]
    # The last statement is about captured data, which this example has not.
    expected = [statement["Action"] for statement in policy["PolicyDocument"]["Statement"][:-1]]
    made = json.loads(Path(role[1]).read_text(encoding="utf-8"))["Statement"]
    assert [statement["Action"] for statement in made] == expected


def test_the_policies_exist_before_the_experiment() -> None:
    assert STACK["depends_on"] == ["${aws_iam_role_policy.experiment}"]
    assert BLOCKS["resource", "aws_iam_role_policy", "experiment"]["role"] == "${aws_iam_role.experiment.name}"


def test_every_block_of_the_page_is_valid() -> None:
    blocks = [block for block in BLOCK.findall(PAGE.read_text(encoding="utf-8")) if "--8<--" not in block]
    assert [list(parsed(block)) for block in blocks] == [[("resource", "aws_sagemaker_endpoint", "fraud")]]
