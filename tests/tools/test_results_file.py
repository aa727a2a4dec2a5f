"""-o FILE: the suffix implies the format, and the file is whole or as it was."""

import json
import os
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from command_line import run
from desk import ROOT, Desk, steady
from desk_files import bring_to, properties
from every_command import commands, examples, name_of, options_of, words

from inference_experiment_cli.help_page import choices_of
from inference_experiment_cli.results_file import FORMATS

BOTH = [name for name in commands() if {"--format", "--output"} <= {*options_of(name)}]
BROKEN = str(ROOT / "examples" / "broken" / "shadow-test.yaml")
ROWS = (("list",), ("list", "--full"), ("get", "fraud"), ("plan", "p.json"), ("watch", "fraud"), ("manifest",))


def parsed(arguments: list[str]) -> Any:
    name = name_of(arguments)
    return commands()[name].make_context(name, arguments[len(name.split()) :])


@pytest.mark.parametrize("name", BOTH)
def test_the_suffix_implies_the_format(name: str) -> None:
    """In every command that has both options, for every format that it has."""
    example = words(examples(run(*name.split(), "-h", settings={"COLUMNS": "80"}).stdout)[0].partition(" > ")[0])[1:]
    example = words(re.sub(r" --format \w+", "", " ".join(map(shlex.quote, example))))
    style = options_of(name)["--format"]
    wanted = {suffix: form for suffix, form in FORMATS.items() if form in choices_of(style)}

    assert wanted
    for suffix, form in wanted.items():
        assert parsed([*example, "--output", f"x{suffix.upper()}"]).params[style.name] == form
    other = choices_of(style)[0]
    assert parsed([*example, "--format", other, "--output", "x.json"]).params[style.name] == other


@pytest.mark.parametrize("arguments", ROWS, ids=" ".join)
def test_the_file_has_what_standard_output_would_have(desk: Desk, arguments: tuple[str, ...]) -> None:
    bring_to(desk)
    desk.write("p.json", properties())
    shown = desk.ok(*arguments, "--format", "json")
    written = desk.ok(*arguments, "-o", "x.json")

    assert (written.stdout, written.stderr) == ("", shown.stderr)
    assert steady(Path("x.json").read_text(encoding="utf-8")) == steady(shown.stdout)
    assert steady(desk.ok(*arguments, "--format", "json", "-o", "-").stdout) == steady(shown.stdout)
    assert {each.name for each in Path().iterdir()} == {"p.json", "x.json"}


def test_an_answer_of_no_is_written_too(desk: Desk) -> None:
    answer = desk.run("validate", BROKEN, "-o", "findings.csv")

    assert (answer.returncode, answer.stdout) == (1, "")
    assert Path("findings.csv").read_text(encoding="utf-8").startswith("place,experiment,path,finding\n")


def test_a_format_that_the_command_does_not_have(desk: Desk) -> None:
    message = "--output x.parquet: parquet is not a format of this command; choose table, json, yaml or csv"
    assert desk.refused(2, "list", "-o", "x.parquet") == message


def test_a_name_without_a_known_suffix_implies_nothing(desk: Desk) -> None:
    desk.ok("list", "-o", "list.txt")

    assert Path("list.txt").read_text(encoding="utf-8").startswith("REGION")


@pytest.mark.parametrize("path", ["missing/x.json", "folder"])
def test_a_place_that_cannot_be_written(desk: Desk, path: str) -> None:
    Path("folder").mkdir()

    assert desk.refused(2, "list", "-o", path).startswith(f"{path}: cannot be written: ")


def test_a_command_that_fails_leaves_the_file_as_it_was(desk: Desk) -> None:
    Path("x.json").write_text("kept", encoding="utf-8")
    Path("x.json").chmod(0o640)
    Path("link.json").symlink_to("x.json")
    desk.refused(1, "get", "nothing", "-o", "link.json")
    assert Path("x.json").read_text(encoding="utf-8") == "kept"

    bring_to(desk)
    desk.ok("get", "fraud", "-o", "link.json")
    assert json.loads(Path("x.json").read_text(encoding="utf-8"))["Name"] == "fraud"
    assert Path("link.json").is_symlink()
    assert Path("x.json").stat().st_mode & 0o777 == 0o640
    assert {each.name for each in Path().iterdir()} == {"link.json", "x.json"}


def test_what_is_no_file_is_written_to(desk: Desk) -> None:
    desk.ok("list", "-o", os.devnull)

    assert Path(os.devnull).is_char_device()
