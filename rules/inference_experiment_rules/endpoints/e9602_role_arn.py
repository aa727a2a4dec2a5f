from cfn_template.values import function_of
from inference_experiment_rules._base import Problems, Rule, problem
from shadow_test_policies.experiment import Experiment
from shadow_test_policies.references import ROLE, reference_of
from shadow_test_policies.wrong_references import wrong_role_arn


class RoleArn(Rule):
    """SageMaker rejects a role name and cannot assume a role that does not exist, so the experiment is not created."""

    id = "E9602"
    shortdesc = "RoleArn is not the ARN of the role"
    description = (
        "RoleArn requires an ARN, and Ref of a role returns its name. cfn-lint's E1041 reports a plain Ref; this rule "
        "reports names in Fn::Sub, Fn::Join or Fn::If and names from parameters. An ARN that is put together must "
        "have the Path of the role before its name, and not its logical id in its place. A reference to a "
        "resource that is not a role is reported too."
    )
    source_url = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-iam-role.html"
    tags = ["sagemaker", "iam", "ref"]

    def check(self, experiment: Experiment) -> Problems:
        """Yield a problem when RoleArn is the name of a role in this template, or an ARN that is not the role's."""
        for node, message in wrong_role_arn(experiment):
            function, _ = function_of(node.raw) or ("", None)
            reference = reference_of(experiment.view, node)
            is_reported = function == "Fn::GetAtt" and reference is not None and reference.type != ROLE
            if function != "Ref" and not is_reported:  # else cfn-lint's E1040 or E1041
                yield problem(node, message)
