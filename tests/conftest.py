"""Fixtures that every folder of tests may use."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import log_audit
import pytest

if TYPE_CHECKING:
    from inference_experiment_tools.local.protocol import ProtocolCloud


def pytest_configure(config: pytest.Config) -> None:
    """Search every log line of the session for signatures and tag values."""
    if not config.pluginmanager.has_plugin("log_audit"):
        config.pluginmanager.register(log_audit, "log_audit")


@pytest.fixture(scope="session")
def protocol_cloud() -> Iterator["ProtocolCloud"]:
    """Started once, since starting takes a second; use `cloud`."""
    # moto is imported by those tests only that need it.
    from inference_experiment_tools.local.protocol import ProtocolCloud  # noqa: PLC0415

    with ProtocolCloud() as running:
        yield running


@pytest.fixture
def cloud(protocol_cloud: "ProtocolCloud") -> "ProtocolCloud":
    """The protocol driver, empty but for `endpoint`, which runs model-1 as production, and model-2."""
    protocol_cloud.reset()
    protocol_cloud.sagemaker.add_endpoint("endpoint", "production", "model-1")
    protocol_cloud.sagemaker.add_model("model-2")
    protocol_cloud.sagemaker.clear_calls()
    return protocol_cloud
