"""What a finding proposes can be pasted: then the finding is gone, in YAML and in JSON, and nothing else is wrong."""

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
from cfnlint.decode import cfn_yaml
from cfnlint.template import Template
from linting import OURS, fixtures, lint_text, options_of

from iam_policy import Severity
from inference_experiment_rules._base import view_of
from shadow_test_policies.analysis import permission_analysis, template_findings
from shadow_test_policies.pasting import in_one_line
from shadow_test_policies.permission_findings import PermissionFinding
from shadow_test_policies.role_policies import POLICY_PROPERTIES

TRUST = {"missing-trust", "source-never-matches"}
FAILING = [path for path in fixtures("fail-*") if re.match("[EW]98", path.parent.name)]

TAG = re.compile(r"(?:add|write) (\{Key: .*?\}) (?:to|in) Tags of the experiment")
DENIES = [path for path in FAILING if "RequestTag" in path.read_text(encoding="utf-8") and path.parent.name == "E9802"]


def template_of(text: str) -> Template:
    regions = list(options_of(text)["regions"])
    return Template("template.yaml", cfn_yaml.loads(text), regions or ["us-east-1"])


def proposals(text: str) -> list[PermissionFinding]:
    """Return the findings with a statement that the rules report."""
    view = view_of(template_of(text))
    found = [finding for finding, _ in template_findings(permission_analysis(view), lambda _: True)]
    # "/": the file of a nested stack is another one.
    return [
        each
        for each in found
        if each.statement and each.severity is not Severity.INFO and "/" not in str(each.location.path[1])
    ]


def plain(value: Any) -> Any:
    """Return the value that cfn-lint reads, as plain JSON values."""
    return json.loads(json.dumps(value, default=str))


def listed(holder: dict[str, Any], key: str) -> list[Any]:
    entries = holder.get(key, [])
    holder[key] = entries if isinstance(entries, list) else [entries]
    return list(holder[key])


def pasted(template: dict[str, Any], finding: PermissionFinding, statement: Any) -> dict[str, Any]:
    """Return a template with a statement in the policy of the resource that the finding is about."""
    changed = copy.deepcopy(template)
    resource = changed["Resources"][str(finding.location.path[1])]
    kind, properties = resource["Type"], resource.setdefault("Properties", {})
    if finding.kind in TRUST:
        document = properties["AssumeRolePolicyDocument"]
        document["Statement"] = [*listed(document, "Statement"), statement]
    elif kind in POLICY_PROPERTIES:
        document = properties["PolicyDocument"]
        document["Statement"] = [*listed(document, "Statement"), statement]
    else:
        document = {"Version": "2012-10-17", "Statement": [statement]}
        entry = {"PolicyName": "pasted", "PolicyDocument": document} if kind == "AWS::IAM::Role" else document
        properties["Policies"] = [*listed(properties, "Policies"), entry]
    add_tags(changed, statement.get("Condition", {}).get("StringEquals", {}))
    return changed


def add_tags(template: dict[str, Any], condition: dict[str, Any]) -> None:
    """Add the tags that a pasted condition asks for, as the message says."""
    tags = [{"Key": key[15:], "Value": value} for key, value in condition.items() if key.startswith("aws:RequestTag/")]
    for resource in template["Resources"].values() if tags else ():
        if resource["Type"].endswith("InferenceExperiment"):
            properties = resource["Properties"]
            properties["Tags"] = [*listed(properties, "Tags"), *tags]


def remaining(text: str, kind: str, subject: str) -> list[PermissionFinding]:
    return [each for each in proposals(text) if (each.kind, each.subject) == (kind, subject)]


def core_errors(text: str) -> set[str]:
    return {f"{m.rule.id} {m.message}" for m in lint_text(text) if m.rule.id[0] == "E" and not OURS.match(m.rule.id)}


def test_statements_are_proposed() -> None:
    kinds = {each.kind for path in FAILING for each in proposals(path.read_text(encoding="utf-8"))}

    assert kinds >= {"missing-permission", "resource-never-matches", "condition-never-true", "missing-trust"}


@pytest.mark.parametrize("notation", ["yaml", "json"])
@pytest.mark.parametrize("path", FAILING, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_pasted_statement_ends_the_finding(path: Path, notation: str) -> None:
    source = path.read_text(encoding="utf-8")
    options = "".join(line + "\n" for line in source.splitlines() if re.match("# (regions|configure|include):", line))
    template = plain(cfn_yaml.loads(source))
    text = source if notation == "yaml" else options + json.dumps(template, indent=1)
    for finding in proposals(text):
        if finding.kind == "boundary-denies":  # the statement goes into the boundary, which need not be a resource
            continue
        written = in_one_line(finding.statement or {})
        statement = plain(cfn_yaml.loads(f"Here: {written}")["Here"]) if notation == "yaml" else json.loads(written)
        assert ("!" in written) <= (notation == "yaml"), written
        assert statement == plain(finding.statement), written

        after = options + json.dumps(pasted(template, finding, statement), indent=1)

        assert not remaining(after, finding.kind, finding.subject), written
        assert core_errors(after) <= core_errors(options + json.dumps(template, indent=1)), written


def test_the_proposed_tag_ends_a_deny() -> None:
    proposed = 0
    for path in DENIES:
        text = path.read_text(encoding="utf-8")
        messages = [each.message for each in lint_text(text) if each.rule.id == "E9802"]
        tags = [cfn_yaml.loads(f"Tag: {found}")["Tag"] for each in messages for found in TAG.findall(each)]
        template = plain(cfn_yaml.loads(text))
        for tag in tags:
            properties = template["Resources"]["Experiment"]["Properties"]
            others = [each for each in properties.get("Tags", ()) if each["Key"] != tag["Key"]]
            # The user chooses a value where the condition has only a pattern, here the project's.
            value = "CC-1" if tag["Value"] == "<VALUE>" else tag["Value"]
            properties["Tags"] = [*others, {"Key": tag["Key"], "Value": value}]
            proposed += 1
        still = [each.rule.id for each in lint_text(json.dumps(template)) if each.rule.id == "E9802"]
        assert not (tags and still), path.name

    assert proposed == len(DENIES)


def test_no_change_of_a_policy_of_aws_is_proposed() -> None:
    text = next(path for path in FAILING if path.stem == "fail-power-user").read_text(encoding="utf-8")
    found = [each.message for each in lint_text(text) if each.rule.id == "E9803"]

    assert found
    assert all(each.endswith("PowerUserAccess cannot be changed: use a boundary of your own") for each in found)


@pytest.mark.parametrize("path", FAILING, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_no_message_is_cut_inside_its_advice(path: Path) -> None:
    for match in lint_text(path.read_text(encoding="utf-8")):
        if OURS.match(match.rule.id):
            assert not re.search(r"\.\.\.$|…", match.message), match.message
            assert all(match.message.count(one) == match.message.count(other) for one, other in ("{}", "[]", "()"))
            assert match.message.count('"') % 2 == 0
            assert match.message.count("`") % 2 == 0
