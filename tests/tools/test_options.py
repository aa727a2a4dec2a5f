"""One name per option: the same meaning, value and default in every command; messages and documents name no other."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from desk import ROOT
from every_command import commands, options_of

from scripts.option_inventory import Use, uses

USES: Final = uses()
# What differs between commands, and why.
DIFFERENT: Final = {
    ("--example", "meaning"): "init takes names of the gallery, demo a template",
    ("--example", "value"): "init takes names of the gallery, demo a template",
    ("--force", "meaning"): "init overwrites files, the others change what a stack owns",
    ("--port", "meaning"): "local start keeps the port of the last start, demo takes a free one",
    ("--for", "default"): "a question about one action is about the provider, where the commands of a role have to ask",
    ("--format", "default"): "what the command is for: a table, a policy, records",
    ("--logical-id", "default"): "manifest writes a resource, the others read one",
    ("--output", "value"): "Athena writes to S3",
    ("--timeout", "default"): "a test takes days, a change an hour, a query minutes",
    ("--type", "default"): "list filters by the API's type, manifest writes one of three kinds",
    ("--type", "meaning"): "list filters by the API's type, manifest writes one of three kinds",
}
LETTERS: Final = {"-f": "--file", "-h": "--help", "-o": "--output", "-t": "--template", "-y": "--yes"}
# What messages and documents name beside our options, and whose it is.
OF_OTHERS: Final = {
    "--audit-required": "a script of this repository",
    "--capabilities": "aws",
    "--config-env": "sam",
    "--guided": "sam",
    "--install-completion": "every program of Typer's",
    "--invalidation-mode": "compileall",
    "--lint": "sam",
    "--model-variant-actions": "aws",
    "--no-compile": "pip",
    "--no-docker": "cfn",
    "--parameter-overrides": "aws",
    "--query": "aws",
    "--set-default": "aws",
    "--show-completion": "every program of Typer's",
    "--template-file": "aws",
    "--update-docs": "a script of this repository",
    "--update-specs": "cfn-lint",
}
VARIABLES: Final = {"--faint", "--ink", "--limit", "--muted"}
"""Of the style sheets of pages."""
TOKEN: Final = re.compile(r"(?<![\w-])--[a-z][a-z-]*[a-z]")
FENCED: Final = re.compile(r"^ *```.*?^ *```", re.DOTALL | re.MULTILINE)
SOURCES: Final = sorted((ROOT / "tools" / "inference_experiment_cli").rglob("*.py"))
PAGES: Final = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def differing() -> set[tuple[str, str]]:
    fields = [name for name in Use.__annotations__ if name not in {"command", "names"}]
    return {
        (name, field)
        for name, used in USES.items()
        for field in fields
        if len({getattr(each, field) for each in used}) > 1
    }


def test_an_option_is_the_same_in_every_command() -> None:
    assert differing() == set(DIFFERENT)


def test_a_letter_stands_for_the_same_option() -> None:
    """But for lint, which has cfn-lint's."""
    letters = {
        (letter, name)
        for name, used in USES.items()
        for each in used
        if each.command != "lint"
        for letter in each.names
        if len(letter) == len("-x")
    }
    assert letters <= set(LETTERS.items())
    assert {"-t", "--template"} <= set(options_of("lint"))


def test_results_can_be_written_to_a_file() -> None:
    with_format = {each.command for each in USES["--format"]}

    assert with_format <= {each.command for each in USES["--output"]} | {"lint"}
    assert "--output-file" in options_of("lint")


def test_every_option_has_a_sentence() -> None:
    assert [(name, each.command) for name, used in USES.items() for each in used if not each.meaning] == []


def texts(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def known(path: Path, text: str) -> set[str]:
    """Return the options that a text may name: of the command of its module, and of commands that it names itself."""
    name = path.stem if path.parent.name == "commands" else ""
    mentioned = [each for each in commands() if each.split()[0] == name or re.search(rf"\b{each}\b", text)]
    chosen = mentioned if name else [*commands()]
    return {option for each in chosen for option in options_of(each)} | {"--help", "--version"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_messages_name_options_that_exist(path: Path) -> None:
    wrong = [(token, text) for text in texts(path) for token in TOKEN.findall(text) if token not in known(path, text)]
    assert [each for each in wrong if each[0] not in {*OF_OTHERS, *VARIABLES}] == []


def test_documents_name_options_that_exist() -> None:
    """Commands in blocks are run by test_documented_commands.py."""
    every = {option for name in commands() for option in options_of(name)} | {"--help", "--version"}
    in_pages = {token for page in PAGES for token in TOKEN.findall(FENCED.sub("", page.read_text(encoding="utf-8")))}
    in_messages = {token for path in SOURCES for text in texts(path) for token in TOKEN.findall(text)}

    assert (in_pages | in_messages) - every - VARIABLES == set(OF_OTHERS)
