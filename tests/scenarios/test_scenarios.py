"""Every scenario file, through the real handler."""

from pathlib import Path

import pytest
from scenario_format import read
from scenario_run import carry_out
from scenario_world import World

FOLDER = Path(__file__).parent
FILES = sorted(path for path in FOLDER.glob("*/*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_scenario(scenario_world: World, path: Path) -> None:
    """The function makes exactly the calls that the file lists, and gives its answer."""
    carry_out(scenario_world, read(path))
