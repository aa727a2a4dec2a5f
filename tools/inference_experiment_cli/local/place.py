"""Where the local AWS keeps its data."""

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from inference_experiment_cli.errors import NotPossibleError, Place, UsageError, missing_extra

if TYPE_CHECKING:
    from inference_experiment_local.state_folder import RunningProcess, StateFolder

VARIABLE: Final = "INFERENCE_EXPERIMENT_LOCAL_STATE"


def default_path() -> Path:
    """Return the folder for state: below XDG_STATE_HOME or ~/.local/state; without a home, the temporary folder."""
    base = os.environ.get("XDG_STATE_HOME")
    if base:
        return Path(base) / "inference-experiment" / "local"
    try:
        return Path.home() / ".local" / "state" / "inference-experiment" / "local"
    except RuntimeError:
        return Path(tempfile.gettempdir()) / f"inference-experiment-{os.getuid()}" / "local"


def state_folder(state: Path | None) -> "StateFolder":
    """Return the folder of --state, of the environment, or the default one. Raises UsageError."""
    try:
        from inference_experiment_local.state_folder import StateFolder  # noqa: PLC0415 - needs the extra
    except ImportError as missing:
        raise missing_extra("The local AWS", "local") from missing
    path = (state or Path(os.environ.get(VARIABLE) or default_path())).absolute()
    if path.exists() and not path.is_dir():
        raise UsageError("is not a folder", Place(str(path)))
    return StateFolder(path)


def running_process(folder: "StateFolder") -> "RunningProcess":
    """Return the process that runs with a folder. Raises NotPossibleError."""
    running = folder.running()
    if running is None:
        raise NotPossibleError(f"no local AWS runs with {folder.path}; start one: inference-experiment local start")
    return running
