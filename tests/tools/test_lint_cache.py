"""What inference-experiment lint keeps, for how long, and what its processes share."""

import os
import signal
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from inference_experiment_cli.errors import UsageError
from inference_experiment_cli.lint.cache import Cache, Store, valid_until
from inference_experiment_cli.lint.configuration import RunKind
from inference_experiment_cli.lint.engine import Engine
from inference_experiment_cli.lint.files import digest_of_file
from inference_experiment_cli.lint.results import TemplateResult
from inference_experiment_cli.lint.schedule import lint_all

NESTED = Path(__file__).parents[1] / "rules" / "nested"
NOW = datetime(2030, 6, 15, 12, tzinfo=UTC)
FOUND: TemplateResult = {"findings": [], "used": [], "digest": "", "reads": {}}


def found_in(template: Path, *others: Path) -> TemplateResult:
    return {**FOUND, "digest": digest_of_file(template), "reads": {str(each): digest_of_file(each) for each in others}}


def known(cache: Cache, template: Path) -> TemplateResult | None:
    return cache.get(str(template))


def fingerprint(arguments: list[str], *, only_experiments: bool = False) -> str:
    kind = RunKind(arguments, (), only_experiments)
    return kind.fingerprint(Engine(arguments).configuration())


def scheduled(start: str, more: str = "") -> bytes:
    return f"Schedule: {{StartTime: {start}}}\n{more}".encode()


@pytest.mark.parametrize(
    ("content", "until"),
    [
        (b"Resources: {}", None),
        (scheduled('"2090-01-01T00:00:00Z"'), NOW.replace(hour=0) + timedelta(days=1)),
        (scheduled('"2030-06-15T13:30:00Z"'), NOW.replace(hour=13, minute=30)),
        (scheduled('"2030-06-15T13:30:00+01:00"'), NOW.replace(hour=12, minute=30)),
        (scheduled('"2030-06-01T14:00:00Z"'), NOW.replace(hour=14)),
        (b'{"StartTime":"2030-06-15T13:30:00Z"}', NOW.replace(hour=13, minute=30)),
    ],
    ids=["no schedule", "far away", "in an hour and a half", "with a zone", "two weeks ago", "JSON"],
)
def test_a_result_about_times_ends_with_the_next_of_them(content: bytes, until: datetime | None) -> None:
    """When one passes, when one more day since has passed, and at midnight."""
    assert valid_until(content, NOW) == (until.timestamp() if until else float("inf"))


@pytest.mark.parametrize("start", ["!Ref Start", '!Sub "${Day}T08:00:00Z"', "{Ref: Start}"])
def test_a_time_that_is_not_written_out_is_not_kept(start: str) -> None:
    assert valid_until(scheduled(start), NOW) is None


def test_a_time_in_another_file_that_was_read_counts_too(tmp_path: Path) -> None:
    """A parent may pass a StartTime to the template of a nested stack."""
    parent, child = tmp_path / "parent.yaml", tmp_path / "child.yaml"
    parent.write_text("Resources: {}", encoding="utf-8")
    child.write_bytes(scheduled("!Ref Start"))
    cache = Cache(Store(tmp_path / "cache"), "run")
    cache.put(str(parent), found_in(parent, child))

    assert known(cache, parent) is None


@pytest.mark.slow
def test_a_changed_nested_stack_is_linted_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("endpoint-reference.yaml", "children/experiment.yaml"):
        source = NESTED / name.replace("endpoint", "fail-endpoint", 1)
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_bytes(source.read_bytes())
    engine = Engine(["-t", "endpoint-reference.yaml"])
    cache = Cache(Store(tmp_path / "cache"), fingerprint([]))

    def rules() -> set[str]:
        (result,) = lint_all(["endpoint-reference.yaml"], engine.lint, cache, 1)
        return {finding["rule"] for finding in result["findings"]}

    assert "E9601" in rules()
    moved = Path("children/experiment.yaml").rename("elsewhere.yaml")
    assert "E9601" not in rules()
    moved.rename("children/experiment.yaml")
    assert "E9601" in rules()


def test_a_result_is_found_by_content_path_and_run(tmp_path: Path) -> None:
    template = tmp_path / "a.yaml"
    template.write_text("Resources: {}", encoding="utf-8")
    cache = Cache(Store(tmp_path / "cache"), "run")
    found = found_in(template)
    cache.put(str(template), found)

    assert known(cache, template) == found
    assert known(Cache(Store(tmp_path / "cache"), "another run"), template) is None
    template.write_text("Resources: {A: 1}", encoding="utf-8")
    assert known(cache, template) is None


@pytest.mark.parametrize("changed", ["a.yaml", "child.yaml"])
def test_a_file_that_changed_while_it_was_linted_is_not_kept(tmp_path: Path, changed: str) -> None:
    """Not even after it has changed back: the result would be that of the content in between."""
    template, child = tmp_path / "a.yaml", tmp_path / "child.yaml"
    for file in (template, child):
        file.write_text("Resources: {A: 1}", encoding="utf-8")
    cache = Cache(Store(tmp_path / "cache"), "run")
    found = found_in(template, child)
    (tmp_path / changed).write_text("Resources: {}", encoding="utf-8")

    cache.put(str(template), found)

    assert known(cache, template) is None
    (tmp_path / changed).write_text("Resources: {A: 1}", encoding="utf-8")
    assert known(cache, template) is None


def test_what_nobody_uses_is_removed(tmp_path: Path) -> None:
    template = tmp_path / "a.yaml"
    template.write_text("Resources: {}", encoding="utf-8")
    cache = Cache(Store(tmp_path / "cache"), "run")
    for name in ("old", "new"):
        template.write_text(f"Resources: {{}}  # {name}", encoding="utf-8")
        cache.put(str(template), found_in(template))
    first = min((tmp_path / "cache").rglob("*.json"), key=lambda file: file.stat().st_mtime_ns)
    os.utime(first, (time.time() - 40 * 24 * 3600,) * 2)

    Store(tmp_path / "cache").prune()

    assert known(cache, template)
    template.write_text("Resources: {}  # old", encoding="utf-8")
    assert known(cache, template) is None


@pytest.mark.slow
def test_the_fingerprint_tells_configurations_apart(tmp_path: Path) -> None:
    """Options, rules of others by content, and the kind of run."""
    rules = tmp_path / "rules"
    rules.mkdir()
    rule = "from cfnlint.rules import CloudFormationLintRule\nclass A(CloudFormationLintRule):\n    id = 'E9199'\n"
    (rules / "a.py").write_text(rule, encoding="utf-8")
    others = ["-a", str(rules)]

    seen = [fingerprint(options) for options in ([], ["-i", "W"], ["-r", "eu-west-1"], others)]
    seen.append(fingerprint([], only_experiments=True))
    (rules / "a.py").write_text(rule + "# changed\n", encoding="utf-8")
    seen.append(fingerprint(others))

    assert len(set(seen)) == len(seen)
    assert fingerprint([]) == seen[0]


def test_a_process_that_is_ended_is_one_line() -> None:
    def lint(path: str) -> TemplateResult:
        if path == "7":
            os.kill(os.getpid(), signal.SIGKILL)
        return FOUND

    with pytest.raises(UsageError, match="--jobs 1"):
        list(lint_all([str(number) for number in range(9)], lint, None, 2))


def test_results_come_in_the_order_of_the_templates() -> None:
    def lint(path: str) -> TemplateResult:
        time.sleep(0.02 if path == "1" else 0)
        return {**FOUND, "reads": {path: str(os.getpid())}}

    paths = [str(number) for number in range(20)]

    read, processes = zip(
        *(item for found in lint_all(paths, lint, None, 3) for item in found["reads"].items()), strict=True
    )
    assert list(read) == paths
    assert 1 < len(set(processes)) <= 4  # this one lints the first template


def test_one_templates_own_configuration_does_not_reach_the_next(tmp_path: Path) -> None:
    """Unlike in a run of cfn-lint, where E0000 of a file can be hidden by the one before it."""
    first, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    first.write_text("Metadata: {cfn-lint: {config: {ignore_checks: [E0000]}}}\nResources: {}", encoding="utf-8")
    second.write_text("Resources: [", encoding="utf-8")
    engine = Engine(["-t", str(first), str(second)])

    engine.lint(str(first))

    assert [finding["rule"] for finding in engine.lint(str(second))["findings"]] == ["E0000"]
