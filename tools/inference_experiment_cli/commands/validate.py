"""inference-experiment validate: the properties of experiments, by the function's own schema and checks."""

from pathlib import Path
from typing import Annotated, Any

import typer

from inference_experiment_cli.options import Output, ParameterFiles, Parameters
from inference_experiment_cli.output import Format

COLUMNS = ("place", "experiment", "path", "finding")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(validate)


def validate(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="JSON or YAML: a template, a resource's properties, or the API's form. - is the standard input.",
        ),
    ],
    parameter: Parameters = None,
    parameter_file: ParameterFiles = None,
    output: Output = Format.TABLE,
) -> None:
    """Check an experiment's properties as the provider would, and print every finding with its line and path.

    Takes templates (custom and native type; every scenario of conditions and parameters is checked, and a value that
    only a deployment knows is not), bare properties, the request of CreateInferenceExperiment and the answer of
    DescribeInferenceExperiment. Needs no account.

    Example: inference-experiment validate template.yaml --parameter SamplingPercentage=50

    Exit codes: 0 no findings, 2 findings, or a file that cannot be read.
    """
    from inference_experiment_cli.inputs.experiments import Declaration, read_declarations  # noqa: PLC0415
    from inference_experiment_cli.inputs.parameters import given_parameters  # noqa: PLC0415
    from inference_experiment_cli.output import note, print_rows  # noqa: PLC0415

    given = given_parameters(parameter, parameter_file)
    # With several files a parameter need not be one of each.
    declarations: list[Declaration] = [
        one for path in files for one in read_declarations(path, given, strict=len(files) == 1)
    ]
    rows: list[dict[str, Any]] = [
        {
            "place": f"{one.document.name}:{line}",
            "experiment": one.logical_id,
            "path": finding.path,
            "finding": finding.message,
        }
        for one in declarations
        for line, finding in one.findings()
    ]
    if rows or output is not Format.TABLE:
        print_rows(rows, COLUMNS, output)
    unresolved = sum(one.unresolved_values() for one in declarations)
    later = f"; {unresolved} values are resolved at deployment" if unresolved else ""
    note(f"{len(declarations)} experiment(s), {len(rows)} finding(s){later}")
    if rows:
        raise typer.Exit(2)
