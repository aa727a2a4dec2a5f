"""Every direct dependency has its reason in docs/decisions/0008, and the locks hold what they should and no more."""

import re
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PINNED = re.compile(r"^[a-z0-9-]+==[^ \\;]+", re.MULTILINE)
OWN = "cfn-inference-experiment"
NAME = re.compile(r"^[A-Za-z0-9._-]+")


def named_in(path: Path) -> set[str]:
    """Return the packages that a file of requirements names."""
    return {found[0] for line in path.read_text(encoding="utf-8").splitlines() if (found := NAME.match(line))}


def direct() -> set[str]:
    """Return every package that this project asks for anywhere."""
    project = PROJECT["project"]
    groups = [
        project["dependencies"],
        *project["optional-dependencies"].values(),
        *PROJECT["dependency-groups"].values(),
    ]
    asked = {found[0] for group in groups for line in group if (found := NAME.match(line))}
    files = [ROOT / "src" / "requirements.txt", *(ROOT / "requirements").glob("*.in")]
    return asked.union(*map(named_in, files)) - {OWN}


def test_every_direct_dependency_has_its_reason() -> None:
    page = (ROOT / "docs" / "decisions" / "0008-dependencies.md").read_text(encoding="utf-8")
    cells = re.findall(r"^\| ([^|]+) \|", page, re.MULTILINE)
    listed = {name.split()[0] for cell in cells for name in cell.split(", ")}

    assert listed - {"package", "---"} == direct()


def test_the_function_s_lock_has_what_the_function_asks_for() -> None:
    asked = set((ROOT / "src" / "requirements.txt").read_text(encoding="utf-8").splitlines())
    locked = (ROOT / "requirements" / "function.txt").read_text(encoding="utf-8")

    pins = {line for line in asked if line and not line.startswith("#")}
    assert pins <= set(re.findall(r"^(\S+==\S+) ", locked, re.MULTILINE))


def test_locks_have_hashes_and_no_addresses() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        text = path.read_text(encoding="utf-8")
        assert "://" not in text, path.name
        assert "--hash=sha256:" in text, path.name


def test_the_demo_s_lock_is_a_part_of_all() -> None:
    """Make demo and make test use the same versions."""
    demo, everything = (
        set(PINNED.findall((ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")))
        for name in ("demo", "dev")
    )
    assert demo < everything
