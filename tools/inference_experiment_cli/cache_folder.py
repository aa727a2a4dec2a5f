"""Where this program keeps what it can get again: below XDG_CACHE_HOME, or ~/.cache."""

import os
from pathlib import Path


def cache_folder(name: str) -> Path:
    """Return the folder for one kind of content; it may not exist."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "inference-experiment" / name
