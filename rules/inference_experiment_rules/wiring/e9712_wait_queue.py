from collections.abc import Collection

from cfn_template.nodes import Node
from inference_experiment_rules._base import Problems, Rule, problem
from shadow_test_policies.experiment import QUEUE_VARIABLE, Experiment, ExperimentTemplate
from shadow_test_policies.references import reference_of
from shadow_test_policies.service_token import SERVERLESS_FUNCTION
from shadow_test_policies.wait_queue import (
    MAPPING,
    QUEUE,
    fifo_of,
    queue_of,
    readers,
    readers_of,
    too_short_visibility,
    variable_of,
    wrong_url,
)


class WaitQueue(Rule):
    """A request that outlasts one invocation fails, or is never answered and the stack waits until it times out."""

    id = "E9712"
    shortdesc = "Wait queue of the provider does not work"
    description = (
        "WAIT_QUEUE_URL of the provider must be the URL of a standard queue that an event source mapping reads for the "
        "provider: !Ref of the queue, not its ARN or name. A FIFO queue refuses messages with a delay. Whether the "
        "queue is read, by its ARN, is checked when it is in the same template and nothing passes it on. Its "
        "VisibilityTimeout must not be shorter than the Timeout of a function of SAM; for AWS::Lambda::Function "
        "cfn-lint checks that (E3505)."
    )
    source_url = "https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html"
    tags = ["sagemaker", "custom-resource", "sqs"]

    related_types = frozenset({QUEUE, MAPPING})

    def targets(self, view: ExperimentTemplate) -> list[str]:
        """Return the functions of the provider."""
        return view.serving_functions

    def related_resources(self, view: ExperimentTemplate, name: str) -> Collection[str]:
        """Return the queues of the function and the event source mappings of any of these."""
        queues = {queue for queue in view.references(name) if view.type_of(queue) == QUEUE}
        return queues | {each for each in view.of_type(MAPPING) if view.references(each) & {name, *queues}}

    def check(self, experiment: Experiment) -> Problems:
        """Yield the first of these mistakes in a function."""
        view, function = experiment.view, experiment.name
        node = variable_of(view, function, experiment.scenario)
        if node is None:
            yield from _without_variable(experiment)
            return
        wrong, fifo = wrong_url(view, node), fifo_of(view, node)
        if wrong:
            yield problem(node, f"{wrong}; a request that outlasts an invocation fails")
        elif fifo is not None:
            message = f"the queue in {QUEUE_VARIABLE} is a FIFO queue, which refuses messages with a delay and no group"
            yield problem(fifo, f"{message}; use a standard queue")
        elif queue := queue_of(view, node):
            yield from _unread(experiment, queue, node)


def _without_variable(function: Experiment) -> Problems:
    view, name, properties = function.view, function.name, function.at()
    environment, variables = function.at("Environment"), function.at("Environment", "Variables")
    is_known = environment is None or bool(variables and variables.members)
    if properties is None or not is_known or not view.is_ours(name, function.scenario):
        return
    read = [each.queue for each in readers(view, function.scenario) if each.function == name and each.is_enabled]
    queue = queue_of(view, read[0], ":") if len(read) == 1 else None
    if queue is not None:
        message = f"{name} reads {queue}, but has no {QUEUE_VARIABLE}, so a request that outlasts an invocation fails"
        yield problem(variables or properties, f"{message}; add {QUEUE_VARIABLE}: !Ref {queue} to its Environment")


def _unread(function: Experiment, queue: str, node: Node) -> Problems:
    view, name, properties = function.view, function.name, function.at()
    found = readers_of(view, queue, function.scenario)
    if found == []:
        message = f"no enabled event source mapping reads {queue} for {name}, so a request that outlasts an"
        message += f" invocation is never answered; add an {MAPPING} with EventSourceArn !GetAtt {queue}.Arn"
        yield problem(node, message)
    is_own = view.type_of(name) == SERVERLESS_FUNCTION and any(each.function == name for each in found or ())
    refused = too_short_visibility(view, queue, properties) if is_own and properties is not None else None
    if refused is not None:
        visible, seconds, place = refused
        message = f"VisibilityTimeout of {queue} is {visible:.0f} seconds, less than the Timeout of {name}"
        message += f" ({seconds:.0f} seconds), so Lambda refuses to read the queue; specify at least {seconds:.0f}"
        yield problem(place, message)
    for reader in found or ():
        reference = reference_of(view, reader.queue)
        if reader.queue is not None and reference is not None and reference.attribute != "Arn":
            given = f"GetAtt {queue}.{reference.attribute}" if reference.attribute else f"Ref {queue}"
            message = f"!{given} is not the ARN of {queue}, which an event source mapping requires"
            yield problem(reader.queue, f"{message}; write !GetAtt {queue}.Arn")
