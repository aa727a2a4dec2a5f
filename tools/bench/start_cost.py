"""How long the function takes to start, beside a crhelper handler that does nothing, and how large its package is.

AWS's own runtime client starts each in a process of its own; what counts is the time until it asks for the first
event. boto3 is the environment's, as it is the runtime's in Lambda.
"""

import compileall
import io
import statistics
import zipfile
from pathlib import Path
from typing import Final

from inference_experiment_tools.local.packaging import package
from inference_experiment_tools.local.runtime import LambdaRuntime

from .measure import Figure, Results

INITIALISATION: Final = 1.0
PACKAGE: Final = 1.5
BARE: Final = """\
from crhelper import CfnResource

helper = CfnResource()


@helper.create
@helper.update
@helper.delete
def carry_out(event, context):
    return event["RequestId"]


def handler(event, context):
    helper(event, context)
"""
_HANDLERS: Final = {"provider": "inference_experiment.handler.handler", "bare": "app.handler"}
ROUNDS: Final = 5


def measure(scratch: Path, rounds: int) -> Results:
    """Measure starts with bytecode and without, and the package."""
    results = Results(
        "Start of the function",
        "Seconds from the start of the process until awslambdaric asks for the first event; the peer is a handler that "
        "only makes crhelper's CfnResource. Without bytecode is what `sam build` deploys.",
    )
    archive = package(_source() / "src")
    roots = _roots(scratch, archive)
    for kind, environment in (("with bytecode", {}), ("without bytecode", {"PYTHONDONTWRITEBYTECODE": "1"})):
        seconds = [
            _round(roots[kind], environment, provider_first=number % 2 == 0) for number in range(rounds * ROUNDS)
        ]
        ratio = statistics.median(own / bare for own, bare in seconds)
        ours, peer = (statistics.median(column) for column in zip(*seconds, strict=True))
        name = f"initialisation {kind}"
        results.figures.append(
            Figure(name, ours, peer, "s", "bare crhelper handler", ratio, INITIALISATION, rounds=len(seconds))
        )
    size = len(archive) / 1e6
    results.figures.append(
        Figure("deployed package", size, None, "MB", ratio=size, floor=PACKAGE, remark="limit in MB, not a ratio")
    )
    return results


def _source() -> Path:
    """Return the folder of the repository: the function's code is not part of the installed tools."""
    return Path(__file__).resolve().parents[2]


def _roots(scratch: Path, archive: bytes) -> dict[str, Path]:
    """Unpack the function, with a bare handler beside it, once compiled and once not."""
    roots = {}
    for kind in ("with bytecode", "without bytecode"):
        root = roots[kind] = scratch / kind.replace(" ", "-")
        zipfile.ZipFile(io.BytesIO(archive)).extractall(root)
        (root / "app.py").write_text(BARE, encoding="utf-8")
    compileall.compile_dir(roots["with bytecode"], quiet=2)
    return roots


def _round(root: Path, environment: dict[str, str], *, provider_first: bool) -> tuple[float, float]:
    order = ("provider", "bare") if provider_first else ("bare", "provider")
    seconds = {which: _start(root, which, environment) for which in order}
    return seconds["provider"], seconds["bare"]


def _start(root: Path, which: str, environment: dict[str, str]) -> float:
    with LambdaRuntime(root, _HANDLERS[which], environment, 10.0) as runtime:
        runtime.start()
        return runtime.init_duration or 0.0
