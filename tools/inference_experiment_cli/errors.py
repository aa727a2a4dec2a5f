"""Errors that end a command. They are raised where they occur and printed once, by main, as one line each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import IntEnum
from pathlib import Path
from typing import Any

from inference_experiment import errors as experiment_errors
from inference_experiment.errors import AccessDenied, DeadlineExceeded, ExperimentError, Failure


class ExitCode(IntEnum):
    """Exit codes of every command but lint, which has cfn-lint's."""

    DONE = 0
    NO = 1
    USAGE = 2
    UNDECIDED = 3
    OUTSIDE = 4
    INTERRUPTED = 130


@dataclass(frozen=True)
class Place:
    """A place in the user's input: the file, the line (from 1; 0 for the whole file) and the path of the value."""

    file: str
    line: int = 0
    path: str = ""

    def __str__(self) -> str:
        line = f":{self.line}" if self.line else ""
        return f"{self.file}{line}: {self.path}" if self.path else f"{self.file}{line}"


class CommandError(Exception):
    """Base of the errors that end a command, with the place that they are about."""

    code: ExitCode

    def __init__(self, message: str, place: Place | None = None) -> None:
        self.message = message
        self.place = place
        super().__init__(f"{place}: {message}" if place else message)


class NotPossibleError(CommandError):
    """The answer is no: findings, nothing of that name, not allowed, or not possible in the present status."""

    code = ExitCode.NO


class UsageError(CommandError):
    """Wrong usage, or input that cannot be read: a missing file, a broken template, a port in use."""

    code = ExitCode.USAGE


class UndecidedError(CommandError):
    """The answer depends on what only a deployment knows."""

    code = ExitCode.UNDECIDED


class ServiceError(CommandError):
    """Something outside failed: credentials, an AWS service, a region, the network."""

    code = ExitCode.OUTSIDE


# Errors of the function's family that are AWS's and not an answer about the experiment.
SERVICE_FAILURES = (
    AccessDenied,
    experiment_errors.LimitExceeded,
    experiment_errors.Refused,
    experiment_errors.Throttled,
    experiment_errors.Unavailable,
)


LIBRARIES = ("botocore.", "boto3.")
"""The modules whose errors are AWS's, or the network's."""


def unreadable(path: Path, error: OSError) -> UsageError:
    """Return the error for a file that cannot be read."""
    place = Place(str(path))
    if isinstance(error, FileNotFoundError):
        return UsageError("no such file", place)
    return UsageError(f"cannot be read: {error.strerror or error}", place)


def unwritable(path: Path, error: OSError) -> UsageError:
    """Return the error for a file that cannot be written."""
    return UsageError(f"cannot be written: {error.strerror or error}", Place(str(path)))


def alternatives(values: Sequence[str]) -> str:
    """Return values as a sentence has them: a, b or c."""
    return " or ".join([", ".join(values[:-1]), values[-1]] if len(values) > 1 else values)


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name closest to a misspelt one, ignoring case; an empty string if none is close."""
    by_case = {each.lower(): each for each in known}
    near = get_close_matches(name.lower(), by_case, 1)
    return by_case[near[0]] if near else ""


def check_exclusive(options: Mapping[str, object], *, is_required: bool = False) -> None:
    """Raise UsageError for more than one of the options, by their names, and for none where one is required."""
    count = sum(map(bool, options.values()))
    names = alternatives([*options])
    if count > 1:
        raise UsageError(f"pass {names}, not {'several' if ',' in names else 'both'}")
    if is_required and not count:
        raise UsageError(f"pass {names}")


def missing_extra(what: str, extra: str) -> UsageError:
    """Return the error for an optional dependency that is not installed."""
    return UsageError(f"{what} is not installed: pip install 'cfn-inference-experiment[{extra}]'")


def describe_failure(failure: Failure) -> str:
    """Return the text of a failure of the function's family, whose own text is written for readers of stack events."""
    if failure.kind is AccessDenied:
        return f"your credentials do not allow {failure.permission}: {failure.detail}"
    if failure.kind is DeadlineExceeded:
        return f"{failure.state} when --timeout expired; continue with inference-experiment watch or check the endpoint"
    return failure.reason


class ExperimentFailedError(CommandError):
    """A request that the lifecycle could not carry out. `advice` is a further sentence."""

    def __init__(self, failure: Failure, advice: str = "") -> None:
        self.code = ExitCode.OUTSIDE if issubclass(failure.kind, SERVICE_FAILURES) else ExitCode.NO
        text = describe_failure(failure)
        super().__init__(f"{text}. {advice}" if advice else text)


def describe_aws_error(error: Exception) -> str:
    """Return the text of an error that boto3 raised."""
    from inference_experiment_cli.foreign_answers import describe_page  # noqa: PLC0415 - botocore is slow to import

    response: Any = getattr(error, "response", None)
    if type(error).__name__ == "ResponseParserError":  # with the answer in its text
        return "the endpoint's answer cannot be read; check the endpoint, the proxy and the network"
    if not isinstance(response, dict):
        return str(error)
    details = response.get("Error", {})
    message = str(details.get("Message", "no message"))
    text = f"{describe_page(message) or message} ({details.get('Code', 'no code')})"
    return f"{error.operation_name}: {text}" if hasattr(error, "operation_name") else text


def describe(error: BaseException) -> list[tuple[ExitCode, str]] | None:
    """Return exit code and text of each error in an error; None for one that is a defect of this program."""
    if isinstance(error, ExceptionGroup):
        described = [describe(each) for each in error.exceptions]
        return None if None in described else [line for lines in described for line in lines or ()]
    if isinstance(error, CommandError):
        return [(error.code, str(error))]
    if isinstance(error, ExperimentError):
        return describe(ExperimentFailedError(Failure.of(error)))
    return _describe_environment(error)


def _describe_environment(error: BaseException) -> list[tuple[ExitCode, str]] | None:
    """Return exit code and text of an error of AWS, its configuration or the machine."""
    if isinstance(error, Exception) and any(kind.__module__.startswith(LIBRARIES) for kind in type(error).__mro__):
        return [(ExitCode.OUTSIDE, describe_aws_error(error))]
    if isinstance(error, ValueError) and _was_raised_in_library(error):
        return [(ExitCode.USAGE, f"AWS configuration: {error}")]  # as "Invalid endpoint: localhost"
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        return [(ExitCode.OUTSIDE, f"{place}{error.strerror or error}")]
    return None


def _was_raised_in_library(error: BaseException) -> bool:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and str(trace.tb_frame.f_globals.get("__name__", "")).startswith(LIBRARIES)
