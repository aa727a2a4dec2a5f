from collections.abc import Iterator
from typing import ClassVar

from inference_experiment_rules._base import GUIDE, Problem, Rule, problem
from shadow_test_policies.experiment import Experiment


class SamplingPercentage(Rule):
    """Why a warning? The API allows 0, but the test compares nothing and its instances cost money."""

    id = "W9512"
    shortdesc = "Shadow variant receives no request"
    description = "SamplingPercentage is 0: no request is copied to the shadow variant."
    source_url = GUIDE
    tags: ClassVar[list[str]] = ["sagemaker", "shadow"]

    def check(self, experiment: Experiment) -> Iterator[Problem]:
        """Yield a problem when nothing is sampled."""
        node = experiment.sampling
        if node is not None and node.number == 0:
            yield problem(node, "SamplingPercentage 0 copies no request to the shadow variant; write 1 to 100")
