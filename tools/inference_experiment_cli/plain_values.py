"""Option values that need no conversion bypass pydantic, with which recent versions of Typer convert every value.

Importing it takes as long as the rest of a short command. Most values have their type already: strings, defaults,
members of an enumeration, paths. Typer converts the others, and reports what is wrong with them.
"""

# Commands and parameters are Typer's.
# ruff: noqa: ANN401

import os
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args, get_origin

if TYPE_CHECKING:
    from collections.abc import Callable

_PATH_CHECKS: Final = {
    "exists": False,
    "file_okay": True,
    "dir_okay": True,
    "writable": False,
    "resolve_path": False,
    "allow_dash": False,
    "path_type": None,
}
"""The checks of a path that Typer leaves out by default."""


class _NotPlainError(Exception):
    """The value is for Typer."""


class PlainValues:
    """Replaces Typer's conversion of one parameter."""

    def __init__(self, parameter: Any) -> None:
        self._info = parameter.type_descriptor.parameter_info
        self._annotation = parameter.type_descriptor.annotation
        self._typers: Callable[[], Any] = parameter.get_runtime_param

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return the value of the parameter. Raises Typer's BadParameter."""
        try:
            return self._plain(value, is_list=param.multiple or param.nargs == -1)
        except _NotPlainError:
            return self._typers().coerce(value, param=param, ctx=ctx)

    def _plain(self, value: Any, *, is_list: bool) -> Any:
        if value is None:
            return () if is_list else None
        if not is_list:
            return self._one(value, self._annotation)
        if get_origin(self._annotation) is not list or not isinstance(value, list | tuple):
            raise _NotPlainError
        (kind,) = get_args(self._annotation)
        return [self._one(each, kind) for each in value]

    def _one(self, value: Any, kind: Any) -> Any:
        try:
            if self._info.parser is not None:
                return self._info.parser(value)
            if type(value) is kind:
                return self._path(value) if isinstance(value, Path) else value
            if isinstance(kind, type) and issubclass(kind, Enum):
                return kind(value)
            if kind is Path and isinstance(value, str | Path):
                return self._path(Path(value))
        except ValueError:
            pass
        raise _NotPlainError

    def _path(self, path: Path) -> Path:
        checks = {name: getattr(self._info, name) for name in _PATH_CHECKS}
        if checks != _PATH_CHECKS or (os.path.lexists(path) and not os.access(path, os.R_OK)):
            raise _NotPlainError
        return path


class TakesPlainValues:
    """A command, or a group of commands, whose parameters take plain values as they are. A mix-in for Typer."""

    def get_params(self, ctx: Any) -> Any:
        """Return the parameters, with --help."""
        parameters = super().get_params(ctx)  # type: ignore[misc] # Typer's
        for each in parameters:
            # Older versions of Typer, which convert without pydantic, lack the method.
            if "get_runtime_param" not in vars(each) and hasattr(each, "get_runtime_param"):
                values = PlainValues(each)
                each.get_runtime_param = lambda values=values: values
        return parameters
