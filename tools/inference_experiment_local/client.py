"""A local AWS that runs in another process, as a client sees it."""

from typing import Any

from botocore.config import Config

from inference_experiment_local.ministack.stacks import Stacks
from inference_experiment_local.sagemaker.local_sagemaker import REGION
from inference_experiment_local.sessions import isolated_session
from inference_experiment_local.state_folder import RunningProcess, StateFolder


class RunningCloud(Stacks):
    """Its stacks, and clients of its services; what the machine has configured plays no part."""

    def __init__(self, folder: StateFolder, running: RunningProcess) -> None:
        self._folder = folder
        self._running = running
        self._session: Any = isolated_session(REGION)
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:  # noqa: ANN401 - one type per service
        """Return a boto3 client, the same one each time."""
        if service not in self._clients:
            ca_file = str(self._folder.ca_file)
            config = Config(proxies={})
            client = self._session.client(service, endpoint_url=self._running.url, verify=ca_file, config=config)
            self._clients[service] = client
        return self._clients[service]
