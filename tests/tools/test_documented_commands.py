"""Every command line of the documents and of the pages of help runs, or is on a list that says why it cannot."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from command_line import run
from desk import ROOT
from documented_account import LIVE, DocumentedAccount, documented_account, run_cfn_lint, write_files
from every_command import commands, examples, parse, words

FENCED: Final = re.compile(r"^ *```(?:sh|bash|console|shell)\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
PAGES: Final = [
    path
    for path in [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *sorted((ROOT / "docs").rglob("*.md")),
        *sorted((ROOT / "examples").rglob("*.md")),
    ]
    if FENCED.search(path.read_text(encoding="utf-8"))
]
# Run by a test of its own, which compares what it prints.
ELSEWHERE: Final = {
    "docs/getting-started.md": "tests/test_front_door.py",
    "docs/local.md": "tests/tools/local/test_local_page.py",
    "docs/toolkit.md": "tests/tools/test_toolkit_page.py",
}
# Commands that are parsed here, and why they are not run.
# ruff: noqa: E501
PARSED: Final = {
    "inference-experiment demo": "a minute; tests/tools/test_demo.py",
    "inference-experiment demo --port 4566": "a minute; tests/tools/test_demo.py",
    "inference-experiment manifest --from fraud-1 --type registry    # its properties, to compare": "an import; tests/tools/test_convert.py reads the page",
    'inference-experiment plan import.yaml --current fraud-1         # "nothing to do"': "an import; tests/tools/test_convert.py reads the page",
    "inference-experiment lint import.yaml -i W9711                 # W9711 is about DeletionPolicy: Retain": "an import; tests/tools/test_convert.py reads the page",
    "inference-experiment watch fraud --until Completed": "until the end of a test; tests/tools/test_reads.py",
    "inference-experiment watch shop-fraud-1 --until Completed": "until the end of a test; tests/tools/test_reads.py",
}
# They act on the one local AWS of the user; tests/tools/local and tests/test_front_door.py run them.
LOCAL: Final = re.compile(r"(?:eval \"\$\()?(inference-experiment local [^)]*)(?:\)\")?")
# First word of other commands -> why they are not run.
OTHERS: Final = {
    "--8<--": "a file that the site includes: pipeline.sh",
    "./pipeline.sh": "tests/test_gated_promotion.py",
    "aws": "the AWS CLI is not among our dependencies",
    "cd": "changes the folder",
    "make": "test_targets_exist",
    "pip": "the package index",
    "python3.13": "the function's Python, make sam-check",
    "sam": "make sam-check",
    "terraform": "no terraform here; tests/tools/test_terraform_page.py reads the page",
}


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DocumentedAccount]:
    with documented_account(tmp_path_factory.mktemp("services")) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lines(path: Path) -> Iterator[tuple[str, int | None]]:
    """Yield the commands of a page with the exit code that the next line says, which is None otherwise.

    In a console block they follow a $.
    """
    for block in FENCED.findall(path.read_text(encoding="utf-8")):
        joined = re.sub(r"\\\n\s*", "", block)
        is_console = joined.startswith("$ ") or "\n$ " in joined
        written = joined.splitlines()
        for text, following in zip(written, [*written[1:], ""], strict=True):
            code = re.fullmatch(r"# exit code (\d+)", following)
            command = text.removeprefix("$ ") if is_console == text.startswith("$ ") else ""
            if words(command):
                yield command.removesuffix("&&").strip(), int(code[1]) if code else None


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.slow
@pytest.mark.parametrize("path", [path for path in PAGES if name(path) not in ELSEWHERE], ids=name)
@pytest.mark.usefixtures("folder")
def test_the_commands_of_a_page(account: DocumentedAccount, path: Path) -> None:
    """In their order; what a page creates is not there before."""
    written = [*lines(path)]
    created = {"fraud"} if any("create -f experiment.yaml" in text for text, _ in written) else set()
    account.start_over(named(" ".join(text for text, _ in written)) - created)
    write_files(account.settings, "fraud", "endpoint" if created else "fraud-endpoint")
    if path.name == "policy.md":
        Path("template.yaml").write_bytes((ROOT / "template.yaml").read_bytes())
    for text, code in written:
        program = words(text)[0]
        if local := LOCAL.fullmatch(text):
            parse(words(local[1])[1:])
        elif text in PARSED:
            parse(words(text)[1:])
        elif program == "inference-experiment":
            account.run(text, code)
        elif program == "cfn-lint":
            run_cfn_lint(text)
        else:
            assert program in OTHERS, text


def named(text: str) -> set[str]:
    """Return the experiments that a text names."""
    return {each for each in LIVE if re.search(rf"(?<![\w/-]){each}(?![\w.-])", text)}


def helped(command: str) -> list[str]:
    """Return the examples of a command's help."""
    return examples(run(*command.split(), "--help", settings={"COLUMNS": "80"}).stdout)


@pytest.mark.parametrize("command", commands())
@pytest.mark.usefixtures("folder")
def test_the_examples_of_help(account: DocumentedAccount, command: str) -> None:
    write_files(account.settings, "fraud-2", "endpoint" if command == "create" else "fraud-2-endpoint")
    if command.startswith("policy"):
        Path("template.yaml").write_bytes((ROOT / "template.yaml").read_bytes())
    for example in helped(command):
        if local := LOCAL.fullmatch(example):
            parse(words(local[1])[1:])
        elif example not in PARSED:
            account.start_over(named(example) if command != "create" else (), are_started=command != "start")
            account.run(example)


def test_every_exception_is_needed() -> None:
    documented = [text for path in PAGES for text, _ in lines(path) if name(path) not in ELSEWHERE]
    shown = [each for command in commands() for each in helped(command)]

    assert set(PARSED) <= {*documented, *shown}
    programs = {words(text)[0] for text in documented if not LOCAL.fullmatch(text)}
    programs -= {"inference-experiment", "cfn-lint"}
    assert programs == set(OTHERS)
    assert {*ELSEWHERE} <= {name(path) for path in PAGES}


def test_targets_exist() -> None:
    """Of make, in every document."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = {words(text)[1] for path in PAGES for text, _ in lines(path) if words(text)[0] == "make"}

    assert targets
    assert [each for each in sorted(targets) if not re.search(rf"^{each}:", makefile, re.MULTILINE)] == []
