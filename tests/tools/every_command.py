"""All commands of the command line, also those within a group, and the examples of their help."""

import re
import shlex
from functools import cache
from typing import Any

from inference_experiment_cli import main as cli
from scripts.option_inventory import leaves

EXAMPLE = re.compile(r"^  (inference-experiment [^\n\\]*(?:\\\n [^\n\\]*)*)", re.MULTILINE)


@cache
def commands() -> dict[str, Any]:
    """Return the commands by their names, such as `policy check`."""
    return {
        name: leaf
        for name, command in cli.application().commands.items()
        for name, leaf in leaves(name, command.load())
    }


@cache
def groups() -> list[str]:
    """Return the names of the groups of commands."""
    return sorted({name.rpartition(" ")[0] for name in commands() if " " in name})


def options_of(name: str) -> dict[str, Any]:
    """Return the options of a command by each of their names."""
    return {option: each for each in commands()[name].params for option in (*each.opts, *each.secondary_opts)}


def examples(text: str) -> list[str]:
    """Return the examples of a page of help, each on one line."""
    _, _, block = text.partition("\nExamples:\n")
    return [re.sub(r"\s*\\\n\s*", " ", each) for each in EXAMPLE.findall(block)]


def words(line: str) -> list[str]:
    """Return the words of a line of a shell, without its comment; > and && are words of their own."""
    reader = shlex.shlex(line, posix=True, punctuation_chars=">&|")
    reader.whitespace_split = True
    return list(reader)


def name_of(arguments: list[str]) -> str:
    """Return the name of the command that arguments begin with."""
    for count in (2, 1):
        if (name := " ".join(arguments[:count])) in commands():
            return name
    raise AssertionError(f"no such command: {' '.join(arguments)}")


def parse(arguments: list[str]) -> None:
    """Let a command parse its arguments without running it. Raises what it raises for wrong usage."""
    name = name_of(arguments)
    commands()[name].make_context(name, arguments[len(name.split()) :])
