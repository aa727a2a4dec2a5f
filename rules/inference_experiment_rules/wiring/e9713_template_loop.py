from cfn_template.nested import LOCATIONS
from inference_experiment_rules._base import Problem, Rule
from shadow_test_policies.experiment import ExperimentTemplate


class TemplateLoop(Rule):
    """Packaging never ends; where it does, each level creates another experiment on the same endpoint."""

    id = "E9713"
    shortdesc = "Nested template includes itself"
    description = (
        "TemplateURL (Location of a SAM application) is a local file that is the template itself, or one that leads "
        "back to one around it. aws cloudformation package and sam package follow every such file, whatever the "
        "conditions. Checked in templates with an experiment, also in that of a nested stack."
    )
    source_url = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-nested-stacks.html"
    tags = ["cloudformation", "nested"]

    def targets(self, view: ExperimentTemplate) -> list[str]:
        """Return the stacks whose template leads back to itself, if there is an experiment."""
        return [chain[0] for chain in view.composition.chains()] if view.experiments else []

    def problems(self, view: ExperimentTemplate) -> list[Problem]:
        """Return a problem at the location of each such template."""
        return [_problem(view, chain) for chain in view.composition.chains()] if view.experiments else []


def _problem(view: ExperimentTemplate, chain: tuple[str, ...]) -> Problem:
    stack, key = chain[0], LOCATIONS[view.type_of(chain[0])]
    path = "Resources", stack, "Properties", key
    location = view.composition.original["Resources"][stack]["Properties"][key]
    through = f" through its nested stack {' and then '.join(chain[1:])}" if len(chain) > 1 else ""
    what = f"{location} leads back to itself{through}" if through else f"{location} is this template, or one around it"
    return Problem(path, f"{what}, so packaging never ends; specify the template of {chain[-1]}")
