"""cfn-lint's output formats contain our ids and help links."""

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from linting import DIRECTORY, FIXTURES, MODULE

FIXTURE = FIXTURES / "E9503" / "fail-case.yaml"


def cfn_lint(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a separate folder."""
    command = [str(Path(sys.executable).with_name("cfn-lint")), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_sarif_has_our_id_and_help_link(tmp_path: Path) -> None:
    pytest.importorskip("sarif_om", reason="cfn-lint[sarif] is not installed")
    run = cfn_lint(tmp_path, "-a", MODULE, "--format", "sarif", "-t", str(FIXTURE))

    (result,) = json.loads(run.stdout)["runs"][0]["results"]
    assert result["ruleId"] == "E9503"
    rules = json.loads(run.stdout)["runs"][0]["tool"]["driver"]["rules"]
    assert next(rule["helpUri"] for rule in rules if rule["id"] == "E9503").startswith("https://")
    assert run.returncode == 2


def test_junit_has_our_id(tmp_path: Path) -> None:
    pytest.importorskip("junit_xml", reason="cfn-lint[junit] is not installed")
    run = cfn_lint(tmp_path, "-a", MODULE, "--format", "junit", "-t", str(FIXTURE))

    failed = [case.get("name", "") for case in ET.fromstring(run.stdout).iter("testcase") if len(case)]
    assert [name for name in failed if name.startswith("E9503")]


def test_the_configuration_file_loads_the_rules(tmp_path: Path) -> None:
    (tmp_path / ".cfnlintrc").write_text(f"append_rules: [{MODULE}]\n", encoding="utf-8")

    run = cfn_lint(tmp_path, "--format", "parseable", str(FIXTURE))

    assert ":E9503:" in run.stdout


@pytest.mark.parametrize("source", [MODULE, DIRECTORY])
def test_a_finding_can_be_suppressed_on_its_resource(tmp_path: Path, source: str) -> None:
    text = FIXTURE.read_text(encoding="utf-8")
    metadata = "    Metadata: {cfn-lint: {config: {ignore_checks: [E9503]}}}\n    Properties:\n"
    template = tmp_path / "template.yaml"
    template.write_text(text.replace("    Properties:\n", metadata, 1), encoding="utf-8")

    run = cfn_lint(tmp_path, "-a", source, "--format", "parseable", "-t", str(template))

    assert run.stdout == ""
    assert run.returncode == 0
