"""Objects of S3 as local files: what was downloaded once is not downloaded again, also after an interruption."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from shutil import rmtree
from typing import Any, Final

from inference_experiment_cli.cache_folder import cache_folder
from inference_experiment_cli.errors import unwritable
from inference_experiment_cli.interrupts import thread_pool
from inference_experiment_cli.progress import bar

CONNECTIONS: Final = 8


def download(client: Any, bucket: str, prefix: str, objects: Mapping[str, tuple[str, int]]) -> dict[str, Path]:  # noqa: ANN401 - a client
    """Return the local file of each object, which is given with its entity tag and size."""
    root = cache_folder("captures")
    local = {name: root / _file_name(bucket, prefix + name, *objects[name]) for name in objects}
    missing = [name for name, path in local.items() if not path.is_file()]
    if not missing:
        return local
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (
            _parts(root) as parts,
            bar("downloading captured data", len(missing)) as advance,
            thread_pool(CONNECTIONS) as pool,
        ):
            for _ in pool.map(lambda name: _fetch(client, bucket, prefix + name, local[name], parts), missing):
                advance()
    except OSError as error:
        raise unwritable(root, error) from error
    return local


@contextmanager
def _parts(root: Path) -> Iterator[Path]:
    """Make a folder for what is not complete yet. Threads may still write into it when it goes: it is moved first."""
    parts = root / f"{os.getpid()}.parts"
    parts.mkdir(mode=0o700, exist_ok=True)
    try:
        yield parts
    finally:
        with suppress(OSError):
            parts = parts.replace(root / f"{os.getpid()}.unneeded")
        rmtree(parts, ignore_errors=True)


def _file_name(bucket: str, key: str, tag: str, size: int) -> str:
    """Return a name that changes with the object: a new version is another file."""
    digest = hashlib.sha256(f"{bucket}\n{key}\n{tag}\n{size}".encode()).hexdigest()
    name = PurePosixPath(key.lower())
    return f"{digest[:40]}{''.join(name.suffixes[-2:] if name.suffix == '.gz' else name.suffixes[-1:])}"


def _fetch(client: Any, bucket: str, key: str, path: Path, parts: Path) -> None:  # noqa: ANN401 - a client
    """Download into a part, which becomes the file in one step."""
    part = parts / path.name
    client.download_file(bucket, key, str(part))
    part.replace(path)
