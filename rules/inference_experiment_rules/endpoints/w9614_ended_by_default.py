from cfn_template.nested import section
from cfn_template.scenarios import needs_of
from inference_experiment_rules._base import TYPE_REFERENCE, Problem, Rule, problem
from shadow_test_policies.experiment import ExperimentTemplate, experiment_in


class EndedByDefault(Rule):
    """Why a warning? Whoever deploys may always pass the parameters."""

    id = "W9614"
    shortdesc = "Defaults of the parameters end the experiment"
    description = (
        "DesiredState depends on parameters, and with their defaults it is Completed or Cancelled. A first deployment "
        "with defaults asks for an experiment that has ended; a later one ends it, and may change what serves "
        "production, without anybody deciding so."
    )
    source_url = TYPE_REFERENCE
    tags = ["sagemaker", "endpoint", "state", "promotion"]

    def problems(self, view: ExperimentTemplate) -> list[Problem]:
        """Return a problem at each DesiredState that ends the experiment with the defaults, and else may not."""
        return [found for name in self.targets(view) if (found := _of_defaults(view, name)) is not None]


def _of_defaults(view: ExperimentTemplate, name: str) -> Problem | None:
    passed = [name for values in view.parameter_sets for name in values]
    experiment = experiment_in(view, name, view.deployment({}))
    node = experiment.at("DesiredState") if view.exists(name, experiment.scenario) else None
    if node is None or not experiment.is_ending:
        return None
    written = section(view.resources[name], "Properties").get("DesiredState")
    shown = view.declared.keys() - view.source.hidden
    deciding = [each for each in needs_of(view.source, [written])[0] if each in shown]
    others = [experiment_in(view, name, scenario) for scenario in view.scenarios({name})]
    if not deciding or set(deciding) & set(passed) or all(each.is_ending for each in others):
        return None
    defaults = ", ".join(f"{each}: {section(view.declared, each).get('Default')}" for each in deciding[:2])
    promoted = f" and promotes {experiment.shadow.text}" if experiment.promotes and experiment.shadow else ""
    message = f"with the defaults ({defaults}) DesiredState is {node.literal}, which ends the test{promoted}"
    return problem(node, f"{message} without anybody deciding so; specify a Default with which it is Running")
