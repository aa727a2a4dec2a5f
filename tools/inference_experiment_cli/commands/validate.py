"""inference-experiment validate: the properties of experiments, by the function's own schema and checks."""

from typing import Any

import typer

from inference_experiment_cli.errors import ExitCode
from inference_experiment_cli.inputs.experiments import Experiment, findings, parse_parameters, read_experiments
from inference_experiment_cli.options import Files, Output, Parameters
from inference_experiment_cli.output import Format, note, print_rows

COLUMNS = ("place", "experiment", "path", "finding")


def validate(
    files: Files,
    parameter: Parameters = None,
    output: Output = Format.TABLE,
) -> None:
    """Check the properties of experiments as the provider does.

    Prints every finding with its line and path. Takes templates (custom and native type; functions are resolved from
    parameters, their defaults and conditions, and unknown values are not checked), bare properties, the request of
    CreateInferenceExperiment and the answer of DescribeInferenceExperiment. Needs no account.

    Example: inference-experiment validate template.yaml --parameter SamplingPercentage=50

    Exit codes: 0 no findings, 1 findings, 2 a file cannot be read.
    """
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
    later = f"; {unknown} values are resolved at deployment" if unknown else ""
    note(f"{len(experiments)} experiment(s), {len(rows)} finding(s){later}")
    if rows:
        raise typer.Exit(ExitCode.NO)
