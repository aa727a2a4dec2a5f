"""Metrics of the requests, in CloudWatch's embedded metric format: log lines that CloudWatch Logs turns into metrics.

They need no call and no permission. docs/operations.md describes them, examples/dashboard.yaml shows them.
"""

import json
import os
import sys
import time
from datetime import datetime
from typing import Final

from inference_experiment.event import Request
from inference_experiment.model import RequestResult

NAMESPACE: Final = "CfnInferenceExperiment"
UNITS: Final = {
    "Requests": "Count",
    "Failures": "Count",
    "Waits": "Count",
    "Abandoned": "Count",
    "Duration": "Seconds",
    "Lag": "Seconds",
}


def count_wait(request: Request) -> None:
    """Count a request that was handed over to a later invocation."""
    _write(request, {"Waits": 1})


def count_answer(request: Request, result: RequestResult) -> None:
    """Count a request that has been answered, or abandoned, with its duration and how late the answer was."""
    now = time.time()
    if result.abandoned:
        _write(request, {"Abandoned": 1})
        return
    values: dict[str, float] = {"Requests": 1, "Failures": 1 if result.error else 0}
    if request.issued is not None:
        values["Duration"] = max(0.0, now - request.issued)
        changed = _last_change(result)
        if changed is not None and changed >= request.issued:
            values["Lag"] = max(0.0, now - changed)
    _write(request, values)


def _last_change(result: RequestResult) -> float | None:
    """Return when SageMaker last changed the experiment, which is what the request has waited for."""
    details = result.observed.details if result.observed else {}
    times = [details.get(name) for name in ("LastModifiedTime", "CompletionTime")]
    return max((moment.timestamp() for moment in times if isinstance(moment, datetime)), default=None)


def _write(request: Request, values: dict[str, float]) -> None:
    function = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
    if not function:  # not in Lambda
        return
    metrics = [{"Name": name, "Unit": UNITS[name]} for name in values]
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [["FunctionName"], ["FunctionName", "RequestType"]],
        "Metrics": metrics,
    }
    line = {
        "_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]},
        "FunctionName": function,
        "RequestType": request.type.value,
        "request_id": request.request_id,
        **values,
    }
    sys.stdout.write(json.dumps(line) + "\n")
