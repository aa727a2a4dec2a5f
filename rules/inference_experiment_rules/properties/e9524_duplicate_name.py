from collections.abc import Collection

from inference_experiment_rules._base import TYPE_REFERENCE, Problems, Rule, problem
from shadow_test_policies.experiment import Experiment, ExperimentTemplate, experiment_in


class DuplicateName(Rule):
    """The second experiment fails because the name is in use, and the stack rolls back."""

    id = "E9524"
    shortdesc = "Two experiments have the same name"
    description = "The names of experiments are unique in an account and region, so two of a template must differ."
    source_url = TYPE_REFERENCE
    tags = ["sagemaker", "name"]

    def related_resources(self, view: ExperimentTemplate, name: str) -> Collection[str]:
        """Return the experiments before this one, so that each pair is checked once."""
        return view.experiments[: view.experiments.index(name)]

    def check(self, experiment: Experiment) -> Problems:
        """Yield a problem when an earlier experiment certainly has the same name."""
        node, view = experiment.at("Name"), experiment.view
        if node is None or not node.text:
            return
        for name in self.related_resources(view, experiment.name):
            other = experiment_in(view, name, experiment.scenario)
            named = other.at("Name")
            if named is None or named.text != node.text or not view.exists(name, experiment.scenario):
                continue
            # E3019 reports literal names of two resources of the native type.
            if experiment.is_custom or other.is_custom or node.literal is None:
                yield problem(node, f"{name} has the name {node.text} too; names are unique in an account and region")
                return
