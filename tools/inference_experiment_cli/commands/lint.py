"""inference-experiment lint: the options; lint/ does the work."""

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer
from typer import Option

from inference_experiment_cli.cache_folder import cache_folder
from inference_experiment_cli.errors import Place, UsageError
from inference_experiment_cli.inputs.type_names import further_types
from inference_experiment_cli.lint.run import run
from inference_experiment_cli.options import RegistryTypes, with_options_of

Listed = list[str] | None
ReportFormat = StrEnum("ReportFormat", ["QUIET", "PARSEABLE", "JSON", "JUNIT", "PRETTY", "SARIF"])
_CONFIGURATION: Final = re.compile("[^:=]+:[^=]+=")
Severity = StrEnum("Severity", ["INFORMATIONAL", "WARNING", "ERROR", "NONE"])


@dataclass(frozen=True)
class CfnLintOptions:
    """The options of cfn-lint."""

    format: Annotated[ReportFormat | None, Option("--format", "-f", help="Output format.")] = None
    regions: Annotated[
        Listed,
        Option(
            "--regions",
            "--region",
            "-r",
            metavar="REGION",
            help="AWS region. Repeatable, or separated by commas; all or ALL_REGIONS stands for every region.",
        ),
    ] = None
    ignore_checks: Annotated[
        Listed, Option("--ignore-checks", "-i", metavar="RULE", help="Rule ids or prefixes to ignore.")
    ] = None
    include_checks: Annotated[
        Listed, Option("--include-checks", "-c", metavar="RULE", help="Rule ids or prefixes to include, such as I.")
    ] = None
    mandatory_checks: Annotated[
        Listed, Option("--mandatory-checks", "-m", metavar="RULE", help="Rule ids that a template cannot ignore.")
    ] = None
    include_experimental: Annotated[
        bool, Option("--include-experimental", "-e", help="Include experimental rules.")
    ] = False
    configure_rule: Annotated[
        Listed, Option("--configure-rule", "-x", metavar="RULE:KEY=VALUE", help="RuleId:key=value.")
    ] = None
    append_rules: Annotated[
        Listed, Option("--append-rules", "-a", metavar="FOLDER|MODULE", help="Folders or modules with further rules.")
    ] = None
    custom_rules: Annotated[
        str, Option("--custom-rules", "-z", metavar="FILE", help="A file of cfn-lint's one-line rules.")
    ] = ""
    override_spec: Annotated[
        str, Option("--override-spec", "-o", metavar="FILE", help="A file that overrides schemas.")
    ] = ""
    registry_schemas: Annotated[
        Listed, Option("--registry-schemas", "-s", metavar="FOLDER", help="Folders of registry schemas.")
    ] = None
    ignore_templates: Annotated[Listed, Option(metavar="FILE", help="Templates to ignore.")] = None
    ignore_bad_template: Annotated[
        bool, Option("--ignore-bad-template", "-b", help="Ignore templates that cannot be read.")
    ] = False
    config_file: Annotated[str, Option(metavar="FILE", help="Configuration file, instead of .cfnlintrc.")] = ""
    merge_configs: Annotated[
        bool, Option("--merge-configs", help="Add options to those of the configuration file.")
    ] = False
    non_zero_exit_code: Annotated[Severity, Option(metavar="SEVERITY", help="Lowest severity that fails.")] = (
        Severity.INFORMATIONAL
    )
    output_file: Annotated[
        str, Option("--output-file", "--output", metavar="FILE", help="File to write. Default: standard output.")
    ] = ""

    def arguments(self) -> list[str]:
        """Return the options as cfn-lint's command line has them. Raises UsageError."""
        self._check()
        arguments: list[str] = []
        for name, value in vars(self).items():
            flag = f"--{name.replace('_', '-')}"
            if isinstance(value, list):
                arguments += [flag, *("ALL_REGIONS" if name == "regions" and each == "all" else each for each in value)]
            elif value:
                arguments += [flag] if value is True else [flag, str(value)]
        return arguments

    def _check(self) -> None:
        """Raise UsageError for what cfn-lint would overlook, or answer with a page of help."""
        if self.config_file and not Path(self.config_file).exists():
            raise UsageError("no such file", Place(self.config_file))
        for text in self.configure_rule or ():
            if not _CONFIGURATION.match(text):
                raise UsageError(f"--configure-rule {text}: write it as RULE:KEY=VALUE")


@with_options_of(CfnLintOptions)
def lint(  # noqa: PLR0913 - one parameter per option
    paths: Annotated[
        Listed,
        typer.Argument(
            metavar="PATH",
            help="Templates, folders and patterns. Default: the templates of .cfnlintrc, or those below this folder.",
        ),
    ] = None,
    *,
    template: Annotated[
        Listed,
        Option("--template", "-t", metavar="FILE", help="Template. As PATH without an option, for cfn-lint's users."),
    ] = None,
    only_experiments: Annotated[
        bool, Option("--only-experiments", help="Only findings about inference experiments.")
    ] = False,
    require_files: Annotated[
        bool, Option("--require-files", help="Fail with exit code 2 where there are no templates.")
    ] = False,
    jobs: Annotated[
        int, Option("--jobs", "-j", min=0, show_default=False, help="Processes. Default: one per core.")
    ] = 0,
    registry_type: RegistryTypes = None,
    cache: Annotated[bool, Option(help="Cache results of unchanged templates.")] = True,
    cache_dir: Annotated[
        Path | None, Option(envvar="INFERENCE_EXPERIMENT_LINT_CACHE", metavar="FOLDER", help="Folder of the cache.")
    ] = None,
    options: CfnLintOptions,
) -> None:
    """Lint templates with cfn-lint and the rules of this project.

    Same findings as cfn-lint -a inference_experiment_rules, faster: several processes share the work, and results of
    unchanged templates are cached. Options and .cfnlintrc are cfn-lint's; an option that takes several values is
    repeated, or its values are separated by commas. The findings are on standard output; standard error says how many
    templates and experiments were checked.

    Examples:
      inference-experiment lint
      inference-experiment lint templates/ --only-experiments
      inference-experiment lint -t template.yaml -r eu-west-1,us-east-1
      inference-experiment lint --format sarif --output-file lint.sarif

    Exit codes are cfn-lint's and add up: 0 no findings, 2 errors (or wrong usage), 4 warnings, 8 informational.

    Documentation: docs/linting.md
    """
    folder = (cache_dir or cache_folder("lint")) if cache else None
    code = run(
        [*(template or ()), *(paths or ())],
        options.arguments(),
        folder,
        jobs,
        only_experiments=only_experiments,
        require_files=require_files,
        types=further_types(registry_type),
    )
    raise typer.Exit(code)
