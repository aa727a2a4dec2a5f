"""Checks across properties that JSON Schema cannot express, shared by the function and the cfn-lint rules.

Pure functions over plain values: no event, no template, no clock. Findings have keys relative to the properties.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from inference_experiment import criteria
from inference_experiment.contract import OWNER_TAG
from inference_experiment.errors import Finding, Keys

# aws-facts 2.1: the console's minimum and the API's maximum.
MINIMUM_DURATION: Final = timedelta(hours=1)
MAXIMUM_DURATION: Final = timedelta(days=30)

# After these no variant runs any more, so ShadowModeConfig may name one that ModelVariants dropped.
ENDING_STATES: Final = frozenset({"Completed", "Cancelled"})

END_TIME: Final[Keys] = ("Schedule", "EndTime")
SOURCE: Final[Keys] = ("ShadowModeConfig", "SourceModelVariantName")
SHADOW: Final[Keys] = ("ShadowModeConfig", "ShadowModelVariants", 0, "ShadowModelVariantName")

RESERVED_TAG_PREFIXES: Final = ("aws:", OWNER_TAG.split(":", maxsplit=1)[0] + ":")


def parse_time(text: str) -> datetime | None:
    """Return the time of an ISO 8601 text with a zone, in UTC; None for any other text."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None or "T" not in text.upper():
        return None
    try:
        return moment.astimezone(UTC)
    except OverflowError:  # year 1 or 9999 moved out of range by its zone
        return None


def check_duration(start: datetime, end: datetime) -> Iterator[Finding]:
    """Yield a finding when an experiment would be shorter than 1 hour or longer than 30 days."""
    if end <= start:
        yield Finding(
            END_TIME, f"{end:%Y-%m-%dT%H:%M:%SZ} is not after StartTime; an experiment runs for at least 1 hour"
        )
    elif end - start < MINIMUM_DURATION:
        minutes = (end - start) // timedelta(minutes=1)
        yield Finding(END_TIME, f"is only {minutes} minutes after StartTime; an experiment runs for at least 1 hour")
    elif end - start > MAXIMUM_DURATION:
        days, rest = divmod(end - start, timedelta(days=1))
        length = f"{days} days and {rest}" if rest else f"{days} days"
        yield Finding(END_TIME, f"is {length} after StartTime; an experiment runs for at most 30 days")


def check_new_end(start: datetime | None, end: datetime, now: datetime) -> Iterator[Finding]:
    """Yield a finding when an update's EndTime is over, or more than 30 days after the experiment's StartTime."""
    if end <= now:
        yield Finding(END_TIME, f"{end:%Y-%m-%dT%H:%M:%SZ} is in the past; choose a later time")
    elif start and end - start > MAXIMUM_DURATION:
        message = (
            f"{end:%Y-%m-%dT%H:%M:%SZ} is more than 30 days after the experiment's StartTime {start:%Y-%m-%dT%H:%M:%SZ}"
        )
        yield Finding(END_TIME, f"{message}; an experiment runs for at most 30 days")


def check_schedule(schedule: Mapping[str, str]) -> Iterator[Finding]:
    """Yield findings of a Schedule: the form of its times, their order, the length of the experiment."""
    for member, text in schedule.items():
        if parse_time(text) is None:
            message = f"{text!r} is not an ISO 8601 time with a zone; write it as 2030-01-31T08:00:00Z"
            yield Finding(("Schedule", member), message)
    start = parse_time(schedule.get("StartTime", ""))
    end = parse_time(schedule.get("EndTime", ""))
    if start and end:
        yield from check_duration(start, end)


def nearest_by_case(name: str, names: Sequence[str]) -> str | None:
    """Return the name that differs from `name` in letter case only."""
    return next((other for other in names if other != name and other.lower() == name.lower()), None)


def describe_missing_variant(name: str, variants: Sequence[str]) -> str:
    """Return the message for a variant name that ModelVariants does not have."""
    same = nearest_by_case(name, variants)
    if same:
        return f"{name!r} differs in letter case from the variant {same!r}; names are case-sensitive"
    return f"{name!r} is not a VariantName of ModelVariants ({', '.join(map(repr, variants))})"


def _variant_name(index: int) -> Keys:
    return ("ModelVariants", index, "VariantName")


def check_variants(
    variants: Sequence[str], source: str, shadow: str, *, desired_state: str | None = None
) -> Iterator[Finding]:
    """Yield findings of the variant names.

    `variants` are the VariantNames of ModelVariants in order; with a DesiredState that ends the experiment the
    source or the shadow variant may be missing from them (docs/decisions/0003-stop-defaults.md).
    """
    places = tuple(_variant_name(index) for index in range(len(variants)))
    for index, name in enumerate(variants):
        if name in variants[:index]:
            yield Finding(places[index], f"{name!r} is used by two variants; VariantNames are unique")
    if source == shadow:
        yield Finding(SHADOW, f"{shadow!r} is also the SourceModelVariantName; name the other variant", (SOURCE,))
    if desired_state in ENDING_STATES:
        return
    for keys, name in ((SOURCE, source), (SHADOW, shadow)):
        if name not in variants:
            yield Finding(keys, describe_missing_variant(name, variants), (*places, ("DesiredState",)))


def check_ending_variants(variants: Sequence[str], source: str, shadow: str) -> Iterator[Finding]:
    """Yield a finding for each variant that is not part of the experiment to stop."""
    for index, name in enumerate(variants):
        if name not in (source, shadow):
            message = f"{name!r} is neither the source nor the shadow variant of ShadowModeConfig"
            yield Finding(_variant_name(index), message, (SOURCE, SHADOW))


def check_tag_keys(keys: Sequence[str], reserved: Collection[str] = RESERVED_TAG_PREFIXES) -> Iterator[Finding]:
    """Yield findings of tag keys, given in the order of Tags: duplicates and reserved prefixes."""
    for index, key in enumerate(keys):
        place = ("Tags", index, "Key")
        if key in keys[:index]:
            yield Finding(place, f"{key!r} is used twice; tag keys are unique")
        for prefix in reserved:
            if key.lower().startswith(prefix):
                yield Finding(place, f"{key!r} begins with {prefix!r}, which is reserved")


def check_actions(actions: Mapping[str, str], source: str, shadow: str) -> Iterator[Finding]:
    """Yield findings of ModelVariantActions: unknown variants, impossible promotions, no variant left to serve."""
    for name, action in actions.items():
        keys = ("ModelVariantActions", name)
        if name not in (source, shadow):
            yield Finding(keys, describe_missing_variant(name, (source, shadow)), (SOURCE, SHADOW))
        elif action == "Promote" and name == source:
            yield Finding(keys, "only the shadow variant can be promoted; the production variant is Retain or Remove")
    if actions.get(source) == "Retain" and actions.get(shadow) == "Promote":
        message = f"{shadow!r} is promoted in place of {source!r}, which cannot be retained; write Remove"
        yield Finding(("ModelVariantActions", source), message, (SHADOW,))
    if actions.get(source) == "Remove" and actions.get(shadow, "Remove") == "Remove":
        message = "the production variant is removed and no variant takes its place; promote the shadow variant"
        yield Finding(("ModelVariantActions", source), message, (SHADOW,))


def _texts(entries: object, key: str) -> list[str] | None:
    """Return a member of each entry of a list; None where some entry has no such text."""
    listed = entries if isinstance(entries, list) else []
    texts = [entry.get(key) if isinstance(entry, Mapping) else None for entry in listed]
    known = [text for text in texts if isinstance(text, str)]
    return known if known and len(known) == len(texts) else None


def _members(value: object) -> dict[str, str]:
    """Return the members of a mapping that are texts."""
    members = value.items() if isinstance(value, Mapping) else ()
    return {name: text for name, text in members if isinstance(text, str)}


def check(properties: Mapping[str, Any], *, native: bool = False) -> Iterator[Finding]:
    """Yield the findings across values; a check whose values break the schema is left out, so that all fit together."""
    shadow_mode = properties.get("ShadowModeConfig")
    shadow_mode = shadow_mode if isinstance(shadow_mode, Mapping) else {}
    source = _members(shadow_mode).get("SourceModelVariantName")
    shadows = _texts(shadow_mode.get("ShadowModelVariants"), "ShadowModelVariantName")
    if source is not None and shadows:
        yield from _check_names(properties, source, shadows[0])
    yield from check_schedule(_members(properties.get("Schedule")))
    reserved = RESERVED_TAG_PREFIXES[:1] if native else RESERVED_TAG_PREFIXES
    yield from check_tag_keys(_texts(properties.get("Tags"), "Key") or (), reserved)
    if isinstance(properties.get("PromotionCriteria"), Mapping):
        yield from criteria.check(properties["PromotionCriteria"])


def _check_names(properties: Mapping[str, Any], source: str, shadow: str) -> Iterator[Finding]:
    """Yield the findings of what names variants."""
    variants, state = _texts(properties.get("ModelVariants"), "VariantName"), _members(properties).get("DesiredState")
    if variants is not None:
        yield from check_variants(variants, source, shadow, desired_state=state)
        if state in ENDING_STATES:
            yield from check_ending_variants(variants, source, shadow)
    actions = properties.get("ModelVariantActions")
    if isinstance(actions, Mapping):  # one that breaks the schema is none of Retain, Remove and Promote
        yield from check_actions(dict.fromkeys(actions, "") | _members(actions), source, shadow)
