"""Writes captured data to S3, from a thread of its own.

A request of ministack may wait for SageMaker while SageMaker has something to write: neither may wait for the other.
"""

import queue
import threading
from collections.abc import Callable
from typing import Any, Self

from botocore.exceptions import BotoCoreError, ClientError

from inference_experiment_local.sagemaker.captures import CapturedObject


class CaptureWriter:
    """Puts objects in the order in which they come; `make_client` makes its client of S3.

    As with SageMaker, what cannot be written (no such bucket) does not trouble the test: `failures` has the errors.
    """

    def __init__(self, make_client: Callable[[], Any]) -> None:
        self.failures: list[str] = []
        self._make_client = make_client
        self._objects: queue.Queue[CapturedObject | None] = queue.Queue()
        self._thread = threading.Thread(target=self._run, name="capture-writer", daemon=True)
        self._closing = False

    def __enter__(self) -> Self:
        """Start the thread."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Forget what has not been written, and stop."""
        self._closing = True
        self._objects.put(None)
        self._thread.join()

    def put(self, captured: CapturedObject) -> None:
        """Write an object soon."""
        self._objects.put(captured)

    def wait(self) -> None:
        """Wait until everything so far has been written, or has failed."""
        self._objects.join()

    def _run(self) -> None:
        client: Any = None
        while (captured := self._objects.get()) is not None:
            try:
                if not self._closing:
                    client = client or self._make_client()
                    client.put_object(Bucket=captured.bucket, Key=captured.key, Body=captured.body)
            except (BotoCoreError, ClientError) as error:
                self.failures.append(f"s3://{captured.bucket}/{captured.key}: {error}")
            finally:
                self._objects.task_done()
        if client is not None:
            client.close()
