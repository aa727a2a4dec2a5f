"""The front door: tests/test_front_door.sh, from the wheel in a fresh environment to a promoted shadow variant."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_suffix(".sh")
PAGE = SCRIPT.parent.parent / "docs" / "getting-started.md"


@pytest.mark.slow
@pytest.mark.no_cover
@pytest.mark.timeout(600)
def test_from_the_package_to_a_promoted_shadow() -> None:
    """Nothing of the clone is used but the wheel that is built from it, and nothing is left."""
    finished = subprocess.run(["sh", SCRIPT, sys.executable], capture_output=True, text=True, check=False)

    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert finished.stdout.splitlines()[-1].endswith("s: done")


def test_the_page_for_beginners_has_the_same_commands() -> None:
    """Each command of its two sections about a project is one of the script, in its order."""
    sections = [
        text for text in PAGE.read_text().split("\n## ") if text.startswith(("Write a project", "Run a shadow"))
    ]
    blocks = "".join(block for text in sections for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL))
    commands = [line for line in blocks.splitlines() if "inference-experiment" in line and "eval" not in line]
    script = re.sub(r" \\\n +", " ", SCRIPT.read_text())
    places = [script.find(f"{command}\n") for command in commands]

    assert len(sections) == 2
    assert [command for command, place in zip(commands, places, strict=True) if place < 0] == []
    assert places == sorted(places)
