"""The criteria that predictions decide, and the object that carries their figures: every outcome, and every forgery."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from inference_experiment.criteria import Check, Criteria, Result
from inference_experiment.predictions import MAX_BYTES, Figures, Origin, WrongResultError, checks, seal, unseal

NOW = datetime(2030, 1, 2, tzinfo=UTC).timestamp()
MADE = "2030-01-01T18:00:00Z"
DAY = 86_400
ARN = "arn:aws:sagemaker:us-east-1:123456789012:inference-experiment/test"
ORIGIN = Origin(ARN, NOW - DAY + 0.25, "production", "shadow")
GOOD = Figures("classification", 1000, 1000, 995, 1000, 4, 6, 0.01, 0.0)
NO_LABELS = replace(GOOD, labelled=0, only_production_right=None, only_shadow_right=None)


def judged(figures: Figures, **limits: Any) -> Check:
    (check,) = checks(Criteria(**limits), figures)
    return check


@pytest.mark.parametrize(
    ("agreed", "records", "result"),
    [
        (990, 1000, Result.MET),  # exactly the limit
        (989, 1000, Result.UNKNOWN),  # by chance, perhaps
        (980, 1000, Result.MISSED),
        (98_990, 100_000, Result.UNKNOWN),
        (98_900, 100_000, Result.MISSED),
        (100, 100, Result.MET),
        (99, 99, Result.UNKNOWN),
        (3, 3, Result.UNKNOWN),
        (0, 3, Result.UNKNOWN),
        (0, 1000, Result.MISSED),
    ],
)
def test_agreement(agreed: int, records: int, result: Result) -> None:
    figures = replace(GOOD, pairs=records, records=records, agreed=agreed)
    check = judged(figures, min_agreement=0.99)

    assert (check.criterion, check.result) == ("MinAgreement", result)
    assert check.reason.startswith("not enough data: ") == (result is Result.UNKNOWN)


def test_records_of_one_body_are_one_observation() -> None:
    """A hundred bodies of a thousand records each tell less than a hundred thousand requests."""
    figures = replace(GOOD, records=100_000, agreed=98_900)

    assert judged(figures, min_agreement=0.99).result is Result.UNKNOWN
    assert judged(replace(figures, pairs=100_000), min_agreement=0.99).result is Result.MISSED
    assert judged(replace(figures, pairs=100), min_agreement=0.99).result is Result.UNKNOWN
    assert judged(replace(figures, pairs=99), min_agreement=0.5).result is Result.UNKNOWN


@pytest.mark.parametrize(
    ("drift", "low", "result"),
    [
        (0.1, 0.0, Result.MET),
        (0.10001, 0.05, Result.UNKNOWN),
        (0.3, 0.2, Result.MISSED),
        (None, None, Result.UNKNOWN),
    ],
)
def test_drift(drift: float | None, low: float | None, result: Result) -> None:
    check = judged(replace(GOOD, drift=drift, drift_low=low), max_prediction_drift=0.1)

    assert (check.criterion, check.result) == ("MaxPredictionDrift", result)
    assert judged(replace(GOOD, pairs=99), max_prediction_drift=0.1).result is Result.UNKNOWN


@pytest.mark.parametrize(
    ("production", "shadow", "limit", "result"),
    [
        (0, 0, 0.0, Result.MET),
        (8, 3, -0.005, Result.MET),  # exactly the limit
        (9, 3, -0.005, Result.UNKNOWN),
        (60, 10, -0.005, Result.MISSED),
        (10, 60, 0.05, Result.MET),
        (10, 12, 0.05, Result.MISSED),
        (0, 0, 0.0001, Result.UNKNOWN),
    ],
)
def test_accuracy_gain(production: int, shadow: int, limit: float, result: Result) -> None:
    figures = replace(GOOD, only_production_right=production, only_shadow_right=shadow)
    check = judged(figures, min_accuracy_gain=limit)

    assert (check.criterion, check.result) == ("MinAccuracyGain", result)


def test_what_cannot_be_judged_never_promotes() -> None:
    assert "no agreement" in judged(replace(GOOD, agreed=None, task="regression"), min_agreement=0.5).reason
    assert "no drift" in judged(replace(GOOD, drift=None), max_prediction_drift=1).reason
    assert "0 predictions have a label, 100 are required" in judged(NO_LABELS, min_accuracy_gain=-1).reason
    regression = replace(GOOD, only_production_right=None, task="regression")
    assert "no accuracy" in judged(regression, min_accuracy_gain=-1).reason
    assert "0 pairs were compared" in judged(Figures("text", 0, 0), min_accuracy_gain=-1).reason
    assert "0 pairs were compared" in judged(replace(GOOD, records=0), min_agreement=0.5).reason


def test_only_the_given_criteria_are_judged() -> None:
    everything = Criteria(min_agreement=0.5, max_prediction_drift=1, min_accuracy_gain=0)
    names = [check.criterion for check in checks(everything, GOOD)]

    assert names == ["MinAgreement", "MaxPredictionDrift", "MinAccuracyGain"]
    assert list(checks(Criteria(), GOOD)) == []


def test_a_weight_needs_records() -> None:
    assert Figures("text", 0, 0).weight == 1


# The object


def sealed(figures: Figures = GOOD, origin: Origin = ORIGIN, made: str = MADE) -> bytes:
    return seal(origin, figures, made, "s3://bucket/captured")


def resealed(**members: Any) -> bytes:
    """Return what someone writes who knows how the hash is made; a member of None is left out."""
    found = {**json.loads(sealed()), **members}
    kept = {key: value for key, value in found.items() if value is not None and key != "sha256"}
    text = json.dumps(kept, sort_keys=True, separators=(",", ":"))
    return json.dumps({**kept, "sha256": hashlib.sha256(text.encode()).hexdigest()}).encode()


def read(content: bytes, **options: Any) -> Figures:
    return unseal(content, **{"origin": ORIGIN, "now": NOW, "max_age": DAY, **options})


@pytest.mark.parametrize("figures", [GOOD, NO_LABELS, Figures("text", 0, 0), replace(GOOD, drift=1 / 3)])
def test_figures_come_back_as_they_were(figures: Figures) -> None:
    assert read(sealed(figures)) == figures
    assert read(resealed()) == GOOD


def test_the_object_says_what_it_is() -> None:
    document = json.loads(sealed())

    assert document["experiment"] == ARN
    assert document["experiment_created"] == "2030-01-01T00:00:00Z"
    assert (document["made"], document["place"]) == (MADE, "s3://bucket/captured")
    assert document["figures"]["agreed"] == 995


WITH_FIGURES = json.loads(sealed())["figures"]
WRONG = {
    "empty": (b"", "is no JSON"),
    "truncated": (sealed()[:-20], "is no JSON: it is truncated"),
    "not text": (b"\xff\xfe\x00", "is no JSON"),
    "nested too deep": (b"[" * 60_000, "is no JSON"),
    "too large": (sealed() + b" " * MAX_BYTES, f"has more than {MAX_BYTES} bytes"),
    "a list": (b"[1]", "is not a result of report --publish in the format"),
    "another format": (resealed(format="2"), "is not a result of report --publish in the format"),
    "tampered": (sealed().replace(b"995", b"999"), "was changed after it was published"),
    "without a hash": (json.dumps({**json.loads(sealed()), "sha256": None}).encode(), "was changed after"),
    "another experiment": (
        sealed(origin=replace(ORIGIN, experiment=ARN + "-2")),
        r"of another experiment, arn.*test-2",
    ),
    "an earlier one": (
        sealed(origin=replace(ORIGIN, experiment_created=NOW - 9 * DAY)),
        "of another experiment of this name, created at 2029-12-24T00:00:00Z, not at 2030-01-01T00:00:00Z",
    ),
    "without a creation": (sealed(origin=replace(ORIGIN, experiment_created=None)), "of another experiment of this"),
    "other variants": (sealed(origin=replace(ORIGIN, shadow="b")), "compares production and b, not production and sh"),
    "old": (
        sealed(made="2029-12-31T23:59:59Z"),
        r"is older than 86400 s \(MaxResultAge\): it was made at 2029-12-31T2",
    ),
    "future": (sealed(made="2030-01-02T00:05:01Z"), "is dated 2030-01-02T00:05:01Z, in the future"),
    "no time": (sealed(made="yesterday"), "does not say when it was made"),
    "a time of another type": (resealed(made=5), "does not say when it was made"),
    "no figures": (resealed(figures=7), "has not the figures of a result of this version"),
    "figures of another version": (resealed(figures={**WITH_FIGURES, "more": 1}), "has not the figures"),
    "NaN": (resealed(figures={**WITH_FIGURES, "drift": float("nan")}), "has figures that are no numbers"),
    "infinite": (resealed(figures={**WITH_FIGURES, "drift_low": float("-inf")}), "has figures that are no numbers"),
    "a text": (resealed(figures={**WITH_FIGURES, "pairs": "1000"}), "has figures that are no numbers"),
    "true": (resealed(figures={**WITH_FIGURES, "agreed": True}), "has figures that are no numbers"),
    "a drift of true": (resealed(figures={**WITH_FIGURES, "drift": True}), "has figures that are no numbers"),
    "huge": (resealed(figures={**WITH_FIGURES, "drift": 10**400}), "has figures that are no numbers"),
    "negative": (resealed(figures={**WITH_FIGURES, "records": -1}), "has figures that are no numbers"),
    "no task": (resealed(figures={**WITH_FIGURES, "task": 1}), "has figures that are no numbers"),
    "more agreed than records": (sealed(replace(GOOD, agreed=1001)), "parts are more than the whole"),
    "more labels than records": (sealed(replace(GOOD, labelled=1001)), "parts are more than the whole"),
    "more right than labels": (sealed(replace(GOOD, only_shadow_right=997)), "parts are more than the whole"),
}


@pytest.mark.parametrize(("content", "words"), WRONG.values(), ids=WRONG)
def test_what_does_not_count(content: bytes, words: str) -> None:
    with pytest.raises(WrongResultError, match=words):
        read(content)


def test_clocks_may_differ_a_little() -> None:
    assert read(sealed(made="2030-01-02T00:05:00Z")) == GOOD
    assert read(sealed(made="2030-01-01T00:00:00Z")) == GOOD


def test_an_experiment_whose_creation_is_not_known_has_no_result() -> None:
    unknown = replace(ORIGIN, experiment_created=None)
    with pytest.raises(WrongResultError, match="of another experiment of this name"):
        read(sealed(origin=unknown), origin=unknown)


def test_what_is_not_finite_is_not_published() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        sealed(replace(GOOD, drift=float("nan")))
