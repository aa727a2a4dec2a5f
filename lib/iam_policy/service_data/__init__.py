"""AWS's published data, in the packages' data files."""

import json
from functools import cache
from importlib import resources
from typing import Any


@cache
def packaged(package: str, *path: str) -> dict[str, Any]:
    """Return the content of a JSON file in the `data` folder of a package."""
    loaded: dict[str, Any] = json.loads(resources.files(package).joinpath("data", *path).read_text(encoding="utf-8"))
    return loaded
