"""pytest identifies test modules by name alone, so names must be unique across folders."""

from collections import Counter
from pathlib import Path


def test_module_names_are_unique() -> None:
    names = Counter(path.name for path in Path(__file__).parent.rglob("test_*.py"))
    assert [name for name, count in names.items() if count > 1] == []
