"""An extra that is not installed: one line that names it, before the command begins its work."""

import re
import tomllib
from pathlib import Path

import pytest
from command_line import Finished, assert_one_line, run, run_process
from desk import ROOT

from inference_experiment_cli.extras import distributions_of, require_extras

# A distribution of each extra that no other one has, and its import name; captures has duckdb with query.
ONLY = {"local": "ministack", "query": "duckdb", "captures": "scipy", "report": "matplotlib"}
# Hides distributions and their modules from a process, as if they were not installed.
HIDE = """\
import os, sys
from importlib import metadata
hidden, find = set(os.environ["HIDDEN"].split(",")), metadata.distribution
def distribution(name):
    if name in hidden:
        raise metadata.PackageNotFoundError(name)
    return find(name)
metadata.distribution = distribution
sys.modules.update(dict.fromkeys(hidden))
"""


def without(folder: Path, extras: str, *arguments: str) -> Finished:
    """Run a command where something of these extras, separated by commas, is not installed."""
    (folder / "sitecustomize.py").write_text(HIDE)
    hidden = ",".join(ONLY[extra] for extra in extras.split(","))
    nowhere = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    settings = {"PYTHONPATH": str(folder), "HIDDEN": hidden, "AWS_REGION": "us-east-1", **nowhere}
    return run_process(*arguments, settings=settings)


@pytest.mark.parametrize("extra", ["captures", "function", "local", "query", "report"])
def test_the_distributions_are_those_of_the_project_file(extra: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {re.split(r"[\[=>]", text)[0] for text in project["optional-dependencies"][extra]}

    assert set(distributions_of(extra)) == (names - {project["name"]}) | ({"crhelper"} if extra == "local" else set())
    require_extras(extra)


@pytest.mark.parametrize(
    ("missing", "command", "named"),
    [
        ("local", "demo", "local"),
        ("local", "local start", "local"),
        ("local", "report --trial", "local"),
        ("local,report", "report --trial --html page.html", "local,report"),
        ("report", "report fraud --html page.html", "report"),
        ("captures", "report fraud --captures", "captures"),
        ("captures", "captures . --production a --shadow b", "captures"),
        ("captures,report", "captures . --production a --shadow b --format html", "captures,report"),
        ("query", "query SELECT", "query"),
        ("query", "export --format parquet -o x.parquet", "query"),
    ],
)
def test_a_missing_extra_is_one_line_that_names_it(missing: str, command: str, named: str, tmp_path: Path) -> None:
    """No account is reached, though none is there."""
    finished = without(tmp_path, missing, *command.split())

    assert_one_line(finished, 2, f"not installed: pip install 'cfn-inference-experiment[{named}]'")
    assert finished.stdout == ""


@pytest.mark.parametrize("command", ["demo", "report", "query", "captures", "local"])
def test_help_needs_no_extra(command: str, tmp_path: Path) -> None:
    finished = without(tmp_path, "local,query,captures,report", command, "--help")

    assert (finished.returncode, finished.stderr) == (0, "")


@pytest.mark.slow
def test_demo_goes_on_without_the_comparison(tmp_path: Path) -> None:
    finished = without(tmp_path, "captures", "demo")

    assert finished.returncode == 0, finished.stderr
    assert finished.stderr == (
        "predictions are not compared: the extra captures is not installed: "
        "pip install 'cfn-inference-experiment[captures]'\n"
    )
    assert "0 experiments, 0 messages, 0 stacks" in finished.stdout


def test_commands_without_extras_work_with_none(tmp_path: Path) -> None:
    written = without(tmp_path, "local,query,captures,report", "init", str(tmp_path / "shop"))

    assert written.returncode == 0, written.stderr
    assert run("validate", str(tmp_path / "shop" / "examples" / "shadow-test.yaml")).returncode == 0
