"""Digests of files, and the folders of our packages."""

import hashlib
from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

ABSENT: Final = "absent"
"""Stands for the digest of a file that cannot be read."""
OUR_PACKAGES: Final = (
    "cfn_template",
    "iam_policy",
    "inference_experiment",
    "inference_experiment_rules",
    "shadow_test_policies",
)


def digest_of(content: bytes) -> str:
    """Return a digest of content."""
    return hashlib.sha256(content).hexdigest()


def digest_of_file(path: Path) -> str:
    """Return a digest of a file's content; one that cannot be read counts as absent."""
    try:
        return digest_of(path.read_bytes()) if path.is_file() else ABSENT
    except (OSError, ValueError):
        return ABSENT


def digest_of_files(paths: Iterable[Path]) -> str:
    """Return a digest of files' names and contents."""
    whole = hashlib.sha256()
    for path in paths:
        whole.update(f"{path.name} {digest_of_file(path)}\n".encode())
    return whole.hexdigest()


@cache
def own_folders() -> tuple[Path, ...]:
    """Return the folders of our packages that a lint run imports."""
    specs = [find_spec(name) for name in OUR_PACKAGES]
    return tuple(Path(spec.origin).parent for spec in specs if spec is not None and spec.origin is not None)
