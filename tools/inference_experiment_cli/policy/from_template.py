"""The roles of a template as the rules find them: one for each way in which its conditions can turn out."""

from collections.abc import Iterator
from dataclasses import replace

from cfnlint.decode import cfn_yaml
from cfnlint.template import Template

import iam_policy
from inference_experiment_cli.errors import UsageError
from inference_experiment_cli.policy.inputs import Subject
from shadow_test_policies.experiment_template import ExperimentTemplate
from shadow_test_policies.physical_names import PhysicalNames, open_scenario
from shadow_test_policies.role_checks import RoleCheck
from shadow_test_policies.verdict import parts_in, scenarios_of, subjects_of

REGIONS = ["us-east-1"]


def subjects_of_template(text: str, label: str, who: str) -> Iterator[Subject]:
    """Yield the provider's or the experiment's role of each experiment. Raises UsageError if there is none."""
    if who == "deployer":
        raise UsageError(f"{label}: the deployer's policy is no part of a template; give a policy document")
    view = ExperimentTemplate(_template(text, label))
    found = []
    for name in subjects_of(view):
        for scenario in scenarios_of(view, name):
            parts = [
                part for part in parts_in(name, PhysicalNames(view, open_scenario(view, scenario))) if part.kind == who
            ]
            found += [_subject(part, label) for part in parts]
    if not found:
        raise UsageError(f"{label}: has no role of the {who}")
    yield from dict.fromkeys(found)


def _template(text: str, label: str) -> Template:
    try:
        template = Template(label, cfn_yaml.loads(text), REGIONS)
        template.transform()
    except Exception as error:  # cfn-lint's readers raise what they please
        raise UsageError(f"{label}: is no template: {str(error).splitlines()[0]}") from error
    return template


def _subject(part: RoleCheck, label: str) -> Subject:
    held = part.held
    if held is None:
        role = iam_policy.Role(
            part.kind,
            iam_policy.Policies(unknown=(iam_policy.Unknown("the role is not in the template", "a dump of the role"),)),
        )
        return Subject(role, label, _line(part.node.raw), part.requirements, part.deployment)
    role = held.role
    if held.is_bare:
        nothing = iam_policy.Unknown(f"the template attaches nothing to {held.name}", f"a dump of {held.name}")
        role = replace(role, policies=replace(role.policies, unknown=(nothing,)))
    needed = part.requirements if held.trust else tuple(one for one in part.requirements if not one.service)
    resource = part.shapes.view.resources.get(str(held.origin[1]))
    return Subject(role, label, _line(resource), needed, part.deployment)


def _line(raw: object) -> int:
    mark = getattr(raw, "start_mark", None)
    line = getattr(mark, "line", None)
    return line + 1 if isinstance(line, int) else 0
