"""inference-experiment lint: the options; lint/ does the work."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from typer import Option

from inference_experiment_cli.inputs.type_names import registry_types
from inference_experiment_cli.lint.cache import default_folder
from inference_experiment_cli.lint.run import run
from inference_experiment_cli.options import RegistryTypes, with_options_of

Listed = list[str] | None
ReportFormat = StrEnum("ReportFormat", ["QUIET", "PARSEABLE", "JSON", "JUNIT", "PRETTY", "SARIF"])
Severity = StrEnum("Severity", ["INFORMATIONAL", "WARNING", "ERROR", "NONE"])


@dataclass(frozen=True)
class CfnLintOptions:
    """The options of cfn-lint."""

    format: Annotated[ReportFormat | None, Option("--format", "-f", help="Format of the findings.")] = None
    regions: Annotated[Listed, Option("--regions", "-r", help="Regions to lint for, or ALL_REGIONS.")] = None
    ignore_checks: Annotated[Listed, Option("--ignore-checks", "-i", help="Rule ids or prefixes to ignore.")] = None
    include_checks: Annotated[
        Listed, Option("--include-checks", "-c", help="Rule ids or prefixes to include, such as I.")
    ] = None
    mandatory_checks: Annotated[
        Listed, Option("--mandatory-checks", "-m", help="Rule ids that a template cannot ignore.")
    ] = None
    include_experimental: Annotated[
        bool, Option("--include-experimental", "-e", help="Include experimental rules.")
    ] = False
    configure_rule: Annotated[Listed, Option("--configure-rule", "-x", help="RuleId:key=value.")] = None
    append_rules: Annotated[Listed, Option("--append-rules", "-a", help="Folders or modules with further rules.")] = (
        None
    )
    custom_rules: Annotated[str, Option("--custom-rules", "-z", help="A file of cfn-lint's one-line rules.")] = ""
    override_spec: Annotated[str, Option("--override-spec", "-o", help="A file that overrides schemas.")] = ""
    registry_schemas: Annotated[Listed, Option("--registry-schemas", "-s", help="Folders of registry schemas.")] = None
    ignore_templates: Annotated[Listed, Option(help="Templates to ignore.")] = None
    ignore_bad_template: Annotated[
        bool, Option("--ignore-bad-template", "-b", help="Ignore templates that cannot be read.")
    ] = False
    config_file: Annotated[str, Option(help="Configuration file, instead of .cfnlintrc.")] = ""
    merge_configs: Annotated[
        bool, Option("--merge-configs", help="Add options to those of the configuration file.")
    ] = False
    non_zero_exit_code: Annotated[Severity, Option(help="Lowest severity that fails.")] = Severity.INFORMATIONAL
    output_file: Annotated[str, Option(help="File for the report, instead of standard output.")] = ""

    def arguments(self) -> list[str]:
        """Return the options as cfn-lint's command line has them."""
        arguments: list[str] = []
        for name, value in vars(self).items():
            flag = f"--{name.replace('_', '-')}"
            if isinstance(value, list):
                arguments += [flag, *value]
            elif value:
                arguments += [flag] if value is True else [flag, str(value)]
        return arguments


@with_options_of(CfnLintOptions)
def lint(
    paths: Annotated[
        Listed,
        typer.Argument(
            help="Templates, folders and patterns. Default: the templates of .cfnlintrc, or those below this folder."
        ),
    ] = None,
    *,
    only_experiments: Annotated[
        bool, Option("--only-experiments", help="Only findings about inference experiments.")
    ] = False,
    jobs: Annotated[int, Option("--jobs", "-j", min=0, help="Processes. Default: one per core.")] = 0,
    registry_type: RegistryTypes = None,
    cache: Annotated[bool, Option(help="Cache results of unchanged templates.")] = True,
    cache_dir: Annotated[
        Path | None, Option(envvar="INFERENCE_EXPERIMENT_LINT_CACHE", help="Folder of the cache.")
    ] = None,
    options: CfnLintOptions,
) -> None:
    """Lint templates with cfn-lint and the rules of this project.

    Same findings as cfn-lint -a inference_experiment_rules, faster: several processes share the work, and results of
    unchanged templates are cached. Options and .cfnlintrc are cfn-lint's; an option that takes several values is
    repeated, or its values are separated by commas.

    Example: inference-experiment lint templates/ --only-experiments -r eu-west-1,us-east-1

    Exit codes are cfn-lint's and add up: 0 no findings, 2 errors (or wrong usage), 4 warnings, 8 informational.
    """
    folder = (cache_dir or default_folder()) if cache else None
    types = registry_types(registry_type)
    code = run(paths or (), options.arguments(), folder, jobs, only_experiments=only_experiments, types=types)
    raise typer.Exit(code)
