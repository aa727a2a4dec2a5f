"""On a terminal: every line fits, values are shown and not obeyed; elsewhere nothing is wrapped, cut or escaped."""

import csv
import io
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from captured_lines import PRODUCTION, SHADOW, both, line, write
from command_line import COMMAND, environment_of
from desk import EXAMPLE, ROOT, Desk
from desk_files import bring_to, properties, sampling, variant
from pty_session import Screen, run_on_terminal
from rich.cells import cell_len

from inference_experiment_cli import main as cli
from inference_experiment_cli.csv_rows import guarded
from inference_experiment_cli.table import layout
from inference_experiment_cli.terminal import fold, one_line, visible, wrap

# Clears the screen, sets its title, goes to the start of the line, turns the direction of text round.
HOSTILE = "\x1b[2J\x1b]0;owned\x07\rover\x9b31m\u202egnp [bold]b[/bold] :smile:"
SHOWN = r"\x1b[2J\x1b]0;owned\x07\rover\x9b31m\u202egnp [bold]b[/bold] :smile:"
LONG = "fraud-" + "x" * 57
FORMULA = "=cmd|' /C calc'!A0"
BROKEN = str(ROOT / "examples" / "broken" / "shadow-test.yaml")
DUMP = str(ROOT / "tests" / "lib" / "iam_policy" / "dumps" / "account-authorization-details.json")
QUICK = ("--interval", "0.05")
# What is a document: its lines are the user's own, or one for each record.
DOCUMENTS = {"convert", "export"}
# Runs of each command, in a folder with the files of `_files`; `fraud` runs, and LONG is Created.
RUNS: dict[str, list[tuple[str, ...]]] = {
    "lint": [("broken.yaml",), ("broken.yaml", "--format", "pretty"), ("ok.yaml",), ("empty",)],
    "policy": [
        ("check", "ok.yaml", "--for", "experiment"),
        ("check", "role.json", "--for", "provider"),
        ("check", "dump.json", "--for", "provider", "--all-roles"),
        ("diff", "role.json", "--for", "provider"),
        ("explain", "sagemaker:CreateInferenceExperiment", "*", "role.json"),
        ("explain", "sagemaker:*Tags", "*", "role.json"),
        ("generate", "--for", "provider"),
        ("generate", "--for", "provider", "--format", "sam"),
    ],
    "query": [
        ("SELECT * FROM inference_experiments",),
        ("SELECT name, description, arn, role_arn FROM inference_experiments",),
    ],
    "captures": [("captured", "--production", PRODUCTION, "--shadow", SHADOW, "--min-agreement", "99%")],
    "report": [("--trial",)],
    "validate": [("broken.yaml",), ("broken.json",), ("ok.yaml",)],
    "plan": [("changed.json", "--current", "fraud"), ("ok.yaml",), ("broken.json",)],
    "get": [("fraud",), (LONG,), ("nobody",), ("fraud", "--format", "json"), ("fraud", "--format", "yaml")],
    "list": [(), ("--full",), ("--identifiers",), ("--region", "us-east-1"), ("--created-after", HOSTILE)],
    "watch": [("fraud", *QUICK), (LONG, *QUICK)],
    "create": [("-f", "new.json", "--dry-run"), ("-f", "new.json", *QUICK)],
    "update": [("fraud", "--patch", "patch.json", "--dry-run"), ("fraud", "--patch", "patch.json", *QUICK)],
    "start": [(LONG, "--dry-run"), ("fraud",)],
    "stop": [("fraud", "--reason", HOSTILE, "--dry-run"), ("fraud", "--reason", HOSTILE, "--yes", *QUICK)],
    "delete": [(LONG, "--yes", *QUICK), ("fraud", "--dry-run")],
    "manifest": [(), ("--properties", "all"), ("--from", "fraud"), ("--from", "fraud", "--type", "stackql")],
    "convert": [("ok.yaml", "--to", "native")],
    "export": [(), ("--format", "csv")],
    "demo": [("--example", "broken.yaml")],
}


def _files(desk: Desk) -> None:
    Path("ok.yaml").write_text(EXAMPLE.read_text())
    Path("broken.yaml").write_text(Path(BROKEN).read_text())
    Path("empty").mkdir()
    desk.write("broken.json", properties(**{HOSTILE: 1, "Type": HOSTILE}))
    desk.write("changed.json", properties(Description=HOSTILE * 3, ShadowModeConfig=sampling(50)))
    desk.write("new.json", properties(Name="fraud-new", EndpointName="third", Description=HOSTILE))
    desk.write("patch.json", [{"op": "add", "path": "/Description", "value": HOSTILE}])
    statement = {"Sid": HOSTILE, "Effect": "Allow", "Action": "sagemaker:AddTag", "Resource": f"arn:aws:{HOSTILE}"}
    desk.write("role.json", {"Version": "2012-10-17", "Statement": [statement]})
    role = {
        "RoleName": "role-" + "x" * 59,
        "Arn": "arn:aws:iam::123456789012:role/" + "path/" * 20 + "role-" + "x" * 59,
        "RolePolicyList": [{"PolicyName": HOSTILE, "PolicyDocument": {"Version": "2012-10-17", "Statement": []}}],
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
        "AttachedManagedPolicies": [],
    }
    desk.write("dump.json", {"RoleDetailList": [role], "UserDetailList": [], "GroupDetailList": [], "Policies": []})
    write(Path("captured"), PRODUCTION, [line(HOSTILE, "a"), line("1", "b" * 200)])
    write(Path("captured"), SHADOW, [line(HOSTILE, HOSTILE), line("1", "b" * 200)])


@pytest.fixture
def hostile_desk(desk: Desk) -> Desk:
    """Two experiments: one whose texts are hostile, one whose name is long."""
    for name in ("second", "third"):
        desk.sagemaker.add_endpoint(name, "production", "model-1")
    bring_to(desk, Description=f"{HOSTILE} {FORMULA}")
    tomorrow = desk.sagemaker.clock.now() + 86_400
    second = properties(Name=LONG, EndpointName="second", Schedule={"StartTime": tomorrow}, Description=FORMULA)
    desk.sagemaker.client().create_inference_experiment(**second)
    desk.sagemaker.wait_for(LONG, "Created")
    _files(desk)
    return desk


def on_terminal(desk: Desk, *arguments: str, **more: Any) -> Screen:
    return run_on_terminal(*arguments, settings=desk.settings, **more)


def test_every_command_is_run() -> None:
    assert set(RUNS) == set(cli.COMMANDS)


@pytest.mark.parametrize("command", RUNS)
def test_a_terminal_of_80_columns(hostile_desk: Desk, command: str) -> None:
    for arguments in RUNS[command]:
        screen = on_terminal(hostile_desk, command, *arguments)
        assert screen.raw, arguments
        screen.assert_fits(10**6 if command in DOCUMENTS else 80)
        assert "[/" not in screen.text.replace("[/bold]", ""), arguments


@pytest.mark.parametrize("size", [(20, 5), (1, 1), (0, 0), (500, 50)])
def test_any_terminal(hostile_desk: Desk, size: tuple[int, int]) -> None:
    columns, rows = size
    for arguments in (("list",), ("get", "fraud"), ("validate", "broken.yaml"), ("report", "--trial"), ("get", "no")):
        screen = on_terminal(hostile_desk, *arguments, columns=columns, rows=rows)
        # Not even one character of some scripts fits one column.
        screen.assert_fits(columns if columns > 1 else 2 if columns else 80)
