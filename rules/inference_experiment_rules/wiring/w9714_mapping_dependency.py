from inference_experiment_rules._base import Problems, Rule, problem
from shadow_test_policies.experiment import FUNCTION_TYPES, QUALIFIED_TYPES, Experiment
from shadow_test_policies.references import function_timeout
from shadow_test_policies.wait_queue import MAPPING, QUEUE, precedes, queue_of, readers_of, variable_of


class MappingDependency(Rule):
    """Why a warning? A request that ends within one invocation does not need the queue."""

    id = "W9714"
    shortdesc = "Experiment does not depend on the event source mapping"
    description = (
        "The experiment does not depend on the event source mapping that reads the provider's queue, so that "
        "CloudFormation may delete the mapping first. Stopping the test then outlasts the invocation, and nothing "
        "continues it. The option minimum is the function's Timeout from which this is accepted."
    )
    source_url = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-dependson.html"
    tags = ["sagemaker", "custom-resource", "sqs", "dependson"]

    related_types = FUNCTION_TYPES | QUALIFIED_TYPES | {QUEUE, MAPPING}
    # The recommended timeout (W9707), in which a test usually stops.
    options = {"minimum": {"default": 300, "type": "integer"}}

    def check(self, experiment: Experiment) -> Problems:
        """Yield a problem at the resource when none of the mappings of the queue precedes it."""
        view, token = experiment.view, experiment.at("ServiceToken")
        limit = function_timeout(view, token) if experiment.is_custom else None
        function = view.provider_of(token)
        if limit is None or function is None or limit[0] >= self.config["minimum"]:
            return
        queue = queue_of(view, variable_of(view, function, experiment.scenario))
        readers = readers_of(view, queue, experiment.scenario) if queue else None
        if readers and not any(precedes(view, reader, experiment.name) for reader in readers):
            name = readers[0].name
            message = f"the experiment does not depend on {name}, which reads the provider's queue: a deletion of the "
            message += f"stack may remove it first, and a stop of more than {limit[0]:.0f} seconds is never answered"
            yield problem(experiment.resource, f"{message}; add DependsOn: {name}")
