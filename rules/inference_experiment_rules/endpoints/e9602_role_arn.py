from cfn_template.nodes import Node
from inference_experiment_rules._base import Problems, Rule, problem
from shadow_test_policies.experiment import Experiment
from shadow_test_policies.references import ROLE, after_last, is_logical_id, path_in_arn, reference_of, role_behind


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
        node = experiment.at("RoleArn")
        if node is not None:
            yield from _of_path(experiment, node)
        reference = reference_of(experiment.view, node)
        if node is None or reference is None or reference.type != ROLE or "Ref" in (node.raw or {}):
            return
        if reference.attribute != "Arn":
            message = f"this is the name of {reference.name}, but RoleArn requires its ARN"
            yield problem(node, f"{message}; write !GetAtt {reference.name}.Arn")


def _of_path(experiment: Experiment, node: Node) -> Problems:
    view, written = experiment.view, path_in_arn(node.text)
    role = role_behind(view, node) if written else None
    own = view.resource(role, node.scenario).at("Properties", "Path") if role else None
    path = own.literal if own is not None else "/"
    if role and path and written != path:
        yield problem(node, f"the Path of {role} is {path}, not {written}; write !GetAtt {role}.Arn")
    name = after_last(node.text, "/")
    if written and is_logical_id(view, ROLE, name, node.scenario):
        yield problem(node, f"{name} is a logical id, and that role has another name; write !GetAtt {name}.Arn")
