from inference_experiment_rules._base import Problems, Rule, problem
from shadow_test_policies.experiment import Experiment
from shadow_test_policies.wrong_references import wrong_destination


class CaptureDestination(Rule):
    """SageMaker rejects the experiment. The pattern of Destination cannot be checked before the bucket has a name."""

    id = "E9603"
    shortdesc = "Destination is not an S3 URI"
    description = (
        "Destination must begin with s3:// and the name of a bucket. Ref of a bucket returns its name, and Fn::GetAtt "
        "its ARN or domain name. A reference after s3:// must be to a bucket."
    )
    source_url = (
        "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_InferenceExperimentDataStorageConfig.html"
    )
    tags = ["sagemaker", "capture", "ref"]

    def check(self, experiment: Experiment) -> Problems:
        """Yield a problem when a reference to a bucket is not the name after s3://, or the name is an ARN."""
        return (problem(*each) for each in wrong_destination(experiment))
