"""The Typer application: one group with all commands, each of which is imported when it is used."""

from importlib import import_module
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

from inference_experiment_cli.front_page import COMMANDS, HELP_OPTIONS, PROGRAM, TEXT, VERSION_HELP
from inference_experiment_cli.help_page import HelpPage
from inference_experiment_cli.plain_values import TakesPlainValues
from inference_experiment_cli.usage_errors import remember

# The base of what Typer raises for wrong usage; recent versions have it as TyperException only.
ClickException: Final[Any] = typer.BadParameter.__mro__[2]


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
        except ClickException as error:
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
        typer.Option("--version", callback=_print_version, is_eager=True, help=VERSION_HELP),
    ] = None,
) -> None:
    """Take the options of the program itself."""


def application() -> Any:  # noqa: ANN401 - a group of Typer's or Click's, by Typer's version
    """Return the group of all commands."""
    app = _typer(name=PROGRAM, no_args_is_help=True, cls=Group, context_settings={"help_option_names": [*HELP_OPTIONS]})
    app.callback(help=TEXT)(_options)
    group: Any = typer.main.get_command(app)
    group.commands |= {name: LazyCommand(name, help=summary) for name, summary in COMMANDS.items()}
    return group
