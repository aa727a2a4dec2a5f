"""inference-experiment delete: the options; operate/change.py deletes."""

from inference_experiment_cli.operate.change import LiveChange
from inference_experiment_cli.operate.settings import Settings
from inference_experiment_cli.options import Name, with_options_of


@with_options_of(Settings)
def delete(name: Name, *, options: Settings) -> None:
    """Delete an experiment; a running one is stopped first.

    Stopping leaves the endpoint as it was before the test. A running experiment, and one that has ended and has a
    report, needs a confirmation.

    Examples:
      inference-experiment delete fraud-2 --yes

    Exit codes: 0 deleted, 1 no such experiment, or it belongs to a stack, 2 the options are wrong, 4 AWS failed.

    Documentation: docs/manage.md
    """
    LiveChange.of(name, options).delete("delete")
