"""The roles of a template as the rules see them: in every scenario, for the region of the deployment."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import iam_policy
from cfn_template.documents import require_unique
from cfn_template.language_extensions import expand
from cfn_template.located import DocumentError, mark_of
from cfn_template.nested import compose
from cfn_template.parameters import PSEUDO, value_of
from cfn_template.scenarios import Scenario, describe
from cfn_template.template import DEFAULT_REGIONS
from cfn_template.values import UNKNOWN, Raw
from iam_policy.findings import MAXIMUM_MESSAGE
from inference_experiment_cli.errors import UsageError
from inference_experiment_cli.inputs.documents import syntax_error
from inference_experiment_cli.inputs.parameters import check_parameters
from inference_experiment_cli.policy.beside import Beside
from inference_experiment_cli.policy.checks import CheckOptions
from shadow_test_policies.analysis import PermissionAnalysis, template_findings
from shadow_test_policies.experiment import SUBJECT, ExperimentTemplate
from shadow_test_policies.located_documents import Location
from shadow_test_policies.permission_findings import PermissionFinding, RoleReport
from shadow_test_policies.physical_names import PhysicalNames
from shadow_test_policies.references import ROLE
from shadow_test_policies.registry_type import REGISTRY_TYPES, subject_with
from shadow_test_policies.role_checks import SAM_FUNCTION, RoleCheck, role_checks, role_in_place
from shadow_test_policies.role_policies import role_of_function, role_of_resource
from shadow_test_policies.template_deployment import PLACES, bare
from shadow_test_policies.verdicts import Verdict, verdict_of


@dataclass(frozen=True)
class TemplateInput:
    """A template and the analysis of its roles."""

    label: str
    analysis: PermissionAnalysis

    def reports(self) -> list[RoleReport]:
        """Return the report on each role in each scenario."""
        listed = [self.analysis.reports(name).values() for name in self.analysis.targets]
        return list(dict.fromkeys(report for scenarios in listed for reports in scenarios for report in reports))

    def verdicts(self) -> Iterator[tuple[RoleReport, str]]:
        """Yield each report with the verdict in one line, which names the scenarios where others differ."""
        for name in self.analysis.targets:
            by_scenario = self.analysis.reports(name)
            holds: dict[Verdict, dict[Scenario, RoleReport]] = {}
            for scenario, reports in by_scenario.items():
                for report in reports:
                    holds.setdefault(verdict_of(report), {})[scenario] = report
            for verdict, found in holds.items():
                line = verdict.line(self.label, describe(list(found), list(by_scenario)))
                yield from ((report, line) for report in dict.fromkeys(found.values()))

    def findings(self) -> Iterator[iam_policy.Finding]:
        """Yield what the rules report, and what cfn-lint's own rules report of the documents."""
        view = self.analysis.view
        yield from self._of_files()
        for (finding, message), place in view.across(self._found, lambda each: each[0].location.path):
            if finding.location.document:
                continue
            mark = mark_of(view.composition.original, place)
            position = iam_policy.Position(mark.line + 1, mark.column + 1)
            worded = view.composition.word(finding.location.path, message, MAXIMUM_MESSAGE)
            yield replace(finding, location=Location(place)).as_template_finding(self.label, position, worded)

    def _of_files(self) -> Iterator[iam_policy.Finding]:
        """Yield the findings in policies that are given beside the template."""
        for finding, message in self._found(self.analysis.view):
            if finding.location.document:
                yield replace(finding.as_finding(finding.location.document, finding.location.position), message=message)

    def _found(self, view: ExperimentTemplate) -> list[tuple[PermissionFinding, str]]:
        own = view is self.analysis.view
        return template_findings(self.analysis if own else self.analysis.of(view), _is_included)


def _is_included(finding: PermissionFinding) -> bool:
    # `policy diff` lists these.
    return finding.kind != "excess-permission"


def read_template(value: Raw, label: str, options: CheckOptions, role: str, beside: Beside) -> TemplateInput:
    """Return the roles of a kind in a template, or the one of that name. Raises UsageError if there is none."""
    view = _view(value, label, options)

    def of_target(name: str, names: PhysicalNames) -> list[RoleCheck]:
        checks = role_checks(name, _placed(names, options))
        selected = (beside.on(one) for one in checks if one.kind == options.role_kind and _is_named(one, role))
        return [replace(check, requirements=tuple(filter(options.includes, check.requirements))) for check in selected]

    analysis = PermissionAnalysis(view, of_target)
    found = TemplateInput(label, analysis)
    if found.reports():
        return found
    named = [name for name in view.resources if view.type_of(name) in {ROLE, SAM_FUNCTION}]
    if role not in named:
        problem = f"has no role {role}" if role else f"has no role of the {options.role_kind}"
        advice = f"; choose one with --role: {', '.join(named)}" if named else ""
        raise UsageError(f"{label}: {problem}{advice}")

    def of_role(name: str, names: PhysicalNames) -> list[RoleCheck]:
        return [beside.on(_named_role(name, _placed(names, options), options))]

    return TemplateInput(label, PermissionAnalysis(view, of_role, [role]))


def _view(template: Raw, label: str, options: CheckOptions) -> ExperimentTemplate:
    """Return what the rules see, or of the one deployment with the given parameters. Raises UsageError."""
    try:
        require_unique(template)
    except DocumentError as error:
        raise syntax_error(label, error) from error
    loops = ExperimentTemplate(template)
    declared = loops.declared
    known = {name: value for name, value in options.parameters.items() if name in {*declared, *PSEUDO}}
    check_parameters(declared, known)
    defaults = {name: value_of(name, raw, {}) for name, raw in declared.items()} if options.parameters else {}
    whole = {**{name: value for name, value in defaults.items() if value is not UNKNOWN}, **known}
    template = expand(template, loops.deployment(known).evaluator.evaluate)
    composition = compose(template, label, subject_with(SUBJECT, options.types - REGISTRY_TYPES))
    region = options.deployment.region
    regions = (region,) if isinstance(region, str) else DEFAULT_REGIONS
    return ExperimentTemplate.of(composition, options.types, regions=regions, parameter_sets=[whole] if whole else ())


def _placed(names: PhysicalNames, options: CheckOptions) -> PhysicalNames:
    """Fill in the partition and the account that were given; cfn-lint's way to give a region is its own."""
    given = {
        pseudo: value
        for name, pseudo in PLACES.items()
        if name != "region" and isinstance(value := getattr(options.deployment, name), str)
    }
    passed = {name: value for name, value in options.parameters.items() if name in PSEUDO}
    return replace(names, known={**given, **passed, **names.known})


def _is_named(check: RoleCheck, role: str) -> bool:
    return not role or (check.role is not None and role in {check.role.name, check.role.name.rpartition(" ")[2]})


def _named_role(name: str, names: PhysicalNames, options: CheckOptions) -> RoleCheck:
    """Return a role of the template with what its kind requires by the options, whatever uses it."""
    build = role_of_resource if names.view.type_of(name) == ROLE else role_of_function
    role, names = role_in_place(names, lambda used: build(name, used))
    place = bare(names)
    deployment = replace(options.deployment, partition=place.partition, region=place.region, account=place.account)
    required = tuple(filter(options.includes, options.requirements(deployment)))
    return RoleCheck(options.role_kind, role, required, deployment, names=names)
