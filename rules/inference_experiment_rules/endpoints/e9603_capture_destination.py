from collections.abc import Iterator
from typing import ClassVar

from cfn_template.values import Hole, Text
from inference_experiment_rules._base import Problem, Rule, problem
from shadow_test_policies.experiment import Experiment


class CaptureDestination(Rule):
    """SageMaker refuses the experiment; the pattern cannot be checked while the bucket has no name yet."""

    id = "E9603"
    shortdesc = "Destination is no S3 URI"
    description = (
        "Destination begins with s3://. Ref of a bucket gives its name, GetAtt Arn its ARN, GetAtt DomainName a host."
    )
    source_url = (
        "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_InferenceExperimentDataStorageConfig.html"
    )
    tags: ClassVar[list[str]] = ["sagemaker", "capture", "ref"]

    def check(self, experiment: Experiment) -> Iterator[Problem]:
        """Yield a problem when the text begins with a bucket instead of s3://."""
        node = experiment.at("DataStorageConfig", "Destination")
        text = node.text if node is not None else None
        first = text.parts[0] if isinstance(text, Text) else ""
        if node is None or not isinstance(first, Hole):
            return
        name, _, attribute = first.argument.partition(".")
        if experiment.view.type_of(name) == "AWS::S3::Bucket":
            given = f"{attribute} of {name}" if attribute else f"the name of {name}"
            yield problem(node, f"Destination begins with {given}, not with s3://; write !Sub s3://${{{name}}}/prefix")
