"""The experiments of an account across regions, as SageMaker describes them: read in parallel, yielded one by one.

Nothing is collected: a region's pages and descriptions come through a bounded queue, so that memory does not grow
with their number. A region that fails is reported in `failures`, the others are kept.
"""

import contextlib
import queue
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from inference_experiment_cli.errors import Place, ServiceError, UsageError, describe_aws_error
from inference_experiment_cli.interrupts import thread_pool
from inference_experiment_cli.progress import counter
from inference_experiment_cli.session import check_region, open_session

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.client import SageMakerClient

PAGE_SIZE: Final = 100
REGIONS_AT_ONCE: Final = 8
DESCRIPTIONS_AT_ONCE: Final = 4
QUEUE_LENGTH: Final = 200
CONFIG: Final = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 4})
"""For reads: retries throttling, gives up soon without an answer."""
REGION: Final = re.compile(r"[a-z]{2}(-[a-z]+)+-\d+")


@dataclass(frozen=True)
class DescribedExperiment:
    """One experiment: the members of Describe (of a listing: those of List), its tags, and when AWS answered."""

    region: str
    members: Mapping[str, Any]
    tags: Mapping[str, str] = field(default_factory=dict)
    observed: datetime = field(default_factory=lambda: datetime.now(UTC))


def open_regions(texts: Sequence[str], profile: str) -> tuple[boto3.Session, list[str]]:
    """Return a session and the regions of --region: all, names, or the session's. Raises CommandError."""
    session = open_session("us-east-1" if texts else "", profile)  # --region needs no configured region
    names = list(dict.fromkeys(part.strip() for text in texts for part in text.split(",") if part.strip()))
    if not texts:
        names = [session.region_name]
    elif names == ["all"]:
        names = sorted(session.get_available_regions("sagemaker"))
    else:
        _check_regions(session, texts, names)
    return session, names


def _check_regions(session: boto3.Session, texts: Sequence[str], names: Sequence[str]) -> None:
    """Raise UsageError unless these are names of regions."""
    if not names or "all" in names:
        raise UsageError(f"--region {' '.join(texts)}: write all, or names such as us-east-1,eu-west-1")
    for name in names:
        check_region(session, name, "--region")


@dataclass
class Inventory:
    """An iterable over the experiments of some regions that pass the filters of ListInferenceExperiments.

    `full` describes each; otherwise the members are those of List. With `name` only that one is read, if it exists.
    During and after the iteration `failures` has the
    regions that failed, `done` and `count` are the numbers of finished regions and of experiments.
    """

    session: boto3.Session
    regions: Sequence[str]
    full: bool = True
    filters: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    failures: dict[str, str] = field(default_factory=dict)
    done: int = 0
    count: int = 0
    _waiting: queue.Queue[DescribedExperiment | Exception | None] = field(
        default_factory=lambda: queue.Queue(QUEUE_LENGTH)
    )
    _is_over: threading.Event = field(default_factory=threading.Event)

    def __iter__(self) -> Iterator[DescribedExperiment]:
        """Yield the experiments as they arrive, in no order."""
        # Sessions are not safe across threads, clients are: they are created here.
        clients = [self.session.client("sagemaker", region_name=region, config=CONFIG) for region in self.regions]
        with thread_pool(REGIONS_AT_ONCE) as pool:
            for client in clients:
                pool.submit(self._read, client)
            try:
                while self.done < len(self.regions):
                    item = self._waiting.get()
                    if isinstance(item, Exception):
                        raise item
                    if item is None:
                        self.done += 1
                    else:
                        self.count += 1
                        yield item
            finally:
                self._is_over.set()

    def counted(self) -> Iterator[DescribedExperiment]:
        """Yield the experiments while a terminal shows their number."""
        with counter("reading experiments") as advance:
            for experiment in self:
                advance(f"{self.done} of {len(self.regions)} regions")
                yield experiment

    def raise_failures(self) -> None:
        """Raise an ExceptionGroup of the regions that failed, if there are any."""
        if self.failures:
            errors = [ServiceError(reason, Place(region)) for region, reason in sorted(self.failures.items())]
            raise ExceptionGroup("regions failed", errors)

    def _read(self, client: "SageMakerClient") -> None:
        try:
            for experiment in self._experiments(client):
                if not self._put(experiment):
                    return
        except (BotoCoreError, ClientError) as error:
            self.failures[client.meta.region_name] = describe_aws_error(error)
        except Exception as error:  # noqa: BLE001 - raised again where the experiments are read
            self._put(error)
        self._put(None)

    def _put(self, item: DescribedExperiment | Exception | None) -> bool:
        """Put an item on the queue; False when it is no longer read."""
        while not self._is_over.is_set():
            with contextlib.suppress(queue.Full):
                self._waiting.put(item, timeout=0.1)
                return True
        return False

    def _experiments(self, client: "SageMakerClient") -> Iterator[DescribedExperiment]:
        if self.name:
            yield from (each for each in [describe(client, self.name)] if each is not None)
            return
        pages = client.get_paginator("list_inference_experiments").paginate(
            PaginationConfig={"PageSize": PAGE_SIZE}, **self.filters
        )
        with thread_pool(DESCRIPTIONS_AT_ONCE) as pool:
            for page in pages:
                summaries = page.get("InferenceExperiments", [])
                if not self.full:
                    region = client.meta.region_name
                    yield from (DescribedExperiment(region, dict(summary)) for summary in summaries)
                    continue
                described = pool.map(lambda summary: describe(client, summary["Name"]), summaries)
                yield from (experiment for experiment in described if experiment is not None)


def describe(client: "SageMakerClient", name: str) -> DescribedExperiment | None:
    """Return one experiment with its tags; None where it does not exist. Raises ClientError, BotoCoreError."""
    try:
        members: Any = client.describe_inference_experiment(Name=name)
        pages = client.get_paginator("list_tags").paginate(ResourceArn=members["Arn"])
        tags = {tag["Key"]: tag["Value"] for page in pages for tag in page.get("Tags", [])}
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "ResourceNotFound":
            return None
        raise
    observed = _date_of(members.pop("ResponseMetadata", {}))
    return DescribedExperiment(client.meta.region_name, members, tags, observed)


ALMOST_A_SECOND: Final = timedelta(microseconds=999_999)


def _date_of(metadata: Mapping[str, Any]) -> datetime:
    """Return the end of the second in which a response was sent.

    The clock of this machine may be wrong, and that of a local AWS ahead; what the response tells had happened by then.
    """
    try:
        return parsedate_to_datetime(metadata["HTTPHeaders"]["date"]).astimezone(UTC) + ALMOST_A_SECOND
    except (KeyError, ValueError):
        return datetime.now(UTC)
