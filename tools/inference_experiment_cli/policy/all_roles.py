"""A table of who may run shadow tests: every role and user of a dump with what it lacks."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import iam_policy
from iam_policy import DocumentKind, Outcome
from iam_policy.lint.document import refusals
from iam_policy.parse.role_dumps import MAXIMUM_KEPT, Entry
from inference_experiment_cli.errors import ExitCode, UsageError
from inference_experiment_cli.output import Format, note, print_rows
from inference_experiment_cli.policy.checks import CheckOptions, role_checks_of
from inference_experiment_cli.policy.dumps import DumpFile
from inference_experiment_cli.policy.inputs import Inputs, RoleInput, read_file
from inference_experiment_cli.progress import bar
from shadow_test_policies.permission_findings import RoleReport, analyze
from shadow_test_policies.requirements import Level
from shadow_test_policies.verdicts import WORDS

ORDER: Final = (Outcome.ALLOWED, Outcome.UNKNOWN, Outcome.IMPLICIT_DENY)
COLUMNS: Final = ("name", "type", "verdict", "missing", "first")


def run_all_roles(files: Sequence[Path], options: CheckOptions, output: str) -> int:
    """Print the table, who is allowed first; return 0 if anybody is. Raises UsageError."""
    if output not in {"text", "json"}:
        raise UsageError(f"--all-roles has the formats text and json, not {output}")
    inputs = Inputs()
    dumps = [_dump(path, inputs) for path in files]
    with bar("roles and users", sum(len(each.dump.entries) for each in dumps)) as advance:
        rows = []
        for dump in dumps:
            for row in _rows(dump, options):
                rows.append(row)
                advance()
    order = [WORDS[outcome] for outcome in ORDER]
    rows.sort(key=lambda row: order.index(row["verdict"]))
    if output == "json":
        print_rows(rows, ("name", "type", "arn", "verdict", "missing", "permissions"), Format.JSON)
    else:
        print_rows(rows, COLUMNS, Format.TABLE)
    counts = {verdict: sum(row["verdict"] == verdict for row in rows) for verdict in order}
    note(f"{len(rows)} roles and users: " + ", ".join(f"{count} {verdict}" for verdict, count in counts.items()))
    if counts["allowed"]:
        return ExitCode.DONE
    return ExitCode.UNDECIDED if counts["undecided"] and options.unknown == "error" else ExitCode.NO


def _dump(path: Path, inputs: Inputs) -> DumpFile:
    found = read_file(path, inputs)
    if not isinstance(found, DumpFile):
        raise UsageError(f"{path}: --all-roles takes a dump of aws iam, or a Terraform plan or state")
    return found


class _Linter:
    """Lints a managed policy once for all that it is attached to."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, iam_policy.Place], tuple[iam_policy.Document, tuple[iam_policy.Finding, ...]]] = {}

    def lint(self, document: iam_policy.Document, place: iam_policy.Place) -> tuple[iam_policy.Finding, ...]:
        """Return the findings of a document for which IAM rejects it: others do not change a verdict."""
        if document.kind is not DocumentKind.MANAGED:
            return refusals(document)
        key = (id(document), place)
        if len(self._known) > MAXIMUM_KEPT:
            self._known.clear()
        if key not in self._known:  # the document is kept, so that its id stays its own
            self._known[key] = (document, refusals(document))
        return self._known[key][1]


def _rows(dump: DumpFile, options: CheckOptions) -> Iterator[dict[str, Any]]:
    linter = _Linter()
    for entry in dump.dump.entries:
        given = RoleInput(dump.role(entry), dump.label, is_partial=False)
        for _, check in role_checks_of(Inputs(roles=[given]), options):
            yield _row(entry, analyze(check, linter.lint))


def _row(entry: Entry, report: RoleReport) -> dict[str, Any]:
    required = [each for each in report.results if each.requirement.level is Level.REQUIRED]
    failed = [each for each in required if not each.decision.allowed]
    certain = [each for each in failed if each.decision.outcome is not Outcome.UNKNOWN]
    permissions = [f"{each.requirement.action} on {each.resource}" for each in certain or failed]
    refused = next((each.message for each in report.findings if iam_policy.KINDS[each.kind].refused), "")
    return {
        "name": entry.name,
        "type": str(entry.type),
        "arn": entry.arn,
        "verdict": WORDS[report.outcome],
        "missing": len(certain),
        "first": f"IAM refuses a policy: {refused}" if report.refused else next(iter(permissions), ""),
        "permissions": permissions,
    }
