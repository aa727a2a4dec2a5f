"""cfn-lint's resolved configuration, and a copy of it that is valid while everything it came from is unchanged.

cfn-lint takes its configuration from arguments, .cfnlintrc, environment variables and the names of files that match
patterns. The key of a copy has all of them but the last, which the copy has, and so has the fingerprint.
"""

import contextlib
import dataclasses
import glob
import json
import os
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from inference_experiment_cli.lint.cache import Store
from inference_experiment_cli.lint.files import ABSENT, digest_of
from inference_experiment_cli.lint.fingerprint import environment, fingerprint

CONFIGURATION_FILES: Final = (".cfnlintrc", ".cfnlintrc.yaml", ".cfnlintrc.yml")
FOLDERS: Final = ("HOME", "USERPROFILE", "LOCALAPPDATA", "XDG_CACHE_HOME")
"""Environment variables by which the folders of cfn-lint's files are found."""


@dataclass(frozen=True)
class Configuration:
    """cfn-lint's configuration, as far as a run needs it; every value is one that JSON has.

    `settings` are those that findings depend on. `rule_files` are the user's files that were read while the rules were
    loaded, `schemas` is the folder of downloaded schemas, `matched` has the files that patterns of names stood for.
    """

    settings: dict[str, Any]
    append_rules: list[str]
    custom_rules: str
    override_spec: str
    registry_schemas: list[str]
    schemas: str
    rule_files: list[str]
    format: str
    output_file: str
    non_zero_exit_code: str
    templates: list[str]
    ignored_templates: list[str]
    matched: dict[str, list[str]]


@dataclass(frozen=True)
class RunKind:
    """What the user asked for beside the templates: cfn-lint's arguments, and our own options."""

    arguments: Sequence[str]
    types: Collection[str] = ()
    only_experiments: bool = False

    def fingerprint(self, configuration: Configuration) -> str:
        """Return the digest of all that every result of this run depends on."""
        return fingerprint(configuration, self.types, only_experiments=self.only_experiments)


def matches_of(pattern: str) -> list[str]:
    """Return the files that a pattern currently matches."""
    return sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 - as cfn-lint reads patterns


def recall(store: Store, kind: RunKind) -> tuple[Configuration, str] | None:
    """Return the configuration and the fingerprint of an earlier run; None where anything may have changed."""
    try:
        entry = store.get(_key(kind))
        if entry is None:
            return None
        configuration = Configuration(**entry["configuration"])
        known: str = entry["fingerprint"]
        if all(matches_of(pattern) == names for pattern, names in configuration.matched.items()):
            return (configuration, known) if kind.fingerprint(configuration) == known else None
    except (OSError, ValueError, LookupError, TypeError, AttributeError, ImportError, RuntimeError):
        pass  # damaged, or a file or a module of rules that cannot be read: cfn-lint will say so
    return None


def remember(store: Store, kind: RunKind, configuration: Configuration) -> str:
    """Store a configuration for later runs; return its fingerprint."""
    known = kind.fingerprint(configuration)
    with contextlib.suppress(OSError, ValueError, RuntimeError):
        store.put(_key(kind), {"configuration": dataclasses.asdict(configuration), "fingerprint": known})
    return known


def _key(kind: RunKind) -> str:
    """Return the key of a configuration. Raises OSError for a file that cannot be read."""
    named = [each for flag, each in pairwise(["", *kind.arguments]) if flag != "--output-file"]
    files = [*map(Path, named), *configuration_files()]
    facts = {
        "arguments": list(kind.arguments),
        "types": sorted(kind.types),
        "only": kind.only_experiments,
        "files": [_digest(each) for each in files],
        "environment": [environment(), *(os.environ.get(name) for name in FOLDERS)],
        "paths": [str(Path.cwd()), *sys.path],  # by which modules and folders of rules are found
    }
    return digest_of(b"configuration" + json.dumps(facts, sort_keys=True).encode())


def configuration_files() -> list[Path]:
    """Return where cfn-lint looks for its configuration. Raises RuntimeError where there is no home folder."""
    return [folder / name for folder in (Path.home(), Path()) for name in CONFIGURATION_FILES]


def _digest(path: Path) -> str:
    return digest_of(path.read_bytes()) if path.is_file() else ABSENT
