"""One run of inference-experiment lint: find the templates, lint, print, and return the exit code."""

import sys
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from inference_experiment_cli.errors import UsageError
from inference_experiment_cli.lint.cache import Cache, Results, Store
from inference_experiment_cli.lint.configuration import Configuration, RunKind, recall, remember
from inference_experiment_cli.lint.discovery import templates_in
from inference_experiment_cli.lint.loader import Loader
from inference_experiment_cli.lint.results import TemplateResult
from inference_experiment_cli.lint.schedule import cores, lint_all
from inference_experiment_cli.output import console, note, number_of, write_file
from inference_experiment_cli.progress import bar
from inference_experiment_cli.terminal import print_lines, visible

BITS: Final = {"error": 2, "warning": 4, "informational": 8}
"""cfn-lint's exit codes, which add up."""
SEVERITIES: Final = {"error": "error", "warning": "warning", "informational": "remark"}
FOR_PEOPLE: Final = ("", "quiet")
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
    loader = Loader(RunKind(arguments, types, only_experiments))
    configuration, cache = _configured(loader, Store(cache_folder) if cache_folder is not None else None)
    templates = _templates(paths, configuration, loader)
    if require_files and not templates:
        raise UsageError(_nothing(paths))
    finished = _counted(lint_all(templates, loader.lint, cache, jobs or cores()), len(templates))
    results = dict(zip(templates, finished, strict=True))
    _print(_report(results, configuration, cache, loader), configuration)
    severities = Counter(finding["severity"] for result in finished for finding in result["findings"])
    experiments = sum(result["experiments"] for result in finished)
    note(_summary(len(templates), experiments, severities) if templates else _nothing(paths))
    return exit_code(severities, configuration.non_zero_exit_code)


def _configured(loader: Loader, store: Store | None) -> tuple[Configuration, Cache | None]:
    """Return the configuration, with the cache for it where there is one. Raises UsageError."""
    if store is None:
        return loader.engine.configuration(), None
    store.prune()
    known = recall(store, loader.kind)
    if known is None:
        configuration = loader.engine.configuration()
        known = configuration, remember(store, loader.kind, configuration)
    return known[0], Cache(store, known[1])


def _templates(paths: Sequence[str], configuration: Configuration, loader: Loader) -> list[str]:
    """Return the names of the templates; standard input and pipes are read. Raises UsageError."""
    names = templates_in(paths) if paths else configuration.templates or templates_in(["."])
    ignored = set(configuration.ignored_templates)
    return list(dict.fromkeys(_once(name, loader) for name in names if name not in ignored))


def _once(name: str, loader: Loader) -> str:
    """Read what can be read once only; return the name for messages. Raises UsageError."""
    if name != "-" and Path(name).is_file():
        return name
    from inference_experiment_cli.inputs.documents import read_bytes  # noqa: PLC0415 - with YAML, slow to import

    label, content = read_bytes(Path(name))
    loader.contents[label] = content
    return label


def _counted(results: Iterable[TemplateResult], count: int) -> list[TemplateResult]:
    """Return the results, while a terminal shows their number."""
    finished = []
    with bar("templates", count) as advance:
        for result in results:
            finished.append(result)
            advance()
    return finished


def _report(results: Results, configuration: Configuration, cache: Cache | None, loader: Loader) -> str:
    """Return the text of the report: that of an earlier run with these results, or what cfn-lint writes."""
    # The colours of pretty are for a terminal.
    style = f"{configuration.format} {sys.stdout.isatty()}"
    text = cache.report(style, results) if cache else None
    if text is None:
        text = loader.engine.report(results)
        if cache and not loader.contents:
            cache.put_report(style, results, text)
    return text


def _print(text: str, configuration: Configuration) -> None:
    """Print as cfn-lint does, but with control characters of values as escapes, and lines of the terminal's width."""
    if text and configuration.output_file:
        write_file(Path(configuration.output_file), text)
    elif text and configuration.format == "pretty":
        console().coloured(text)
    elif text and configuration.format in FOR_PEOPLE:
        print_lines(text.split("\n"))
    elif text:
        sys.stdout.write(visible(text, keep="\n\t") + "\n")


def _summary(templates: int, experiments: int, severities: Mapping[str, int]) -> str:
    words = [number_of(severities[each], name) for each, name in SEVERITIES.items() if severities.get(each)]
    checked = f"{number_of(templates, 'template')}, {number_of(experiments, 'experiment')}"
    return f"{checked}: {', '.join(words) or 'no findings'}"


def _nothing(paths: Sequence[str]) -> str:
    where = f"in {', '.join(paths)}" if paths else "below this folder or in .cfnlintrc"
    return f"nothing was linted: no templates {where}"


def exit_code(severities: Iterable[str], level: str) -> int:
    """Return cfn-lint's exit code: the sum of the codes of the severities, from a level on."""
    return sum(BITS.get(severity, 0) for severity in set(severities)) & LEVELS[level or "informational"]
