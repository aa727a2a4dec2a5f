"""Seconds from the start of the local AWS to the first stack and to the provider; without a peer."""

import statistics
import time
from pathlib import Path
from typing import Final

from benchmarks.measure import Figure, Results
from inference_experiment_local.cloud import LocalCloud

TOPIC: Final = "Resources: {Topic: {Type: AWS::SNS::Topic}}\n"


def measure(scratch: Path, rounds: int) -> Results:
    """Start the local AWS, deploy a topic, then the provider."""
    results = Results("Local AWS", "Seconds since the start; the provider is the unmodified template.yaml.")
    small = scratch / "topic.yaml"
    small.write_text(TOPIC, encoding="utf-8")
    provider = Path(__file__).resolve().parents[1] / "template.yaml"
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        with LocalCloud() as cloud:
            ready = time.perf_counter() - start
            cloud.deploy("topic", small)
            first = time.perf_counter() - start
            cloud.deploy("provider", provider)
            times.append((ready, first, time.perf_counter() - start))
    for name, column in (("ready", 0), ("first stack", 1), ("provider deployed", 2)):
        results.figures.append(Figure(name, statistics.median(row[column] for row in times), None, "s", rounds=rounds))
    return results
