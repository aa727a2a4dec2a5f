"""What the demonstration's test has captured, and how far both variants agree."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from inference_experiment_cli.captures.comparison import PredictionReport
from inference_experiment_cli.captures.experiment import source_of
from inference_experiment_cli.captures.question import Question
from inference_experiment_cli.captures.run import Source, evaluate
from inference_experiment_cli.extras import require_extras
from inference_experiment_cli.report.measurement import subject_of
from inference_experiment_local.cloud import LocalCloud


def captured_sources(cloud: LocalCloud) -> Iterator[Source]:
    """Yield where each experiment's captured data are."""
    sagemaker: Any = cloud.sagemaker.client()
    for summary in sagemaker.list_inference_experiments()["InferenceExperiments"]:
        members = sagemaker.describe_inference_experiment(Name=summary["Name"])
        if members.get("DataStorageConfig", {}).get("Destination", "").startswith("s3://"):
            yield source_of(subject_of(members, {}, sagemaker.meta.region_name))


def fetched(cloud: LocalCloud, source: Source) -> Source:
    """Return a source whose data are in the folder of this run, not in the cache of the user's own captured data."""
    cloud.captures.wait()
    s3, folder = cloud.client("s3"), cloud.directory / "captured"
    bucket, _, prefix = source.place.removeprefix("s3://").partition("/")
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{prefix}/"):
        for each in page.get("Contents", ()):
            path = folder / each["Key"]
            path.parent.mkdir(parents=True, exist_ok=True)
            s3.download_file(bucket, each["Key"], str(path))
    return replace(source, place=str(folder / prefix))


def line_counts(source: Source) -> Counter[str]:
    """Return how many lines each variant has."""
    place, counts = Path(source.place), Counter[str]()
    for path in sorted(place.rglob("*.jsonl")):
        counts[path.relative_to(place).parts[0]] += path.read_bytes().count(b"\n")
    return counts


def compared(source: Source) -> PredictionReport:
    """Return the comparison that `inference-experiment captures` makes. Raises UsageError without its extra."""
    require_extras("captures")
    return evaluate(source, Question(), lambda _: None)
