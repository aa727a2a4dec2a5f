from collections.abc import Collection
from typing import Final

from inference_experiment_rules._base import Problems, Rule, problem
from shadow_test_policies.experiment import Experiment, ExperimentTemplate, experiment_in
from shadow_test_policies.references import DEFAULT_TIMEOUT
from shadow_test_policies.wait_queue import MAPPING, QUEUE, queue_of, readers_of, variable_of

ROUNDS: Final = 16  # after about so many Lambda stops a loop
LONGEST: Final = 3600.0  # seconds of a request, which is the default of ServiceTimeout


class RecursiveLoop(Rule):
    """Why a warning? Most requests end in fewer rounds."""

    id = "W9715"
    shortdesc = "Lambda stops a long wait as a recursive loop"
    description = (
        "The provider continues a wait by sending a message to the queue that invokes it. Lambda stops such a loop "
        "after about 16 rounds unless RecursiveLoop is Allow. Reported when 16 times the function's Timeout is less "
        "than ServiceTimeout; the wait itself ends with ServiceTimeout, after one hour at most."
    )
    source_url = "https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html"
    tags = ["sagemaker", "custom-resource", "sqs"]

    related_types = frozenset({QUEUE, MAPPING})

    def targets(self, view: ExperimentTemplate) -> list[str]:
        """Return the functions of the provider."""
        return view.serving_functions

    def related_resources(self, view: ExperimentTemplate, name: str) -> Collection[str]:
        """Return the queues and event source mappings, and the experiments of the function."""
        return {*super().related_resources(view, name), *view.experiments[:1]}

    def check(self, experiment: Experiment) -> Problems:
        """Yield a problem when the loop through the queue is stopped before a request may end."""
        view, function = experiment.view, experiment.name
        properties, allowed = experiment.at(), experiment.at("RecursiveLoop")
        timeout = experiment.at("Timeout")
        seconds = DEFAULT_TIMEOUT if timeout is None else timeout.number
        if properties is None or seconds is None or (allowed is not None and allowed.literal != "Terminate"):
            return
        queue = queue_of(view, variable_of(view, function, experiment.scenario))
        readers = (readers_of(view, queue, experiment.scenario) or []) if queue else []
        if any(reader.function == function for reader in readers) and ROUNDS * seconds < _longest(experiment):
            message = f"Lambda stops the loop of {function} through {queue} after about {ROUNDS} rounds, here about"
            message += f" {ROUNDS * seconds / 60:.0f} minutes, and a longer wait is never answered"
            yield problem(allowed or properties, f"{message}; specify RecursiveLoop: Allow")


def _longest(function: Experiment) -> float:
    """Return the longest ServiceTimeout of the experiments that may use a function."""
    view, scenario = function.view, function.scenario
    found = [experiment_in(view, name, scenario) for name in view.experiments if view.exists(name, scenario)]
    limits = [each.at("ServiceTimeout") for each in found if each.is_custom]
    known = [LONGEST if limit is None or limit.number is None else limit.number for limit in limits]
    return max(known, default=LONGEST)
