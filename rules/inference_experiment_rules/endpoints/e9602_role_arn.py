from inference_experiment_rules._base import Problems, Rule, problem
from shadow_test_policies.experiment import Experiment
from shadow_test_policies.wrong_references import wrong_role_arn


class RoleArn(Rule):
    """SageMaker rejects a role name and cannot assume a role that does not exist, so the experiment is not created."""

    id = "E9602"
    shortdesc = "RoleArn is a role name or has another path"
    description = (
        "RoleArn requires an ARN, and Ref of a role returns its name. cfn-lint's E1041 reports a plain Ref; this rule "
        "reports names in Fn::Sub, Fn::Join or Fn::If and names from parameters. An ARN that is put together must "
        "have the Path of the role before its name, and not its logical id in its place."
    )
    source_url = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-iam-role.html"
    tags = ["sagemaker", "iam", "ref"]

    def check(self, experiment: Experiment) -> Problems:
        """Yield a problem when RoleArn is the name of a role in this template, or an ARN that is not the role's."""
        wrong = wrong_role_arn(experiment)
        return (problem(node, message) for node, message in wrong if "Ref" not in (node.raw or {}))
