import io
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest
from scenario_world import World, world

from inference_experiment_local.certificate import make_certificates
from inference_experiment_local.packaging import package
from lambda_runtime.runtime import LambdaRuntime

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def scenario_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The world of all scenarios; the packaged function is only built for the scenario that asks for it."""
    with ExitStack() as resources:

        def packaged(settings: Mapping[str, str]) -> LambdaRuntime:
            folder = tmp_path_factory.mktemp("package")
            zipfile.ZipFile(io.BytesIO(package(ROOT / "src"))).extractall(folder)
            runtime = LambdaRuntime(folder, "inference_experiment.handler.handler", settings, timeout=60)
            return resources.enter_context(runtime)

        yield resources.enter_context(world(packaged, make_certificates(tmp_path_factory.mktemp("certificates"))))
