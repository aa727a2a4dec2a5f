from inference_experiment_rules._base import Problems, Rule, problem
from shadow_test_policies.endpoints import RELATED_TYPES
from shadow_test_policies.experiment import Experiment
from shadow_test_policies.wrong_references import wrong_keys, wrong_names


class NamesNotArns(Rule):
    """An ARN does not match the pattern of a name, so SageMaker rejects the experiment."""

    id = "E9601"
    shortdesc = "Reference does not return the required name or key"
    description = (
        "EndpointName and ModelName require names. Ref of an endpoint, an endpoint configuration or a model returns "
        "its ARN; Fn::GetAtt returns the name. The logical id of an endpoint or a model is not its name either. "
        "Neither they nor KmsKey may refer to a resource of another type."
    )
    source_url = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-sagemaker-endpoint.html"
    tags = ["sagemaker", "endpoint", "ref"]

    related_types = RELATED_TYPES

    def check(self, experiment: Experiment) -> Problems:
        """Yield each reference that does not return a name of the required type."""
        return (problem(*each) for each in (*wrong_names(experiment), *wrong_keys(experiment)))
