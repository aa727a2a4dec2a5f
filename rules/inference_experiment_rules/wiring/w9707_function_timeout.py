from collections.abc import Iterator
from typing import ClassVar

from inference_experiment_rules._base import Problem, Rule, problem
from shadow_test_policies.experiment import Experiment
from shadow_test_policies.experiment_template import FUNCTION_TYPES
from shadow_test_policies.references import QUALIFIED_TYPES, function_timeout


class FunctionTimeout(Rule):
    """Why a warning? Retries may still bring the operation to its end, slowly."""

    id = "W9707"
    shortdesc = "Timeout of the provider is too short"
    description = (
        "The provider waits for SageMaker within an invocation and hands over to its queue before the timeout. "
        "Lambda's default of 3 seconds does not even suffice for the first call. The option minimum is the "
        "shortest timeout without a finding."
    )
    source_url = "https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html"
    tags: ClassVar[list[str]] = ["sagemaker", "custom-resource", "timeout"]

    related_types = FUNCTION_TYPES | QUALIFIED_TYPES

    def __init__(self) -> None:
        super().__init__()
        self.config_definition = {"minimum": {"default": 60, "type": "integer"}}
        self.configure()

    def check(self, experiment: Experiment) -> Iterator[Problem]:
        """Yield a problem at the function's timeout, or at its properties when it has none."""
        limit = function_timeout(experiment.view, experiment.at("ServiceToken"))
        if limit is None or not experiment.is_custom:
            return
        seconds, node = limit
        if seconds < self.config["minimum"]:
            given = f"Timeout {seconds:.0f} s" if node.path[-1] == "Timeout" else "no Timeout, which means 3 s,"
            message = f"{given} is too short for a provider that waits for SageMaker"
            yield problem(node, f"{message}; write at least {self.config['minimum']}, the provider is made for 300")
