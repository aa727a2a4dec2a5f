"""The calls of AWS that the lifecycle needs: gateway.py makes them, plans simulate them without botocore."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from inference_experiment.currentness import StackState
from inference_experiment.event import Request
from inference_experiment.model import Action, Observed


class Api(Protocol):
    """What a gateway offers to the lifecycle. Every method raises ExperimentError and nothing else."""

    def perform(self, action: Action, /) -> None:
        """Call the operation of an action."""

    def get_metric_data(self, arguments: Mapping[str, Any], /) -> list[Mapping[str, Any]]:
        """Return the MetricDataResults of all pages."""

    def get_object(self, arguments: Mapping[str, Any], /) -> bytes:
        """Return the content of an object."""

    def describe_inference_experiment(self, name: str, /) -> Observed:
        """Return an experiment without its tags."""

    def list_tags(self, arn: str, /) -> dict[str, str]:
        """Return the tags of an experiment."""

    def list_inference_experiments(self, prefix: str, /) -> Iterator[str]:
        """Return the names that begin with a prefix."""

    def describe_stack(self, request: Request, /) -> StackState:
        """Return what CloudFormation says about a request's stack and resource."""
