"""The verdict on predictions: the figures that criteria are about, and the object that carries them to the function."""

import math
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from inference_experiment import contract, predictions
from inference_experiment.criteria import Criteria, Result, Role, Verdict
from inference_experiment.observed_properties import timestamp
from inference_experiment.predictions import Figures, Origin
from inference_experiment_cli.captures.comparison import Drift, PredictionReport
from inference_experiment_cli.errors import UsageError
from inference_experiment_cli.report.measurement import Subject

PARTIAL: Final = "answers that Athena's SQL cannot decode were left out; use --engine duckdb"


def figures_of(report: PredictionReport) -> Figures:
    """Return what of a comparison the criteria are about; of several drifts the greatest."""
    truth, agreement = report.truth, report.agreement
    right = truth.mcnemar if truth else None
    drift = max(_finite(report), key=lambda each: each.psi or 0.0, default=Drift("nothing", None))
    lows = [each.psi_low for each in _finite(report) if each.psi_low is not None]
    return Figures(
        task=report.detected.task.value,
        pairs=report.pairing.pairs,
        records=report.records,
        agreed=None if agreement is None else round(agreement.estimate * report.records),
        labelled=truth.labelled if truth else 0,
        only_production_right=right.production_only if right else None,
        only_shadow_right=right.shadow_only if right else None,
        drift=drift.psi,
        drift_low=max(lows, default=None),
    )


def _finite(report: PredictionReport) -> list[Drift]:
    drifts = [each for found in (report.classification, report.regression) if found for each in found.drift]
    return [each for each in drifts if each.psi is not None and math.isfinite(each.psi)]


def judge(report: PredictionReport, limits: Criteria) -> Verdict:
    """Return the verdict by the limits of predictions; unknown where an engine left out what it cannot decode."""
    checks = tuple(predictions.checks(limits, figures_of(report)))
    if is_partial(report):
        checks = tuple(replace(each, result=Result.UNKNOWN, reason=f"{each.reason}; {PARTIAL}") for each in checks)
    return Verdict(checks)


def is_partial(report: PredictionReport) -> bool:
    """Tell whether answers were left out that the engine cannot decode: the others may be of another kind."""
    return any(each.undecoded for each in report.lines.values())


def check_place(place: str) -> tuple[str, str]:
    """Return the bucket and the key of --publish, as PredictionResult takes them. Raises UsageError."""
    schema = contract.exact_schema()["definitions"]["PromotionCriteria"]["properties"]["PredictionResult"]
    if not re.search(schema["pattern"], place) or len(place) > schema["maxLength"]:
        raise UsageError(f"--publish {place}: is not the address of an object; write it as s3://bucket/key.json")
    bucket, _, key = place.removeprefix("s3://").partition("/")
    return bucket, key


def publish(report: PredictionReport, subject: Subject, place: str, client: Callable[[], Any], now: datetime) -> None:
    """Write the figures for the function. Raises UsageError, and boto3's errors."""
    bucket, key = check_place(place)
    if is_partial(report):
        raise UsageError(f"--publish: {PARTIAL}")
    members = subject.members
    origin = Origin(
        members["Arn"],
        members["CreationTime"].timestamp(),
        subject.variants[Role.PRODUCTION],
        subject.variants[Role.SHADOW],
    )
    content = predictions.seal(origin, figures_of(report), timestamp(now), report.place)
    client().put_object(Bucket=bucket, Key=key, Body=content, ContentType="application/json")
