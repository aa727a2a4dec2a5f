"""inference-experiment validate: the properties of experiments, by the function's own schema and checks."""

from typing import Any

import typer

from inference_experiment_cli.errors import ExitCode
from inference_experiment_cli.inputs.experiments import read_files
from inference_experiment_cli.inputs.parameters import given_parameters
from inference_experiment_cli.inputs.type_names import registry_types
from inference_experiment_cli.options import Files, Output, ParameterFiles, Parameters, RegistryTypes
from inference_experiment_cli.output import Format, note, number_of, print_rows

COLUMNS = ("place", "experiment", "path", "finding")


def validate(
    files: Files,
    parameter: Parameters = None,
    parameter_file: ParameterFiles = None,
    registry_type: RegistryTypes = None,
    output: Output = Format.TABLE,
) -> None:
    r"""Check the properties of experiments as the provider does.

    Prints every finding with its line and path. Takes templates (custom, native and registry type; every scenario of
    conditions and parameters is checked, unknown values are not), bare properties, the request of
    CreateInferenceExperiment and the answer of DescribeInferenceExperiment. Needs no account.

    Examples:
      inference-experiment validate template.yaml
      inference-experiment validate template.yaml \
          --parameter SamplingPercentage=50

    Exit codes: 0 no findings, 1 findings, 2 a file cannot be read.

    Documentation: docs/toolkit.md
    """
    declarations = read_files(files, given_parameters(parameter, parameter_file), registry_types(registry_type))
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
    later = f"; {number_of(unresolved, 'value')} resolved at deployment" if unresolved else ""
    checked = f"{number_of(len(files), 'file')}, {number_of(len(declarations), 'experiment')}"
    note(f"{checked}: {number_of(len(rows), 'finding') if rows else 'no findings'}{later}")
    if rows:
        raise typer.Exit(ExitCode.NO)
