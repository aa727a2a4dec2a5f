"""The criteria of a promotion that predictions decide, and the object that carries their figures to the function. Pure.

`report NAME --captures` compares the predictions, which takes a desk; `--publish` writes the figures, sealed, to S3.
The function reads no captured data: it opens the object and judges the figures by the same `checks` as the report.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any, Final

from inference_experiment.checks import parse_time
from inference_experiment.criteria import ROUNDING_TOLERANCE, Check, Criteria, Result, percent, undecided
from inference_experiment.intervals import paired_difference, share

FORMAT: Final = "cfn-inference-experiment/prediction-result/1"
MAX_BYTES: Final = 64 * 1024
MAX_FIGURE: Final = 10**15
# Clocks of a desk and of AWS may differ.
CLOCK_SKEW_SECONDS: Final = 300


class WrongResultError(ValueError):
    """An object that does not count; the text continues a sentence that begins with its place."""


@dataclass(frozen=True)
class Figures:
    """What a verdict on predictions needs.

    `records` are the predictions of the pairs, several where a body has several. `agreed` is None where the task has no
    agreement, the `only_..._right` where there are no labels or the task has no accuracy. `drift` is the greatest
    population stability index, and `drift_low` the lower end of its interval.
    """

    task: str
    pairs: int
    records: int
    agreed: int | None = None
    labelled: int = 0
    only_production_right: int | None = None
    only_shadow_right: int | None = None
    drift: float | None = None
    drift_low: float | None = None

    @property
    def weight(self) -> float:
        """What a record counts: those of one body are no independent observations."""
        return min(1.0, self.pairs / self.records) if self.records else 1.0


def checks(criteria: Criteria, figures: Figures) -> Iterator[Check]:
    """Yield the result of each criterion that predictions decide."""
    if criteria.min_agreement is not None:
        yield _agreement(criteria.min_agreement, criteria, figures)
    if criteria.max_prediction_drift is not None:
        yield _drift(criteria.max_prediction_drift, criteria, figures)
    if criteria.min_accuracy_gain is not None:
        yield _accuracy_gain(criteria.min_accuracy_gain, criteria, figures)


def _not_of_the_task(criterion: str, task: str, what: str) -> Check:
    return Check(criterion, Result.UNKNOWN, f"cannot be judged: predictions of the task {task} have no {what}")


def _few(criterion: str, criteria: Criteria, figures: Figures) -> Check | None:
    """Return the check where too few pairs were compared: a few that are all equal prove nothing either."""
    compared = min(figures.pairs, figures.records)
    if compared >= criteria.min_pairs:
        return None
    return undecided(criterion, f"{compared} pairs were compared, {criteria.min_pairs} are required")


def _agreement(limit: float, criteria: Criteria, figures: Figures) -> Check:
    name, agreed, records = "MinAgreement", figures.agreed, figures.records
    if few := _few(name, criteria, figures):
        return few
    if agreed is None:
        return _not_of_the_task(name, figures.task, "agreement")
    interval = share(agreed * figures.weight, records * figures.weight)
    assert interval is not None  # noqa: S101 - at least one pair is required
    text = (
        f"{percent(interval.estimate)} of the predictions agree ({agreed} of {records}), {percent(limit)} is required"
    )
    if interval.estimate >= limit - ROUNDING_TOLERANCE:
        return Check(name, Result.MET, text)
    if interval.high < limit:
        return Check(name, Result.MISSED, text)
    return undecided(name, f"{text}; it may be up to {percent(interval.high)}")


def _drift(limit: float, criteria: Criteria, figures: Figures) -> Check:
    name, drift, low = "MaxPredictionDrift", figures.drift, figures.drift_low
    if few := _few(name, criteria, figures):
        return few
    if drift is None or low is None:
        return _not_of_the_task(name, figures.task, "drift")
    text = f"the predictions drifted by a PSI of {drift:.6g}, at most {limit:.6g} is allowed"
    if drift <= limit + ROUNDING_TOLERANCE:
        return Check(name, Result.MET, text)
    return Check(name, Result.MISSED, text) if low > limit else undecided(name, f"{text}; it may be only {low:.6g}")


def _accuracy_gain(limit: float, criteria: Criteria, figures: Figures) -> Check:
    name, labelled = "MinAccuracyGain", figures.labelled
    before, after = figures.only_production_right, figures.only_shadow_right
    if few := _few(name, criteria, figures):
        return few
    if labelled < criteria.min_pairs:
        return undecided(name, f"{labelled} predictions have a label, {criteria.min_pairs} are required")
    if before is None or after is None:
        return _not_of_the_task(name, figures.task, "accuracy")
    weight = figures.weight
    interval = paired_difference(before * weight, after * weight, labelled * weight)
    assert interval is not None  # noqa: S101 - at least one pair is required
    counts = f"only production is right {before} times, only the shadow {after} times, of {labelled}"
    text = f"accuracy changed by {interval.estimate * 100:+.6g} percentage points ({counts})"
    text = f"{text}, at least {limit * 100:+.6g} is required"
    if interval.estimate >= limit - ROUNDING_TOLERANCE:
        return Check(name, Result.MET, text)
    if interval.high < limit:
        return Check(name, Result.MISSED, text)
    return undecided(name, f"{text}; it may be up to {interval.high * 100:+.6g}")


# The published object.


@dataclass(frozen=True)
class Origin:
    """What a result is of: the experiment, when it was created in epoch seconds (ARNs come again), and its variants."""

    experiment: str
    experiment_created: float | None
    production: str
    shadow: str


def seal(origin: Origin, figures: Figures, made: str, place: str) -> bytes:
    """Return the object to publish; `made` is an ISO 8601 time with a zone, `place` is that of the captured data."""
    own = {**asdict(origin), "experiment_created": _time(origin.experiment_created)}
    members = {"format": FORMAT, **own, "made": made, "place": place, "figures": asdict(figures)}
    return json.dumps({**members, "sha256": _digest(members)}, indent=2, allow_nan=False).encode() + b"\n"


def _digest(members: Mapping[str, Any]) -> str:
    canonical = json.dumps(members, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def unseal(content: bytes, origin: Origin, now: float, max_age: float) -> Figures:
    """Return the figures of an object that is whole, of this experiment and recent. Raises WrongResultError."""
    members = _members(content)
    _check_origin(members, origin)
    made = _seconds(members.get("made"))
    if made is None:
        raise WrongResultError("does not say when it was made")
    if made > now + CLOCK_SKEW_SECONDS:
        raise WrongResultError(f"is dated {members['made']}, in the future")
    if now - made > max_age:
        raise WrongResultError(f"is older than {max_age:.0f} s (MaxResultAge): it was made at {members['made']}")
    return _figures(members.get("figures"))


def _members(content: bytes) -> dict[str, Any]:
    if len(content) > MAX_BYTES:
        raise WrongResultError(f"has more than {MAX_BYTES} bytes, so it is not a result of report --publish")
    try:
        members = json.loads(content)
    except (ValueError, RecursionError):
        raise WrongResultError("is no JSON: it is truncated, or not a result of report --publish") from None
    if not isinstance(members, dict) or members.get("format") != FORMAT:
        raise WrongResultError(f"is not a result of report --publish in the format {FORMAT}")
    if members.pop("sha256", None) != _digest(members):
        raise WrongResultError("was changed after it was published: its sha256 is not that of its content")
    return members


def _check_origin(members: Mapping[str, Any], origin: Origin) -> None:
    if members.get("experiment") != origin.experiment:
        raise WrongResultError(f"is of another experiment, {str(members.get('experiment'))[:120]}")
    created, expected = members.get("experiment_created"), _time(origin.experiment_created)
    if not expected or created != expected:
        text = f"created at {str(created)[:40]}, not at {expected}"
        raise WrongResultError(f"is of another experiment of this name, {text}")
    found = [str(members.get(role))[:63] for role in ("production", "shadow")]
    if found != [origin.production, origin.shadow]:
        raise WrongResultError(f"compares {found[0]} and {found[1]}, not {origin.production} and {origin.shadow}")


def _time(seconds: float | None) -> str:
    """Return a time without fractions, which answers of SageMaker do not always have."""
    return "" if seconds is None else f"{datetime.fromtimestamp(int(seconds), UTC):%Y-%m-%dT%H:%M:%SZ}"


def _seconds(text: object) -> float | None:
    moment = parse_time(text) if isinstance(text, str) else None
    return None if moment is None else moment.timestamp()


def _figures(raw: object) -> Figures:
    """Return figures that can be true; the hash does not say that, since anyone can compute one."""
    if not isinstance(raw, dict) or raw.keys() != {one.name for one in fields(Figures)}:
        raise WrongResultError("has not the figures of a result of this version; publish it again")
    figures = Figures(**raw)
    counts = (figures.pairs, figures.records, figures.labelled)
    right = (figures.only_production_right, figures.only_shadow_right)
    optional = (figures.agreed, *right)
    drifts = (figures.drift, figures.drift_low)
    possible = (
        isinstance(figures.task, str)
        and all(_is_count(each) for each in counts)
        and all(each is None or _is_count(each) for each in optional)
        and all(each is None or _is_amount(each) for each in drifts)
    )
    if not possible:
        raise WrongResultError("has figures that are no numbers")
    if max(figures.agreed or 0, figures.labelled) > figures.records or sum(map(_or_zero, right)) > figures.labelled:
        raise WrongResultError("has figures that cannot be true: parts are more than the whole")
    return figures


def _or_zero(count: int | None) -> int:
    return count or 0


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_FIGURE


def _is_amount(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= MAX_FIGURE
