"""The provider's gateway for a command: no stack waits for it, and the command has decided on the ownership."""

from inference_experiment.contract import OWNER_TAG
from inference_experiment.currentness import NO_STACK, StackState
from inference_experiment.event import Request
from inference_experiment.gateway import Gateway
from inference_experiment.model import Observed, Status
from inference_experiment_cli.errors import NotPossibleError
from inference_experiment_cli.session import open_session


class CliGateway(Gateway):
    """The provider's gateway without a stack. After `adopt` the lifecycle takes an experiment for its own.

    It opens the session with region and profile. Raises UsageError, ServiceError.
    """

    def __init__(self, region: str, profile: str) -> None:
        super().__init__()
        self.session = open_session(region, profile)
        self._adopted: dict[str, str] = {}

    def adopt(self, arn: str, owner_tag: str) -> None:
        """Show an experiment to the lifecycle with this owner tag; nothing is written."""
        self._adopted[arn] = owner_tag

    def list_tags(self, arn: str) -> dict[str, str]:
        """Return the tags of an experiment, with the adopted owner."""
        tags = super().list_tags(arn)
        return {**tags, OWNER_TAG: self._adopted[arn]} if arn in self._adopted else tags

    def describe_stack(self, _: Request) -> StackState:
        """Return that no stack waits for a command."""
        return NO_STACK

    def observe(self, name: str) -> tuple[Observed, dict[str, str]]:
        """Return an experiment and its own tags. Raises ExperimentError."""
        observed = self.describe_inference_experiment(name)
        return observed, {} if observed.status is Status.ABSENT else super().list_tags(observed.arn)

    def describe_existing(self, name: str) -> tuple[Observed, dict[str, str]]:
        """Return an experiment and its tags. Raises NotPossibleError where it does not exist, ExperimentError."""
        observed, tags = self.observe(name)
        if observed.status is Status.ABSENT:
            raise NotPossibleError(f"no experiment {name} in {self.session.region_name}")
        return observed, tags
