"""AWS's published data, in the packages' data files."""

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any


@cache
def data_folder(package: str) -> Path:
    """Return the `data` folder of a package without importing it; importlib.resources takes 10 ms to import."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(package)
    return Path(spec.origin).with_name("data")


@cache
def packaged(package: str, *path: str) -> dict[str, Any]:
    """Return the content of a JSON file in the `data` folder of a package."""
    loaded: dict[str, Any] = json.loads(data_folder(package).joinpath(*path).read_text(encoding="utf-8"))
    return loaded
