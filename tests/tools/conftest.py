"""A desk: the command line, a simulated SageMaker and CloudFormation, an empty folder."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import headless
import pytest
from botocore.retries.standard import ExponentialBackoff
from desk import Desk
from stack_server import StackServer, stack_server

from protocol_driver.controlled import ControlledSageMaker


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let boto3 retry as often as ever, but without the pauses."""
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0.001)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    yield from headless.sessions()


@pytest.fixture(scope="session")
def desk_sagemaker() -> Iterator[ControlledSageMaker]:
    with ControlledSageMaker() as running:
        yield running


@pytest.fixture(scope="session")
def desk_stacks() -> Iterator[StackServer]:
    with stack_server() as running:
        yield running


@pytest.fixture
def desk(
    desk_sagemaker: ControlledSageMaker,
    desk_stacks: StackServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Desk:
    """Empty but for `endpoint`, which runs model-1 as production, and model-2; transitions are quick."""
    desk_sagemaker.reset()
    desk_sagemaker.add_endpoint("endpoint", "production", "model-1")
    desk_sagemaker.add_model("model-2")
    desk_sagemaker.durations.update(dict.fromkeys(desk_sagemaker.durations, 0.06))
    desk_sagemaker.clear_calls()
    desk_stacks.owners.clear()
    desk_stacks.refuses = False
    settings = {
        "AWS_ENDPOINT_URL_SAGEMAKER": desk_sagemaker.url,
        "AWS_ENDPOINT_URL_CLOUDFORMATION": desk_stacks.url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
        "COLUMNS": "100",
    }
    monkeypatch.chdir(tmp_path)
    return Desk(desk_sagemaker, desk_stacks, settings)
