"""inference-experiment policy: whether a role is allowed what a shadow test requires."""

# ruff: noqa: PLR0913

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from inference_experiment_cli.errors import UsageError
from inference_experiment_cli.inputs.parameters import given_parameters
from inference_experiment_cli.inputs.type_names import registry_types
from inference_experiment_cli.options import ParameterFiles, Parameters, RegistryTypes, with_options_of
from inference_experiment_cli.policy.beside import BesideOptions
from inference_experiment_cli.policy.checks import CheckOptions
from inference_experiment_cli.policy.names import NameOptions
from inference_experiment_cli.policy.options import DeploymentOptions
from inference_experiment_cli.policy.run import run_check, run_diff, run_explain, run_generate

RoleKind = StrEnum("RoleKind", ["PROVIDER", "EXPERIMENT", "DEPLOYER"])
Unknown = StrEnum("Unknown", ["ERROR", "WARN", "INFO", "IGNORE"])
ReportFormat = StrEnum("ReportFormat", ["TEXT", "JSON", "SARIF", "JUNIT"])
PolicyFormat = StrEnum("PolicyFormat", ["JSON", "YAML", "CLOUDFORMATION", "SAM"])
PlainFormat = StrEnum("PlainFormat", ["TEXT", "JSON"])
PlainOutput = Annotated[PlainFormat, typer.Option("--format", help="Output format.")]
Files = Annotated[
    list[Path],
    typer.Argument(
        metavar="FILE...",
        help="Policy documents, output of aws iam, Terraform plans and states as JSON, templates; - is stdin.",
    ),
]
For = Annotated[RoleKind, typer.Option("--for", help="Whose role it is.")]
Handlers = Annotated[
    list[str] | None,
    typer.Option(
        "--handler", metavar="HANDLER", help="create, read, update, delete or list. Repeatable. Default: all."
    ),
]
OnUnknown = Annotated[
    Unknown, typer.Option("--unknown", help="How to treat permissions that cannot be decided statically.")
]
RoleName = Annotated[
    str,
    typer.Option(
        "--role",
        metavar="NAME|ARN",
        help="Role or user to check: its name or ARN in a dump, its logical ID in a template.",
    ),
]


policy = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Check, generate and explain IAM policies.",
)


@policy.command()
@with_options_of(BesideOptions, parameter="beside")
@with_options_of(DeploymentOptions)
def check(
    files: Files,
    role_kind: For,
    handler: Handlers = None,
    *,
    options: DeploymentOptions,
    role: RoleName = "",
    parameter: Parameters = None,
    parameter_file: ParameterFiles = None,
    registry_type: RegistryTypes = None,
    beside: BesideOptions,
    unknown: OnUnknown = Unknown.INFO,
    recommended: Annotated[bool, typer.Option("--recommended", help="Check recommended permissions too.")] = False,
    output: Annotated[ReportFormat, typer.Option("--format", help="Output format.")] = ReportFormat.TEXT,
    baseline: Annotated[Path | None, typer.Option(help="File of accepted findings.")] = None,
    write_baseline: Annotated[Path | None, typer.Option(help="Write all findings to this file as accepted.")] = None,
    all_roles: Annotated[
        bool, typer.Option("--all-roles", help="List every role and user of a dump with what it lacks.")
    ] = False,
) -> None:
    r"""Check whether a role has the permissions that it requires, and lint its policies.

    With --parameter a template is checked for that one deployment, other parameters at their defaults; without it for
    every scenario, as lint does.

    A comment `# iam-policy: ignore KIND - reason` on or above the line suppresses a finding, as does the baseline.

    Examples:
      inference-experiment policy check template.yaml --for provider \
          --unknown error
      inference-experiment policy check role.json --for experiment -o role.sarif
      inference-experiment policy check account.json --for provider --all-roles

    Exit codes: 0 allowed (with --all-roles: at least one role is), 1 not allowed or errors found, 2 usage,
    3 undecidable (with --unknown error).

    Documentation: docs/policy.md
    """
    values = given_parameters(parameter, parameter_file)
    handlers, types = tuple(handler or ()), registry_types(registry_type)
    checks = CheckOptions(role_kind.value, handlers, options.deployment(), unknown, recommended, values, types)
    if all_roles:
        given = {
            "role": role,
            "parameter": values,
            "baseline": baseline,
            "write_baseline": write_baseline,
            **vars(beside),
        }
        for name in (name for name, value in given.items() if value):
            raise UsageError(f"--{name.replace('_', '-')} is for one role, not for --all-roles")
        from inference_experiment_cli.policy.all_roles import run_all_roles  # noqa: PLC0415 - a progress bar

        raise typer.Exit(run_all_roles(files, checks, output))
    raise typer.Exit(run_check(files, checks, role, beside, output, (baseline, write_baseline)))


@policy.command()
@with_options_of(NameOptions, parameter="named")
@with_options_of(DeploymentOptions)
def generate(
    role_kind: For,
    handler: Handlers = None,
    *,
    options: DeploymentOptions,
    named: NameOptions,
    trust: Annotated[bool, typer.Option("--trust", help="The trust policy instead of the permissions.")] = False,
    output: Annotated[PolicyFormat, typer.Option("--format", help="Output format.")] = PolicyFormat.JSON,
) -> None:
    r"""Print the smallest policy with the required permissions.

    Names that no option gives are assumed, and listed on standard error.

    Examples:
      inference-experiment policy generate --for provider -o policy.json
      inference-experiment policy generate --for provider --queue shadow-wait \
          --format sam
      inference-experiment policy generate --for experiment --trust

    Exit codes: 0 written, 2 the options are wrong.

    Documentation: docs/policy.md
    """
    checks = CheckOptions(role_kind.value, tuple(handler or ()), options.deployment())
    run_generate(checks, named.names(), output, trust=trust)


@policy.command()
@with_options_of(DeploymentOptions, "capture", "capture_key", "volume_key")
def diff(
    files: Files,
    role_kind: For,
    handler: Handlers = None,
    *,
    options: DeploymentOptions,
    role: RoleName = "",
    parameter: Parameters = None,
    parameter_file: ParameterFiles = None,
    registry_type: RegistryTypes = None,
    unknown: OnUnknown = Unknown.INFO,
    output: PlainOutput = PlainFormat.TEXT,
) -> None:
    """Print what a role lacks and what it is granted beyond the minimum.

    Examples:
      inference-experiment policy diff role.json --for provider

    Exit codes: 0 nothing required is missing, 1 something is, 2 usage, 3 undecidable (with --unknown error).

    Documentation: docs/policy.md
    """
    values = given_parameters(parameter, parameter_file)
    handlers, types = tuple(handler or ()), registry_types(registry_type)
    checks = CheckOptions(role_kind.value, handlers, options.deployment(), unknown, True, values, types)  # noqa: FBT003
    raise typer.Exit(run_diff(files, checks, role, as_json=output is PlainFormat.JSON))


@policy.command()
@with_options_of(BesideOptions, parameter="beside")
@with_options_of(DeploymentOptions, "experiment", "capture", "capture_key", "volume_key", "prediction_result")
def explain(
    action: Annotated[str, typer.Argument(help="Such as sagemaker:AddTags, or a pattern: sagemaker:*Tags.")],
    resource: Annotated[str, typer.Argument(help="ARN, which may have wildcards, or *.")],
    files: Files,
    *,
    role_kind: For = RoleKind.PROVIDER,
    context: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="KEY=VALUE in the request context. Repeatable.")
    ] = None,
    principal: Annotated[
        str,
        typer.Option(
            metavar="SERVICE|ARN",
            help="Service, or ARN of a role, session or identity provider, that assumes the role.",
        ),
    ] = "",
    role: RoleName = "",
    parameter: Parameters = None,
    parameter_file: ParameterFiles = None,
    registry_type: RegistryTypes = None,
    options: DeploymentOptions,
    beside: BesideOptions,
    unknown: OnUnknown = Unknown.INFO,
    output: PlainOutput = PlainFormat.TEXT,
) -> None:
    r"""Print, statement by statement, why an action on a resource is allowed or not.

    A wildcard in the action stands for every such action, whose answers are then listed; one in the resource for any
    text. What AWS's data do not know is said first.

    Examples:
      inference-experiment policy explain iam:PassRole \
          arn:aws:iam::123456789012:role/shadow role.json
      inference-experiment policy explain "sagemaker:*Tags" "*" role.json

    Exit codes: 0 allowed, 1 not allowed or errors found, 2 usage, 3 undecidable (with --unknown error) or an unknown
    action.

    Documentation: docs/policy.md
    """
    from inference_experiment_cli.policy.asked import asked  # noqa: PLC0415 - the other commands do without

    questions = asked(action, resource, context or [], principal)
    values = given_parameters(parameter, parameter_file)
    types = registry_types(registry_type)
    checks = CheckOptions(role_kind.value, (), options.deployment(), unknown, parameters=values, types=types)
    as_json = output is PlainFormat.JSON
    raise typer.Exit(run_explain(questions, files, checks, role, beside, as_json=as_json))
