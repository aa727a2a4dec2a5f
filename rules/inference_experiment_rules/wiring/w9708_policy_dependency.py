from collections.abc import Iterator
from typing import ClassVar

from inference_experiment_rules._base import Problem, Rule, problem
from shadow_test_policies.experiment import Experiment
from shadow_test_policies.experiment_template import FUNCTION_TYPES
from shadow_test_policies.references import QUALIFIED_TYPES
from shadow_test_policies.roles import POLICY_PROPERTIES, roles_of, roles_with


class PolicyDependency(Rule):
    """Why a warning? It works when the policy happens to come first, and then fails when the stack is deleted."""

    id = "W9708"
    shortdesc = "Experiment does not wait for a policy of its roles"
    description = (
        "A policy of the provider's or the experiment's role is a resource of its own, and the experiment does "
        "not depend on it, neither directly nor through others. CloudFormation may attach it late and detach it "
        "early."
    )
    source_url = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-dependson.html"
    tags: ClassVar[list[str]] = ["sagemaker", "iam", "dependson"]

    related_types = FUNCTION_TYPES | QUALIFIED_TYPES | frozenset(POLICY_PROPERTIES)

    def check(self, experiment: Experiment) -> Iterator[Problem]:
        """Yield one problem at the resource, naming the policies that it does not wait for."""
        view = experiment.view
        candidates = view.of_type(*POLICY_PROPERTIES)
        roles = roles_of(experiment) if candidates else set()
        missing = [
            name
            for name in candidates
            if view.exists(name, experiment.scenario)
            and roles & set(roles_with(view, name, experiment.scenario))
            and name not in view.reachable(experiment.name)
        ]
        if missing:
            message = f"nothing makes the experiment wait for {', '.join(missing[:3])}; add DependsOn: {missing[0]}"
            yield problem(experiment.resource, f"{message}, or calls fail for lack of permission, at deletion too")
