"""Which experiment a request is about, and what there is of it now.

Finds an experiment by physical id, by Name, or among those whose name this resource derives, and tells by the
owner tag whose it is. Reads only.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from inference_experiment import identity, planner
from inference_experiment.contract import OWNER_TAG, create_only
from inference_experiment.decision import RequestKind
from inference_experiment.differences import CREATE_ONLY, differing
from inference_experiment.event import Request
from inference_experiment.gateway import Gateway
from inference_experiment.model import ActionKind, Desired, Observed, Ownership, Progress, RequestType, Status

NO_EXPERIMENT: Final = Observed("")


@dataclass(frozen=True)
class Observation:
    """What one observation found.

    `leftover` marks what a failed replacement left, to be removed first; `sole` the one experiment that a Delete can
    be about, since its physical id is that experiment's name. An id that we never returned may stand for several.
    """

    case: RequestKind
    target: Observed
    current: Observed | None = None
    abandoned_replacement: bool = False
    is_only_candidate: bool = False


class Observer:
    """Looks for one request. `name` is the explicit Name of a Delete, empty where it has none."""

    def __init__(self, request: Request, gateway: Gateway, desired: Desired | None, name: str) -> None:
        self._request = request
        self._gateway = gateway
        self._desired = desired
        self._name = name
        self._tags: dict[tuple[str, object], dict[str, str]] = {}

    def look(self, progress: Progress) -> Observation:
        """Return what there is now. Raises ExperimentError."""
        if self._desired is None:
            target = self._to_delete(progress)
            return Observation(RequestKind.DELETE, target, is_only_candidate=target.name == self._request.physical_id)
        if self._request.type is RequestType.CREATE:
            return Observation(RequestKind.CREATE, self.observe(self._desired.configuration.name))
        return self._to_update(self._desired, progress)

    def observe(self, name: str) -> Observed:
        """Return an experiment with its tags and owner; ABSENT for what is no name."""
        if not identity.is_name(name):
            return Observed(name)
        observed = self._gateway.describe_inference_experiment(name)
        if observed.status is Status.ABSENT:
            return observed
        # A namesake that somebody made meanwhile has another creation time.
        key = (name, observed.details.get("CreationTime"))
        if key not in self._tags:
            self._tags[key] = self._gateway.list_tags(observed.arn)
        tags = self._tags[key]
        return replace(observed, tags=tags, ownership=identity.ownership(tags, self._request))

    def physical_id_after_rollback(self, seen: Observed) -> str:
        """Return the physical id to answer where an update of a rollback cannot be carried out.

        A replacement that is taken back goes back to the experiment of before, if it is there; CloudFormation then
        deletes the other one. Raises ExperimentError where it cannot be found out.
        """
        physical_id, desired = self._request.physical_id, self._desired
        if desired is None or seen.name == physical_id:
            return physical_id
        if seen.ours:
            return seen.name
        if desired.explicit_name:
            unseen = seen.name != desired.configuration.name
            return desired.configuration.name if unseen else physical_id
        return self._experiment_before(desired) if self._request.changed & create_only() else physical_id

    def _experiment_before(self, desired: Desired) -> str:
        for observed in self._derived():
            found = observed.configuration
            if found and not differing(desired.configuration, found) & CREATE_ONLY:
                return observed.name
        return self._request.physical_id

    def _to_update(self, desired: Desired, progress: Progress) -> Observation:
        physical_id = self._request.physical_id
        if progress.when(ActionKind.CREATE, progress.target) is not None:
            return Observation(RequestKind.REPLACE, self.observe(progress.target))
        if not desired.explicit_name and self._request.changed & create_only():
            # A repeated delivery: the replacement may be done, and the experiment of the physical id gone.
            made = self.observe(identity.derived_name(self._request))
            if made.ownership is Ownership.REQUEST:
                return Observation(RequestKind.REPLACE, made)
        current = self.observe(physical_id)
        name = planner.target_name(self._request, desired, current)
        if name != physical_id:
            return Observation(RequestKind.REPLACE, self.observe(name), current)
        leftover = self._leftover(current)
        if leftover.ours:
            return Observation(RequestKind.DELETE, leftover, abandoned_replacement=True)
        return Observation(RequestKind.UPDATE, current)

    def _leftover(self, current: Observed) -> Observed:
        """Return what a replacement that failed has left behind, when this update takes the replacement back.

        It is ours, newer than the experiment that stays, and not made by this request: nothing else is one.
        """
        if not self._request.changed & create_only() or not current.ours:
            return NO_EXPERIMENT
        old_name = self._request.old_properties.get("Name")
        if isinstance(old_name, str):
            found = [self.observe(old_name)] if old_name != self._request.physical_id else []
        else:
            found = list(self._derived())
        born = current.details["CreationTime"]
        left = (one for one in found if one.ownership is Ownership.RESOURCE and one.details["CreationTime"] > born)
        return next(left, NO_EXPERIMENT)

    def _to_delete(self, progress: Progress) -> Observed:
        physical_id = self._request.physical_id
        observed = self.observe(progress.target or physical_id)
        if observed.status is not Status.ABSENT or not identity.is_cloudformation_generated_id(
            physical_id, self._request
        ):
            return observed
        found = [self.observe(self._name)] if self._name else self._derived()
        return next((one for one in found if self._is_meant(one)), Observed(physical_id))

    def _is_meant(self, observed: Observed) -> bool:
        """Return whether a Delete by an id that we never returned as a name means this experiment."""
        made_by = self._request.physical_id.removeprefix(identity.FAILED_CREATE_PREFIX)
        if made_by != self._request.physical_id:
            return observed.tags.get(OWNER_TAG, "").endswith(f"/{made_by}") and observed.ours
        return observed.ours

    def _derived(self) -> Iterator[Observed]:
        """Yield the experiments of ours with a derived name, other than the one that the physical id names."""
        for name in self._gateway.list_inference_experiments(identity.name_prefix(self._request)):
            observed = self.observe(name) if name != self._request.physical_id else NO_EXPERIMENT
            if observed.ownership is not Ownership.OTHER:
                yield observed
