"""One run of inference-experiment lint: find the templates, lint, print, and return the exit code."""

import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from glob import escape
from pathlib import Path
from typing import Any, Final

from cfnlint.match import Match
from cfnlint.runner.cli import get_formatter

from inference_experiment_cli.errors import UsageError
from inference_experiment_cli.lint.cache import Cache
from inference_experiment_cli.lint.discovery import templates_in
from inference_experiment_cli.lint.engine import Engine, TemplateResult
from inference_experiment_cli.lint.experiments import ExperimentsOnly
from inference_experiment_cli.lint.fingerprint import fingerprint
from inference_experiment_cli.lint.pool import cores, lint_all
from inference_experiment_cli.output import write_file
from inference_experiment_cli.progress import bar

BITS: Final = {"error": 2, "warning": 4, "informational": 8}
"""cfn-lint's exit codes, which add up."""
LEVELS: Final = {"none": 0, "error": 2, "warning": 2 + 4, "informational": 2 + 4 + 8}
"""The codes that --non-zero-exit-code lets through."""


def run(
    paths: Sequence[str],
    arguments: Sequence[str],
    cache_folder: Path | None,
    jobs: int,
    *,
    only_experiments: bool,
    types: Collection[str] = (),
) -> int:
    """Lint, print as cfn-lint does, and return the exit code. Raises UsageError.

    `arguments` are cfn-lint's own; without `cache_folder` there is no cache; 0 jobs are one for each core; `types` are
    further names of the registry type.
    """
    files = [escape(path) for path in templates_in(paths)]
    engine = Engine([*arguments, *(["-t", *files] if files else [])], types)
    if not paths and not engine.config.templates:
        files = [escape(path) for path in templates_in(["."])]
        engine = Engine([*arguments, *(["-t", *files] if files else [])], types)
    if engine.is_serial:
        raise UsageError("cfn-lint lints templates with parameter or deployment files together; run cfn-lint itself")
    cache = None
    if cache_folder is not None:
        cache = Cache(cache_folder, fingerprint(engine, only_experiments=only_experiments))
        cache.prune()
    lint = ExperimentsOnly(engine).lint if only_experiments else engine.lint
    templates = list(dict.fromkeys(engine.config.templates or ()))
    matches = list(_matches(engine, lint_all(templates, lint, cache, jobs or cores()), len(templates)))
    matches.sort(key=lambda match: (match.filename, match.linenumber, match.rule.id))
    text = get_formatter(engine.config).print_matches(matches, engine.rules, config=engine.config) or ""
    if text and engine.config.output_file:
        write_file(Path(engine.config.output_file), text)
    elif text:
        sys.stdout.write(text + "\n")
    return exit_code(matches, engine.config.non_zero_exit_code)


def _matches(engine: Engine, results: Iterable[TemplateResult], count: int) -> Iterator[Match]:
    used: dict[str, Any] = {}
    with bar("templates", count) as advance:
        for result in results:
            yield from engine.matches(result)
            used.update(engine.rules.used_rules)
            advance()
    engine.rules.used_rules.update(used)


def exit_code(matches: Sequence[Match], level: str | None) -> int:
    """Return cfn-lint's exit code: the sum of the codes of the severities, from a level on."""
    severities = {match.rule.severity for match in matches}
    return sum(BITS.get(severity, 0) for severity in severities) & LEVELS[level or "informational"]
