"""Every page of help: 80 columns, examples that can be copied and run, and nothing of Python."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import run
from desk import ROOT
from every_command import commands, examples, groups, parse, words
from syrupy.assertion import SnapshotAssertion

from inference_experiment_cli.front_page import PROGRAM, front_page
from inference_experiment_cli.main import application

PAGES = ["", *groups(), *commands()]
NARROW = {"COLUMNS": "80"}
PYTHON = re.compile(r"<\w|\blist\[|\bNone\b|\w+>=\d|\{\w+\}|\bPath\b")


def page(name: str, option: str = "--help") -> str:
    answer = run(*name.split(), option, settings=NARROW)
    assert (answer.returncode, answer.stderr) == (0, "")
    return answer.stdout


@pytest.mark.parametrize("name", PAGES)
def test_help(name: str, snapshot: SnapshotAssertion) -> None:
    text = page(name)

    assert text == snapshot
    assert [line for line in text.splitlines() if len(line) > 80] == []
    assert PYTHON.findall(text) == []
    assert text == page(name, "-h") == run("help", *name.split(), settings=NARROW).stdout


@pytest.mark.parametrize("columns", ["60", "200"])
def test_the_front_page_is_that_of_the_application(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is written without Typer, which would take longer than all else."""
    monkeypatch.setenv("COLUMNS", columns)
    context = application().make_context(PROGRAM, ["list"])

    assert front_page() == context.get_help()


def test_the_front_page_needs_no_typer() -> None:
    code = (
        "import sys; from inference_experiment_cli.main import main; sys.argv[1:] = ['-h']; sys.modules['typer'] = None"
    )
    ended = subprocess.run([sys.executable, "-c", f"{code}; main()"], capture_output=True, text=True, check=True)

    assert "Commands:" in ended.stdout


@pytest.mark.parametrize("name", commands())
def test_a_page_has_examples_exit_codes_and_a_link(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    text = page(name)

    assert examples(text)
    for example in examples(text):
        program, *arguments = words(example.split(" > ")[0])
        assert program == "inference-experiment"
        assert " ".join(arguments).startswith(name)
        parse(arguments)
    assert "\nExit codes" in text
    (link,) = re.findall(r"\nDocumentation: (\S+)", text)
    assert (ROOT / link).is_file()


@pytest.mark.parametrize("arguments", [(), *[(name,) for name in groups()]])
def test_without_a_command_the_commands_are_listed(arguments: tuple[str, ...]) -> None:
    answer = run(*arguments, settings=NARROW)

    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr.removesuffix("\n") == page(" ".join(arguments)).removesuffix("\n")
