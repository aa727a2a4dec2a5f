from inference_experiment_rules._base import Problems, Rule, problem
from shadow_test_policies.experiment import Experiment
from shadow_test_policies.references import reference_of


class RoleArn(Rule):
    """SageMaker rejects a role name, so the experiment is not created."""

    id = "E9602"
    shortdesc = "RoleArn is a role name"
    description = (
        "RoleArn requires an ARN, and Ref of a role returns its name. cfn-lint's E1041 reports a plain Ref; this rule "
        "reports names in Fn::Sub, Fn::Join or Fn::If and names from parameters."
    )
    source_url = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-iam-role.html"
    tags = ["sagemaker", "iam", "ref"]

    def check(self, experiment: Experiment) -> Problems:
        """Yield a problem when RoleArn is the name of a role in this template."""
        node = experiment.at("RoleArn")
        reference = reference_of(experiment.view, node)
        if node is None or reference is None or reference.type != "AWS::IAM::Role" or "Ref" in (node.raw or {}):
            return
        if reference.attribute != "Arn":
            message = f"this is the name of {reference.name}, but RoleArn requires its ARN"
            yield problem(node, f"{message}; write !GetAtt {reference.name}.Arn")
