"""inference-experiment stop: an update to DesiredState Completed or Cancelled by operate/change.py."""

from typing import Annotated, Final

import typer

from inference_experiment.model import RequestType
from inference_experiment_cli.errors import NotPossibleError, check_exclusive
from inference_experiment_cli.operate.change import LiveChange
from inference_experiment_cli.operate.settings import Settings
from inference_experiment_cli.options import Name, with_options_of

OUTCOMES: Final = {"Promote": "is promoted", "Retain": "stays on the endpoint", "Remove": "is removed"}


@with_options_of(Settings)
def stop(
    name: Name,
    *,
    promote: Annotated[
        bool, typer.Option("--promote", help="The shadow variant becomes the production variant.")
    ] = False,
    retain: Annotated[
        bool, typer.Option("--retain", help="Both variants stay on the endpoint, and on the bill.")
    ] = False,
    remove: Annotated[
        bool, typer.Option("--remove", help="The shadow variant is removed, as at the end of a schedule. Default.")
    ] = False,
    cancel: Annotated[bool, typer.Option("--cancel", help="End as Cancelled instead of Completed.")] = False,
    reason: Annotated[str, typer.Option(help="Becomes the experiment's StatusReason.")] = "",
    options: Settings,
) -> None:
    """Stop a running experiment, with or without promotion.

    The shadow variant is removed, retained or promoted. Waits until the experiment has ended.

    Examples:
      inference-experiment stop fraud-2 --promote --reason "2 % faster"
      inference-experiment stop fraud-2 --yes

    Exit codes: 0 it has ended, 1 it was never started, or belongs to a stack, 2 the options are wrong, 4 AWS failed.

    Documentation: docs/manage.md
    """
    check_exclusive({"--promote": promote, "--retain": retain, "--remove": remove})
    change = LiveChange.of(name, options)
    variants = change.observed.configuration
    if variants is None or not variants.shadow_variant:
        raise NotPossibleError(
            f"{name} has no shadow variant in DescribeInferenceExperiment; cannot choose variant actions"
        )
    source, shadow = ("Remove", "Promote") if promote else ("Retain", "Retain" if retain else "Remove")
    properties = {
        **change.live,
        "DesiredState": "Cancelled" if cancel else "Completed",
        "ModelVariantActions": {variants.source_variant: source, variants.shadow_variant: shadow},
        "StatusReason": reason or "Stopped by inference-experiment stop",
    }
    outcome = OUTCOMES[shadow]
    question = f"{name} would end now; the shadow variant {variants.shadow_variant} {outcome}. Continue?"
    change.apply(RequestType.UPDATE, properties, question)
