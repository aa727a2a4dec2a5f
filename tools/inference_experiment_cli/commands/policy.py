"""inference-experiment policy: whether a role is allowed what a shadow test requires."""

# ruff: noqa: FBT002, PLR0913, PLR0917

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from inference_experiment_cli.policy.options import check_options, request
from inference_experiment_cli.policy.run import run_check, run_diff, run_explain, run_generate


class RoleKind(StrEnum):
    """The role to check."""

    PROVIDER = "provider"
    EXPERIMENT = "experiment"
    DEPLOYER = "deployer"


class Unknown(StrEnum):
    """How to treat permissions that cannot be decided statically."""

    ERROR = "error"
    WARN = "warn"
    INFO = "info"
    IGNORE = "ignore"


class ReportFormat(StrEnum):
    """Format of the findings."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    JUNIT = "junit"


class PolicyFormat(StrEnum):
    """Format of the policy."""

    JSON = "json"
    YAML = "yaml"
    CLOUDFORMATION = "cloudformation"
    SAM = "sam"


Files = Annotated[
    list[Path],
    typer.Argument(
        metavar="FILE...",
        help="Policy documents, dumps of aws iam get-role or get-account-authorization-details, templates; - is stdin.",
    ),
]
For = Annotated[RoleKind, typer.Option("--for", help="RoleKindse role it is.")]
Handlers = Annotated[
    list[str] | None, typer.Option("--handler", help="create, read, update, delete or list. Repeatable. Default: all.")
]
ExperimentRole = Annotated[str, typer.Option(help="ARN of the role that experiments use (RoleArn).")]
Account = Annotated[str, typer.Option(help="Account to deploy to.")]
Region = Annotated[str, typer.Option(help="Region to deploy to; for templates as cfn-lint -r.")]
Partition = Annotated[str, typer.Option(help="Partition to deploy to, such as aws.")]
Experiment = Annotated[str, typer.Option(help="Name of the experiment. Default: any name that the policy allows.")]
Capture = Annotated[str, typer.Option(help="Destination of captured data: s3://bucket/prefix.")]
CaptureKey = Annotated[str, typer.Option(help="ARN of the KMS key of captured data.")]
VolumeKey = Annotated[str, typer.Option(help="ARN of the KMS key of the instances' storage (KmsKey).")]
OnUnknown = Annotated[
    Unknown, typer.Option("--unknown", help="How to treat permissions that cannot be decided statically.")
]
RoleName = Annotated[
    str, typer.Option("--role", help="Role to check: its name in a dump, its logical ID in a template.")
]
Boundary = Annotated[Path | None, typer.Option(help="Policy document of the permissions boundary.")]


policy = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Check, generate and explain IAM policies.",
)


@policy.command()
def check(
    files: Files,
    role_kind: For,
    handler: Handlers = None,
    experiment_role: ExperimentRole = "",
    experiment: Experiment = "",
    account: Account = "",
    region: Region = "",
    partition: Partition = "",
    capture: Capture = "",
    capture_key: CaptureKey = "",
    volume_key: VolumeKey = "",
    role: RoleName = "",
    boundary: Boundary = None,
    unknown: OnUnknown = Unknown.INFO,
    recommended: Annotated[bool, typer.Option("--recommended", help="Check recommended permissions too.")] = False,
    output: Annotated[ReportFormat, typer.Option("--format", help="Format of the findings.")] = ReportFormat.TEXT,
    baseline: Annotated[Path | None, typer.Option(help="File of accepted findings.")] = None,
    write_baseline: Annotated[Path | None, typer.Option(help="Write all findings to this file as accepted.")] = None,
) -> None:
    """Check whether a role has the permissions that it requires, and lint its policies.

    Example: inference-experiment policy check template.yaml --for provider --unknown error

    A comment `# iam-policy: ignore KIND - reason` on or above the line suppresses a finding, as does the baseline.
    Exit codes: 0 allowed, 1 not allowed or errors found, 2 usage, 3 undecidable (with --unknown error).
    """
    options = check_options(
        role_kind, handler, unknown, recommended=recommended, account=account, region=region, partition=partition,
        experiment=experiment, experiment_role=experiment_role, capture_uri=capture, capture_key=capture_key,
        volume_key=volume_key,
    )  # fmt: skip
    raise typer.Exit(run_check(files, options, role, boundary, output, (baseline, write_baseline)))


@policy.command()
def generate(
    role_kind: For,
    handler: Handlers = None,
    experiment_role: ExperimentRole = "",
    experiment: Experiment = "",
    account: Account = "",
    region: Region = "",
    partition: Partition = "",
    capture: Capture = "",
    capture_key: CaptureKey = "",
    volume_key: VolumeKey = "",
    trust: Annotated[bool, typer.Option("--trust", help="The trust policy instead of the permissions.")] = False,
    output: Annotated[PolicyFormat, typer.Option("--format", help="Format of the policy.")] = PolicyFormat.JSON,
) -> None:
    """Print the smallest policy with the required permissions.

    Example: inference-experiment policy generate --for provider --format sam
    """
    options = check_options(
        role_kind, handler, Unknown.INFO, account=account, region=region, partition=partition, experiment=experiment,
        experiment_role=experiment_role, capture_uri=capture, capture_key=capture_key, volume_key=volume_key,
    )  # fmt: skip
    run_generate(options, output, trust=trust)


@policy.command()
def diff(
    files: Files,
    role_kind: For,
    handler: Handlers = None,
    experiment_role: ExperimentRole = "",
    experiment: Experiment = "",
    account: Account = "",
    region: Region = "",
    partition: Partition = "",
    role: RoleName = "",
    unknown: OnUnknown = Unknown.INFO,
    output: Annotated[ReportFormat, typer.Option("--format", help="text or json.")] = ReportFormat.TEXT,
) -> None:
    """Print what a role lacks and what it is granted beyond the minimum.

    Exit codes: 0 nothing missing, 1 something missing, 2 usage, 3 undecidable (with --unknown error).
    """
    options = check_options(
        role_kind, handler, unknown, account=account, region=region, partition=partition, experiment=experiment,
        experiment_role=experiment_role,
    )  # fmt: skip
    raise typer.Exit(run_diff(files, options, role, as_json=output is ReportFormat.JSON))


@policy.command()
def explain(
    action: Annotated[str, typer.Argument(help="Such as sagemaker:AddTags.")],
    resource: Annotated[str, typer.Argument(help="ARN, or *.")],
    files: Files,
    role_kind: For = RoleKind.PROVIDER,
    context: Annotated[list[str] | None, typer.Option(help="KEY=VALUE in the request context. Repeatable.")] = None,
    principal: Annotated[str, typer.Option(help="Service that assumes the role, for sts:AssumeRole.")] = "",
    role: RoleName = "",
    boundary: Boundary = None,
    unknown: OnUnknown = Unknown.INFO,
) -> None:
    """Print, statement by statement, why an action on a resource is allowed or not.

    Example: inference-experiment policy explain iam:PassRole arn:aws:iam::123456789012:role/shadow policy.json

    Exit codes: 0 allowed, 1 not allowed or errors found, 2 usage, 3 undecidable (with --unknown error).
    """
    asked = request(action, resource, context or [], principal)
    options = check_options(role_kind, None, unknown)
    raise typer.Exit(run_explain(asked, files, options, role, boundary))
