"""What is published: built twice to the same bytes, with what belongs in it, and working where the sources are not."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from inference_experiment_cli.project.sources import PROVIDER_FILES

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = {
    path.parent.name: path.parent
    for root in ("src", "lib", "rules", "tools")
    for path in sorted((ROOT / root).glob("*/__init__.py"))
}
# For each package tests that need nothing of the repository but themselves: what is copied, and what is run of it.
# Of the rules' fixtures a part: all of them take a minute.
PARTS = {
    "inference_experiment": (
        ("src", "experiment_properties.py", "log_audit.py"),
        ("src/test_planner.py", "src/test_event.py"),
    ),
    "iam_policy": (("lib/iam_policy",), ("lib/iam_policy/test_iam_evaluate.py",)),
    "inference_experiment_rules": (("rules", "no_repr.py"), ("rules/test_fixtures.py", "-k", "E950 and not directory")),
    "inference_experiment_cli": (
        ("tools/test_report_criteria.py", "tools/test_report_intervals.py"),
        ("tools/test_report_criteria.py", "tools/test_report_intervals.py"),
    ),
}
PAGES = {".md", ".svg"}
# Takes away the finder of the editable installation, so that the sources cannot stand in for what a wheel lacks.
HIDE = """\
import sys
for finder in list(sys.meta_path):
    if getattr(finder, "__module__", "").startswith("__editable__"):
        sys.meta_path.remove(finder)
"""


def build(folder: Path, umask: int = 0o022) -> None:
    command = [sys.executable, str(ROOT / "scripts" / "distributions.py"), str(folder)]
    own = {**os.environ, "SOURCE_DATE_EPOCH": "1767225600"}
    finished = subprocess.run(command, capture_output=True, text=True, check=False, env=own, umask=umask)
    assert finished.returncode == 0, finished.stderr


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    build(folder)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(next(built.glob("*.whl")))


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that the wheel is unpacked into, as pip does."""
    folder = tmp_path_factory.mktemp("installed")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(folder)]
    subprocess.run([*command, str(next(built.glob("*.whl")))], check=True, capture_output=True)
    (folder / "sitecustomize.py").write_text(HIDE, encoding="utf-8")
    return folder


def test_both_distributions_are_reproducible(built: Path, tmp_path: Path) -> None:
    """Whatever the time, and whoever builds."""
    time.sleep(1.1)  # gzip and zip know full seconds
    build(tmp_path, umask=0o077)

    digests = [
        {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in each.iterdir()}
        for each in (built, tmp_path)
    ]
    assert len(digests[0]) == 2
    assert digests[0] == digests[1]


def sources(folder: Path) -> Iterator[str]:
    """Yield what a package has to bring: code, data, the mark that it is typed."""
    for path in folder.rglob("*"):
        if path.suffix in {".py", ".json", ".xz", ".html", ".md", ".typed"} and "__pycache__" not in path.parts:
            yield path.relative_to(folder).as_posix()


def project_files() -> set[str]:
    """Return what init needs beside the function, as git has it."""
    command = ["git", "ls-files", "examples", *PROVIDER_FILES]
    return set(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split())


@pytest.mark.parametrize("package", PACKAGES)
def test_the_wheel_has_everything_of_a_package(package: str, wheel: zipfile.ZipFile) -> None:
    packed = {name.removeprefix(f"{package}/") for name in wheel.namelist() if name.startswith(f"{package}/")}

    own = {name for name in packed if not name.startswith("project/files/")}

    assert own == set(sources(PACKAGES[package]))


def test_the_wheel_has_the_files_of_a_project(wheel: zipfile.ZipFile) -> None:
    """They are those of the repository, byte by byte; the function is the package inference_experiment."""
    prefix = "inference_experiment_cli/project/files/"
    packed = {name.removeprefix(prefix): wheel.read(name) for name in wheel.namelist() if name.startswith(prefix)}

    assert packed == {name: (ROOT / name).read_bytes() for name in project_files()}


def test_the_wheel_has_nothing_else(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    described = {name for name in tops if name.endswith(".dist-info")}

    data = {name for name in tops if name.endswith(".data")}

    assert tops - described - data == set(PACKAGES)
    names = {name.split("/", 1)[1] for name in wheel.namelist() if name.split("/")[0] in described}
    assert {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"} <= names


def test_the_wheel_has_the_documentation(wheel: zipfile.ZipFile) -> None:
    """The pages that --help refers to, where installers put the documentation of packages."""
    prefix = "data/share/doc/cfn-inference-experiment/"
    packed = {name.partition(prefix)[2] for name in wheel.namelist() if ".data/" in name}

    assert packed == {page.relative_to(ROOT).as_posix() for page in (ROOT / "docs").rglob("*") if page.suffix in PAGES}


def test_the_source_distribution_builds_the_same_wheel(built: Path, tmp_path: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        archive.extractall(tmp_path, filter="data")
    (folder,) = tmp_path.iterdir()
    code = "import sys, setuptools.build_meta as backend; backend.build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=folder, check=True, capture_output=True)

    again = zipfile.ZipFile(next(tmp_path.glob("*.whl")))
    published = zipfile.ZipFile(next(built.glob("*.whl")))
    assert {(each.filename, each.CRC) for each in again.infolist()} == {
        (each.filename, each.CRC) for each in published.infolist()
    }


def run(folder: Path, packages: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run with the packages of one folder, and without the sources."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    own = {**kept, "PYTHONPATH": str(packages), "NO_COLOR": "1", "COLUMNS": "200"}
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=own)


def test_packages_come_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    """And are nowhere without it: the sources are hidden."""
    code = "import sys, importlib.util as u; [print(getattr(u.find_spec(n), 'origin', None)) for n in sys.argv[1:]]"
    (tmp_path / "sitecustomize.py").write_text(HIDE, encoding="utf-8")

    without = run(tmp_path, tmp_path, sys.executable, "-c", code, *PACKAGES).stdout.split()
    found = run(tmp_path, installed, sys.executable, "-c", code, *PACKAGES).stdout.split()

    assert without == ["None"] * len(PACKAGES)
    assert found == [str(installed / name / "__init__.py") for name in PACKAGES]


@pytest.mark.parametrize("package", PARTS)
def test_tests_pass_against_the_wheel_with_the_sources_hidden(package: str, installed: Path, tmp_path: Path) -> None:
    """A part of the suite, copied away from the sources."""
    copied, chosen = PARTS[package]
    for name in copied:
        source, target = ROOT / "tests" / name, tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if source.is_dir() else shutil.copy2
        copy(source, target)
    alone = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", str(tmp_path))

    finished = run(tmp_path, installed, sys.executable, *alone, *chosen)

    assert finished.returncode == 0, finished.stdout[-3000:] + finished.stderr
    assert int(re.findall(r"(\d+) passed", finished.stdout)[0]) > 30


def test_commands_work_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    """Our command and cfn-lint's own find the same in a template."""
    template = ROOT / "examples" / "broken" / "shadow-test.yaml"
    shutil.copy2(template, tmp_path / "template.yaml")
    code = "from inference_experiment_cli.main import main; main()"
    cfn_lint = str(Path(sys.executable).with_name("cfn-lint"))

    lint = run(tmp_path, installed, sys.executable, "-c", code, "lint", "--no-cache", "template.yaml")
    stock = run(tmp_path, installed, cfn_lint, "-a", "inference_experiment_rules", "-t", "template.yaml")

    assert "E9503" in stock.stdout
    assert (lint.stdout, lint.returncode) == (stock.stdout, stock.returncode)


def test_extras_are_those_that_the_page_lists() -> None:
    """docs/installation.md gives the footprint of each."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    page = (ROOT / "docs" / "installation.md").read_text(encoding="utf-8")

    assert set(re.findall(r"^\| `\[(\w+)\]`", page, re.MULTILINE)) == set(project["optional-dependencies"])
