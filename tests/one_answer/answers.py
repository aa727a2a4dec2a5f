"""The results of each part of the project, called as users call it: only this module imports our packages."""

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "tools"), str(TESTS / "rules")]

import linting  # noqa: E402 - the path comes first
import mutation  # noqa: E402
from cfnlint.decode import decode  # noqa: E402
from cfnlint.template import Template  # noqa: E402
from command_line import run  # noqa: E402

from inference_experiment import contract, properties  # noqa: E402
from inference_experiment.errors import InvalidProperties  # noqa: E402
from inference_experiment.event import Request  # noqa: E402
from inference_experiment.model import RequestType  # noqa: E402
from inference_experiment_local.sagemaker.metrics import Behaviour  # noqa: E402
from protocol_driver.cloud import ProtocolCloud  # noqa: E402
from protocol_driver.controlled import ControlledMetrics  # noqa: E402
from protocol_driver.messages import stringified  # noqa: E402

__all__ = ["Behaviour", "ControlledMetrics", "ProtocolCloud", "mutation", "run", "stringified"]

CUSTOM_TYPE, NATIVE_TYPE = contract.CUSTOM_TYPE, contract.NATIVE_TYPE


class Place(NamedTuple):
    """Where a property finding is: the experiment's logical id, the path below Properties, the line."""

    experiment: str
    path: str
    line: int


_USED_AT = re.compile(r" is resolved at '(Resources/[^']*)'")


@dataclass(frozen=True)
class LintFinding:
    """One finding of cfn-lint, with its path in the template."""

    rule: str
    path: tuple[str, ...]
    line: int
    message: str


@cache
def lint(path: Path) -> list[LintFinding]:
    """Return what `cfn-lint -a inference_experiment_rules -c I95 I96 I97 I98` finds in a file."""
    options = linting.options_of(path.read_text(encoding="utf-8"))
    runner = linting.runner(**{**options, "included": ("-c", "I98")})
    matches = linting.run_template_by_file_path(str(path), runner.config, runner.rules, ignore_bad_template=False)
    return [LintFinding(one.rule.id, *_place(path, one), one.message) for one in matches]


def _place(path: Path, match: linting.Match) -> tuple[tuple[str, ...], int]:
    """Return path and line of a finding, for a parameter's value those of the property that uses it.

    cfn-lint reports such a value at the parameter, with the property in the message. `validate` reports the property,
    since a value of --parameter has no place in the file.
    """
    used = _USED_AT.search(match.message)
    if used is None:
        return tuple(map(str, match.path or ())), match.linenumber
    keys = [int(key) if key.isdecimal() else key for key in used[1].split("/")]
    template = decode(str(path))[0]
    return tuple(map(str, keys)), Template(str(path), template).get_location_yaml(template, keys)[0] + 1


class PermissionFinding(NamedTuple):
    """A finding about a role's permissions: the rule that reports it, its line and message."""

    rule: str
    severity: str
    line: int
    message: str


def lint_permissions(findings: Sequence[LintFinding]) -> set[PermissionFinding]:
    """Return lint's findings about permissions; excess permissions (W9810) are reported by policy diff."""
    severities = {"E": "error", "W": "warning", "I": "info"}
    return {
        PermissionFinding(one.rule, severities[one.rule[0]], one.line, one.message)
        for one in findings
        if one.rule[1:3] == "98" and one.rule != "W9810"
    }


def policy_check(path: Path, role: str) -> set[PermissionFinding]:
    """Return the findings of `policy check --for ROLE` in a template; none if it has no such role.

    Each has the id of the rule that reports its kind.
    """
    regions = linting.options_of(path.read_text(encoding="utf-8"))["regions"]
    where = ("--region", regions[0]) if regions else ()
    answer = run("policy", "check", str(path), "--for", role, "--recommended", "--format", "json", *where)
    if not answer.stdout:
        assert "no role" in answer.stderr, answer.stderr
        return set()
    return {
        PermissionFinding(_rule_of(one["kind"], role), one["severity"], one["line"], one["message"])
        for one in answer.data()["findings"]
        if not one["suppressed"]
    }


def _rule_of(kind: str, role: str) -> str:
    rules = [one for one in linting.runner().rules.values() if one.id[1:3] == "98"]
    return next((one.id for one in rules if kind in one.kinds and role in one.role_kinds), kind)


class RefusedError(Exception):
    """A command rejected a file, for the reason in the text."""


def validate(path: Path, parameters: Mapping[str, str] | None = None) -> list[Place]:
    """Return the places of the findings of `inference-experiment validate`. Raises RefusedError."""
    given = [f"--parameter={name}={value}" for name, value in (parameters or {}).items()]
    return validate_all([path], given)[str(path)]


def validate_all(paths: Sequence[Path], options: Sequence[str] = ()) -> dict[str, list[Place]]:
    """Return the places of the findings of one run of `validate`, by file. Raises RefusedError."""
    answer = run("validate", *map(str, paths), "--format", "json", *options)
    if not answer.stdout:
        raise RefusedError(answer.stderr)
    found: dict[str, list[Place]] = {str(path): [] for path in paths}
    for row in answer.data():
        name, _, line = row["place"].rpartition(":")
        found[name].append(Place(row["experiment"], row["path"], int(line)))
    return found


class Refusal(NamedTuple):
    """How `plan` refuses properties: the first finding's path and line, and how many findings there are."""

    path: str
    line: int
    count: int


NEEDS_A_VALUE = "pass its --parameter"  # validate does not require values
_REFUSAL = re.compile(r"inference-experiment: [^\n]*?:(\d+): (\S+): .*?(?: \(and (\d+) more: [^\n]*\))?\n", re.DOTALL)


def plan_refusal(path: Path, experiment: str) -> Refusal | None:
    """Return how `inference-experiment plan` refuses properties; None where it plans. Raises RefusedError."""
    answer = run("plan", str(path), "--format", "json", "--logical-id", experiment)
    undecided = answer.returncode == 3  # only a deployment knows the properties
    if answer.stdout or undecided or NEEDS_A_VALUE in answer.stderr:
        return None
    match = _REFUSAL.fullmatch(answer.stderr)
    if match is None:
        raise RefusedError(answer.stderr)
    if match[2] == "Properties":  # as a whole, since they are resolved at deployment
        return None
    return Refusal(match[2], int(match[1]), 1 + int(match[3] or 0))


def function_findings(sent: Mapping[str, Any]) -> set[str]:
    """Return the paths that the function rejects in the properties that CloudFormation sends."""
    request = Request(RequestType.CREATE, "", "stack", "request", "Experiment", properties=sent)
    try:
        properties.parse(request)
    except InvalidProperties as error:
        return {finding.path for finding in error.findings}
    return set()


def permissions_of(operation: str) -> set[str]:
    """Return the IAM actions that an operation of the function requires."""
    return {permission.action for permission in contract.permissions_of(operation)}


def policy_output(file: Path, command: Sequence[str]) -> tuple[int, str]:
    """Return the exit code and the output of a `policy` command for a file in one account."""
    place = {"--account": "123456789012", "--region": "us-east-1", "--partition": "aws"}
    missing = {option: value for option, value in place.items() if option not in command and command[0] == "check"}
    arguments = [str(file) if one == "FILE" else one for one in command]
    answer = run("policy", *arguments, *(word for pair in missing.items() for word in pair))
    return answer.returncode, answer.stdout + answer.stderr
