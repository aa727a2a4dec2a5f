from inference_experiment_rules._base import TYPE_REFERENCE, PairRule, Problems, problem
from shadow_test_policies.experiment import Experiment


class DuplicateName(PairRule):
    """The second experiment fails because the name is in use, and the stack rolls back."""

    id = "E9524"
    shortdesc = "Two experiments have the same name"
    description = "The names of experiments are unique in an account and region, so two of a template must differ."
    source_url = TYPE_REFERENCE
    tags = ["sagemaker", "name"]

    def check(self, experiment: Experiment) -> Problems:
        """Yield a problem when an earlier experiment certainly has the same name."""
        node = experiment.at("Name")
        for other in self.earlier(experiment) if node is not None and node.text else ():
            named = other.at("Name")
            # E3019 reports literal names of two resources of one type, unless it is the custom type.
            is_alike = experiment.view.type_of(experiment.name) == other.view.type_of(other.name)
            is_reported = is_alike and not experiment.is_custom and node is not None and node.literal
            if node is not None and named is not None and named.text == node.text and not is_reported:
                message = f"{other.name} has the name {node.text} too; names are unique in an account and region"
                yield problem(node, message)
                return
