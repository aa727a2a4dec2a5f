"""The provider's own gateway with what a desk needs: no stack behind it, ownership settled by the command."""

from inference_experiment.contract import OWNER_TAG
from inference_experiment.gateway import Gateway
from inference_experiment.model import Observed, Status
from inference_experiment_cli.output import fail


class DeskGateway(Gateway):
    """The provider's gateway without a stack behind it.

    Once a command has settled whose an experiment is, `adopt` makes the lifecycle take it for its own.
    """

    def __init__(self) -> None:
        super().__init__()
        self._adopted: dict[str, str] = {}

    def adopt(self, arn: str, owner_tag: str) -> None:
        """Let an experiment count as carrying this owner tag; nothing is written."""
        self._adopted[arn] = owner_tag

    def list_tags(self, arn: str) -> dict[str, str]:
        """Return the tags of an experiment, with the adopted owner."""
        tags = super().list_tags(arn)
        return {**tags, OWNER_TAG: self._adopted[arn]} if arn in self._adopted else tags

    def describe_stacks(self, _: str) -> str:
        """Return nothing: no stack waits for a command."""
        return ""

    def look(self, name: str) -> tuple[Observed, dict[str, str]]:
        """Return an experiment and its tags as they are. Raises ExperimentError."""
        observed = self.describe_inference_experiment(name)
        return observed, {} if observed.status is Status.ABSENT else super().list_tags(observed.arn)


def existing(gateway: DeskGateway, name: str, region: str) -> tuple[Observed, dict[str, str]]:
    """Return an experiment that has to be there, and its tags. Ends the command where it is not."""
    observed, tags = gateway.look(name)
    if observed.status is Status.ABSENT:
        fail(f"there is no experiment {name} in {region}")
    return observed, tags
