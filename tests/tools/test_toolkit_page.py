"""docs/toolkit.md: its examples are run in their order, and what they print is what the snapshot has."""

import re
import shlex
import shutil
import subprocess
import sys

import typer
from desk import ROOT, Desk, steady
from desk_files import properties
from syrupy.assertion import SnapshotAssertion

from inference_experiment_cli import main as cli

PAGE = (ROOT / "docs" / "toolkit.md").read_text()
LINE = re.compile(r"^\$ inference-experiment (.*)\n(?:# exit code (\d)\n)?", re.MULTILINE)

OWN = {
    "convert",
    "create",
    "delete",
    "get",
    "list",
    "manifest",
    "plan",
    "start",
    "stop",
    "update",
    "validate",
    "watch",
}


def blocks() -> str:
    return "\n".join(re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL))


def test_every_example_of_the_page(desk: Desk, snapshot: SnapshotAssertion) -> None:
    shutil.copytree(ROOT / "examples", "examples")
    desk.write("experiment.yaml", properties())
    desk.write("patch.json", [{"op": "add", "path": "/Description", "value": "Fraud model 2 against fraud model 1"}])
    desk.write("role.json", [{"op": "replace", "path": "/RoleArn", "value": "arn:aws:iam::123456789012:role/other"}])
    native = desk.ok("manifest", "--type", "native").stdout
    desk.write("native.yaml", native)
    for command, code in LINE.findall(blocks()):
        arguments = shlex.split(command)
        quick = arguments[0] in {"create", "update", "start", "stop", "delete", "watch"}
        answer = desk.run(*arguments, *(("--interval", "0.05") if quick else ()))
        assert answer.returncode == int(code or 0), f"{command}: {answer.stderr}"
        assert steady(answer.stdout) == snapshot(name=command)


def test_every_command_is_on_the_page() -> None:
    assert {shlex.split(command)[0] for command, _ in LINE.findall(blocks())} == OWN
    assert set(typer.main.get_command(cli.app).commands) >= OWN  # type: ignore[attr-defined]


def test_the_table_has_every_command() -> None:
    """`policy check`, `generate` in one cell are two commands of one group."""
    listed = set()
    for cell in re.findall(r"^\| (`.*?`) \|", PAGE, re.MULTILINE):
        names = re.findall(r"`([a-z]+(?: [a-z]+)?)", cell)
        group = names[0].split()[:-1]
        listed |= {" ".join([*group, name.split()[-1]]) for name in names}

    top = typer.main.get_command(cli.app).commands  # type: ignore[attr-defined]
    assert listed == {f"{name} {each}".strip() for name in top for each in getattr(top[name], "commands", [""])}


def test_every_command_has_help_with_an_example_and_its_exit_codes(desk: Desk) -> None:
    for name in sorted(OWN):
        text = " ".join(desk.ok(name, "--help").stdout.split())
        assert f"inference-experiment {name} " in text
        assert "Exit codes: 0" in text


def test_help_imports_nothing_heavy() -> None:
    """What takes long to import is imported when a command runs."""
    program = (
        "import sys; import inference_experiment_cli.main;"
        "print([name for name in ('boto3', 'botocore', 'cfnlint', 'yaml', 'jsonschema', 'moto', 'duckdb', 'jsonpatch')"
        " if name in sys.modules])"
    )
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert finished.stdout == "[]\n"
