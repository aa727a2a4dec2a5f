"""inference-experiment lint: the options; lint/ does the work."""

# Typer makes an option of every parameter; those of cfn-lint are read from the context.
# ruff: noqa: ARG001, FBT002, PLR0913, PLR0917

from pathlib import Path
from typing import Annotated, Final

import typer

from inference_experiment_cli.errors import UsageError
from inference_experiment_cli.lint.run import LintRequest, run

Listed = list[str] | None
Paths = Annotated[
    list[str] | None,
    typer.Argument(
        help="Templates, folders and patterns. Default: the templates of .cfnlintrc, or those below this folder."
    ),
]
OnlyExperiments = Annotated[
    bool,
    typer.Option("--only-experiments", help="Only findings about inference experiments."),
]
Jobs = Annotated[int, typer.Option("--jobs", "-j", min=0, help="Processes. Default: one per core.")]
Caching = Annotated[bool, typer.Option("--cache/--no-cache", help="Cache results of unchanged templates.")]
CacheDir = Annotated[Path | None, typer.Option(envvar="INFERENCE_EXPERIMENT_LINT_CACHE", help="Folder of the cache.")]
Formatted = Annotated[str, typer.Option("--format", "-f", help="quiet, parseable, json, junit, pretty or sarif.")]
Regions = Annotated[Listed, typer.Option("--regions", "-r", help="Regions to lint for, or ALL_REGIONS.")]
Ignored = Annotated[Listed, typer.Option("--ignore-checks", "-i", help="Rule ids or prefixes to ignore.")]
Included = Annotated[Listed, typer.Option("--include-checks", "-c", help="Rule ids or prefixes to include, such as I.")]
Mandatory = Annotated[Listed, typer.Option("--mandatory-checks", "-m", help="Rule ids that a template cannot ignore.")]
Experimental = Annotated[bool, typer.Option("--include-experimental", "-e", help="Include experimental rules.")]
Configured = Annotated[Listed, typer.Option("--configure-rule", "-x", help="RuleId:key=value.")]
Appended = Annotated[Listed, typer.Option("--append-rules", "-a", help="Folders or modules with further rules.")]
Custom = Annotated[str, typer.Option("--custom-rules", "-z", help="A file of cfn-lint's one-line rules.")]
Overridden = Annotated[str, typer.Option("--override-spec", "-o", help="A file that overrides schemas.")]
Registry = Annotated[Listed, typer.Option("--registry-schemas", "-s", help="Folders of registry schemas.")]
IgnoredTemplates = Annotated[Listed, typer.Option("--ignore-templates", help="Templates to ignore.")]
IgnoreBad = Annotated[bool, typer.Option("--ignore-bad-template", "-b", help="Ignore templates that cannot be read.")]
Configuration = Annotated[str, typer.Option("--config-file", help="Configuration file, instead of .cfnlintrc.")]
Merge = Annotated[bool, typer.Option("--merge-configs", help="Add options to those of the configuration file.")]
Level = Annotated[
    str,
    typer.Option("--non-zero-exit-code", help="Lowest severity that fails: informational, warning, error or none."),
]
Output = Annotated[str, typer.Option("--output-file", help="File for the report, instead of standard output.")]

OURS: Final = ("paths", "only_experiments", "jobs", "cache", "cache_dir")
"""Parameters that are not options of cfn-lint."""
CHOICES: Final = {
    "--format": ("quiet", "parseable", "json", "junit", "pretty", "sarif", ""),
    "--non-zero-exit-code": ("informational", "warning", "error", "none"),
}


def lint(
    ctx: typer.Context,
    paths: Paths = None,
    only_experiments: OnlyExperiments = False,
    jobs: Jobs = 0,
    cache: Caching = True,
    cache_dir: CacheDir = None,
    format: Formatted = "",  # noqa: A002 - the option's name
    regions: Regions = None,
    ignore_checks: Ignored = None,
    include_checks: Included = None,
    mandatory_checks: Mandatory = None,
    include_experimental: Experimental = False,
    configure_rule: Configured = None,
    append_rules: Appended = None,
    custom_rules: Custom = "",
    override_spec: Overridden = "",
    registry_schemas: Registry = None,
    ignore_templates: IgnoredTemplates = None,
    ignore_bad_template: IgnoreBad = False,
    config_file: Configuration = "",
    merge_configs: Merge = False,
    non_zero_exit_code: Level = "informational",
    output_file: Output = "",
) -> None:
    """Lint templates with cfn-lint and the rules of this project.

    Same findings as cfn-lint -a inference_experiment_rules, faster: several processes share the work, and results of
    unchanged templates are cached. Options and .cfnlintrc are cfn-lint's; an option that takes several values is
    repeated, or its values are separated by commas.

    Example: inference-experiment lint templates/ --only-experiments -r eu-west-1,us-east-1

    Exit codes are cfn-lint's and add up: 0 no findings, 2 errors (or wrong usage), 4 warnings, 8 informational.
    """
    options = {f"--{name.replace('_', '-')}": value for name, value in ctx.params.items() if name not in OURS}
    arguments = cfn_lint_arguments(options)
    raise typer.Exit(run(LintRequest(paths or (), arguments, only_experiments, jobs, cache, cache_dir)))


def cfn_lint_arguments(options: dict[str, object]) -> list[str]:
    """Return options as cfn-lint's command line has them. Raises UsageError for an unknown value."""
    arguments: list[str] = []
    for flag, value in options.items():
        choices = CHOICES.get(flag)
        if choices is not None and value not in choices:
            raise UsageError(f"{flag} {value}: choose one of {', '.join(filter(None, choices))}")
        if isinstance(value, list):
            arguments += [flag, *value]
        elif value:
            arguments += [flag] if value is True else [flag, str(value)]
    return arguments
