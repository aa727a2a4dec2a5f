"""docs/toolkit.md: its examples are run in their order, and what they print is what the snapshot has."""

import re
import shlex
import shutil
import subprocess
import sys

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
    assert set(cli.COMMANDS) >= OWN


def test_the_table_has_every_command() -> None:
    """`policy check`, `generate` in one cell are two commands of one group."""
    listed = set()
    for cell in re.findall(r"^\| (`.*?`) \|", PAGE, re.MULTILINE):
        names = re.findall(r"`([a-z]+(?: [a-z]+)?)", cell)
        group = names[0].split()[:-1]
        listed |= {" ".join([*group, name.split()[-1]]) for name in names}

    loaded = {name: command.load() for name, command in cli.application().commands.items()}
    assert listed == {f"{name} {each}".strip() for name in loaded for each in getattr(loaded[name], "commands", [""])}


def test_every_command_has_help_with_an_example_and_its_exit_codes(desk: Desk) -> None:
    for name in sorted(OWN):
        text = " ".join(desk.ok(name, "--help").stdout.split())
        assert f"inference-experiment {name} " in text
        assert "Exit codes: 0" in text


def test_the_list_of_commands_has_the_first_sentence_of_each() -> None:
    for name, command in cli.application().commands.items():
        assert command.load().help.split("\n\n")[0] == command.help, name


HEAVY = (
    "boto3",
    "botocore",
    "cfnlint",
    "yaml",
    "jsonschema",
    "moto",
    "duckdb",
    "jsonpatch",
    "matplotlib",
    "rich.console",
)


def test_help_imports_no_command() -> None:
    """Modules of commands, and what takes long to import, are imported when a command is used."""
    program = (
        "import sys; from inference_experiment_cli.main import application;"
        "application().main(['--help'], prog_name='inference-experiment', standalone_mode=False);"
        f"names = [name for name in sys.modules if name in {HEAVY} or '_cli.commands.' in name]; sys.exit(str(names))"
    )
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert finished.stderr == "[]\n"
    assert "Show what deploying a file would do." in finished.stdout
