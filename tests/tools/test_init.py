"""init: a project of its own, from the repository's files; whatever is in the way stays as it is."""

import os
import re
import shlex
import stat
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from command_line import Finished, assert_one_line, run
from desk import ROOT

from cfn_template.documents import parse
from inference_experiment_cli import main as cli
from inference_experiment_cli.demo.run import PROVIDER_STACK
from inference_experiment_cli.project import sources, write

NAMES = {
    "broken",
    "capture-with-kms",
    "cdk",
    "dashboard",
    "gated-promotion",
    "migration",
    "nested-stack",
    "promotion",
    "scheduled-test",
    "several-regions",
    "shadow-alarm",
    "shadow-test",
    "terraform",
}
CFN_LINT = Path(sys.executable).with_name("cfn-lint")
# As in the SAM CLI's environment: the packages of this project are not there.
WITHOUT_OURS = """\
import sys
for finder in list(sys.meta_path):
    if getattr(finder, "__module__", "").startswith("__editable__"):
        sys.meta_path.remove(finder)
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def init(*arguments: str) -> Finished:
    finished = run("init", *arguments)
    assert finished.returncode == 0, finished.stderr
    return finished


def files(folder: str) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()
    }


def template(folder: str) -> Any:
    return parse(Path(folder, "template.yaml").read_text())


def test_a_project_has_the_provider_as_in_the_repository() -> None:
    assert "shop: " in init("shop").stdout

    written = files("shop")
    function = {name: content for name, content in written.items() if name.startswith("src/")}
    tracked = subprocess.run(["git", "ls-files", "src"], cwd=ROOT, check=True, capture_output=True, text=True)
    assert function == {name: (ROOT / name).read_bytes() for name in tracked.stdout.split()}
    for name in ("template.yaml", "samconfig.toml", "LICENSE", "examples/shadow-test.yaml"):
        assert written[name] == (ROOT / name).read_bytes()
    assert not any("__pycache__" in name or name.endswith(".part") for name in written)


def test_what_the_template_and_the_settings_refer_to_is_there() -> None:
    """Sam deploy uploads the files of the template's metadata, and fails without one."""
    init("shop")
    decoded, settings = template("shop"), tomllib.loads(Path("shop/samconfig.toml").read_text())

    metadata = decoded["Metadata"]["AWS::ServerlessRepo::Application"]
    code = decoded["Resources"]["ProviderFunction"]["Properties"]["CodeUri"]
    named = [metadata["LicenseUrl"], metadata["ReadmeUrl"], code, f"{code}requirements.txt"]
    assert [name for name in named if not Path("shop", name).exists()] == []
    assert {each["global"]["parameters"]["stack_name"] for each in (settings["default"], settings["production"])} == {
        PROVIDER_STACK
    }
    assert not re.search(r"template_file|config_file|\.yaml", Path("shop/samconfig.toml").read_text())


def test_the_examples_are_those_of_the_gallery() -> None:
    head, *rows = (re.split(r"  +", line) for line in run("init", "--list").stdout.splitlines())

    assert head == ["NAME", "DESCRIPTION"]
    assert {name for name, _ in rows} == NAMES
    assert all(10 < len(description) < 110 for _, description in rows)
    covered = {name for each in sources.all_examples().values() for name in each.files}
    gallery = {path.relative_to(ROOT / "examples").as_posix() for path in (ROOT / "examples").rglob("*.*")}
    assert covered == {name for name in gallery if (ROOT / "examples" / name).is_file()}


@pytest.mark.parametrize("name", sorted(NAMES))
def test_an_example_comes_with_what_it_refers_to(name: str) -> None:
    """A description may name another template; a folder has its page and its script."""
    init("shop", "--example", name)

    for path, content in files("shop/examples").items():
        here = Path("shop/examples", path).parent
        text = content.decode()
        mentioned = [Path("shop", each) for each in re.findall(r"examples/[\w./-]+\.\w+", text)]
        linked = [here / each for each in re.findall(r"\]\(([^)#]+)[^)]*\)", text)]
        assert [str(each) for each in [*mentioned, *linked] if not each.exists()] == [], path
        assert content == (ROOT / "examples" / path).read_bytes() or path.endswith("README.md")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("scheduled", "scheduled-test"),
        ("promotion.yaml", "promotion"),
        ("examples/migration/", "migration"),
        ("nested", "nested-stack"),
        ("Shadow-Test.YAML", "shadow-test"),
        ("./examples/several-regions.yaml", "several-regions"),
    ],
)
def test_an_example_is_named_as_its_file_or_by_the_beginning_of_its_name(given: str, expected: str) -> None:
    assert init("shop", "--example", given).stdout.splitlines()[0].endswith(f"examples {expected}")


def test_several_examples_and_all() -> None:
    init("some", "--example", "promotion,scheduled", "--example", "dashboard")
    init("every", "--example", "all")

    assert {"promotion.yaml", "scheduled-test.yaml", "dashboard.yaml"} <= files("some/examples").keys()
    assert {each.split("/")[0].removesuffix(".yaml") for each in files("every/examples")} == {
        *(NAMES - {"broken"}),
        "nested",
    }
    assert os.access("every/examples/gated-promotion/pipeline.sh", os.X_OK)
    assert not os.access("every/template.yaml", os.X_OK)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("shop", "--example", "promotoin"), ("no example promotoin; did you mean promotion?", "several-regions")),
        (("shop", "--example", "shadow"), ("did you mean shadow-alarm or shadow-test?",)),
        (("shop", "--example", "../template.yaml"), ("no example ../template.yaml",)),
        (("shop", "--example", "/"), ("no example /",)),
        (("shop", "--example", ""), ("--example has no name; the examples are broken",)),
        (("shop", "--example", "promotion,"), ("--example has no name",)),
        (("",), ("pass the folder",)),
        ((), ("pass the folder", "--list")),
    ],
)
def test_an_unknown_example_is_refused_with_the_list(arguments: tuple[str, ...], words: tuple[str, ...]) -> None:
    assert_one_line(run("init", *arguments), 2, *words)
    assert not Path("shop").exists()


def test_an_existing_file_is_refused_and_nothing_is_written() -> None:
    Path("shop").mkdir()
    Path("shop/template.yaml").write_text("mine")

    assert_one_line(run("init", "shop"), 2, "shop: template.yaml exists with different content; --force overwrites")
    assert files("shop") == {"template.yaml": b"mine"}

    init("shop", "--force")
    assert files("shop")["template.yaml"] == (ROOT / "template.yaml").read_bytes()


def test_files_of_a_repository_that_has_them_are_kept() -> None:
    Path("README.md").write_text("mine")
    Path(".gitignore").write_text("mine")

    finished = init(".")

    assert "README.md: exists, not overwritten; --force overwrites it" in finished.stderr
    assert (Path("README.md").read_text(), Path(".gitignore").read_text()) == ("mine", "mine")
    assert Path("template.yaml").exists()


def test_a_second_run_adds_examples() -> None:
    init("shop")
    assert init("shop").stdout == "shop: up to date\n"
    before = files("shop")

    init("shop", "--example", "migration")

    after = files("shop")
    assert {name: after[name] for name in before} == before
    assert {name for name in after if name not in before} == {
        f"examples/migration/{name}" for name in ("1-native.yaml", "2-custom.yaml", "README.md")
    }


def test_a_link_is_neither_followed_nor_overwritten() -> None:
    Path("shop").mkdir()
    Path("shop/template.yaml").symlink_to("../elsewhere.yaml")

    assert_one_line(run("init", "shop"), 2, "template.yaml exists")
    init("shop", "--force")

    assert not Path("elsewhere.yaml").exists()
    assert not Path("shop/template.yaml").is_symlink()


@pytest.mark.parametrize("place", ["file", "file/below", "/proc/shop"])
def test_a_folder_that_cannot_be_written_is_one_line(place: str) -> None:
    Path("file").write_text("mine")

    refused = run("init", place)

    assert_one_line(refused, 2, place, "cannot be written")
    assert ".part" not in refused.stderr
    assert files(".") == {"file": b"mine"}


def test_what_fails_half_way_leaves_nothing() -> None:
    """The folder src/ cannot be made, which comes after other files."""
    Path("shop").mkdir()
    Path("shop/src").write_text("mine")

    assert_one_line(run("init", "shop", "--force"), 2, "cannot be written")
    assert files("shop") == {"src": b"mine"}


def test_modes_are_those_of_the_umask(tmp_path: Path) -> None:
    write.write_files(tmp_path / "new", {"a": b"text", "b.sh": b"#!/bin/sh\n"})

    assert stat.S_IMODE((tmp_path / "new" / "a").stat().st_mode) & 0o111 == 0
    assert stat.S_IMODE((tmp_path / "new" / "b.sh").stat().st_mode) & 0o100


@pytest.mark.slow
def test_cfn_lint_has_our_rules_in_a_project_and_does_without() -> None:
    """The cfn-lint of the SAM CLI lacks them; `sam validate --lint` reads .cfnlintrc all the same."""
    init("shop", "--example", "shadow-test", "--example", "broken")
    os.chdir("shop")
    Path("hidden").mkdir()
    Path("hidden/sitecustomize.py").write_text(WITHOUT_OURS)
    command = [CFN_LINT, "-t", "template.yaml", "examples/shadow-test.yaml"]
    lacking = {**os.environ, "PYTHONPATH": str(Path("hidden").resolve())}

    clean = subprocess.run(command, capture_output=True, text=True, check=False)
    broken = subprocess.run([CFN_LINT, "examples/broken/shadow-test.yaml"], capture_output=True, text=True, check=False)
    without = subprocess.run(command, capture_output=True, text=True, check=False, env=lacking)
    broken_without = subprocess.run(
        [*command[:1], "examples/broken/shadow-test.yaml"], capture_output=True, text=True, check=False, env=lacking
    )

    assert (clean.returncode, clean.stdout, clean.stderr) == (0, "", "")
    assert "E9503" in broken.stdout
    assert (without.returncode, without.stdout, without.stderr) == (0, "", "")
    assert "E95" not in broken_without.stdout + broken_without.stderr
    assert run("lint").returncode == 2
    assert run("lint", "template.yaml", "examples/shadow-test.yaml").returncode == 0


def test_the_commands_of_the_readme_exist() -> None:
    """Each line is accepted by the parser of its command."""
    init("shop", "--example", "all")
    text = Path("shop/README.md").read_text().replace(" \\\n", " ")
    lines = re.findall(r"^(?:eval \"\$\()?inference-experiment ([^#)\n]*)", text, re.MULTILINE)
    assert len(lines) > 10

    for words in map(shlex.split, lines):
        files = [word for word in words if word.endswith(".yaml")]
        command = cli.application().commands[words.pop(0)].load()
        while words and words[0] in getattr(command, "commands", ()):
            command = command.commands[words.pop(0)]
        # Raises for an unknown option, or a missing argument.
        assert command.make_context("command", words)
        assert [each for each in files if not Path("shop", each).exists()] == []


def test_the_commands_of_the_readme_name_what_the_templates_require() -> None:
    """Each required parameter of an example, for both ways to deploy."""
    init("shop", "--example", "scheduled", "--example", "migration")
    text = Path("shop/README.md").read_text()

    required = {
        name
        for name, declared in yaml.safe_load(
            re.split(r"\nResources:", Path("shop/examples/scheduled-test.yaml").read_text())[0]
        )["Parameters"].items()
        if "Default" not in declared
    }
    assert len(required) > 3
    local = re.search(r"inference-experiment local deploy scheduled-test [^`]*?=\.\.\.\n(?!  )", text)
    cloud = re.search(r"aws cloudformation deploy --stack-name scheduled-test [^`]*?=\.\.\.\n(?!  )", text)
    assert local
    assert cloud
    assert set(re.findall(r"(\w+)=\.\.\.", local[0])) == required
    assert set(re.findall(r"(\w+)=\.\.\.", cloud[0])) == required
    assert "examples/migration/1-native.yaml" in text
    assert "deploy broken" not in text
