from collections.abc import Iterator
from typing import ClassVar

from inference_experiment_rules._base import TYPE_REFERENCE, Problem, Rule, problem
from shadow_test_policies.experiment import Experiment


class ImplicitPromotion(Rule):
    """Why a warning? Removing a list element changes what serves production, which a review easily misses."""

    id = "W9517"
    shortdesc = "Production variant is dropped, which promotes the shadow"
    description = (
        "With DesiredState Completed or Cancelled, a production variant that ModelVariants no longer has is "
        "removed and the shadow variant takes its place. ModelVariantActions of the custom type says so in plain "
        "words."
    )
    source_url = TYPE_REFERENCE
    tags: ClassVar[list[str]] = ["sagemaker", "promotion"]

    def check(self, experiment: Experiment) -> Iterator[Problem]:
        """Yield a problem when the end promotes without saying so."""
        source, shadow = experiment.source, experiment.shadow
        if source is None or shadow is None or not experiment.drops_production or experiment.has_actions:
            return
        message = f"ModelVariants lacks {source.literal!r}: the end removes it and promotes {shadow.literal!r}"
        instead = f"; say so with ModelVariantActions {{{source.literal}: Remove, {shadow.literal}: Promote}}"
        yield problem(source, message + (instead if experiment.is_custom else "; suppress this finding if you mean it"))
