from inference_experiment_rules._base import PairRule, Problems, problem
from shadow_test_policies.endpoints import apart, same_endpoint
from shadow_test_policies.experiment import Experiment


class SharedEndpoint(PairRule):
    """Why a warning? SageMaker rejects the second experiment only while the first one is running."""

    id = "W9521"
    shortdesc = "Two experiments use the same endpoint"
    description = (
        "An endpoint can have one shadow test at a time, so two experiments of a template must not use the same "
        "endpoint under the same conditions, unless their schedules do not overlap or one of them is being stopped."
    )
    source_url = "https://docs.aws.amazon.com/sagemaker/latest/dg/shadow-tests-create.html"
    tags = ["sagemaker", "endpoint"]

    def check(self, experiment: Experiment) -> Problems:
        """Yield a problem when an earlier experiment uses the same endpoint at the same time."""
        node = experiment.at("EndpointName")
        if node is None or node.text is None or experiment.is_ending:
            return
        for other in self.earlier(experiment):
            if not other.is_ending and same_endpoint(experiment, other) and not apart(experiment, other):
                message = f"{other.name} also uses the endpoint {node.text}, which can have one shadow test at a time"
                yield problem(node, f"{message}; use another endpoint, or schedules that do not overlap")
                return
