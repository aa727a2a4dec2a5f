"""Values of a template's parameters: --parameter, and parameter files of CloudFormation, CodePipeline and SAM."""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from cfn_template.parameters import ParameterError, check_given
from cfn_template.values import Raw, scalar_text
from inference_experiment_cli.errors import UsageError
from inference_experiment_cli.inputs.documents import parse_document, read_text

PARAMETER: Final = "--parameter"
DEFAULT_ENVIRONMENT: Final = "default"
_COMMANDS: Final = ("deploy", "global")  # of samconfig, the more specific one first
_FORMS: Final = (
    'a list of {"ParameterKey": ..., "ParameterValue": ...}, {"Parameters": {"Name": "value"}}, or a samconfig file'
)


class GivenValue(str):  # noqa: SLOT000 - it has an attribute
    """A value of a parameter; `origin` is what it comes from, for messages."""

    origin: str = PARAMETER

    @classmethod
    def of(cls, text: str, origin: str) -> "GivenValue":
        """Return a value with its origin."""
        value = cls(text)
        value.origin = origin
        return value


def given_parameters(
    texts: Sequence[str] | None, files: Sequence[str] | None = None, *, option: str = PARAMETER
) -> dict[str, str]:
    """Return the values of --parameter-file and --parameter, which come before those of files. Raises UsageError."""
    given: dict[str, str] = {}
    for file in files or ():
        given.update(_of_file(file))
    for text in texts or ():
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(f"{option} {text}: write it as NAME=VALUE")
        given[name] = GivenValue.of(value, option)
    return given


def check_parameters(declared: Mapping[str, Raw], given: Mapping[str, str]) -> None:
    """Check values of --parameter and of parameter files as CloudFormation does. Raises UsageError."""
    try:
        check_given(declared, given)
    except ParameterError as error:
        value = given[error.name]
        raise UsageError(f"{value.origin if isinstance(value, GivenValue) else PARAMETER} {error}") from error


def deployment_settings(files: Sequence[str] | None) -> dict[str, str]:
    """Return stack_name and region of the sections of samconfig files, where they have them. Raises UsageError."""
    settings: dict[str, str] = {}
    for file in files or ():
        path, environment = _path_and_environment(file)
        value: Any = _read(path)[1] if path.endswith((".toml", ".yaml", ".yml")) else None
        section = value.get(environment or DEFAULT_ENVIRONMENT) if isinstance(value, Mapping) else None
        for command in reversed(_COMMANDS):
            own = section.get(command) if isinstance(section, Mapping) else None
            parameters = own.get("parameters") if isinstance(own, Mapping) else None
            found: Mapping[str, Any] = parameters if isinstance(parameters, Mapping) else {}
            settings |= {key: str(found[key]) for key in ("stack_name", "region") if key in found}
    return settings


def _read(path: str) -> tuple[str, Any]:
    """Return the name of a parameter file for messages and its content. Raises UsageError."""
    name, text = read_text(Path(path))
    if path.endswith(".toml"):
        import tomllib  # noqa: PLC0415 - slow to import, and few parameters are in such files

        try:
            return name, tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise UsageError(f"{name}: is not valid TOML: {error}") from error
    return name, parse_document(text, name).value


def _of_file(file: str) -> dict[str, str]:
    path, environment = _path_and_environment(file)
    name, value = _read(path)
    pairs = _pairs(value, environment or DEFAULT_ENVIRONMENT)
    if pairs is None:
        raise UsageError(f"{name}: has no parameters{f' for {environment}' if environment else ''}; write {_FORMS}")
    given: dict[str, str] = {}
    for key, item in pairs:
        text = _text(item)
        if text is not None:
            given[str(key)] = GivenValue.of(text, f"{name}: {PARAMETER}")
    return given


def _path_and_environment(file: str) -> tuple[str, str]:
    """Return the path and, of samconfig.toml:prod, the environment."""
    path, colon, environment = file.rpartition(":")
    return (path, environment) if colon and path.endswith((".toml", ".yaml", ".yml")) else (file, "")


def _pairs(value: Any, environment: str) -> Iterable[tuple[str, Any]] | None:  # noqa: ANN401 - a file's content
    if isinstance(value, list):
        return _of_list(value)
    if not isinstance(value, Mapping):
        return None
    # CodePipeline's key, and that of CloudFormation's Git sync
    for key in ("Parameters", "parameters"):
        if isinstance(value.get(key), Mapping):
            return list(value[key].items())
    for command in _COMMANDS:
        overrides = value.get(environment)
        for key in (command, "parameters", "parameter_overrides"):
            overrides = overrides.get(key) if isinstance(overrides, Mapping) else None
        if overrides is not None:
            return _of_overrides(overrides)
    return None


def _of_list(entries: Sequence[Any]) -> list[tuple[str, Any]] | None:
    """Return the pairs of CloudFormation's form; with UsePreviousValue the value is not known."""
    pairs: list[tuple[str, Any]] = []
    for entry in entries:
        if isinstance(entry, str):
            pairs.append(_pair(entry))
        elif isinstance(entry, Mapping) and "ParameterKey" in entry:
            pairs.append((entry["ParameterKey"], entry.get("ParameterValue")))
        else:
            return None
    return pairs


def _of_overrides(overrides: Any) -> list[tuple[str, Any]]:  # noqa: ANN401 - a file's content
    """Return the pairs of SAM's parameter_overrides: NAME=VALUE in a text or a list, or a mapping."""
    if isinstance(overrides, Mapping):
        return list(overrides.items())
    try:
        words = overrides if isinstance(overrides, list) else shlex.split(str(overrides))
    except ValueError as error:
        raise UsageError(f"parameter_overrides {overrides}: {error}") from error
    return [_pair(str(word)) for word in words]


def _pair(word: str) -> tuple[str, str]:
    """Return name and value of NAME=VALUE or ParameterKey=NAME,ParameterValue=VALUE."""
    key, comma, value = word.partition(",ParameterValue=")
    if comma and key.startswith("ParameterKey="):
        return key.removeprefix("ParameterKey="), value
    name, equals, value = word.partition("=")
    if not equals:
        raise UsageError(f"parameter_overrides {word}: write it as NAME=VALUE")
    return name, value


def _text(value: Any) -> str | None:  # noqa: ANN401 - a file's content
    """Return a value as text, the items of a list with commas; None for what a pipeline fills in."""
    if isinstance(value, list):
        return ",".join(text for item in value if (text := scalar_text(item)) is not None)
    return scalar_text(value)
