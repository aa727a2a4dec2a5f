"""inference-experiment lint finds what cfn-lint finds, to the byte, however the work is done."""

import contextlib
import io
import json
import os
import pty
import random
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import cfnlint.runner
import pytest
from command_line import COMMAND, Finished, assert_one_line, run

from inference_experiment_cli.lint.engine import Engine
from inference_experiment_cli.lint.experiments import ExperimentsOnly, concerns

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "rules"))
from linting import OURS, expected_in  # noqa: E402 - tests/rules is a folder of its own
from mutation import mutate, seeds  # noqa: E402 - the same

RULES = "inference_experiment_rules"
FIXTURES = sorted((ROOT / "tests" / "rules").glob("[EWI]9*/*.[jy]*"))
EXAMPLES = [*sorted((ROOT / "examples").rglob("*.yaml")), ROOT / "template.yaml"]
BROKEN = ROOT / "examples" / "broken" / "shadow-test.yaml"
GENERATED = 40


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Fixtures that find all that fixtures find of ours, every other template of this repository, and mutations."""
    folders = sorted({path.parent for path in FIXTURES})
    chosen = [min(folder.glob(kind)) for folder in folders for kind in ("fail-*", "pass-*")]
    missing = rules_in(FIXTURES) - rules_in(chosen)
    chosen += [path for path in FIXTURES if rules_in([path]) & missing]
    folder = tmp_path_factory.mktemp("generated")
    originals, chance = seeds(FIXTURES), random.Random(11)
    for number in range(GENERATED):
        mutant = mutate(originals[number % len(originals)], chance)
        mutant.pop("Metadata", None)  # cfn-lint itself crashes where it is not a mapping
        (folder / f"{number}.json").write_text(json.dumps(mutant, indent=1, default=str), encoding="utf-8")
    return [str(path) for path in (*chosen, *EXAMPLES, *sorted(folder.iterdir()))]


def rules_in(paths: list[Path]) -> set[str]:
    return {rule for path in paths for _, rule in expected_in(path) if OURS.fullmatch(rule)}


@pytest.fixture(scope="module")
def theirs(corpus: list[str]) -> Finished:
    """What cfn-lint's own command says of the corpus."""
    command = [str(Path(sys.executable).with_name("cfn-lint")), "-a", RULES, "-f", "json", "-c", "I", "-t", *corpus]
    return finished(subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT))


def finished(process: subprocess.CompletedProcess[str]) -> Finished:
    return Finished(process.returncode, process.stdout, process.stderr)


def cfn_lint(*arguments: str) -> Finished:
    """Run cfn-lint's own command in this process."""
    out, code = io.StringIO(), 0
    with mock.patch.object(sys, "argv", ["cfn-lint", "-a", RULES, *arguments]), contextlib.redirect_stdout(out):
        try:
            cfnlint.runner.main()
        except SystemExit as ended:
            code = int(ended.code or 0)
    return Finished(code, out.getvalue(), "")


def lint(*arguments: str) -> Finished:
    """Run ours in this process, and in no other."""
    return run("lint", *arguments, "--jobs", "1")


def same(ours: Finished, theirs: Finished) -> bool:
    return (ours.stdout, ours.returncode) == (theirs.stdout, theirs.returncode)


@pytest.mark.slow
def test_the_whole_corpus_gives_the_findings_of_cfn_lint(corpus: list[str], theirs: Finished, tmp_path: Path) -> None:
    """In several processes while a cache is filled, then from it; a part of it in one process."""
    options = ("-f", "json", "-c", "I")
    command = [COMMAND, "lint", *options, *corpus, "--cache-dir", str(tmp_path), "--jobs", "3"]

    assert len(json.loads(theirs.stdout)) > 300
    ours = finished(subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT))
    assert same(ours, theirs), ours.stderr
    assert len(list(tmp_path.glob("??/*.json"))) > 100
    assert same(lint(*options, *corpus, "--cache-dir", str(tmp_path)), theirs)
    few = corpus[::12]
    ours = lint(*options, "--no-cache", *few)
    assert json.loads(ours.stdout) == [each for each in json.loads(theirs.stdout) if each["Filename"] in few]


@pytest.mark.parametrize("style", ["", "quiet", "parseable", "json", "junit", "pretty", "sarif"])
def test_every_format_is_cfn_lints(style: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Printed from fresh results and from kept ones; junit and pretty also tell which rules ran.

    cfn-lint's own order of rules in junit and sarif differs from run to run.
    """
    monkeypatch.chdir(ROOT)
    paths = [str(path.relative_to(ROOT)) for path in (*FIXTURES[:3], BROKEN)]
    chosen = ["-f", style] if style else []
    theirs = cfn_lint(*chosen, "-t", *paths)

    assert theirs.stdout
    for _ in range(2):
        ours = lint(*chosen, *paths, "--cache-dir", str(tmp_path))
        assert sorted(ours.stdout.splitlines()) == sorted(theirs.stdout.splitlines()), ours.stderr
        assert style in {"junit", "sarif"} or same(ours, theirs)


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        ("-r", "eu-west-1", "-r", "cn-north-1", "-i", "W", "-c", "I"),
        ("-i", "E3", "-x", "W9505:now=2030-06-01", "--non-zero-exit-code", "error"),
        ("-m", "E9", "-e", "--ignore-templates", str(FIXTURES[0].relative_to(ROOT))),
    ],
)
def test_options_are_those_of_cfn_lint(options: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    paths = [str(path.relative_to(ROOT)) for path in FIXTURES[::24]]
    plain = lint("-f", "json", "--no-cache", *paths)
    ours = lint("-f", "json", *options, "--no-cache", *paths)

    assert same(ours, cfn_lint("-f", "json", *options, "-t", *paths))
    assert ours.stdout != plain.stdout


@pytest.mark.slow
def test_only_experiments_gives_all_that_cfn_lint_says_of_them(corpus: list[str], theirs: Finished) -> None:
    """By the definition: our rules anywhere, and the walk's findings in resources that are experiments."""
    only = ExperimentsOnly(Engine(["-c", "I", "-t", *corpus]))
    everything = json.loads(theirs.stdout)
    seen = 0
    for path in corpus:
        found = [tell(each) for each in only.lint(path)["findings"]]
        expected = [
            told(each)
            for each in everything
            if each["Filename"] == path and concerns(match_of(each), only.scout.experiments, only.walk)
        ]
        # Rules of a module are loaded in another order each time.
        assert sorted(found) == sorted(expected), path
        seen += len(found)

    assert seen > 200


def tell(finding: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(finding[name] for name in ("rule", "message", "linenumber", "columnnumber", "filename"))


def told(finding: dict[str, Any]) -> tuple[Any, ...]:
    """Return the same of a finding in cfn-lint's JSON."""
    start = finding["Location"]["Start"]
    return (finding["Rule"]["Id"], finding["Message"], start["LineNumber"], start["ColumnNumber"], finding["Filename"])


def match_of(finding: dict[str, Any]) -> Any:
    """Return the match that a finding in cfn-lint's JSON was, as far as it matters."""
    rule = SimpleNamespace(id=finding["Rule"]["Id"])
    return SimpleNamespace(rule=rule, message=finding["Message"], path=finding["Location"]["Path"])


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


def test_a_nested_template_that_changes_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is another file than the one that the result was kept for; so is one that was not there."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "outer.yaml").write_text(NESTING, encoding="utf-8")

    def findings() -> str:
        return lint("outer.yaml", "-f", "parseable", "-i", "W3002", "--cache-dir", "cache").stdout

    absent = findings()
    (tmp_path / "inner.yaml").write_text(INNER % ("Given", "Given"), encoding="utf-8")
    fitting = findings()
    (tmp_path / "inner.yaml").write_text(INNER % ("Asked", "Asked"), encoding="utf-8")
    unfitting = findings()

    assert (absent, fitting) == ("", "")
    assert "E3043" in unfitting
    assert findings() == unfitting


@pytest.mark.slow
def test_what_is_kept_may_be_damaged(tmp_path: Path) -> None:
    first = lint(str(BROKEN), "--cache-dir", str(tmp_path))
    for content in ("", "{}", "[1]", '{"until": "x"}'):
        for file in tmp_path.glob("??/*.json"):
            file.write_text(content, encoding="utf-8")
        assert same(lint(str(BROKEN), "--cache-dir", str(tmp_path)), first)


def test_a_folder_that_cannot_be_written_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")

    assert lint(str(BROKEN), "--cache-dir", str(tmp_path / "file")).returncode == 2


@pytest.mark.slow
def test_folders_are_searched_for_templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for other YAML, not in hidden folders, not in node_modules."""
    monkeypatch.chdir(tmp_path)
    text = BROKEN.read_text(encoding="utf-8")
    for name in ("a.yaml", "deep/b.yml", "deep/c.template", ".hidden/d.yaml", "node_modules/e.yaml", "f.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "values.yaml").write_text("replicas: 3\nresources: {}\n", encoding="utf-8")
    (tmp_path / "marked.yaml").write_text("\ufeffResources: {A: {Type: 'AWS::SNS::Topi'}}\n", encoding="utf-8")

    def files(*paths: str) -> set[str]:
        found = lint(*paths, "-f", "json", "--no-cache").stdout
        return {finding["Filename"] for finding in json.loads(found)}

    assert files(".") == files() == {"a.yaml", "deep/b.yml", "deep/c.template", "marked.yaml"}
    assert files("deep/*.yml", "a.yaml", "a.yaml") == {"a.yaml", "deep/b.yml"}
    assert files("**/*.yml", "f.txt") == {"deep/b.yml", "f.txt"}


def test_the_configuration_file_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its templates are linted when none are named; rules that it appends already are not loaded twice."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".cfnlintrc").write_text(
        json.dumps({"templates": [str(BROKEN)], "append_rules": [str(ROOT / "rules")], "ignore_checks": ["E3"]}),
        encoding="utf-8",
    )

    found = lint("-f", "parseable", "--no-cache").stdout

    assert ":E9503:" in found
    assert ":E30" not in found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("regions: [\n", ".cfnlintrc:2: is not valid YAML: did not find expected node content"),
        ("a: b: c\n", ".cfnlintrc:1: is not valid YAML: mapping values are not allowed in this context"),
        ("regions: [a]\nregions: [b]\n", ".cfnlintrc: is not valid YAML: Duplicate found 'regions' (line 1)"),
        ("override_spec: absent.json\n", "absent.json: no such file"),
        ("registry_schemas: [absent]\n", "absent: no such file"),
        ("custom_rules: absent.txt\n", "absent.txt: no such file"),
        ("templates: [absent.yaml]\n", "cfn-lint: absent.yaml matches no file"),
        ("regions: 5\n", "cfn-lint: Invalid type for 'regions' in .cfnlintrc. Expected array"),
    ],
)
def test_a_mistake_in_the_configuration_file_is_one_line(
    text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".cfnlintrc").write_text(text, encoding="utf-8")

    assert_one_line(lint(str(BROKEN), "--no-cache"), 2, said)


def test_the_report_can_go_to_a_file(tmp_path: Path) -> None:
    ended = lint(str(BROKEN), "-f", "quiet", "--output-file", str(tmp_path / "report"), "--no-cache")

    assert (ended.stdout, ended.returncode) == ("", 2)
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


@pytest.mark.slow
def test_a_terminal_sees_progress_and_a_pipe_the_report() -> None:
    """The bar is on the standard error and leaves nothing of itself in the report."""
    main, side = pty.openpty()
    arguments = ["-f", "parseable", "--no-cache", *map(str, FIXTURES[:6])]
    plain = lint(*arguments)
    shown = subprocess.run(
        [COMMAND, "lint", *arguments],
        stdout=subprocess.PIPE,
        stderr=side,
        check=False,
        cwd=ROOT,
        env={**os.environ, "TERM": "xterm"},
    )
    os.close(side)

    assert shown.stdout.decode() == plain.stdout
    assert b"6/6" in os.read(main, 100_000)
    os.close(main)


@pytest.mark.parametrize("kind", ["AWS::SageMaker::InferenceExperiment", "Custom::SageMakerInferenceExperiment"])
def test_nearest_names_instead_of_a_list_of_hundreds(kind: str, tmp_path: Path) -> None:
    source = (ROOT / "examples" / "migration" / "1-native.yaml").read_text(encoding="utf-8")
    path = tmp_path / "template.yaml"
    path.write_text(
        re.sub("ml[.][a-z0-9]+[.]x?large", "ml.m5.xlrge", source).replace("AWS::SageMaker::InferenceExperiment", kind)
    )

    found = [each["Message"] for each in json.loads(lint("-f", "json", "--no-cache", str(path)).stdout)]

    wrong = [message for message in found if "ml.m5.xlrge" in message]
    assert wrong
    assert all(len(message) < 300 and "did you mean ml.m5.xlarge" in message for message in wrong), wrong


@pytest.mark.slow
def test_templates_are_named_with_and_without_an_option(tmp_path: Path) -> None:
    """As cfn-lint takes them; the suffix of the file implies the format."""
    other = str(ROOT / "examples" / "shadow-test.yaml")
    expected = run("lint", str(BROKEN), other, "--format", "json")

    for arguments in (("-t", str(BROKEN), "-t", other), ("--template", str(BROKEN), other)):
        assert run("lint", *arguments, "--format", "json") == expected
    answer = run("lint", "-t", str(BROKEN), "--output", str(tmp_path / "findings.json"))
    assert (answer.returncode, answer.stdout) == (expected.returncode, "")
    assert json.loads((tmp_path / "findings.json").read_text(encoding="utf-8")) == json.loads(expected.stdout)


def test_every_region_is_all() -> None:
    example = str(ROOT / "examples" / "several-regions.yaml")

    assert run("lint", example, "--region", "all") == run("lint", example, "-r", "ALL_REGIONS")
