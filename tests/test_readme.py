"""The README's tables are what they are tables of, and its links lead somewhere."""

import re
from pathlib import Path

from scripts.documentation import BLOCKS, README, render

ROOT = README.parent


def test_tables_are_up_to_date() -> None:
    text = README.read_text(encoding="utf-8")
    assert set(re.findall(r"<!-- begin: (\w+) -->", text)) == set(BLOCKS)
    assert text == render(text), "run: make docs"


def test_links_of_the_documents_lead_somewhere() -> None:
    documents = [README, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]
    documents += (ROOT / "examples").rglob("*.md")
    broken = [
        (str(document.relative_to(ROOT)), link)
        for document in documents
        for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text(encoding="utf-8"))
        if "://" not in link and not (document.parent / link).exists()
    ]
    assert broken == []


def test_the_readme_leads_to_every_document() -> None:
    linked = set(re.findall(r"\]\((docs/[^)#]+)", README.read_text(encoding="utf-8")))
    assert {path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md")} <= linked


def test_documents_name_no_machine_and_no_registry() -> None:
    forbidden = re.compile(r"(?<![\w.])/(?:root|home|work|tmp)/\w|files\.pythonhosted|pypi\.org|registry\.npmjs")
    paths = {path.relative_to(ROOT): path for path in ROOT.rglob("*.md")}
    own = [path for name, path in paths.items() if name.parts[0] != "build" and not name.parts[0].startswith(".")]
    assert own
    assert [path for path in own if forbidden.search(path.read_text(encoding="utf-8"))] == []


def test_two_commands_are_enough() -> None:
    """Make targets that the README names exist."""
    makefile = Path(ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^make ([\w-]+)", README.read_text(encoding="utf-8"), flags=re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target
