"""Findings about the permissions of a template's roles, in every scenario, computed once for all rules."""

from collections.abc import Callable, Collection, Sequence
from typing import Final, TypeAlias

from cfn_template.scenarios import Scenario, covering, once_per_place
from iam_policy.findings import MAXIMUM_MESSAGE
from shadow_test_policies.experiment import FUNCTION_TYPES, QUALIFIED_TYPES, ExperimentTemplate
from shadow_test_policies.permission_findings import PermissionFinding, RoleReport, analyze
from shadow_test_policies.physical_names import PhysicalNames, open_scenario
from shadow_test_policies.references import ROLE
from shadow_test_policies.role_checks import RoleCheck, role_checks
from shadow_test_policies.role_policies import POLICY_PROPERTIES

RELATED: Final = FUNCTION_TYPES | QUALIFIED_TYPES | frozenset(POLICY_PROPERTIES) | {ROLE}
MAXIMUM_SCENARIOS: Final = 4
# With more policies and roles than this only those attached to a checked role are read.
MAXIMUM_OTHER_POLICIES: Final = 6
Checks: TypeAlias = Callable[[str, PhysicalNames], list[RoleCheck]]
Reports: TypeAlias = tuple[RoleReport, ...]


class PermissionAnalysis:
    """The reports on the roles behind each experiment or provider function of one template.

    `checks` returns the roles behind one of the targets in a scenario; the targets are the experiments, or the provider
    functions of a template without experiments, unless others are passed.
    """

    def __init__(self, view: ExperimentTemplate, checks: Checks = role_checks, targets: Sequence[str] = ()) -> None:
        self.view = view
        self.targets = list(targets or view.experiments or view.provider_functions)
        self._checks = checks
        self._reports: dict[str, dict[Scenario, Reports]] = {}

    def of(self, view: ExperimentTemplate) -> "PermissionAnalysis":
        """Return the same analysis of another template."""
        return PermissionAnalysis(view, self._checks)

    def reports(self, name: str) -> dict[Scenario, Reports]:
        """Return the reports on the roles behind a target in each scenario."""
        if name not in self._reports:
            self._reports[name] = self._analyze(name)
        return self._reports[name]

    def findings(self, name: str) -> dict[Scenario, list[PermissionFinding]]:
        """Return all findings behind a target in each scenario."""
        return {
            scenario: [finding for report in reports for finding in report.findings]
            for scenario, reports in self.reports(name).items()
        }

    def _analyze(self, name: str) -> dict[Scenario, Reports]:
        """Analyze each scenario, reusing an analysis of one that is the same in everything it read."""
        known: list[tuple[Scenario, Reports]] = []
        by_scenario: dict[Scenario, Reports] = {}
        for scenario in scenarios_of(self.view, name):
            names = PhysicalNames(self.view, open_scenario(self.view, scenario))
            same = next((reports for earlier, reports in known if earlier.is_like(names.scenario)), None)
            if same is None:
                same = tuple(analyze(check) for check in self._checks(name, names))
                known.append((names.scenario, same))
            by_scenario[scenario] = same
        return by_scenario


def permission_analysis(view: ExperimentTemplate) -> PermissionAnalysis:
    """Return the analysis of a template that all rules share."""
    analysis: PermissionAnalysis = view.memo.setdefault(("permission analysis",), PermissionAnalysis(view))
    return analysis


def template_findings(
    analysis: PermissionAnalysis, includes: Callable[[PermissionFinding], bool]
) -> list[tuple[PermissionFinding, str]]:
    """Return the findings in a template with their messages, each once however many experiments share the role."""
    word = analysis.view.composition.word  # adds the file of a nested stack later
    found = [
        (
            finding,
            finding.word(MAXIMUM_MESSAGE - len(where) - len(word(finding.location.path, "", MAXIMUM_MESSAGE))) + where,
        )
        for name in analysis.targets
        for finding, where in once_per_place(
            {scenario: filter(includes, members) for scenario, members in analysis.findings(name).items()},
            lambda each: (each.kind, each.role_kind, each.subject, each.location),
        )
    ]
    return list({(finding.kind, finding.location, message): (finding, message) for finding, message in found}.values())


def scenarios_of(view: ExperimentTemplate, name: str) -> list[Scenario]:
    """Return scenarios in which the policies of a target's roles may differ; a covering subset of many."""
    scenarios = view.scenarios({name}, related(view, name))
    return scenarios if len(scenarios) <= MAXIMUM_SCENARIOS else covering(scenarios)


def related(view: ExperimentTemplate, name: str) -> Collection[str]:
    """Return the resources that the permissions of the roles may depend on."""
    reached = view.reachable(name, RELATED)
    policies = view.of_type(*POLICY_PROPERTIES)
    attached = {policy for policy in policies if {name, *reached} & view.references(policy)}
    # Missing permissions may be attached to another role; with many resources these are not read.
    others = [*policies, *view.of_type(ROLE)]
    return {*reached, *attached, *(others if len(others) <= MAXIMUM_OTHER_POLICIES else ())}
