"""The command inference-experiment: the list of its commands, and where every failure is printed.

Exit codes: 0 done, or the answer is yes; 1 the answer is no; 2 wrong usage, or input that cannot be read; 3 cannot be
decided; 4 something outside failed (credentials, AWS, a region, the network, the disk), or this program itself; 130
interrupted by Ctrl-C (SIGTERM 143, SIGHUP 129). lint has cfn-lint's.
"""

import sys
import traceback
from importlib import import_module
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

from inference_experiment_cli.errors import ExitCode, describe
from inference_experiment_cli.help_page import HelpPage
from inference_experiment_cli.interrupts import Interrupted
from inference_experiment_cli.plain_values import TakesPlainValues
from inference_experiment_cli.streams import discard, early_end, failure_of_output
from inference_experiment_cli.terminal import one_line, print_lines, use_escapes
from inference_experiment_cli.usage_errors import remember, usage_text

PROGRAM: Final = "inference-experiment"
# name, which is also that of its module and of its function (or Typer group) -> first sentence of its help
COMMANDS: Final = {
    "init": "Write a project for SAM: the provider and examples of shadow tests.",
    "demo": "Take a shadow test through its whole life on a local AWS.",
    "local": "Run a local AWS for any AWS client, without an account.",
    "lint": "Lint templates with cfn-lint and the rules of this project.",
    "policy": "Check, generate and explain IAM policies.",
    "export": "Write experiments as flat records: JSON lines, JSON, CSV, Parquet.",
    "query": "Query experiments with SQL, and change them.",
    "captures": "Compare captured predictions of two variants.",
    "report": "Compare the variants of a shadow test by their metrics, and by their predictions.",
    "validate": "Check the properties of experiments as the provider does.",
    "plan": "Show what deploying a file would do.",
    "get": "Show everything about one experiment.",
    "list": "List the experiments of one or several regions.",
    "watch": "Follow an experiment until it is stable.",
    "create": "Create an experiment and wait until it is Created or Running.",
    "update": "Change an experiment in place, by options, a JSON patch or a file.",
    "start": "Start a Created experiment before its schedule.",
    "stop": "Stop a running experiment, with or without promotion.",
    "delete": "Delete an experiment; a running one is stopped first.",
    "manifest": "Write a template or a StackQL manifest of an experiment.",
    "convert": "Convert templates between the native, the custom and the registry type.",
}
HELP: Final = ["-h", "--help"]
# The base of what Typer raises for wrong usage; recent versions have it as TyperException only.
_ClickException: Any = typer.BadParameter.__mro__[2]


class Group(HelpPage, TakesPlainValues, TyperGroup):
    """A group of commands."""


class Command(HelpPage, TakesPlainValues, TyperCommand):
    """A command with our page of help, whose -o FILE implies --format."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - the library's
        """Set the parameters from the arguments."""
        # options.py, which this needs, is too slow to import for the list of commands.
        from inference_experiment_cli.results_file import imply_format  # noqa: PLC0415

        remember(ctx, args)
        try:
            rest: list[str] = super().parse_args(ctx, args)
        except _ClickException as error:
            error.ctx = getattr(error, "ctx", None) or ctx
            raise
        imply_format(ctx)
        return rest


class LazyCommand(TyperCommand):
    """A command whose module is imported when it is used: the list of commands needs its summary only."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:  # noqa: ANN401 - the library's
        """Return the context of the real command, which is what Typer then runs."""
        return self.load().make_context(info_name, args, parent, **extra)

    def load(self) -> Any:  # noqa: ANN401 - a command of Typer's or Click's, by Typer's version
        """Return the real command."""
        from inference_experiment_cli.options import with_wide  # noqa: PLC0415 - Rich, which --help does without

        name = str(self.name)
        target = getattr(import_module(f"inference_experiment_cli.commands.{name}"), name)
        with_output_file = import_module("inference_experiment_cli.results_file").with_output_file
        app = target
        if not isinstance(target, typer.Typer):
            app = _typer(add_completion=False)
            app.command(name)(target)
        app.info.cls = Group
        for each in app.registered_commands:
            each.cls = Command
            each.callback = with_output_file(with_wide(each.callback))
        command = typer.main.get_command(app)
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
    """Lint, plan, deploy and inspect SageMaker shadow tests.

    Exit codes: 0 done, or the answer is yes, 1 the answer is no, 2 wrong usage, or input that cannot be read, 3 cannot
    be decided, 4 something outside failed (credentials, AWS, the network), 130 interrupted. lint has cfn-lint's.

    Documentation: docs/index.md, in share/doc/cfn-inference-experiment of the Python environment
    """


def application() -> Any:  # noqa: ANN401 - a group of Typer's or Click's, by Typer's version
    """Return the group of all commands."""
    app = _typer(name=PROGRAM, no_args_is_help=True, cls=Group, context_settings={"help_option_names": HELP})
    app.callback()(_options)
    group: Any = typer.main.get_command(app)
    group.commands |= {name: LazyCommand(name, help=summary) for name, summary in COMMANDS.items()}
    return group


def main() -> None:
    """Run a command and exit with its code; a failure that is no defect of this program is one line."""
    use_escapes()
    code: object = ExitCode.DONE
    try:
        with early_end():
            result = application().main(_arguments(sys.argv[1:]), prog_name=PROGRAM, standalone_mode=False)
            sys.stdout.flush()
            code = result
        if code == ExitCode.INTERRUPTED:  # Typer makes this of KeyboardInterrupt
            _print_line("interrupted")
    except _ClickException as error:
        code = _print_usage_error(error)
    except (Interrupted, KeyboardInterrupt, typer.Abort) as interrupt:
        code = getattr(interrupt, "code", ExitCode.INTERRUPTED)
        _print_line("; ".join(["interrupted", *getattr(interrupt, "__notes__", ())]))
    except Exception as error:  # noqa: BLE001 - printed as a traceback where it is a defect
        code = _print_failure(error)
    sys.exit(code if isinstance(code, int) else ExitCode.DONE)


def _arguments(arguments: list[str]) -> list[str]:
    """Return the arguments of a command line; `help COMMAND` is `COMMAND --help`."""
    return [*arguments[1:], "--help"] if arguments[:1] == ["help"] else arguments


def _print_failure(error: Exception) -> int:
    failure = failure_of_output()
    if failure is not None:
        discard(sys.stdout)
        _print_line(f"standard output cannot be written: {failure.strerror}")
        return ExitCode.OUTSIDE
    described = describe(error)
    if described is None:
        # Python's own code for this is 1, which would say that the answer is no.
        traceback.print_exc()
        described = [(ExitCode.OUTSIDE, "this is a defect of this program; please report it")]
    for _, text in described:
        _print_line(text)
    return max(each for each, _ in described)


def _print_line(text: str) -> None:
    print_lines([f"{PROGRAM}: {one_line(text)}"], stderr=True)


def _print_usage_error(error: Any) -> int:  # noqa: ANN401 - Typer's or Click's, by Typer's version
    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()
    else:
        _print_line(usage_text(error))
    return int(error.exit_code)
