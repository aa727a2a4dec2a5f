"""The command inference-experiment: the list of its commands, and where every failure is printed.

Exit codes: 0 done, or the answer is yes; 1 the answer is no; 2 wrong usage, or input that cannot be read; 3 cannot be
decided; 4 something outside failed (credentials, AWS, a region, the network, the disk), or this program itself; 130
interrupted by Ctrl-C (SIGTERM 143, SIGHUP 129). lint has cfn-lint's.
"""

import os
import sys
from typing import Any, Final

from inference_experiment_cli.errors import ExitCode, describe
from inference_experiment_cli.front_page import COMMANDS, HELP_OPTIONS, PROGRAM, front_page
from inference_experiment_cli.interrupts import Interrupted, note_arrival
from inference_experiment_cli.streams import discard, early_end, failure_of_output
from inference_experiment_cli.terminal import one_line, print_lines, use_escapes
from inference_experiment_cli.usage_errors import usage_text

__all__ = ["COMMANDS", "PROGRAM", "application", "main"]
COMPLETION: Final = "_INFERENCE_EXPERIMENT_COMPLETE"
"""The environment variable with which a shell asks Typer for completions."""


def application() -> Any:  # noqa: ANN401 - a group of Typer's or Click's, by Typer's version
    """Return the group of all commands."""
    from inference_experiment_cli.application import application as group  # noqa: PLC0415 - see front_page.py

    return group()


def main() -> None:
    """Run a command and exit with its code; a failure that is no defect of this program is one line."""
    use_escapes()
    code: object = ExitCode.DONE
    try:
        with early_end():
            result = _run(_arguments(sys.argv[1:]))
            sys.stdout.flush()
            code = result
        if code == ExitCode.INTERRUPTED:  # Typer makes this of KeyboardInterrupt
            _print_line("interrupted")
    except (Interrupted, KeyboardInterrupt) as interrupt:
        code = _print_interrupt(interrupt)
    except Exception as error:  # noqa: BLE001 - printed as a traceback where it is a defect
        code = _print_error(error)
    sys.exit(code if isinstance(code, int) else ExitCode.DONE)


def _run(arguments: list[str]) -> object:
    """Run a command; return its exit code, or None."""
    is_front_page = not arguments or (len(arguments) == 1 and arguments[0] in HELP_OPTIONS)
    if not is_front_page or COMPLETION in os.environ:
        return application().main(arguments, prog_name=PROGRAM, standalone_mode=False)
    (sys.stdout if arguments else sys.stderr).write(front_page() + "\n")
    return ExitCode.DONE if arguments else ExitCode.USAGE


def _arguments(arguments: list[str]) -> list[str]:
    """Return the arguments of a command line; `help COMMAND` is `COMMAND --help`."""
    return [*arguments[1:], "--help"] if arguments[:1] == ["help"] else arguments


def _print_interrupt(interrupt: BaseException) -> int:
    note_arrival()
    _print_line("; ".join(["interrupted", *getattr(interrupt, "__notes__", ())]))
    return int(getattr(interrupt, "code", ExitCode.INTERRUPTED))


def _print_error(error: Exception) -> int:
    typer = sys.modules.get("typer")
    if typer and isinstance(error, typer.Abort):
        return _print_interrupt(error)
    if typer and isinstance(error, sys.modules["inference_experiment_cli.application"].ClickException):
        return _print_usage_error(error)
    return _print_failure(error)


def _print_failure(error: Exception) -> int:
    failure = failure_of_output()
    if failure is not None:
        discard(sys.stdout)
        _print_line(f"standard output cannot be written: {failure.strerror}")
        return ExitCode.OUTSIDE
    described = describe(error)
    if described is None:
        import traceback  # noqa: PLC0415 - slow to import

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
