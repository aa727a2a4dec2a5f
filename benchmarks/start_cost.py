"""Initialisation, first request and package size of the function, relative to a bare crhelper handler.

AWS's runtime client starts each in a separate process. The initialisation ends when the handler is imported. The first
request includes the creation of clients and the delivery of the response. The seconds are the processor's: Lambda gives
a part of one, and the time that SageMaker takes to answer is not ours. boto3 is that of the environment, as Lambda's is
that of the runtime.
"""

import compileall
import io
import logging
import shutil
import statistics
import time
import uuid
import zipfile
from collections.abc import Mapping
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import Any, Final, NamedTuple

from benchmarks.measure import Figure, Results, compared
from benchmarks.waiting import PROPERTIES
from inference_experiment_local.packaging import package
from lambda_runtime.runtime import LambdaRuntime
from protocol_driver.cloud import ProtocolCloud
from protocol_driver.function import InProcessFunction

MAX_INITIALISATION_RATIO: Final = 1.0
MAX_PACKAGE_MB: Final = 1.5
BARE: Final = """\
import boto3
from botocore.exceptions import ClientError
from crhelper import CfnResource

helper = CfnResource(sleep_on_delete=0)


@helper.create
def create(event, context):
    properties = {name: value for name, value in event["ResourceProperties"].items() if name != "ServiceToken"}
    client = boto3.client("sagemaker")
    try:
        client.describe_inference_experiment(Name=properties["Name"])
    except ClientError:
        client.create_inference_experiment(**properties)
    return properties["Name"]


@helper.delete
def delete(event, context):
    try:
        boto3.client("sagemaker").describe_inference_experiment(Name=event["PhysicalResourceId"])
    except ClientError:
        pass


def handler(event, context):
    helper(event, context)
"""
_HANDLERS: Final = {"provider": "inference_experiment.handler", "bare": "app"}
"""The modules, each of which has a `handler`."""
TIMED: Final = """\
import time
from {module} import handler as carry_out

INITIALISATION = time.process_time()


def handler(event, context):
    before = time.process_time()
    try:
        return carry_out(event, context)
    finally:
        print("{mark}", INITIALISATION, time.process_time() - before, flush=True)
"""
MARK: Final = "processor seconds:"
# Request type -> what the peer does in it. The experiment exists in neither.
_REQUESTS: Final = {"Create": "looks and creates, without checks", "Delete": "the same call"}
_MAX_RATIO_WITH_BYTECODE: Final = {"Create": 1.05}
"""Highest ratio of initialisation plus first request, by request type."""
REPETITIONS: Final = 2
LIMITED_REPETITIONS: Final = 6
"""Of the requests whose ratio has a limit."""


class _Seconds(NamedTuple):
    """Processor seconds of one process."""

    initialisation: float
    request: float


def measure(scratch: Path, rounds: int) -> Results:
    """Measure starts and first requests with bytecode and without, and the package."""
    results = Results(
        "Start of the function",
        "Processor seconds from the start of the process, in which awslambdaric runs, until the handler is imported, "
        "and of the first request, with the local SageMaker. The peer is a handler with crhelper's CfnResource, which "
        "creates three clients at the start and SageMaker's client in the request. `sam build` alone creates no "
        "bytecode; see [0011](decisions/0011-cold-start-cost.md).",
    )
    archive = package(_source() / "src")
    roots = _roots(scratch, archive)
    logging.disable(logging.ERROR)
    with ProtocolCloud() as cloud:
        for kind, environment in (("with bytecode", {}), ("without bytecode", {"PYTHONDONTWRITEBYTECODE": "1"})):
            timings = {
                request: [
                    _round(cloud, roots[kind], environment, request, provider_first=number % 2 == 0)
                    for number in range(rounds * _repetitions(kind, request))
                ]
                for request in _REQUESTS
            }
            results.figures += _figures(kind, timings)
    logging.disable(logging.NOTSET)
    compiled = Path(shutil.make_archive(str(scratch / "compiled"), "zip", roots["with bytecode"])).stat().st_size
    for name, size in (("deployed package", len(archive) / 1e6), ("deployed package with bytecode", compiled / 1e6)):
        results.figures.append(
            Figure(name, size, None, "MB", ratio=size, floor=MAX_PACKAGE_MB, remark="limit in MB, not a ratio")
        )
    return results


def _figures(kind: str, timings: Mapping[str, list[tuple[_Seconds, _Seconds]]]) -> list[Figure]:
    """Return the rows of one kind: initialisation, first requests, and both combined."""
    starts = [(ours.initialisation, bare.initialisation) for each in timings.values() for ours, bare in each]
    figures = [compared(f"initialisation {kind}", starts, "bare crhelper handler", MAX_INITIALISATION_RATIO)]
    for request, peer in _REQUESTS.items():
        alone = [ours.request for ours, _ in timings[request]]
        both = [(sum(ours), sum(bare)) for ours, bare in timings[request]]
        floor = _max_ratio(kind, request)
        # Without a peer: crhelper has already loaded the shared data of clients at its start.
        figures += [
            Figure(f"first {request} {kind}", statistics.median(alone), None, "s", rounds=len(alone)),
            compared(f"initialisation and first {request} {kind}", both, f"bare crhelper handler, {peer}", floor),
        ]
    return figures


def _max_ratio(kind: str, request: str) -> float | None:
    return _MAX_RATIO_WITH_BYTECODE.get(request) if kind == "with bytecode" else None


def _repetitions(kind: str, request: str) -> int:
    return REPETITIONS if _max_ratio(kind, request) is None else LIMITED_REPETITIONS


def _source() -> Path:
    """Return the folder of the repository."""
    return Path(__file__).resolve().parents[1]


def _roots(scratch: Path, archive: bytes) -> dict[str, Path]:
    """Unpack the function and a bare handler, with and without bytecode."""
    roots = {}
    for kind in ("with bytecode", "without bytecode"):
        root = roots[kind] = scratch / kind.replace(" ", "-")
        zipfile.ZipFile(io.BytesIO(archive)).extractall(root)
        (root / "app.py").write_text(BARE, encoding="utf-8")
        for which, module in _HANDLERS.items():
            (root / f"{which}_timed.py").write_text(TIMED.format(module=module, mark=MARK), encoding="utf-8")
    # By hash, as in docs/deploy.md, since the zip has no file times.
    compileall.compile_dir(roots["with bytecode"], quiet=2, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
    return roots


def _round(
    cloud: ProtocolCloud, root: Path, environment: Mapping[str, str], request: str, *, provider_first: bool
) -> tuple[_Seconds, _Seconds]:
    order = ("provider", "bare") if provider_first else ("bare", "provider")
    seconds = {which: _start(cloud, root, which, environment, request) for which in order}
    return seconds["provider"], seconds["bare"]


def _start(cloud: ProtocolCloud, root: Path, which: str, environment: Mapping[str, str], request: str) -> _Seconds:
    function = cloud.function
    assert isinstance(function, InProcessFunction)  # noqa: S101 - started without a folder
    variables = {**function.environment, "POLL_SECONDS": "0.01", **environment}
    with LambdaRuntime(root, f"{which}_timed.handler", variables, 10.0) as runtime:
        runtime.start()
        event = _event(cloud, request)  # now, since it becomes stale
        invocation = runtime.invoke(event)
        runtime.start()  # it polls for the next event: the request is complete
    if invocation.error or b'"SUCCESS"' not in cloud.bucket.arrivals(event["RequestId"])[0].raw:
        raise RuntimeError(f"{which} failed in its first {request}: {invocation.error} {invocation.log}")
    initialisation, seconds = invocation.log.partition(MARK)[2].split()[:2]
    return _Seconds(float(initialisation), float(seconds))


def _event(cloud: ProtocolCloud, request: str) -> dict[str, Any]:
    """Return a request in an account without experiments; the function uses the real clock."""
    cloud.reset()
    cloud.clock.advance_to(time.time())
    cloud.sagemaker.add_endpoint("endpoint", "production", "model-1")
    cloud.sagemaker.add_model("model-2")
    cloud.sagemaker.durations.update(dict.fromkeys(cloud.sagemaker.durations, 0.0))
    identity = str(uuid.uuid4())
    return {
        "RequestType": request,
        "RequestId": identity,
        "StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/bench/1",
        "LogicalResourceId": "Experiment",
        "ResourceType": "Custom::SageMakerInferenceExperiment",
        "ResponseURL": cloud.bucket.issue(identity),
        "ResourceProperties": PROPERTIES,
        **({"PhysicalResourceId": PROPERTIES["Name"]} if request == "Delete" else {}),
    }
