"""inference-experiment lint finds what cfn-lint finds, to the byte, however the work is done."""

import json
import os
import pty
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cfnlint.config import ConfigMixIn
from cfnlint.rules import Match
from cfnlint.runner import Runner
from cfnlint.runner.template.runner import run_template_by_file_path
from command_line import COMMAND, assert_one_line, run

from inference_experiment_tools.lint.engine import Engine
from inference_experiment_tools.lint.experiments import ExperimentsOnly, concerns

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "rules"))
from mutation import mutate, seeds  # noqa: E402 - tests/rules is a folder of its own

RULES = "inference_experiment_rules"
FIXTURES = sorted((ROOT / "tests" / "rules").glob("[EWI]9*/*.[jy]*"))
EXAMPLES = [*sorted((ROOT / "examples").rglob("*.yaml")), ROOT / "template.yaml"]
BROKEN = ROOT / "examples" / "broken" / "shadow-test.yaml"
GENERATED = 40


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Every template of this repository, and mutations of them."""
    folder = tmp_path_factory.mktemp("generated")
    originals, chance = seeds(FIXTURES), random.Random(11)
    for number in range(GENERATED):
        mutant = mutate(originals[number % len(originals)], chance)
        (folder / f"{number}.json").write_text(json.dumps(mutant, indent=1, default=str), encoding="utf-8")
    return [str(path) for path in (*FIXTURES, *EXAMPLES, *sorted(folder.iterdir()))]


def cfn_lint(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("cfn-lint")), "-a", RULES, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


def lint(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([COMMAND, "lint", *arguments], capture_output=True, text=True, check=False, cwd=ROOT)


def same(ours: subprocess.CompletedProcess[str], theirs: subprocess.CompletedProcess[str]) -> bool:
    return (ours.stdout, ours.returncode) == (theirs.stdout, theirs.returncode)


def test_the_whole_corpus_gives_the_findings_of_cfn_lint(corpus: list[str], tmp_path: Path) -> None:
    """In several processes while a cache is filled, then from it; a part of it in one process."""
    theirs = cfn_lint("-f", "json", "-c", "I", "-t", *corpus)
    options = ("-f", "json", "-c", "I", "--cache-dir", str(tmp_path))

    assert len(json.loads(theirs.stdout)) > 300
    assert same(lint(*options, *corpus, "--jobs", "3"), theirs)
    assert len(list(tmp_path.glob("??/*.json"))) > 100
    assert same(lint(*options, *corpus), theirs)
    few = corpus[::12]
    theirs = cfn_lint("-f", "json", "-t", *few)
    assert same(lint("-f", "json", "--no-cache", "--jobs", "1", *few), theirs)


@pytest.mark.parametrize("style", ["", "quiet", "parseable", "json", "junit", "pretty", "sarif"])
def test_every_format_is_cfn_lints(style: str, tmp_path: Path) -> None:
    """Printed from fresh results and from kept ones; junit and pretty also tell which rules ran.

    cfn-lint's own order of rules in junit and sarif differs from run to run.
    """
    paths = [str(path.relative_to(ROOT)) for path in (*FIXTURES[:9], *EXAMPLES)]
    chosen = ["-f", style] if style else []
    theirs = cfn_lint(*chosen, "-t", *paths)
    options = (*chosen, *paths, "--cache-dir", str(tmp_path))

    assert theirs.stdout
    for _ in range(2):
        ours = lint(*options)
        assert sorted(ours.stdout.splitlines()) == sorted(theirs.stdout.splitlines())
        assert style in {"junit", "sarif"} or same(ours, theirs)


def test_options_are_those_of_cfn_lint() -> None:
    paths = [str(path.relative_to(ROOT)) for path in FIXTURES[::4]]
    for options in (
        ("-r", "eu-west-1", "-r", "cn-north-1", "-i", "W", "-c", "I"),
        ("-i", "E3", "-x", "W9505:now=2030-06-01", "--non-zero-exit-code", "error"),
        ("-m", "E9", "-e", "--ignore-templates", paths[0]),
    ):
        assert same(lint("-f", "json", *options, "--no-cache", *paths), cfn_lint("-f", "json", *options, "-t", *paths))


def everything(paths: list[str]) -> Iterator[tuple[str, list[Match]]]:
    runner = Runner(ConfigMixIn(["-a", RULES, "-c", "I", "-t", *paths]))
    for path in paths:
        yield path, list(run_template_by_file_path(path, runner.config, runner.rules, ignore_bad_template=False))


@pytest.mark.xfail(reason="which of the IAM rules' findings concern an experiment is open", strict=False)
def test_only_experiments_gives_all_that_cfn_lint_says_of_them(corpus: list[str]) -> None:
    """By the definition: our rules anywhere, and the walk's findings in resources that are experiments."""
    only = ExperimentsOnly(Engine(["-c", "I", "-t", *corpus]))
    seen = 0
    for path, matches in everything(corpus):
        found = only.lint(path)["findings"]
        expected = [match for match in matches if concerns(match, only.experiments, only.walk)]
        assert [tell(each) for each in found] == [tell(vars(match) | {"rule": match.rule.id}) for match in expected], (
            path
        )
        seen += len(found)

    assert seen > 200


def tell(finding: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(finding[name] for name in ("rule", "message", "linenumber", "columnnumber", "filename"))


def test_only_experiments_skips_what_has_none(tmp_path: Path) -> None:
    bucket = tmp_path / "bucket.yaml"
    bucket.write_text("Resources: {Bucket: {Type: AWS::S3::Bucket, Properties: {Nonsense: 1}}}", encoding="utf-8")

    assert lint(str(bucket), "--no-cache").returncode == 2
    skipped = lint(str(bucket), "--no-cache", "--only-experiments")

    assert (skipped.stdout, skipped.returncode) == ("", 0)


NESTING = """\
Resources:
  Inner:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: inner.yaml, Parameters: {Given: one}}
"""
INNER = (
    "Parameters: {%s: {Type: String}}\nResources: {Topic: {Type: AWS::SNS::Topic, Properties: {TopicName: !Ref %s}}}\n"
)


def test_a_nested_template_that_changes_is_noticed(tmp_path: Path) -> None:
    """It is another file than the one that the result was kept for; so is one that was not there."""
    (tmp_path / "outer.yaml").write_text(NESTING, encoding="utf-8")
    command = [COMMAND, "lint", "outer.yaml", "-f", "parseable", "-i", "W3002", "--cache-dir", str(tmp_path / "cache")]

    def findings() -> str:
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path).stdout

    absent = findings()
    (tmp_path / "inner.yaml").write_text(INNER % ("Given", "Given"), encoding="utf-8")
    fitting = findings()
    (tmp_path / "inner.yaml").write_text(INNER % ("Asked", "Asked"), encoding="utf-8")
    unfitting = findings()

    assert (absent, fitting) == ("", "")
    assert "E3043" in unfitting
    assert findings() == unfitting


def test_what_is_kept_may_be_damaged(tmp_path: Path) -> None:
    first = lint(str(BROKEN), "--cache-dir", str(tmp_path))
    for content in ("", "{}", "[1]", '{"until": "x"}'):
        for file in tmp_path.glob("??/*.json"):
            file.write_text(content, encoding="utf-8")
        assert same(lint(str(BROKEN), "--cache-dir", str(tmp_path)), first)


def test_a_folder_that_cannot_be_written_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")

    assert lint(str(BROKEN), "--cache-dir", str(tmp_path / "file")).returncode == 2


def test_folders_are_searched_for_templates(tmp_path: Path) -> None:
    """Not for other YAML, not in hidden folders, not in node_modules."""
    text = BROKEN.read_text(encoding="utf-8")
    for name in ("a.yaml", "deep/b.yml", "deep/c.template", ".hidden/d.yaml", "node_modules/e.yaml", "f.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "values.yaml").write_text("replicas: 3\nresources: {}\n", encoding="utf-8")

    def files(*paths: str) -> set[str]:
        command = [COMMAND, "lint", *paths, "-f", "json", "--no-cache"]
        found = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path).stdout
        return {finding["Filename"] for finding in json.loads(found)}

    assert files(".") == files() == {"a.yaml", "deep/b.yml", "deep/c.template"}
    assert files("deep/*.yml", "a.yaml", "a.yaml") == {"a.yaml", "deep/b.yml"}
    assert files("**/*.yml", "f.txt") == {"deep/b.yml", "f.txt"}


def test_the_configuration_file_counts(tmp_path: Path) -> None:
    """Its templates are linted when none are named; rules that it appends already are not loaded twice."""
    (tmp_path / ".cfnlintrc").write_text(
        json.dumps({"templates": [str(BROKEN)], "append_rules": [str(ROOT / "rules")], "ignore_checks": ["E3"]}),
        encoding="utf-8",
    )
    command = [COMMAND, "lint", "-f", "parseable", "--no-cache"]

    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)

    assert ":E9503:" in run.stdout
    assert ":E30" not in run.stdout


def test_the_report_can_go_to_a_file(tmp_path: Path) -> None:
    finished = lint(str(BROKEN), "-f", "quiet", "--output-file", str(tmp_path / "report"), "--no-cache")

    assert (finished.stdout, finished.returncode) == ("", 2)
    assert "E9503" in (tmp_path / "report").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("nowhere.yaml",), "nowhere.yaml"),
        (("--format", "html", "template.yaml"), "sarif"),
        (("-r", "mars-1", "template.yaml"), "mars-1"),
        (("-a", "no_such_module", "template.yaml"), "no_such_module"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(arguments: tuple[str, ...], word: str, tmp_path: Path) -> None:
    paths = [str(ROOT / each) if each == "template.yaml" else each for each in arguments]

    assert_one_line(run("lint", *paths, settings={"XDG_CACHE_HOME": str(tmp_path)}), 2, word)


def test_a_terminal_sees_progress_and_a_pipe_the_report() -> None:
    """The bar is on the standard error and leaves nothing of itself in the report."""
    main, side = pty.openpty()
    command = [COMMAND, "lint", "-f", "parseable", "--no-cache", *map(str, FIXTURES[:12])]
    plain = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False, cwd=ROOT)
    shown = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=side, check=False, cwd=ROOT, env={**os.environ, "TERM": "xterm"}
    )
    os.close(side)

    assert shown.stdout == plain.stdout
    assert b"12/12" in os.read(main, 100_000)
    os.close(main)
