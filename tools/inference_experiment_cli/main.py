"""The command inference-experiment: the list of its commands, and where every failure is printed.

Exit codes: 0 done, or the answer is yes; 1 the answer is no; 2 wrong usage, or input that cannot be read; 3 cannot be
decided; 4 something outside failed (credentials, AWS, a region, the network), or this program itself; 130 interrupted.
lint has cfn-lint's.
"""

import sys
import traceback
from importlib import import_module
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand

from inference_experiment_cli.errors import ExitCode, describe
from inference_experiment_cli.pipes import discard_output

PROGRAM: Final = "inference-experiment"
# name, which is also that of its module and of its function (or Typer group) -> first sentence of its help
COMMANDS: Final = {
    "demo": "Take a shadow test through its whole life on a local AWS.",
    "lint": "Lint templates with cfn-lint and the rules of this project.",
    "policy": "Check, generate and explain IAM policies.",
    "export": "Write experiments as flat records: JSON lines, CSV, Parquet.",
    "query": "Query experiments with SQL.",
    "captures": "Compare captured predictions of two variants.",
    "report": "Compare the variants of a shadow test by their metrics, and by their predictions.",
    "validate": "Check the properties of experiments as the provider does.",
    "plan": "Show what deploying a file would do.",
    "get": "Show everything about one experiment.",
    "list": "List the experiments of one or several regions.",
    "watch": "Follow an experiment until it is stable.",
    "create": "Create an experiment and wait until it is Created or Running.",
    "update": "Change an experiment in place by a JSON patch or a file.",
    "start": "Start a Created experiment before its schedule.",
    "stop": "Stop a running experiment, with or without promotion.",
    "delete": "Delete an experiment; a running one is stopped first.",
    "manifest": "Write a template or a StackQL manifest of an experiment.",
    "convert": "Convert templates between the native, the custom and the registry type.",
}
# The base of what Typer raises for wrong usage; recent versions have it as TyperException only.
_ClickException: Any = typer.BadParameter.__mro__[2]


class Command(TyperCommand):
    """A command that ends quietly when the reader of its output has seen enough, as in `list | head`."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - the library's
        """Run the command."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            discard_output()
            return None
        return result


class LazyCommand(TyperCommand):
    """A command whose module is imported when it is used: the list of commands needs its summary only."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:  # noqa: ANN401 - the library's
        """Return the context of the real command, which is what Typer then runs."""
        return self.load().make_context(info_name, args, parent, **extra)

    def load(self) -> Any:  # noqa: ANN401 - a command of Typer's or Click's, by Typer's version
        """Return the real command."""
        name = str(self.name)
        target = getattr(import_module(f"inference_experiment_cli.commands.{name}"), name)
        if not isinstance(target, typer.Typer):
            app = _typer(add_completion=False)
            app.command(name, cls=Command)(target)
            target = app
        command = typer.main.get_command(target)
        command.name = name
        return command


def _typer(**settings: Any) -> typer.Typer:  # noqa: ANN401 - Typer's settings
    return typer.Typer(pretty_exceptions_enable=False, rich_markup_mode=None, **settings)


def _print_version(requested: bool | None) -> None:  # noqa: FBT001 - Typer calls it with the option's value
    if requested:
        from importlib.metadata import version  # noqa: PLC0415 - a quarter of the time that --help takes

        typer.echo(version("cfn-inference-experiment"))
        raise typer.Exit


def _options(
    _: Annotated[
        bool | None,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = None,
) -> None:
    """Lint, plan, deploy and inspect SageMaker shadow tests."""


def application() -> Any:  # noqa: ANN401 - a group of Typer's or Click's, by Typer's version
    """Return the group of all commands."""
    app = _typer(name=PROGRAM, no_args_is_help=True)
    app.callback()(_options)
    group: Any = typer.main.get_command(app)
    group.commands |= {name: LazyCommand(name, help=summary) for name, summary in COMMANDS.items()}
    return group


def main() -> None:
    """Run a command and exit with its code; a failure that is no defect of this program is one line."""
    try:
        code = application().main(prog_name=PROGRAM, standalone_mode=False)
    except _ClickException as error:
        code = _print_usage_error(error)
    except (KeyboardInterrupt, typer.Abort):
        code = ExitCode.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - printed as a traceback where it is a defect
        described = describe(error)
        if described is None:
            # Python's own code for this is 1, which would say that the answer is no.
            traceback.print_exc()
            described = [(ExitCode.OUTSIDE, "this is a defect of this program; please report it")]
        for _, text in described:
            _print_line(text)
        code = max(each for each, _ in described)
    if code == ExitCode.INTERRUPTED:
        _print_line("interrupted")
    sys.exit(code if isinstance(code, int) else ExitCode.DONE)


def _print_line(text: str) -> None:
    sys.stderr.write(f"{PROGRAM}: {' '.join(text.split())}\n")


def _print_usage_error(error: Any) -> int:  # noqa: ANN401 - Typer's or Click's, by Typer's version
    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()
    else:
        context = getattr(error, "ctx", None)
        hint = f" (see {context.command_path} --help)" if context else ""
        # Some versions of Typer put this before the sentence.
        _print_line(error.format_message().replace("Value error, ", "").rstrip(".") + hint)
    return int(error.exit_code)
