from cfn_template.values import SymbolicString, Unresolved
from inference_experiment_rules._base import Problems, Rule, problem
from shadow_test_policies.experiment import Experiment


class CaptureDestination(Rule):
    """SageMaker rejects the experiment. The pattern of Destination cannot be checked before the bucket has a name."""

    id = "E9603"
    shortdesc = "Destination is not an S3 URI"
    description = (
        "Destination must begin with s3://. Ref of a bucket returns its name, and Fn::GetAtt its ARN or domain name."
    )
    source_url = (
        "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_InferenceExperimentDataStorageConfig.html"
    )
    tags = ["sagemaker", "capture", "ref"]

    def check(self, experiment: Experiment) -> Problems:
        """Yield a problem when Destination begins with a reference to a bucket."""
        node = experiment.at("DataStorageConfig", "Destination")
        text = node.text if node is not None else None
        first = text.parts[0] if isinstance(text, SymbolicString) else ""
        if node is None or not isinstance(first, Unresolved):
            return
        name, _, attribute = first.argument.partition(".")
        if experiment.view.type_of(name) == "AWS::S3::Bucket":
            given = f"{attribute} of {name}" if attribute else f"the name of {name}"
            yield problem(node, f"Destination begins with {given} instead of s3://; write !Sub s3://${{{name}}}/prefix")
