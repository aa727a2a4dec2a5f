"""Objects of S3 as local files: what was downloaded once is not downloaded again, also after an interruption."""

import hashlib
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Any, Final

from inference_experiment_cli.errors import unwritable
from inference_experiment_cli.progress import bar

CONNECTIONS: Final = 8


def folder() -> Path:
    """Return the folder for downloads: below XDG_CACHE_HOME, or ~/.cache."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "inference-experiment" / "captures"


def download(client: Any, bucket: str, prefix: str, objects: Mapping[str, tuple[str, int]]) -> dict[str, Path]:  # noqa: ANN401 - a client
    """Return the local file of each object, which is given with its entity tag and size."""
    root = folder()
    local = {name: root / _file_name(bucket, prefix + name, *objects[name]) for name in objects}
    missing = [name for name, path in local.items() if not path.is_file()]
    if not missing:
        return local
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with bar("downloading captured data", len(missing)) as advance, ThreadPoolExecutor(CONNECTIONS) as pool:
            for _ in pool.map(lambda name: _fetch(client, bucket, prefix + name, local[name]), missing):
                advance()
    except OSError as error:
        raise unwritable(root, error) from error
    return local


def _file_name(bucket: str, key: str, tag: str, size: int) -> str:
    """Return a name that changes with the object: a new version is another file."""
    digest = hashlib.sha256(f"{bucket}\n{key}\n{tag}\n{size}".encode()).hexdigest()
    name = PurePosixPath(key.lower())
    return f"{digest[:40]}{''.join(name.suffixes[-2:] if name.suffix == '.gz' else name.suffixes[-1:])}"


def _fetch(client: Any, bucket: str, key: str, path: Path) -> None:  # noqa: ANN401 - a client
    """Download into a part, which becomes the file in one step."""
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        client.download_file(bucket, key, str(part))
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
