import re
from collections.abc import Iterator
from typing import Final

from inference_experiment_rules._base import Problem, Problems, Rule, problem
from shadow_test_policies.experiment import OUR_HANDLER, Experiment, ExperimentTemplate

HANDLER: Final = "inference_experiment.handler.handler"
# Of our module, but another function or none; a module that users have added may have any.
OTHER_FUNCTION: Final = re.compile(r"inference_experiment\.handler(?!\.handler$)(\.\w+)?$")
# A runtime of its own (provided.*) may run Python.
ABLE: Final = ("python", "provided")


class FunctionCannotRun(Rule):
    """No request is answered: the stack waits until ServiceTimeout, then rolls back, and waits again to delete."""

    id = "E9716"
    shortdesc = "Function of the provider cannot run"
    description = (
        "ReservedConcurrentExecutions is 0, so Lambda refuses every invocation; Handler names a function that the "
        f"provider does not have instead of {HANDLER}; or Runtime does not run Python."
    )
    source_url = "https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html"
    tags = ["sagemaker", "custom-resource", "lambda"]

    def targets(self, view: ExperimentTemplate) -> list[str]:
        """Return the functions of the provider."""
        return view.serving_functions

    def check(self, experiment: Experiment) -> Problems:
        """Yield what keeps a function from running."""
        reserved = experiment.at("ReservedConcurrentExecutions")
        if reserved is not None and reserved.number == 0:
            message = f"Lambda refuses every invocation of {experiment.name}, which has no ReservedConcurrentExecutions"
            yield problem(reserved, f"{message}; remove the property, or specify 1 or more")
        yield from _of_code(experiment)


def _of_code(function: Experiment) -> Iterator[Problem]:
    handler, runtime = function.at("Handler"), function.at("Runtime")
    named = handler.literal if handler is not None else None
    if handler is None or named is None or not OUR_HANDLER.search(named):
        return
    if OTHER_FUNCTION.search(named):
        yield problem(handler, f"the provider has no function '{named}'; write {HANDLER}")
    if runtime is not None and runtime.literal and not runtime.literal.startswith(ABLE):
        yield problem(
            runtime, f"{runtime.literal} does not run Python, which the provider is written in; write python3.13"
        )
