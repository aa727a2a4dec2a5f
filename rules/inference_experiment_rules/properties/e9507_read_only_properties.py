from inference_experiment import contract
from inference_experiment_rules import _cfnlint
from inference_experiment_rules._base import TYPE_REFERENCE, Problems, Rule, problem
from shadow_test_policies.experiment import Experiment


class ReadOnlyProperties(Rule):
    """CloudFormation or the provider rejects the property during the stack operation."""

    id = "E9507"
    shortdesc = "Read-only property is specified"
    description = (
        "Arn, Status, CreationTime, EndpointMetadata and similar properties are return values. cfn-lint's rule for "
        "read-only properties (E3040) does not report them."
    )
    source_url = TYPE_REFERENCE
    tags = ["sagemaker", "schema"]

    def check(self, experiment: Experiment) -> Problems:
        """Yield each read-only property of the template; those that a transform adds are unknown."""
        properties = experiment.at()
        members = properties.members if properties is not None else {}
        for name in sorted(contract.read_only()):
            node = members.get(name)
            if node is not None and (not experiment.is_native or name in _cfnlint.native_schema()["properties"]):
                instead = "specify DesiredState instead" if name == "Status" else "read it with !GetAtt"
                yield problem(node, f"{name} is read-only; remove it and {instead}")
