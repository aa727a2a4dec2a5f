from collections.abc import Iterator
from typing import ClassVar

from inference_experiment_rules._base import Problem, Rule, problem
from shadow_test_policies.experiment import Experiment
from shadow_test_policies.references import reference_of


class RoleArn(Rule):
    """SageMaker refuses a role name, so the experiment is not created."""

    id = "E9602"
    shortdesc = "RoleArn is a role name"
    description = (
        "Ref of a role gives its name and RoleArn wants the ARN. cfn-lint's E1041 reports a plain Ref; this finds "
        "the name inside Fn::Sub, Fn::Join or Fn::If, and names given through parameters."
    )
    source_url = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-iam-role.html"
    tags: ClassVar[list[str]] = ["sagemaker", "iam", "ref"]

    def check(self, experiment: Experiment) -> Iterator[Problem]:
        """Yield a problem when RoleArn is the name of a role of this template."""
        node = experiment.at("RoleArn")
        reference = reference_of(experiment.view, node)
        if node is None or reference is None or reference.type != "AWS::IAM::Role" or "Ref" in (node.raw or {}):
            return
        if reference.attribute != "Arn":
            message = f"this gives the name of {reference.name}; write !GetAtt {reference.name}.Arn"
            yield problem(node, f"{message}, since SageMaker wants the ARN")
