"""The experiments of an account across regions, as SageMaker describes them: read in parallel, handed on one by one.

Nothing is collected: a region's pages and descriptions come through a bounded queue, so that memory does not grow
with their number. A region that fails is reported in `failures`, the others are kept.
"""

import contextlib
import queue
import re
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import typer

from inference_experiment_cli.errors import UsageError
from inference_experiment_cli.progress import counting
from inference_experiment_cli.session import open_session

if TYPE_CHECKING:
    import boto3
    from botocore.config import Config
    from mypy_boto3_sagemaker.client import SageMakerClient

PAGE: Final = 100
REGIONS_AT_ONCE: Final = 8
DESCRIPTIONS_AT_ONCE: Final = 4
QUEUE: Final = 200
REGION: Final = re.compile(r"[a-z]{2}(-[a-z]+)+-\d+")


@dataclass(frozen=True)
class Experiment:
    """One experiment: DescribeInferenceExperiment's members (of a listing: Name alone) and its tags."""

    region: str
    members: Mapping[str, Any]
    tags: Mapping[str, str] = field(default_factory=dict)


def configuration() -> "Config":
    """Return botocore's configuration for reads: patient with throttling, quick to notice that nobody answers."""
    from botocore.config import Config  # noqa: PLC0415 - keeps --help fast

    return Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 4})


def explain(error: Exception) -> str:
    """Return an AWS or connection error as one line."""
    response = getattr(error, "response", {})
    details = response.get("Error", {}) if isinstance(response, Mapping) else {}
    text = f"{details.get('Message', '')} ({details['Code']})" if details.get("Code") else str(error)
    return " ".join(text.split())


def choose_regions(text: str | None, session: "boto3.Session") -> list[str]:
    """Return the regions of an option: all, r1,r2 or, left out, the session's. Raises UsageError."""
    if text is None:
        return [session.region_name]
    if text.strip() == "all":
        return sorted(session.get_available_regions("sagemaker"))
    names = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not names or any(not REGION.fullmatch(name) for name in names):
        raise UsageError(f"--regions {text}: write all, or names such as us-east-1,eu-west-1")
    return names


def open_regions(text: str | None, profile: str) -> "tuple[boto3.Session, list[str]]":
    """Return a session and the regions of an option; who names regions need not have one set. Raises UsageError."""
    session = open_session("us-east-1" if text else "", profile)
    return session, choose_regions(text, session)


@dataclass
class Inventory:
    """An iterable over the experiments of some regions; `full` describes each, else only names are read.

    After (and during) the iteration `failures` says which regions failed and why; `done` counts finished regions.
    """

    session: "boto3.Session"
    regions: Sequence[str]
    full: bool = True
    failures: dict[str, str] = field(default_factory=dict)
    done: int = 0

    def __iter__(self) -> Iterator[Experiment]:
        """Yield the experiments as they arrive, in no order."""
        waiting: queue.Queue[Experiment | None] = queue.Queue(QUEUE)
        stop = threading.Event()
        config = configuration()
        # Sessions are not safe across threads, clients are: they are made here.
        clients = {
            region: self.session.client("sagemaker", region_name=region, config=config) for region in self.regions
        }
        with ThreadPoolExecutor(REGIONS_AT_ONCE) as pool:
            for region, client in clients.items():
                pool.submit(self._read, region, client, waiting, stop)
            try:
                while self.done < len(self.regions):
                    experiment = waiting.get()
                    if experiment is None:
                        self.done += 1
                    else:
                        yield experiment
            finally:
                stop.set()

    def counted(self) -> Iterator[Experiment]:
        """Yield the experiments while their number shows on a terminal."""
        with counting("reading experiments") as advance:
            for experiment in self:
                advance(f"{self.done} of {len(self.regions)} regions")
                yield experiment

    def report_failures(self) -> None:
        """Name the regions that failed on standard error, and exit with 1 if there are any."""
        for region, reason in sorted(self.failures.items()):
            sys.stderr.write(f"inference-experiment: {region}: {reason}\n")
        if self.failures:
            raise typer.Exit(1)

    def _read(
        self,
        region: str,
        client: "SageMakerClient",
        waiting: "queue.Queue[Experiment | None]",
        stop: threading.Event,
    ) -> None:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - keeps --help fast

        try:
            for experiment in self._experiments(region, client):
                if not _put(waiting, experiment, stop):
                    return
        except (BotoCoreError, ClientError) as error:
            self.failures[region] = explain(error)
        _put(waiting, None, stop)

    def _experiments(self, region: str, client: "SageMakerClient") -> Iterator[Experiment]:
        pages = client.get_paginator("list_inference_experiments").paginate(PaginationConfig={"PageSize": PAGE})
        with ThreadPoolExecutor(DESCRIPTIONS_AT_ONCE) as pool:
            for page in pages:
                names = [item["Name"] for item in page.get("InferenceExperiments", [])]
                if not self.full:
                    yield from (Experiment(region, {"Name": name}) for name in names)
                    continue
                found = pool.map(lambda name: describe(client, region, name), names)
                yield from (experiment for experiment in found if experiment is not None)


def _put(waiting: "queue.Queue[Experiment | None]", item: Experiment | None, stop: threading.Event) -> bool:
    """Put an item on the queue; False when nobody reads it any more."""
    while not stop.is_set():
        with contextlib.suppress(queue.Full):
            waiting.put(item, timeout=0.1)
            return True
    return False


def describe(client: "SageMakerClient", region: str, name: str) -> Experiment | None:
    """Return one experiment with its tags; None where there is none of that name. Raises ClientError, BotoCoreError."""
    from botocore.exceptions import ClientError  # noqa: PLC0415 - keeps --help fast

    try:
        members: Any = client.describe_inference_experiment(Name=name)
        pages = client.get_paginator("list_tags").paginate(ResourceArn=members["Arn"])
        tags = {tag["Key"]: tag["Value"] for page in pages for tag in page.get("Tags", [])}
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "ResourceNotFound":
            return None
        raise
    members.pop("ResponseMetadata", None)
    return Experiment(region, members, tags)
