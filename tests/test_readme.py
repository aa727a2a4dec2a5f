"""The documents are true: generated tables, links, navigation, commands and their output."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.documentation import BLOCKS, REFERENCE, render

ROOT = REFERENCE.parents[1]
README = ROOT / "README.md"
MAXIMUM_LINES = 150
COMMAND = Path(sys.executable).with_name("inference-experiment")
FENCED = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
WITH_OUTPUT = ("README.md", "docs/getting-started.md", "docs/plan.md")


def text_of(*path: str) -> str:
    return ROOT.joinpath(*path).read_text(encoding="utf-8")


def test_tables_are_up_to_date() -> None:
    pages = [page.read_text(encoding="utf-8") for page in sorted(REFERENCE.glob("*.md"))]

    assert sorted(name for page in pages for name in re.findall(r"<!-- begin: (\w+) -->", page)) == sorted(BLOCKS)
    assert pages == [render(page) for page in pages], "run: make docs"


def test_links_of_the_documents_lead_somewhere() -> None:
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")]
    broken = [
        (str(document.relative_to(ROOT)), link)
        for document in documents
        for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", FENCED.sub("", document.read_text(encoding="utf-8")))
        if "://" not in link and not (document.parent / link).exists()
    ]
    assert broken == []


def test_the_navigation_has_every_page() -> None:
    """The rules and the decisions are there by a pattern."""
    patterns = re.findall(r"[\w/?*-]+\.md", text_of("docs", ".nav.yml"))
    listed = {page for pattern in patterns for page in (ROOT / "docs").glob(pattern)}

    assert listed == {*(ROOT / "docs").rglob("*.md")} - {ROOT / "docs" / "package.md"}


def test_the_readme_is_one_screen_and_an_index() -> None:
    assert len(text_of("README.md").splitlines()) <= MAXIMUM_LINES


def test_the_package_description_has_no_relative_links() -> None:
    """They would be dead on the page of the package index."""
    links = re.findall(r"\]\(([^)]+)\)", text_of("docs", "package.md"))

    assert 'readme = "docs/package.md"' in text_of("pyproject.toml")
    assert links
    assert [link for link in links if not link.startswith("https://")] == []


def outputs() -> list[tuple[str, str, list[str]]]:
    """Return (document, command, lines of its output) of every console block."""
    examples = []
    for name in WITH_OUTPUT:
        for block in re.findall(r"```console\n\$ inference-experiment (.*?)```", text_of(name), re.DOTALL):
            command, *lines = block.splitlines()
            examples.append((name, command, [line for line in lines if line]))
    return examples


@pytest.mark.parametrize(("name", "command", "lines"), outputs(), ids=lambda value: str(value)[:40])
def test_output_is_that_of_the_command(name: str, command: str, lines: list[str]) -> None:
    """A document shows a part of the lines, in their order."""
    finished = subprocess.run([COMMAND, *shlex.split(command)], cwd=ROOT, capture_output=True, text=True, check=False)
    printed = [line.rstrip() for line in finished.stdout.splitlines()]

    assert lines, name
    assert [line for line in printed if line in lines] == lines


def test_documents_name_no_machine_and_no_registry() -> None:
    forbidden = re.compile(r"(?<![\w.])/(?:root|home|work|tmp)/\w|files\.pythonhosted|pypi\.org|registry\.npmjs")
    paths = {path.relative_to(ROOT): path for path in ROOT.rglob("*.md")}
    own = [path for name, path in paths.items() if name.parts[0] != "build" and not name.parts[0].startswith(".")]
    assert own
    assert [path for path in own if forbidden.search(path.read_text(encoding="utf-8"))] == []


def test_two_commands_are_enough() -> None:
    """Make targets that the README names exist."""
    makefile = text_of("Makefile")
    targets = re.findall(r"^make ([\w-]+)", text_of("README.md"), flags=re.MULTILINE)

    assert targets == ["demo", "test"]
    for target in targets:
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target
