from collections.abc import Collection

from inference_experiment_rules._base import Problems, Rule, problem
from shadow_test_policies.experiment import QUEUE_VARIABLE, Experiment, ExperimentTemplate
from shadow_test_policies.wait_queue import MAPPING, QUEUE, fifo_of, queue_of, readers_of, variable_of, wrong_url


class WaitQueue(Rule):
    """A request that outlasts one invocation fails, or is never answered and the stack waits until it times out."""

    id = "E9712"
    shortdesc = "Wait queue of the provider does not work"
    description = (
        "WAIT_QUEUE_URL of the provider must be the URL of a standard queue that an event source mapping reads for the "
        "provider: !Ref of the queue, not its ARN or name. A FIFO queue refuses messages with a delay. Whether the "
        "queue is read is checked when it is in the same template and nothing passes it on."
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
            return
        wrong, fifo = wrong_url(view, node), fifo_of(view, node)
        if wrong:
            yield problem(node, f"{wrong}; a request that outlasts an invocation fails")
        elif fifo is not None:
            message = f"the queue in {QUEUE_VARIABLE} is a FIFO queue, which refuses messages with a delay and no group"
            yield problem(fifo, f"{message}; use a standard queue")
        elif (queue := queue_of(view, node)) and readers_of(view, queue, experiment.scenario) == []:
            message = f"no enabled event source mapping reads {queue} for {function}, so a request that outlasts an"
            message += f" invocation is never answered; add an {MAPPING} with EventSourceArn !GetAtt {queue}.Arn"
            yield problem(node, message)
