"""The handlers of the registry type are no installed package: their folder is the root of a project of its own."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "registry" / "src"))
