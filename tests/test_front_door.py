"""The front door: tests/test_front_door.sh, from the wheel in a fresh environment to a promoted shadow variant."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_suffix(".sh")


@pytest.mark.no_cover
@pytest.mark.timeout(600)
def test_from_the_package_to_a_promoted_shadow() -> None:
    """Nothing of the clone is used but the wheel that is built from it, and nothing is left."""
    finished = subprocess.run(["sh", SCRIPT, sys.executable], capture_output=True, text=True, check=False)

    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert finished.stdout.splitlines()[-1].endswith("s: done")
