"""The options of the policy commands as values of the IAM library."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, Final

import typer

from inference_experiment_cli.errors import UsageError
from shadow_test_policies.requirements import Deployment

_ACCOUNT: Final = re.compile(r"[0-9]{12}")


@dataclass(frozen=True)
class DeploymentOptions:
    """The options about what is deployed with a role, and where."""

    experiment_role: Annotated[
        str, typer.Option(metavar="ARN", help="ARN of the role that experiments use (RoleArn).")
    ] = ""
    experiment: Annotated[
        str, typer.Option(metavar="NAME", help="Name of the experiment. Default: any name that the policy allows.")
    ] = ""
    account: Annotated[str, typer.Option(metavar="ACCOUNT", help="Account to deploy to.")] = ""
    region: Annotated[
        str, typer.Option(metavar="REGION", help="AWS region. The one to deploy to; for templates as cfn-lint -r.")
    ] = ""
    partition: Annotated[str, typer.Option(metavar="PARTITION", help="Partition to deploy to, such as aws.")] = ""
    capture: Annotated[
        str, typer.Option(metavar="S3-URI", help="Destination of captured data: s3://bucket/prefix.")
    ] = ""
    capture_key: Annotated[str, typer.Option(metavar="ARN", help="ARN of the KMS key of captured data.")] = ""
    volume_key: Annotated[
        str, typer.Option(metavar="ARN", help="ARN of the KMS key of the instances' storage (KmsKey).")
    ] = ""
    prediction_result: Annotated[
        str,
        typer.Option(metavar="S3-URI", help="Object that PromotionCriteria reads (PredictionResult): s3://bucket/key."),
    ] = ""

    def deployment(self) -> Deployment:
        """Return the deployment; what is not given stays open. Raises UsageError."""
        known: dict[str, Any] = {name: value for name, value in vars(self).items() if value}
        _check(known)
        if "capture" in known:
            known["capture_uri"] = known.pop("capture")
        is_named = ":alias/" in self.volume_key
        return Deployment(**{**_of_arn(self.experiment_role), **known}, volume_key_is_named=is_named)


def _check(known: dict[str, Any]) -> None:
    if "account" in known and not _ACCOUNT.fullmatch(known["account"]):
        raise UsageError(f"--account {known['account']}: must have 12 digits")
    for name in ("capture", "prediction_result"):
        if name in known and not known[name].startswith("s3://"):
            raise UsageError(f"--{name.replace('_', '-')} {known[name]}: is not an S3 URI (s3://bucket/prefix)")
    for name in ("experiment_role", "capture_key", "volume_key"):
        if name in known and not known[name].startswith("arn:"):
            raise UsageError(f"--{name.replace('_', '-')} {known[name]}: is not an ARN")


def _of_arn(arn: str) -> dict[str, str]:
    """Return the partition and account in the role's ARN: an experiment is in the account of its role."""
    parts = arn.split(":")
    return {"partition": parts[1], "account": parts[4]} if len(parts) > 4 and parts[4].isdigit() else {}  # noqa: PLR2004
