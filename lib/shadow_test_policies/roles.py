"""The roles that an experiment needs, and the policies that are attached to them as resources of their own."""

from typing import Final

from cfn_template.nodes import Node
from cfn_template.scenarios import Scenario
from shadow_test_policies.experiment import Experiment
from shadow_test_policies.experiment_template import ExperimentTemplate
from shadow_test_policies.references import holes_of, lambda_function_of

# Type of a policy resource -> the property that lists its roles.
POLICY_PROPERTIES: Final = {
    "AWS::IAM::Policy": "Roles",
    "AWS::IAM::ManagedPolicy": "Roles",
    "AWS::IAM::RolePolicy": "RoleName",
}
# What SAM's translation writes on the policies of connectors: their author cannot depend on them.
CONNECTOR_MARK: Final = "aws:sam:connectors"


def _names_in(node: Node | None) -> set[str]:
    return {hole.argument.partition(".")[0] for hole in holes_of(node.text)} if node is not None else set()


def roles_of(experiment: Experiment) -> set[str]:
    """Return the logical ids of the experiment's role and of its provider's."""
    view = experiment.view
    roles = _names_in(experiment.at("RoleArn"))
    function = lambda_function_of(view, experiment.at("ServiceToken")) if experiment.is_custom else None
    if function is not None:
        role = view.resource(function, experiment.scenario).at("Properties", "Role")
        # SAM gives a function without Role one of this name.
        roles |= _names_in(role) if role is not None else {f"{function}Role"}
    return roles


def roles_with(view: ExperimentTemplate, policy: str, scenario: Scenario) -> set[str]:
    """Return the logical ids of the roles that a policy resource is attached to."""
    resource = view.resource(policy, scenario)
    mark = resource.at("Metadata", CONNECTOR_MARK)
    listed = resource.at("Properties", POLICY_PROPERTIES[view.type_of(policy)])
    if listed is None or mark is not None:
        return set()
    nodes = listed.items if listed.items is not None else [listed]
    return set().union(*(_names_in(node) for node in nodes))
