"""inference-experiment policy: whether a role may do what a shadow test needs.

Exit codes, here alone: 0 allowed, 1 the command cannot be carried out as given, 2 not allowed, 3 nobody can tell
(with --unknown error).
"""

# ruff: noqa: FBT002, PLR0913, PLR0917

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from inference_experiment_cli.errors import UsageError

# What Typer raises for an option that it does not know.
_CallError: Any = typer.BadParameter.__base__


class PolicyGroup(TyperGroup):
    """The sub-commands; what is wrong with the call itself has exit code 1, since 2 is an answer."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - the library's
        """Run a sub-command."""
        try:
            return super().invoke(ctx)
        except _CallError as error:
            error.exit_code = 1
            raise
        except UsageError as error:
            sys.stderr.write(f"inference-experiment: {error}\n")
            raise typer.Exit(1) from error


class Who(StrEnum):
    """Whose role it is."""

    PROVIDER = "provider"
    EXPERIMENT = "experiment"
    DEPLOYER = "deployer"


class Unknown(StrEnum):
    """What to make of what nobody can know beforehand."""

    ERROR = "error"
    WARN = "warn"
    IGNORE = "ignore"


class Report(StrEnum):
    """How findings are printed."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    JUNIT = "junit"


class Written(StrEnum):
    """How a policy is printed."""

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
For = Annotated[Who, typer.Option("--for", help="Whose role it is.")]
Handlers = Annotated[
    list[str] | None, typer.Option("--handler", help="create, read, update, delete or list. Repeatable. Default: all.")
]
ExperimentRole = Annotated[str, typer.Option(help="ARN of the role that experiments use (RoleArn).")]
Account = Annotated[str, typer.Option(help="Account that is deployed to.")]
Region = Annotated[str, typer.Option(help="Region that is deployed to.")]
Partition = Annotated[str, typer.Option(help="Partition that is deployed to, such as aws.")]
Experiment = Annotated[str, typer.Option(help="Name of the experiment. Default: some name that the policy allows.")]
Capture = Annotated[str, typer.Option(help="Where captured data go: s3://bucket/prefix.")]
CaptureKey = Annotated[str, typer.Option(help="ARN of the key of captured data.")]
VolumeKey = Annotated[str, typer.Option(help="ARN of the key of the instances' storage (KmsKey).")]
OnUnknown = Annotated[Unknown, typer.Option("--unknown", help="What to make of what nobody can know beforehand.")]
RoleName = Annotated[str, typer.Option("--role", help="Which role of a dump is meant.")]
Boundary = Annotated[Path | None, typer.Option(help="Policy document that is the role's permissions boundary.")]


policy = typer.Typer(
    cls=PolicyGroup,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Check, generate and explain IAM policies.",
)


@policy.command()
def check(
    files: Files,
    who: For,
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
    unknown: OnUnknown = Unknown.WARN,
    recommended: Annotated[bool, typer.Option("--recommended", help="Ask for what is recommended too.")] = False,
    output: Annotated[Report, typer.Option("--format", help="How findings are printed.")] = Report.TEXT,
    baseline: Annotated[Path | None, typer.Option(help="File of accepted findings.")] = None,
    write_baseline: Annotated[Path | None, typer.Option(help="Accept all findings: write them to this file.")] = None,
) -> None:
    """Decide whether a role has what it needs, and print what is missing and what is wrong with its policies.

    Example: inference-experiment policy check template.yaml --for provider --unknown error

    A finding on the line of, or below, `# iam-policy: ignore KIND - reason` is accepted; so is one of the baseline.
    Exit codes: 0 allowed, 1 usage, 2 not allowed, 3 nobody can tell (--unknown error).
    """
    from inference_experiment_cli.policy.options import question  # noqa: PLC0415
    from inference_experiment_cli.policy.run import run_check  # noqa: PLC0415

    asked = question(
        who, handler, unknown, recommended=recommended, account=account, region=region, partition=partition,
        experiment=experiment, experiment_role=experiment_role, capture_uri=capture, capture_key=capture_key,
        volume_key=volume_key,
    )  # fmt: skip
    raise typer.Exit(run_check(files, asked, role, boundary, output, (baseline, write_baseline)))


@policy.command()
def generate(
    who: For,
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
    output: Annotated[Written, typer.Option("--format", help="How the policy is printed.")] = Written.JSON,
) -> None:
    """Print the smallest policy that is enough.

    Example: inference-experiment policy generate --for provider --format sam
    """
    from inference_experiment_cli.policy.options import question  # noqa: PLC0415
    from inference_experiment_cli.policy.run import run_generate  # noqa: PLC0415

    asked = question(
        who, handler, Unknown.WARN, account=account, region=region, partition=partition, experiment=experiment,
        experiment_role=experiment_role, capture_uri=capture, capture_key=capture_key, volume_key=volume_key,
    )  # fmt: skip
    run_generate(asked, output, trust=trust)


@policy.command()
def diff(
    files: Files,
    who: For,
    handler: Handlers = None,
    experiment_role: ExperimentRole = "",
    experiment: Experiment = "",
    account: Account = "",
    region: Region = "",
    partition: Partition = "",
    role: RoleName = "",
    unknown: OnUnknown = Unknown.WARN,
    output: Annotated[Report, typer.Option("--format", help="text or json.")] = Report.TEXT,
) -> None:
    """Print what a role lacks and what it has beyond the minimum.

    Exit codes: 0 nothing is missing, 1 usage, 2 something is missing, 3 nobody can tell (--unknown error).
    """
    from inference_experiment_cli.policy.options import question  # noqa: PLC0415
    from inference_experiment_cli.policy.run import run_diff  # noqa: PLC0415

    asked = question(
        who, handler, unknown, account=account, region=region, partition=partition, experiment=experiment,
        experiment_role=experiment_role,
    )  # fmt: skip
    raise typer.Exit(run_diff(files, asked, role, as_json=output is Report.JSON))


@policy.command()
def explain(
    action: Annotated[str, typer.Argument(help="Such as sagemaker:AddTags.")],
    resource: Annotated[str, typer.Argument(help="ARN, or *.")],
    files: Files,
    who: For = Who.PROVIDER,
    context: Annotated[list[str] | None, typer.Option(help="KEY=VALUE of the request. Repeatable.")] = None,
    principal: Annotated[str, typer.Option(help="Service that assumes the role, for sts:AssumeRole.")] = "",
    role: RoleName = "",
    boundary: Boundary = None,
    unknown: OnUnknown = Unknown.WARN,
) -> None:
    """Print, statement by statement, why an action on a resource is allowed or not.

    Example: inference-experiment policy explain iam:PassRole arn:aws:iam::123456789012:role/shadow policy.json

    Exit codes: 0 allowed, 1 usage, 2 not allowed, 3 nobody can tell (--unknown error).
    """
    from inference_experiment_cli.policy.options import request  # noqa: PLC0415
    from inference_experiment_cli.policy.run import run_explain  # noqa: PLC0415

    asked = request(action, resource, context or [], principal)
    raise typer.Exit(run_explain(asked, files, who, role, boundary, unknown))
