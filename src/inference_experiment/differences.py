"""What differs between the desired and the observed configuration, and which of it SageMaker can change in place.

Pure. A difference is *requested* when the template changed that property, and drift otherwise: a request may fail
for a requested change, never for drift (such as a schedule that SageMaker itself moved).
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from inference_experiment.contract import OWNER_TAG
from inference_experiment.model import Configuration, Member, Status, Variant

CREATE_ONLY: Final = frozenset({Member.TYPE, Member.ROLE_ARN, Member.ENDPOINT_NAME, Member.KMS_KEY})
SCHEDULE: Final = frozenset({Member.START_TIME, Member.END_TIME})
MUTABLE: Final = frozenset(Member) - CREATE_ONLY - {Member.NAME}
# aws-facts 2.1: what may still be edited, by status.
EDITABLE: Final[Mapping[Status, frozenset[Member]]] = {
    Status.CREATED: MUTABLE,
    Status.RUNNING: frozenset({Member.DESCRIPTION, Member.END_TIME, Member.SAMPLING_PERCENTAGE}),
    Status.COMPLETED: frozenset(),
    Status.CANCELLED: frozenset(),
}

RETAIN: Final = "Retain"
REMOVE: Final = "Remove"
PROMOTE: Final = "Promote"


def _values(configuration: Configuration) -> dict[Member, object]:
    by_name = {variant.variant_name: variant for variant in configuration.model_variants}
    return {
        Member.TYPE: configuration.type,
        Member.ROLE_ARN: configuration.role_arn,
        Member.ENDPOINT_NAME: configuration.endpoint_name,
        Member.KMS_KEY: configuration.kms_key,
        Member.DESCRIPTION: configuration.description,
        Member.START_TIME: configuration.start_time,
        Member.END_TIME: configuration.end_time,
        Member.MODEL_VARIANTS: by_name,
        Member.DATA_STORAGE_CONFIG: configuration.data_storage,
        Member.SHADOW_VARIANTS: (configuration.source_variant, configuration.shadow_variant),
        Member.SAMPLING_PERCENTAGE: configuration.sampling_percentage,
    }


def differing(desired: Configuration, observed: Configuration) -> frozenset[Member]:
    """Return the members that differ. A time that the template leaves out is SageMaker's to choose."""
    new, old = _values(desired), _values(observed)
    return frozenset(member for member in new if new[member] != old[member] and (member not in SCHEDULE or new[member]))


def _was_requested(member: Member, changed: AbstractSet[str]) -> bool:
    # A list changes as a whole, so a member inside one is requested with its list.
    parts = member.value.split("/")
    return any("/".join(parts[:length]) in changed for length in range(len(parts), 0, -1)) and (
        member not in SCHEDULE or member.value in changed
    )


def requested(members: AbstractSet[Member], changed: AbstractSet[str]) -> frozenset[Member]:
    """Return the members that the template changed; `changed` are property paths."""
    return frozenset(member for member in members if _was_requested(member, changed))


def edits(desired: Configuration, live: Configuration, status: Status, changed: AbstractSet[str]) -> frozenset[Member]:
    """Return the members to send to UpdateInferenceExperiment: what differs, of the schedule only what is requested."""
    members = differing(desired, live) & EDITABLE[status]
    if desired.data_storage is None:  # the API cannot remove it
        members -= {Member.DATA_STORAGE_CONFIG}
    return (members - SCHEDULE) | requested(members & SCHEDULE, changed)


def blocked(
    desired: Configuration, live: Configuration, status: Status, changed: AbstractSet[str]
) -> frozenset[Member]:
    """Return the members that the template changed and that cannot change in this status."""
    members = differing(desired, live) & MUTABLE
    removed = {Member.DATA_STORAGE_CONFIG} if desired.data_storage is None else set()
    return requested(members - (EDITABLE[status] - removed), changed)


def tag_changes(
    live: Mapping[str, str], desired: Mapping[str, str], previous: AbstractSet[str]
) -> tuple[list[str], dict[str, str]]:
    """Return the keys to remove and the tags to set.

    Tags that the template never had (`previous` are those it had) are left alone (D22), like aws: and the owner's.
    """
    ours = {key for key in previous - {OWNER_TAG} if not key.startswith("aws:")}
    stale = sorted((live.keys() - desired.keys()) & ours)
    return stale, {key: value for key, value in desired.items() if live.get(key) != value}


def variant_names(observed: Configuration, names: Sequence[str] = ()) -> tuple[str, str]:
    """Return production and shadow of an experiment, empty where they are unknown; `names` are those of the template.

    Describe may leave ShadowModeConfig out: then the template tells which is which of its variants, or their order.
    """
    listed = [variant.variant_name for variant in observed.model_variants] or list(names)
    if sorted(listed) == sorted(names):
        listed = list(names)
    source = observed.source_variant or next(iter(listed), "")
    return source, observed.shadow_variant or next((name for name in listed if name != source), "")


def stop_actions(
    explicit: Mapping[str, str],
    observed: Configuration,
    desired: Configuration | None = None,
    names: Sequence[str] = (),
) -> dict[str, str]:
    """Return variant -> action for a stop (docs/decisions/0003-stop-defaults.md); empty where no variant is known.

    Explicit actions win; a production variant that the desired ModelVariants dropped means what it means on the
    native type; otherwise the endpoint returns to what it was before the test, also where the actions are for other
    variants: half of them could take production away. `names` are production and shadow as the template has them.
    """
    source, shadow = variant_names(observed, names)
    dropped = desired is not None and desired.source_variant == source and desired.variant(source) is None
    explicit = {} if explicit.keys() - {source, shadow} else explicit
    if not explicit and dropped:
        return {source: REMOVE, shadow: PROMOTE}
    production = REMOVE if explicit.get(shadow) == PROMOTE else RETAIN
    chosen = {source: production, shadow: REMOVE, **explicit}
    return {name: chosen[name] for name in (source, shadow) if name}


def resized_variants(
    actions: Mapping[str, str], observed: Configuration, desired: Configuration, previous: Mapping[str, Variant]
) -> list[Variant]:
    """Return DesiredModelVariants: none unless the template changes the infrastructure of a variant that stays.

    `previous` are the variants that the template had before, by name. What the template leaves alone keeps what it
    has: autoscaling may have changed it (aws-facts 10).
    """
    kept = [name for name, action in actions.items() if action != REMOVE]
    changed = [each for name in kept if (each := desired.variant(name)) and previous.get(name) not in (None, each)]
    by_name = {variant.variant_name: variant for variant in changed}
    variants = (by_name.get(name) or observed.variant(name) for name in kept) if changed else ()
    return [variant for variant in variants if variant]


def ended_with(actions: Mapping[str, str], statuses: Mapping[str, str]) -> bool:
    """Return whether the variants' statuses (variant -> ModelVariantStatus) show that a stop had these actions."""
    removed = {name for name, status in statuses.items() if status in ("Deleted", "Deleting")}
    return all(statuses.get(name) for name in actions) and removed == {
        name for name in actions if actions[name] == REMOVE
    }
