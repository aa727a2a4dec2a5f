from collections.abc import Iterator

import pytest
from standing_clock import StandingClock

from protocol_driver.controlled import ControlledSageMaker


@pytest.fixture(scope="session")
def server() -> Iterator[ControlledSageMaker]:
    with ControlledSageMaker(clock=StandingClock()) as running:
        yield running


@pytest.fixture
def sagemaker(server: ControlledSageMaker) -> ControlledSageMaker:
    """An empty SageMaker whose clock stands still, with an endpoint that runs model-1 as production."""
    server.reset()
    server.add_endpoint("endpoint", "production", "model-1")
    server.add_model("model-2")
    server.clear_calls()
    return server
