"""inference-experiment validate: the properties of experiments, by the function's own schema and checks."""

from pathlib import Path
from typing import Annotated, Any

import typer

from inference_experiment_cli.options import Output, Parameters
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
    output: Output = Format.TABLE,
) -> None:
    """Check an experiment's properties as the provider would, and print every finding with its line and path.

    Takes templates (custom and native type; functions are resolved from parameters, their defaults and conditions, and
    what stays unknown is not judged), bare properties, the request of CreateInferenceExperiment and the answer of
    DescribeInferenceExperiment. Needs no account.

    Example: inference-experiment validate template.yaml --parameter SamplingPercentage=50

    Exit codes: 0 no findings, 2 findings, or a file that cannot be read.
    """
    from inference_experiment_cli.inputs.experiments import Experiment, findings, parse_parameters, read_experiments  # noqa: PLC0415
    from inference_experiment_cli.output import note, print_rows  # noqa: PLC0415

    given = parse_parameters(parameter or [])
    experiments: list[Experiment] = [one for path in files for one in read_experiments(path, given)]
    rows: list[dict[str, Any]] = [
        {
            "place": f"{one.document.name}:{one.line(finding.keys)}",
            "experiment": one.logical_id,
            "path": finding.path,
            "finding": finding.message,
        }
        for one in experiments
        for finding in findings(one)
    ]
    if rows or output is not Format.TABLE:
        print_rows(rows, COLUMNS, output)
    unknown = sum(len(one.holes) for one in experiments)
    later = f"; {unknown} values are known at deployment only" if unknown else ""
    note(f"{len(experiments)} experiment(s), {len(rows)} finding(s){later}")
    if rows:
        raise typer.Exit(2)
