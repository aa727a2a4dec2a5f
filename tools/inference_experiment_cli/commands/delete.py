"""inference-experiment delete: the options; operate/change.py deletes."""

from inference_experiment.model import ENDED, RequestType
from inference_experiment_cli.operate.change import LiveChange, Settings
from inference_experiment_cli.options import Name, with_options_of


@with_options_of(Settings)
def delete(name: Name, *, options: Settings) -> None:
    """Delete an experiment; a running one is stopped first.

    Stopping leaves the endpoint as it was before the test. A running experiment, and one that has ended and has a
    report, needs a confirmation.

    Example: inference-experiment delete fraud-2 --yes

    Exit codes: 0 deleted, 1 no such experiment, or it belongs to a stack, 2 the options are wrong, 4 AWS failed.
    """
    change = LiveChange.of(name, options)
    properties = {key: value for key, value in change.live.items() if key != "DesiredState"}
    properties["StatusReason"] = "Stopped by inference-experiment delete"
    status = change.observed.status
    question = f"{name} is running and would be stopped and deleted. Continue?"
    if status in ENDED:
        question = f"{name} is {status}; with it its report would be gone, and nothing brings it back. Continue?"
    change.apply(RequestType.DELETE, properties, question)
