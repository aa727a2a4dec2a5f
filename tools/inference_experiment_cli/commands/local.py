"""inference-experiment local: the options; local/ does the work."""

from pathlib import Path
from typing import Annotated

import typer

from inference_experiment_cli.local.deployment import run_delete, run_deploy
from inference_experiment_cli.local.run import run_advance, run_reset, run_start, run_status, run_stop
from inference_experiment_cli.options import Output, ParameterFiles, Parameters, State
from inference_experiment_cli.output import Format

StackName = Annotated[str, typer.Argument(metavar="STACK", help="Name of the stack.")]

local = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Run a local AWS for any AWS client, without an account.",
)


@local.command()
def start(
    state: State = None,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="Port. Default: the last one, else 4566, else a free one."),
    ] = None,
    *,
    foreground: Annotated[bool, typer.Option("--foreground", help="Run here until Ctrl-C.")] = False,
    env_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File for the variables as NAME=VALUE lines.")
    ] = None,
    write_profile: Annotated[
        str, typer.Option(metavar="NAME", help="Add this profile to your AWS configuration file.")
    ] = "",
) -> None:
    """Start the local AWS and print the exports for a shell.

    CloudFormation, Lambda, SQS, S3, IAM and logs are ministack; SageMaker is moto with this project's simulation of
    inference experiments. It listens on the loopback only and keeps its data between starts. One that runs is left
    alone, and its exports are printed.

    Examples:
      eval "$(inference-experiment local start)"
      inference-experiment local start --env-file .env

    Exit codes: 0 it runs, 2 the folder or the port cannot be used, 4 it did not start.

    Documentation: docs/local.md
    """
    run_start(state, port, env_file, write_profile, foreground=foreground)


@local.command()
def status(state: State = None, output: Output = Format.TABLE) -> None:
    """Show whether the local AWS runs, where, and what is in it.

    Examples:
      inference-experiment local status --format json

    Exit codes: 0 it runs, 1 it does not.

    Documentation: docs/local.md
    """
    raise typer.Exit(run_status(state, output))


@local.command()
def stop(state: State = None) -> None:
    """Stop the local AWS. Its data stay, for the next start.

    Examples:
      inference-experiment local stop

    Exit codes: 0 it does not run any more, 4 it cannot be stopped.

    Documentation: docs/local.md
    """
    run_stop(state)


@local.command()
def reset(state: State = None) -> None:
    """Remove everything in the local AWS.

    One that runs is empty afterwards and has the same address; otherwise its folder is emptied.

    Examples:
      inference-experiment local reset

    Exit codes: 0 done, 4 it cannot be stopped or started.

    Documentation: docs/local.md
    """
    run_reset(state)


@local.command()
def advance(
    duration: Annotated[str, typer.Argument(metavar="DURATION", help="Such as 90s, 30m, 2h, 1d12h or PT2H.")],
    state: State = None,
    output: Output = Format.TABLE,
) -> None:
    """Move the clock of the local AWS on, and show the experiments whose status that changes.

    SageMaker, its metrics and the functions share this clock: experiments start and end by their schedule.

    Examples:
      inference-experiment local advance 2h

    Exit codes: 0 done, 1 it does not run, 2 not a duration.

    Documentation: docs/local.md
    """
    run_advance(duration, state, output)


@local.command()
def deploy(
    stack: StackName,
    template: Annotated[Path, typer.Argument(metavar="TEMPLATE", help="CloudFormation or SAM template.")],
    parameter: Parameters = None,
    parameter_file: ParameterFiles = None,
    state: State = None,
    output: Output = Format.TABLE,
) -> None:
    r"""Deploy a template on the local AWS, and print the outputs of the stack.

    As sam build and sam deploy do: folders of code are packaged with their requirements, the stack is created or
    updated, and parameters that are not given keep their values.

    Examples:
      inference-experiment local deploy provider template.yaml
      inference-experiment local deploy shop examples/shadow-test.yaml \
          --parameter SamplingPercentage=50

    Exit codes: 0 deployed, 1 the stack failed or no local AWS runs, 2 the template or a parameter is wrong.

    Documentation: docs/local.md
    """
    run_deploy(stack, template, parameter, parameter_file, state, output)


@local.command()
def delete(stack: StackName, state: State = None) -> None:
    """Delete a stack of the local AWS.

    Examples:
      inference-experiment local delete shop

    Exit codes: 0 deleted, or there is none of that name, 1 the deletion failed or no local AWS runs.

    Documentation: docs/local.md
    """
    run_delete(stack, state)
