"""Fixtures that every folder of tests may use."""

import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import log_audit
import pytest
from botocore.loaders import Loader
from hypothesis import settings
from sampling import SLOW, pytest_addoption, pytest_collection_modifyitems  # noqa: F401 - hooks

if TYPE_CHECKING:
    from protocol_driver.cloud import ProtocolCloud


# How long an example takes says more about the machine than about the code.
settings.register_profile("all", deadline=None)
settings.register_profile("sample", deadline=None, max_examples=20)


def pytest_configure(config: pytest.Config) -> None:
    """Search every log line of the session for signatures and tag values; know the markers."""
    settings.load_profile("sample" if config.getoption("--sample") else "all")
    config.addinivalue_line("markers", f"{SLOW}: takes seconds; not in the sample that make test runs")
    config.addinivalue_line("markers", "no_cover: not traced, where coverage is measured")  # without pytest-cov too
    if not config.pluginmanager.has_plugin("log_audit"):
        config.pluginmanager.register(log_audit, "log_audit")
    # Ignored under nohup and in a script's background; so they would be by the commands that tests interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session", autouse=True)
def _models_of_aws() -> Iterator[None]:
    """Let sessions of boto3 share what they read, as clients of one do: each would parse megabytes of JSON anew."""
    known: dict[Any, Any] = {}
    begin = Loader.__init__

    def begin_with_what_is_known(loader: Loader, *arguments: Any, **options: Any) -> None:
        begin(loader, *arguments, **options)
        loader._cache = known

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Loader, "__init__", begin_with_what_is_known)
        yield


@pytest.fixture(scope="session")
def protocol_cloud() -> Iterator["ProtocolCloud"]:
    """Started once, since starting takes a second; use `cloud`."""
    # moto is imported by those tests only that need it.
    from protocol_driver.cloud import ProtocolCloud  # noqa: PLC0415

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
