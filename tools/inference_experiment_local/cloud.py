"""The local AWS as a whole: ministack and the simulated SageMaker.

    with LocalCloud() as cloud:
        cloud.sagemaker.add_endpoint("endpoint", "production", "model-1")
        outputs = cloud.deploy("provider", Path("template.yaml"))

ministack is CloudFormation, Lambda, SQS, S3, IAM and logs.

Needs no account, network, Docker, openssl or privileges. Everything is on the loopback and in one temporary
directory, and all of it is gone when the with statement ends, also by an exception, Ctrl-C or SIGTERM, or
when this process is killed. With a state folder the data stay there, and the next one with that folder goes on.
"""

import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, Self

from botocore.config import Config

from inference_experiment_local.captured_objects import CaptureWriter
from inference_experiment_local.certificate import make_certificates
from inference_experiment_local.clock import seconds_ahead
from inference_experiment_local.ministack.process import MinistackSettings, ministack, usable_port
from inference_experiment_local.ministack.stacks import Stacks
from inference_experiment_local.sagemaker.endpoint_metrics import EndpointMetrics
from inference_experiment_local.sagemaker.journal import Journal
from inference_experiment_local.sagemaker.local_sagemaker import REGION, LocalSageMaker
from inference_experiment_local.sessions import isolated_session
from inference_experiment_local.state_folder import StateFolder


class LocalCloud(Stacks):
    """A running local AWS; `sagemaker` is its SageMaker. Raises LocalAwsError if it does not come up.

    `port` is ministack's (default: a free one). While it runs, `url` is the endpoint of every service, by https (trust
    `certificates.ca_file`), `directory` holds everything of this run, and `captures` writes captured data. What is to
    be kept is in `state`, a folder whose `lock` this process holds.
    """

    def __init__(self, port: int | None = None, state: StateFolder | None = None, lock: int = -1) -> None:
        self.sagemaker = LocalSageMaker()
        self._port = port
        self._state = state
        self._lock = lock
        self._resources = ExitStack()
        self._session: Any = isolated_session(REGION)
        self._clients: dict[str, Any] = {}

    def __enter__(self) -> Self:
        """Start everything."""
        with ExitStack() as starting:
            starting.enter_context(_sigterm_unwinds())
            self.directory = starting.enter_context(self._state.run_directory() if self._state else _temporary())
            kept = self._state.path if self._state else None
            self.certificates = make_certificates(kept or self.directory)
            clock_file = (kept or self.directory) / "clock"
            self._share_clock(clock_file)
            if self._state is not None:
                self._restore(self._state.path / "sagemaker.jsonl")
            starting.enter_context(self.sagemaker)
            metrics = starting.enter_context(EndpointMetrics(self.sagemaker))
            port = usable_port(self._port or 0)
            urls = self.sagemaker.url, metrics.url
            settings = MinistackSettings(self.directory, port, self.certificates, *urls, clock_file, kept, self._lock)
            self._ministack = starting.enter_context(ministack(settings))
            self.url = settings.url
            # A session is not for several threads.
            self.captures = starting.enter_context(CaptureWriter(lambda: self._made(isolated_session(REGION), "s3")))
            self.sagemaker.on_capture = self.captures.put
            self._resources = starting.pop_all()
        return self

    def _share_clock(self, file: Path) -> None:
        """Go on with the clock in a file, where functions and ministack read it."""
        clock = self.sagemaker.clock
        ahead = seconds_ahead(str(file))
        if ahead > 0:
            clock.advance(ahead)
        clock.on_advance = partial(_write_seconds, file)

    def _restore(self, file: Path) -> None:
        journal = Journal(file)
        for problem in self.sagemaker.restore(journal.entries()):
            sys.stderr.write(f"{problem}\n")
        self.sagemaker.journal = journal

    def is_running(self) -> bool:
        """Whether ministack's process still runs."""
        return self._ministack.poll() is None

    def __exit__(self, *_: object) -> None:
        """Stop everything and remove the directory."""
        self._resources.close()

    def client(self, service: str) -> Any:  # noqa: ANN401 - one type per service
        """Return a boto3 client of a service of ministack, the same one each time."""
        if service not in self._clients:
            client = self._made(self._session, service)
            self._clients[service] = self._resources.enter_context(closing(client))
        return self._clients[service]

    def _made(self, session: Any, service: str) -> Any:  # noqa: ANN401 - one type per service
        config = Config(retries={"total_max_attempts": 1}, proxies={}, s3={"addressing_style": "path"})
        ca_file = str(self.certificates.ca_file)
        return session.client(service, endpoint_url=self.url, verify=ca_file, config=config)

    def queue_depth(self, queue_url: str) -> int:
        """Return how many messages a queue holds: waiting, delayed and in flight."""
        names = ["", "NotVisible", "Delayed"]
        attributes = self.client("sqs").get_queue_attributes(QueueUrl=queue_url, AttributeNames=["All"])["Attributes"]
        return sum(int(attributes.get(f"ApproximateNumberOfMessages{name}", 0)) for name in names)


@contextmanager
def _temporary() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="local-aws-") as directory:
        yield Path(directory)


def _write_seconds(file: Path, seconds: float) -> None:
    # Functions read it at any time.
    part = file.with_suffix(".part")
    part.write_text(f"{seconds:.3f}", encoding="ascii")
    part.replace(file)


@contextmanager
def _sigterm_unwinds() -> Iterator[None]:
    """Turn SIGTERM into SystemExit, so that with statements are left; only where it is not handled yet."""
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _exit)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _exit(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
