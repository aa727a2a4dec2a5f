"""AWS with the caller's credentials, for a resource that CloudFormation names by its primary identifier."""

from typing import Any, Final

from inference_experiment import identity
from inference_experiment.contract import OWNER_TAG
from inference_experiment.currentness import NO_STACK, StackState, StandingKind, standing
from inference_experiment.event import Request
from inference_experiment.gateway import Gateway
from inference_experiment.model import RequestType, Status

STACK_ARN: Final = "arn:"
PAGE_SIZE: Final = 100
"""Experiments of a page; the maximum of the API."""


class RegistryGateway(Gateway):
    """The gateway of the lifecycle for one request. Raises ExperimentError and nothing else.

    An Update or a Delete is about the experiment that the primary identifier names, whoever has created it:
    CloudFormation says whose it is, as after an import (docs/decisions/0020-registry-type.md).
    """

    def __init__(self, session: Any, request: Request | None = None) -> None:  # noqa: ANN401 - the library's
        super().__init__(session=session)
        self._named = request if request and request.type is not RequestType.CREATE else None

    def list_tags(self, arn: str) -> dict[str, str]:
        """Return the tags of an experiment; the named one appears with the owner tag of this resource."""
        tags = super().list_tags(arn)
        if self._named and arn.endswith(f"/{self._named.physical_id}"):
            return {**tags, **identity.owner_tag(self._named)}
        return tags

    def own_tags(self, arn: str) -> dict[str, str]:
        """Return the tags of an experiment as they are."""
        return super().list_tags(arn)

    def describe_stack(self, request: Request) -> StackState:
        """Return the state of a stack that is rolling back; otherwise CloudFormation is waiting for this request."""
        if not request.stack_id.startswith(STACK_ARN):
            return NO_STACK
        state = super().describe_stack(request)
        return state if standing(request, state).kind is StandingKind.ROLLING_BACK else NO_STACK

    def names(self) -> list[str]:
        """Return the names of all experiments."""
        items = self._list("ListInferenceExperiments", "InferenceExperiments", MaxResults=PAGE_SIZE)
        return [str(item["Name"]) for item in items if item and item.get("Name")]

    def is_gone(self, name: str) -> bool:
        """Return whether neither Describe nor List shows an experiment."""
        gone = self.describe_inference_experiment(name).status is Status.ABSENT
        return gone and name not in self.list_inference_experiments(name)


def created_by(tags: dict[str, str], request: Request) -> bool:
    """Return whether this request has created the experiment with these tags."""
    return tags.get(OWNER_TAG) == identity.owner_tag(request)[OWNER_TAG]
