"""inference-experiment start: an update to DesiredState Running by operate/change.py."""

from inference_experiment.model import ENDED, RequestType
from inference_experiment_cli.errors import NotPossibleError
from inference_experiment_cli.operate.change import LiveChange
from inference_experiment_cli.operate.settings import Settings
from inference_experiment_cli.options import Name, with_options_of


@with_options_of(Settings, "yes")
def start(name: Name, *, options: Settings) -> None:
    """Start a Created experiment before its schedule.

    Waits until it is Running.

    Examples:
      inference-experiment start fraud-2

    Exit codes: 0 it runs, 1 it cannot be started, or belongs to a stack, 2 the options are wrong, 4 AWS failed.

    Documentation: docs/manage.md
    """
    change = LiveChange.of(name, options)
    status = change.observed.status
    if status in ENDED:
        raise NotPossibleError(f"{name} is {status} and cannot be started again; create another under a new Name")
    change.apply(RequestType.UPDATE, {**change.live, "DesiredState": "Running"}, "")
