from inference_experiment_rules._base import Problems, Rule, problem
from shadow_test_policies.experiment import FUNCTION_TYPES, QUALIFIED_TYPES, Experiment
from shadow_test_policies.role_policies import POLICY_PROPERTIES, roles_of, roles_with


class PolicyDependency(Rule):
    """Why a warning? The create may succeed when the policy happens to come first; the delete then fails."""

    id = "W9708"
    shortdesc = "Experiment does not depend on a policy of its roles"
    description = (
        "A policy of the provider's or the experiment's role is a separate resource, and the experiment does not "
        "depend on it, directly or indirectly. CloudFormation may attach the policy too late and detach it too early."
    )
    source_url = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-dependson.html"
    tags = ["sagemaker", "iam", "dependson"]

    related_types = FUNCTION_TYPES | QUALIFIED_TYPES | frozenset(POLICY_PROPERTIES)

    def check(self, experiment: Experiment) -> Problems:
        """Yield one problem at the resource, naming the policies that it does not depend on."""
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
            message = f"the experiment does not depend on {', '.join(missing[:3])}; add DependsOn: {missing[0]}"
            yield problem(experiment.resource, f"{message}, or API calls may be denied at creation and deletion")
