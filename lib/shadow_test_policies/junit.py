"""The report as JUnit XML: a test case for each decision and for each finding."""

from collections.abc import Iterable
from xml.etree import ElementTree as ET

from iam_policy.findings import Severity, show_path
from iam_policy.lint.suppress import SuppressibleFinding
from shadow_test_policies.permission_findings import RoleReport
from shadow_test_policies.reports import TOOL, line_of, remarks


def junit_of(findings: Iterable[SuppressibleFinding], reports: Iterable[RoleReport] = ()) -> str:
    """Return JUnit XML: a test case for each decision and for each finding; unknown and suppressed ones are skipped."""
    suite = ET.Element("testsuite", name=TOOL)
    cases = [*_decisions(reports), *map(_junit_case, findings)]
    suite.extend(cases)
    failures = sum(case.find("failure") is not None for case in cases)
    skipped = sum(case.find("skipped") is not None for case in cases)
    suite.attrib.update(tests=str(len(cases)), failures=str(failures), errors="0", skipped=str(skipped))
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _decisions(reports: Iterable[RoleReport]) -> Iterable[ET.Element]:
    allowed = (
        (report.check.role_name, f"{result.decision.request.action} on {result.decision.request.resource}")
        for report in reports
        for result in report.results
        if result.decision.allowed
    )
    for role, name in dict.fromkeys(allowed):
        yield ET.Element("testcase", classname=role, name=name)


def _junit_case(each: SuppressibleFinding) -> ET.Element:
    finding = each.finding
    place = show_path(finding.path) or "document"
    case = ET.Element("testcase", classname=finding.document or "policy", name=f"{finding.kind} {place}")
    if each.suppression is not None:
        ET.SubElement(case, "skipped", message=f"suppressed: {each.suppression.reason}")
    elif finding.severity is Severity.ERROR:
        failure = ET.SubElement(case, "failure", type=finding.kind, message=finding.message + remarks(finding))
        failure.text = line_of(finding)
    else:
        ET.SubElement(case, "skipped", message=f"{finding.severity}: {finding.message}{remarks(finding)}")
    return case
