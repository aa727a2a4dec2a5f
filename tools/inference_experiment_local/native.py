"""Tells for which Python and processor a function's native extensions were built.

`sam build` installs wheels for the function's Runtime and Architectures; ministack runs functions in its own Python.
"""

import importlib.machinery
import platform
import re
import sys
from collections.abc import Iterable, Mapping
from typing import Final

_TAG: Final = re.compile(r"\.cpython-(3)(\d+)[a-z]*-([a-z0-9_]+)-[a-z0-9_-]+\.so$")
# e_machine of an ELF header -> processor, as platform.machine() names it
_MACHINES: Final[Mapping[bytes, str]] = {b"\x3e\x00": "x86_64", b"\xb7\x00": "aarch64"}
_ALIASES: Final[Mapping[str, str]] = {"arm64": "aarch64", "amd64": "x86_64"}
FOREIGN_BUILD: Final = re.compile(r"built for [^\n]+, but the local AWS runs functions in Python [\d.]+ on \w+")
"""The sentence of `foreign_build`, in a longer text."""
HEADER_BYTES: Final = 20
"""How much of a file tells its processor."""


def host_processor() -> str:
    """Return this machine's processor as extension file names have it."""
    machine = platform.machine().lower()
    return _ALIASES.get(machine, machine)


def foreign_build(files: Iterable[tuple[str, bytes]]) -> str | None:
    """Return in a sentence for what a package was built, unless it was for this Python and processor.

    `files` are paths in the package, each with the first HEADER_BYTES of its content.
    """
    for path, header in files:
        if not path.endswith(".so"):
            continue
        built_for = _python_and_processor(path, header)
        if built_for is not None:
            here = f"Python {sys.version_info.major}.{sys.version_info.minor} on {host_processor()}"
            return f"built for {built_for} ({path}), but the local AWS runs functions in {here}"
    return None


def _python_and_processor(path: str, header: bytes) -> str | None:
    """Return what a native extension needs; None for one that can be loaded here, or that does not say."""
    tag = _TAG.search(path)
    if tag is not None:
        loadable = any(path.endswith(suffix) for suffix in importlib.machinery.EXTENSION_SUFFIXES if suffix != ".so")
        return None if loadable else f"Python {tag[1]}.{tag[2]} on {tag[3]}"
    machine = _MACHINES.get(header[18:20]) if header.startswith(b"\x7fELF") else None
    return machine if machine not in {None, host_processor()} else None
