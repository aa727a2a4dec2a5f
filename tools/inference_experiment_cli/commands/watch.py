"""inference-experiment watch: the options; operate/watch.py follows."""

from typing import Annotated

from inference_experiment.model import Status
from inference_experiment_cli.operate.gateway import CliGateway
from inference_experiment_cli.operate.watch import follow
from inference_experiment_cli.options import Interval, Name, Output, Profile, Region, Timeout, choice
from inference_experiment_cli.output import Format


def watch(
    name: Name,
    until: Annotated[
        Status | None, choice(Status, "STATUS", "Continue until this status. Default: until it is stable.")
    ] = None,
    interval: Interval = 5.0,
    timeout: Timeout = 86_400.0,
    region: Region = "",
    profile: Profile = "",
    output: Output = Format.TABLE,
) -> None:
    """Follow an experiment until it is stable.

    Prints a line per change of its status, its variants or its endpoint, and at the end how long each status lasted.

    Examples:
      inference-experiment watch shop-fraud-1
      inference-experiment watch shop-fraud-1 --until Completed

    Exit codes: 0 stable, or in the status of --until, 1 cancelled, deleted, ended in another status, or --timeout
    expired, 2 the options are wrong, 4 AWS failed.

    Documentation: docs/manage.md
    """
    gateway = CliGateway(region, profile)
    gateway.describe_existing(name)
    follow(lambda: gateway.describe_inference_experiment(name), name, until, interval, timeout, output)
