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

    Example: eval "$(inference-experiment local start)"

    Exit codes: 0 it runs, 2 the folder or the port cannot be used, 4 it did not start.
    """
    run_start(state, port, env_file, write_profile, foreground=foreground)


@local.command()
def status(state: State = None, output: Output = Format.TABLE) -> None:
    """Show whether the local AWS runs, where, and what is in it.

    Exit codes: 0 it runs, 1 it does not.
    """
    raise typer.Exit(run_status(state, output))


@local.command()
def stop(state: State = None) -> None:
    """Stop the local AWS. Its data stay, for the next start.

    Exit codes: 0 it does not run any more, 4 it cannot be stopped.
    """
    run_stop(state)


@local.command()
def reset(state: State = None) -> None:
    """Remove everything in the local AWS.

    One that runs is empty afterwards and has the same address; otherwise its folder is emptied.

    Exit codes: 0 done, 4 it cannot be stopped or started.
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

    Example: inference-experiment local advance 2h

    Exit codes: 0 done, 1 it does not run, 2 not a duration.
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
    """Deploy a template on the local AWS, and print the outputs of the stack.

    As sam build and sam deploy do: folders of code are packaged with their requirements, the stack is created or
    updated, and parameters that are not given keep their values.

    Example: inference-experiment local deploy shop shadow-test.yaml --parameter SamplingPercentage=50

    Exit codes: 0 deployed, 1 the stack failed or no local AWS runs, 2 the template or a parameter is wrong.
    """
    run_deploy(stack, template, parameter, parameter_file, state, output)


@local.command()
def delete(stack: StackName, state: State = None) -> None:
    """Delete a stack of the local AWS.

    Exit codes: 0 deleted, or there is none of that name, 1 the deletion failed or no local AWS runs.
    """
    run_delete(stack, state)
