"""One run of inference-experiment lint: find the templates, lint, print, and return the exit code."""

import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from cfnlint.match import Match
from cfnlint.runner.cli import get_formatter

from inference_experiment_cli.errors import UsageError
from inference_experiment_cli.inputs.documents import read_bytes
from inference_experiment_cli.lint.cache import Cache
from inference_experiment_cli.lint.discovery import templates_in
from inference_experiment_cli.lint.engine import Engine, TemplateResult
from inference_experiment_cli.lint.experiments import ExperimentsOnly
from inference_experiment_cli.lint.fingerprint import fingerprint
from inference_experiment_cli.lint.pool import cores, lint_all
from inference_experiment_cli.output import console, note, number_of, write_file
from inference_experiment_cli.progress import bar
from inference_experiment_cli.terminal import print_lines, visible

BITS: Final = {"error": 2, "warning": 4, "informational": 8}
"""cfn-lint's exit codes, which add up."""
SEVERITIES: Final = {"error": "error", "warning": "warning", "informational": "remark"}
FOR_PEOPLE: Final = (None, "", "quiet")
"""Formats of cfn-lint whose lines no program reads."""
LEVELS: Final = {"none": 0, "error": 2, "warning": 2 + 4, "informational": 2 + 4 + 8}
"""The codes that --non-zero-exit-code lets through."""


def run(
    paths: Sequence[str],
    arguments: Sequence[str],
    cache_folder: Path | None,
    jobs: int,
    *,
    only_experiments: bool,
    require_files: bool = False,
    types: Collection[str] = (),
) -> int:
    """Lint, print as cfn-lint does, and return the exit code. Raises UsageError.

    `arguments` are cfn-lint's own; without `cache_folder` there is no cache; 0 jobs are one for each core. What was
    checked is said on standard error, and also that it was nothing, which `require_files` makes a UsageError.
    `types` are further names of the registry type.
    """
    engine = Engine(arguments, types)
    if engine.is_serial:
        raise UsageError("cfn-lint lints templates with parameter or deployment files together; run cfn-lint itself")
    templates = _templates(paths, engine)
    cache = None
    if cache_folder is not None:
        cache = Cache(cache_folder, fingerprint(engine, only_experiments=only_experiments))
        cache.prune()
    lint = ExperimentsOnly(engine).lint if only_experiments else engine.lint
    if require_files and not templates:
        raise UsageError(_nothing(paths))
    results = _counted(lint_all(templates, lint, cache, jobs or cores()), len(templates))
    matches = list(_matches(engine, results))
    matches.sort(key=lambda match: (match.filename, match.linenumber, match.rule.id))
    _print(matches, engine, templates)
    experiments = sum(result["experiments"] for result in results)
    note(_summary(len(templates), experiments, matches) if templates else _nothing(paths))
    return exit_code(matches, engine.config.non_zero_exit_code)


def _templates(paths: Sequence[str], engine: Engine) -> list[str]:
    """Return the names of the templates; standard input and pipes are read. Raises UsageError."""
    names = templates_in(paths) if paths else engine.configured_templates() or templates_in(["."])
    ignored = set(engine.ignored_templates())
    return [_once(name, engine) for name in names if name not in ignored]


def _once(name: str, engine: Engine) -> str:
    """Read what can be read once only; return the name for messages. Raises UsageError."""
    if name != "-" and Path(name).is_file():
        return name
    label, content = read_bytes(Path(name))
    engine.contents[label] = content
    return label


def _counted(results: Iterable[TemplateResult], count: int) -> list[TemplateResult]:
    """Return the results, while a terminal shows their number."""
    finished = []
    with bar("templates", count) as advance:
        for result in results:
            finished.append(result)
            advance()
    return finished


def _matches(engine: Engine, results: Iterable[TemplateResult]) -> Iterator[Match]:
    used: dict[str, Any] = {}
    for result in results:
        yield from engine.matches(result)
        used.update(engine.rules.used_rules)
    engine.rules.used_rules.update(used)


def _print(matches: Sequence[Match], engine: Engine, templates: list[str]) -> None:
    """Print as cfn-lint does, but with control characters of values as escapes, and lines of the terminal's width."""
    config = engine.config_of(templates)
    if config.format == "pretty":  # it has control characters of its own
        for match in matches:
            for name in ("filename", "message"):
                object.__setattr__(match, name, visible(getattr(match, name), keep="\n"))
    text = get_formatter(config).print_matches(matches, engine.rules, config=config) or ""
    if text and config.output_file:
        write_file(Path(config.output_file), text)
    elif text and config.format == "pretty":
        console().coloured(text)
    elif text and config.format in FOR_PEOPLE:
        print_lines(text.split("\n"))
    elif text:
        sys.stdout.write(visible(text, keep="\n\t") + "\n")


def _summary(templates: int, experiments: int, matches: Sequence[Match]) -> str:
    severities = Counter(match.rule.severity for match in matches)
    words = [number_of(severities[each], name) for each, name in SEVERITIES.items() if severities[each]]
    checked = f"{number_of(templates, 'template')}, {number_of(experiments, 'experiment')}"
    return f"{checked}: {', '.join(words) or 'no findings'}"


def _nothing(paths: Sequence[str]) -> str:
    where = f"in {', '.join(paths)}" if paths else "below this folder or in .cfnlintrc"
    return f"nothing was linted: no templates {where}"


def exit_code(matches: Sequence[Match], level: str | None) -> int:
    """Return cfn-lint's exit code: the sum of the codes of the severities, from a level on."""
    severities = {match.rule.severity for match in matches}
    return sum(BITS.get(severity, 0) for severity in severities) & LEVELS[level or "informational"]
