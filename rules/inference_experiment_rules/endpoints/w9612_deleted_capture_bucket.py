from inference_experiment_rules._base import Problems, Rule, problem
from shadow_test_policies.experiment import Experiment
from shadow_test_policies.references import unresolved_of

BUCKET = "AWS::S3::Bucket"


class DeletedCaptureBucket(Rule):
    """Why a warning? The captured data may have been removed by then."""

    id = "W9612"
    shortdesc = "Capture bucket is deleted with the stack"
    description = (
        "The bucket of DataStorageConfig is a resource of the same template without DeletionPolicy. CloudFormation "
        "deletes it with the stack, or with the resource, which fails as long as it contains captured data."
    )
    source_url = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html"
    tags = ["sagemaker", "capture", "deletionpolicy"]

    related_types = frozenset({BUCKET})

    def check(self, experiment: Experiment) -> Problems:
        """Yield a problem when the bucket of Destination is not retained."""
        node, view = experiment.at("DataStorageConfig", "Destination"), experiment.view
        text = node.text if node is not None else None
        # A value that does not begin with s3:// is a mistake of its own.
        names = [each.argument for each in unresolved_of(text) if str(text).startswith("s3://")]
        bucket = next((name for name in names if view.type_of(name) == BUCKET), None)
        if node is None or bucket is None:
            return
        policy = view.resource(bucket, experiment.scenario).get("DeletionPolicy")
        if policy is None or policy.literal == "Delete":
            message = f"{bucket} is deleted with the stack, which fails while it contains captured data"
            yield problem(node, f"{message}; specify DeletionPolicy: Retain for {bucket}")
