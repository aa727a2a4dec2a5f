"""Which experiment a request is about, and its current state.

Finds an experiment by physical id, by Name, or among those whose name this resource derives, and decides by the owner
tag whose it is. Reads only.
"""

from collections.abc import Iterator
from dataclasses import replace

from inference_experiment import identity, planner
from inference_experiment.api import Api
from inference_experiment.contract import OWNER_TAG, create_only
from inference_experiment.decision import NO_EXPERIMENT, Observation, RequestKind
from inference_experiment.differences import CREATE_ONLY, differing
from inference_experiment.event import Request
from inference_experiment.model import ActionKind, Desired, Observed, Ownership, Progress, RequestType, Status


class Observer:
    """Observes for one request. `name` is the explicit Name of a Delete, empty where it has none."""

    def __init__(self, request: Request, gateway: Api, desired: Desired | None, name: str) -> None:
        self._request = request
        self._gateway = gateway
        self._desired = desired
        self._name = name
        self._tags: dict[tuple[str, object], dict[str, str]] = {}

    def observe(self, progress: Progress) -> Observation:
        """Return the current state. Raises ExperimentError."""
        if self._desired is None:
            target = self._to_delete(progress)
            return Observation(RequestKind.DELETE, target, is_only_candidate=target.name == self._request.physical_id)
        if self._request.type is RequestType.CREATE:
            return Observation(RequestKind.CREATE, self.describe(self._desired.configuration.name))
        return self._to_update(self._desired, progress)

    def describe(self, name: str) -> Observed:
        """Return an experiment with its tags and owner; ABSENT for a text that cannot be a name."""
        if not identity.is_name(name):
            return Observed(name)
        observed = self._gateway.describe_inference_experiment(name)
        if observed.status is Status.ABSENT:
            return observed
        # Another experiment of the same name has another creation time.
        key = (name, observed.details.get("CreationTime"))
        # The tags of a creation may show later than the experiment.
        is_incomplete = self._desired is not None and OWNER_TAG not in self._tags.get(key, {})
        if is_incomplete or key not in self._tags:
            self._tags[key] = self._gateway.list_tags(observed.arn)
        tags = self._tags[key]
        return replace(observed, tags=tags, ownership=identity.ownership(tags, self._request))

    def experiment_after_rollback(self, seen: Observed, replaced: Observed | None) -> Observed:
        """Return the experiment to answer where an update of a rollback cannot be carried out.

        `seen` is the target of the update, `replaced` the experiment of the physical id where that is another one.

        The rollback of a replacement returns to the previous experiment if it exists; CloudFormation then deletes the
        other one. Raises ExperimentError where that cannot be observed.
        """
        name, desired = self._request.physical_id, self._desired
        if seen.name == name or seen.ours:
            return seen
        if desired and desired.explicit_name and seen.name != desired.configuration.name:
            name = desired.configuration.name  # unseen
        previous = None
        if desired and not desired.explicit_name and self._request.changed & create_only():
            previous = self._previous_experiment(desired)
        return previous or (replaced if replaced and replaced.name == name else self.describe(name))

    def _previous_experiment(self, desired: Desired) -> Observed | None:
        existing = ((each, each.configuration) for each in self._derived())
        same = (each for each, one in existing if one and not differing(desired.configuration, one) & CREATE_ONLY)
        return next(same, None)

    def _to_update(self, desired: Desired, progress: Progress) -> Observation:
        physical_id = self._request.physical_id
        if progress.called_at(ActionKind.CREATE, progress.target) is not None:
            return Observation(RequestKind.REPLACE, self.describe(progress.target))
        if not desired.explicit_name and self._request.changed & create_only():
            # A redelivery: the replacement may be done, and the experiment of the physical id gone.
            replacement = self.describe(identity.derived_name(self._request))
            if replacement.ownership is Ownership.REQUEST:
                return Observation(RequestKind.REPLACE, replacement)
        current = self.describe(physical_id)
        name = planner.target_name(self._request, desired, current)
        if name != physical_id:
            return Observation(RequestKind.REPLACE, self.describe(name), current)
        abandoned = self._abandoned_replacement(current)
        if abandoned.ours:
            return Observation(RequestKind.DELETE, abandoned, abandoned_replacement=True)
        return Observation(RequestKind.UPDATE, current)

    def _abandoned_replacement(self, current: Observed) -> Observed:
        """Return what a failed replacement has left behind, when this update rolls the replacement back.

        It is ours, newer than the experiment that stays, and not created by this request.
        """
        if not self._request.changed & create_only() or not current.ours:
            return NO_EXPERIMENT
        old_name = self._request.old_properties.get("Name")
        if isinstance(old_name, str):
            candidates = [self.describe(old_name)] if old_name != self._request.physical_id else []
        else:
            candidates = list(self._derived())
        ours = (each for each in candidates if each.ownership is Ownership.RESOURCE)
        newer = (each for each in ours if (each.created or 0.0) > (current.created or 0.0))
        return next((each for each in newer if not identity.created_after(each, self._request)), NO_EXPERIMENT)

    def _to_delete(self, progress: Progress) -> Observed:
        physical_id = self._request.physical_id
        observed = self.describe(progress.target or physical_id)
        generated = identity.is_cloudformation_generated_id(physical_id, self._request)
        if observed.status is not Status.ABSENT or not generated:
            return observed
        candidates = [self.describe(self._name)] if self._name else self._derived()
        return next((each for each in candidates if self._is_meant(each)), Observed(physical_id))

    def _is_meant(self, observed: Observed) -> bool:
        """Return whether a Delete by an id that is not a name means this experiment."""
        if identity.created_after(observed, self._request):
            return False
        creator = self._request.physical_id.removeprefix(identity.FAILED_CREATE_PREFIX)
        if creator != self._request.physical_id:
            return observed.tags.get(OWNER_TAG, "").endswith(f"/{creator}") and observed.ours
        return observed.ours

    def _derived(self) -> Iterator[Observed]:
        """Yield the experiments of ours with a derived name, other than the one that the physical id names."""
        for name in self._gateway.list_inference_experiments(identity.name_prefix(self._request)):
            observed = self.describe(name) if name != self._request.physical_id else NO_EXPERIMENT
            if observed.ownership is not Ownership.OTHER:
                yield observed
