"""Which scenarios are evaluated, and that a result is reused only for scenarios with the same result."""

import itertools
from pathlib import Path

import pytest
from cfnlint.decode import cfn_yaml
from cfnlint.template import Template
from linting import fixtures

from benchmarks import templates
from cfn_template.scenarios import Scenario, choices_of, covering
from inference_experiment_rules._base import view_of
from shadow_test_policies.analysis import PermissionAnalysis, scenarios_of
from shadow_test_policies.experiment import ExperimentTemplate
from shadow_test_policies.permission_findings import analyze
from shadow_test_policies.physical_names import PhysicalNames, open_scenario
from shadow_test_policies.role_checks import role_checks

CONDITIONS = """
Conditions:
{conditions}
Parameters:
{parameters}
Resources:
  Experiment:
    Type: Custom::SageMakerInferenceExperiment
    Properties:
      Tags:
{tags}
"""

DECLARED = """
Conditions: {IsLong: !Equals [!Ref Length, long]}
Parameters: {Length: {Type: String}}
"""


def with_conditions(count: int) -> ExperimentTemplate:
    """Return a template in which some independent conditions decide a tag each."""
    text = CONDITIONS.format(
        conditions="\n".join(f"  Is{index}: !Equals [!Ref P{index}, a]" for index in range(count)),
        parameters="\n".join(f"  P{index}: {{Type: String}}" for index in range(count)),
        tags="\n".join(f"        - {{Key: k{index}, Value: !If [Is{index}, a, b]}}" for index in range(count)),
    )
    return view_of(Template("t.yaml", cfn_yaml.loads(text), ["us-east-1"]))


def pairs(scenarios: list[Scenario]) -> set[tuple[tuple[str, str], ...]]:
    return {pair for scenario in scenarios for pair in itertools.combinations(choices_of(scenario), 2)}


@pytest.mark.parametrize(("count", "most"), [(3, 4), (5, 6), (7, 8)])
def test_every_two_choices_that_go_together_still_do(count: int, most: int) -> None:
    scenarios = with_conditions(count).scenarios({"Experiment"})

    few = covering(scenarios)

    assert len(scenarios) == 2**count
    assert len(few) <= most
    assert pairs(few) == pairs(scenarios)
    assert [scenario for scenario in scenarios if scenario in few] == few  # in the same order


def test_each_value_of_a_single_parameter_is_kept() -> None:
    text = """
Parameters: {Stage: {Type: String, AllowedValues: [a, b, c, d, e, f]}}
Resources:
  Experiment: {Type: "Custom::SageMakerInferenceExperiment", Properties: {Description: !Ref Stage}}
"""
    scenarios = view_of(Template("t.yaml", cfn_yaml.loads(text), ["us-east-1"])).scenarios({"Experiment"})

    assert len(scenarios) == 6
    assert covering(scenarios) == scenarios


def test_what_no_policy_depends_on_is_analyzed_once() -> None:
    text = templates.experiment(1).replace("Description: Description", "Description: !If [IsLong, long, short]")
    view = view_of(Template("t.yaml", cfn_yaml.loads(DECLARED + text), ["us-east-1"]))

    reports = PermissionAnalysis(view).reports("Experiment0")

    assert len(reports) == 2
    assert len({id(each) for each in reports.values()}) == 1


def test_what_policies_depend_on_is_analyzed_in_each_scenario() -> None:
    view = view_of(Template("t.yaml", cfn_yaml.loads(templates.experiment(1, conditions=3)), ["us-east-1"]))

    assert_analyzed_as_afresh(view, "Experiment0")


def conditional() -> list[Path]:
    return [path for path in fixtures() if path.parent.name[1:3] == "98" and "Conditions" in path.read_text("utf-8")]


@pytest.mark.parametrize("path", conditional(), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_what_is_taken_over_is_what_each_scenario_would_give(path: Path) -> None:
    template = Template(str(path), cfn_yaml.load(str(path)), ["us-east-1"])
    view = view_of(template)
    targets = PermissionAnalysis(view).targets
    assert targets
    for name in targets:
        assert_analyzed_as_afresh(view, name)


def assert_analyzed_as_afresh(view: ExperimentTemplate, name: str) -> None:
    findings = PermissionAnalysis(view).findings(name)
    assert set(findings) == set(scenarios_of(view, name))
    for scenario, members in findings.items():
        checks = role_checks(name, PhysicalNames(view, open_scenario(view, scenario)))
        afresh = [finding for check in checks for finding in analyze(check).findings]
        assert [(each, each.message) for each in members] == [(each, each.message) for each in afresh]
