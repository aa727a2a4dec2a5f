"""Memory of the function after its start and over many requests in one process."""

import logging
import os
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Final

from benchmarks.measure import Curve, Figure, Results
from benchmarks.waiting import PROPERTIES
from inference_experiment_local.packaging import package
from protocol_driver.cloud import ProtocolCloud
from protocol_driver.function import RuntimeFunction

REQUESTS: Final = 20
MEMORY_SIZE_MB: Final = 512  # of template.yaml


def measure(scratch: Path, _: int) -> Results:
    """Create and delete experiments in sequence, in one process of the runtime client."""
    results = Results(
        "Memory of the function",
        "Resident megabytes of the runtime client's process; each request is a Create or a Delete, on a new stack.",
    )
    points = _memory_by_request(scratch / "function")
    first, last = points[0][1], points[-1][1]
    results.figures += [
        Figure(
            "after the first requests",
            first,
            None,
            "MB",
            ratio=first / MEMORY_SIZE_MB,
            floor=1,
            remark="share of MemorySize",
        ),
        Figure(
            f"growth per request, over {2 * (REQUESTS - 1)}", (last - first) * 1000 / (2 * (REQUESTS - 1)), None, "kB"
        ),
    ]
    results.curves.append(Curve("memory and requests", "requests", "MB", {"resident": points}))
    return results


def _memory_by_request(folder: Path) -> list[tuple[float, float]]:
    zipfile.ZipFile(BytesIO(package(Path(__file__).resolve().parents[1] / "src"))).extractall(folder)
    logging.disable(logging.ERROR)
    points: list[tuple[float, float]] = []
    with ProtocolCloud(task_root=folder) as cloud:
        cloud.sagemaker.durations.update(dict.fromkeys(cloud.sagemaker.durations, 0.0))
        for number in range(REQUESTS):
            cloud.sagemaker.add_endpoint(f"endpoint-{number}", "production", "model-1")
        cloud.sagemaker.add_model("model-2")
        for number in range(REQUESTS):
            stack = cloud.stack(f"stack-{number}")
            stack.begin_create({**PROPERTIES, "EndpointName": f"endpoint-{number}"})
            cloud.settle()
            stack.begin_delete()
            cloud.settle()
            points.append((2 * (number + 1), _resident(cloud)))
    logging.disable(logging.NOTSET)
    return points


def _resident(cloud: ProtocolCloud) -> float:
    function = cloud.function
    assert isinstance(function, RuntimeFunction)  # noqa: S101 - started with a folder
    process = function.runtime.pid
    pages = Path(f"/proc/{process}/statm").read_text(encoding="utf-8").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6
