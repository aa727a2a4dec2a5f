import re
from typing import Final

from cfn_template.values import SymbolicString, Unresolved
from inference_experiment_rules._base import Problems, Rule, problem
from shadow_test_policies.experiment import Experiment

SCHEME: Final = "s3://"
BUCKET_ARN: Final = re.compile(r"s3://arn:(?:aws[a-z-]*|\$\{AWS::Partition\}):s3:::")


class CaptureDestination(Rule):
    """SageMaker rejects the experiment. The pattern of Destination cannot be checked before the bucket has a name."""

    id = "E9603"
    shortdesc = "Destination is not an S3 URI"
    description = (
        "Destination must begin with s3:// and the name of a bucket. Ref of a bucket returns its name, and Fn::GetAtt "
        "its ARN or domain name."
    )
    source_url = (
        "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_InferenceExperimentDataStorageConfig.html"
    )
    tags = ["sagemaker", "capture", "ref"]

    def check(self, experiment: Experiment) -> Problems:
        """Yield a problem when a reference to a bucket is not the name after s3://, or the name is an ARN."""
        node = experiment.at("DataStorageConfig", "Destination")
        text = node.text if node is not None else None
        if node is None or text is None:
            return
        parts = text.parts if isinstance(text, SymbolicString) else (text,)
        before = parts[0] if isinstance(parts[0], str) and SCHEME.startswith(parts[0]) and len(parts) > 1 else ""
        first = parts[bool(before)]
        name, _, attribute = first.argument.partition(".") if isinstance(first, Unresolved) else ("", "", "")
        if experiment.view.type_of(name) == "AWS::S3::Bucket" and (attribute or before != SCHEME):
            given = f"{attribute} of {name}" if attribute else f"the name of {name}"
            begin = f"begins with {before or given} instead of {SCHEME}"
            wrong = f"has {given} instead of a name" if before == SCHEME else begin
            yield problem(node, f"Destination {wrong}; write !Sub {SCHEME}${{{name}}}/prefix")
        elif BUCKET_ARN.match(str(text)):
            yield problem(node, f"{text} has the ARN of a bucket; write its name after {SCHEME}")
