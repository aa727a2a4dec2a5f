"""inference-experiment init: the options; project/ does the work."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from inference_experiment_cli.errors import UsageError
from inference_experiment_cli.output import Format, note, number_of, print_rows
from inference_experiment_cli.project.contents import project_contents
from inference_experiment_cli.project.sources import all_examples, choose_examples
from inference_experiment_cli.project.write import Written, write_files
from inference_experiment_cli.terminal import print_lines

DEFAULT_EXAMPLE = "shadow-test"
NEXT = """\
Next:
{change}  inference-experiment lint          # check the templates
  sam build && sam deploy            # deploy the provider
README.md has the commands for the examples, and those for a local AWS without an account.
"""


def init(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="Folder to write; created if missing.")] = "",
    *,
    example: Annotated[
        list[str] | None,
        typer.Option(
            "--example",
            metavar="NAME",
            help="Example to write, or all. Repeatable, or separated by commas. Default: shadow-test.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite existing files.")] = False,
    listing: Annotated[bool, typer.Option("--list", help="List the examples and exit.")] = False,
) -> None:
    """Write a project for SAM: the provider and examples of shadow tests.

    template.yaml and src/ are the provider of Custom::SageMakerInferenceExperiment, samconfig.toml its settings,
    examples/ the chosen templates. An existing file is not overwritten without --force.

    Examples:
      inference-experiment init shadow-tests
      inference-experiment init shadow-tests --example promotion,scheduled-test

    Exit codes: 0 done, 2 an unknown example, a file that exists with different content, or a folder that cannot be
    written.

    Documentation: docs/getting-started.md
    """
    if listing:
        rows = [{"name": each.name, "description": each.summary} for each in all_examples().values()]
        print_rows(rows, ("name", "description"), Format.TABLE)
        return
    if not folder:
        raise UsageError("pass the folder to write, as in inference-experiment init shadow-tests, or --list")
    chosen = choose_examples(name.strip() for each in example or [DEFAULT_EXAMPLE] for name in each.split(","))
    written = write_files(Path(folder), project_contents(chosen), force=force)
    _print(Path(folder), written, [each.name for each in chosen])


def _print(folder: Path, written: Written, examples: list[str]) -> None:
    for name in written.kept:
        note(f"{folder / name}: exists, not overwritten; --force overwrites it")
    if not written.files:
        print_lines([f"{folder}: up to date"])
        return
    files = number_of(len(written.files), "file")
    print_lines([f"{folder}: {files} written: provider and examples {', '.join(examples)}"])
    place = f"./{folder}" if str(folder).startswith("-") else str(folder)
    print_lines(NEXT.format(change="" if place == "." else f"  cd {shlex.quote(place)}\n").splitlines())
