"""How long the function takes to start and for its first request, beside a bare crhelper handler, and its package.

AWS's own runtime client starts each in a process of its own. The initialisation ends when it asks for the first event;
the first request lasts from there until its result is reported: clients are made in it, and the answer is delivered.
boto3 is the environment's, as it is the runtime's in Lambda.
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

from benchmarks.measure import Figure, Results
from benchmarks.waiting import PROPERTIES
from inference_experiment_local.lambda_runtime.runtime import LambdaRuntime
from inference_experiment_local.packaging import package
from inference_experiment_local.protocol.cloud import ProtocolCloud
from inference_experiment_local.protocol.function import InProcessFunction

INITIALISATION: Final = 1.0
PACKAGE: Final = 1.5
BARE: Final = """\
import boto3
from botocore.exceptions import ClientError
from crhelper import CfnResource

helper = CfnResource(sleep_on_delete=0)


@helper.create
def create(event, context):
    properties = {name: value for name, value in event["ResourceProperties"].items() if name != "ServiceToken"}
    boto3.client("sagemaker").create_inference_experiment(**properties)
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
_HANDLERS: Final = {"provider": "inference_experiment.handler.handler", "bare": "app.handler"}
_REQUESTS: Final = {"Create": "creates without looking", "Delete": "the same call"}
"""Requests, each with what the peer does in it; the Delete finds nothing, and both ask SageMaker once."""
ROUNDS: Final = 3


class _Seconds(NamedTuple):
    """Seconds of one process."""

    initialisation: float
    request: float


def measure(scratch: Path, rounds: int) -> Results:
    """Measure starts and first requests with bytecode and without, and the package."""
    results = Results(
        "Start of the function",
        "Seconds from the start of the process until awslambdaric asks for the first event, and those of the first "
        "request in it, against the local SageMaker; the peer is a handler with crhelper's CfnResource, which makes "
        "three clients at the start, and SageMaker's in the request. Without bytecode is what `sam build` alone "
        "leaves; [0011](decisions/0011-cold-start-cost.md) has what was tried.",
    )
    archive = package(_source() / "src")
    roots = _roots(scratch, archive)
    logging.disable(logging.ERROR)
    with ProtocolCloud() as cloud:
        for kind, environment in (("with bytecode", {}), ("without bytecode", {"PYTHONDONTWRITEBYTECODE": "1"})):
            found = {
                request: [
                    _round(cloud, roots[kind], environment, request, provider_first=number % 2 == 0)
                    for number in range(rounds * ROUNDS)
                ]
                for request in _REQUESTS
            }
            results.figures += _figures(kind, found)
    logging.disable(logging.NOTSET)
    compiled = Path(shutil.make_archive(str(scratch / "compiled"), "zip", roots["with bytecode"])).stat().st_size
    for name, size in (("deployed package", len(archive) / 1e6), ("deployed package with bytecode", compiled / 1e6)):
        results.figures.append(
            Figure(name, size, None, "MB", ratio=size, floor=PACKAGE, remark="limit in MB, not a ratio")
        )
    return results


def _figures(kind: str, found: Mapping[str, list[tuple[_Seconds, _Seconds]]]) -> list[Figure]:
    """Return the rows of one kind: initialisation, first requests, and both together."""
    starts = [(ours.initialisation, bare.initialisation) for each in found.values() for ours, bare in each]
    figures = [_figure(f"initialisation {kind}", starts, "bare crhelper handler", INITIALISATION)]
    for request, peer in _REQUESTS.items():
        alone = [ours.request for ours, _ in found[request]]
        both = [(sum(ours), sum(bare)) for ours, bare in found[request]]
        # No peer: crhelper has read what all clients share at its start, with three clients that it does not use.
        figures += [
            Figure(f"first {request} {kind}", statistics.median(alone), None, "s", rounds=len(alone)),
            _figure(f"initialisation and first {request} {kind}", both, f"bare crhelper handler, {peer}"),
        ]
    return figures


def _figure(name: str, seconds: list[tuple[float, float]], peer_name: str, floor: float | None = None) -> Figure:
    ratio = statistics.median(own / bare for own, bare in seconds)
    ours, peer = (statistics.median(column) for column in zip(*seconds, strict=True))
    return Figure(name, ours, peer, "s", peer_name, ratio, floor, rounds=len(seconds))


def _source() -> Path:
    """Return the folder of the repository: the function's code is not part of the installed tools."""
    return Path(__file__).resolve().parents[1]


def _roots(scratch: Path, archive: bytes) -> dict[str, Path]:
    """Unpack the function, with a bare handler beside it, once compiled and once not."""
    roots = {}
    for kind in ("with bytecode", "without bytecode"):
        root = roots[kind] = scratch / kind.replace(" ", "-")
        zipfile.ZipFile(io.BytesIO(archive)).extractall(root)
        (root / "app.py").write_text(BARE, encoding="utf-8")
    # As README has it: by hash, since the zip keeps no times.
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
    assert isinstance(function, InProcessFunction)  # noqa: S101 - the cloud was given no folder
    own = {**function.environment, "POLL_SECONDS": "0.01", **environment}
    event = _event(cloud, request)
    with LambdaRuntime(root, _HANDLERS[which], own, 10.0) as runtime:
        runtime.start()
        initialisation = runtime.init_duration or 0.0
        invocation = runtime.invoke(event)
        runtime.start()  # it asks for the next event: nothing of this request is under way any more
    if invocation.error or b'"SUCCESS"' not in cloud.bucket.arrivals(event["RequestId"])[0].response.raw:
        raise RuntimeError(f"{which} fails in its first {request}: {invocation.error} {invocation.log}")
    return _Seconds(initialisation, invocation.duration)


def _event(cloud: ProtocolCloud, request: str) -> dict[str, Any]:
    """Return a request to an account without experiments; the function's clock is the machine's here."""
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
