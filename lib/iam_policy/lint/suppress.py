"""Suppressions: accepted findings. They are never dropped, only marked.

Two ways: a comment on the line of the finding or the line above, `# iam-policy: ignore KIND[, KIND] - reason` (`//`
works too), and a baseline file made by `baseline_of`.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from iam_policy.findings import KINDS, Finding, show_path

_COMMENT: Final = re.compile(r"(?:#|//)\s*iam-policy:\s*ignore\s")
_KINDS: Final = re.compile(r"[a-z,\s-]*+")
_REASON: Final = re.compile(r"\s-\s")


@dataclass(frozen=True)
class Suppression:
    """Why a finding does not count. `kind` is SARIF's: inSource for a comment, external for a baseline."""

    kind: str
    reason: str


@dataclass(frozen=True)
class SuppressibleFinding:
    """A finding and, where there is one, its suppression."""

    finding: Finding
    suppression: Suppression | None = None


def fingerprint(finding: Finding) -> str:
    """Return the stable part of a finding, independent of lines: kind, document, path and message."""
    identity = json.dumps([finding.kind, finding.document, show_path(finding.path), finding.message])
    import hashlib  # noqa: PLC0415 - loads OpenSSL; only baselines and SARIF need it

    return hashlib.sha256(identity.encode()).hexdigest()[:32]


def baseline_of(findings: Iterable[Finding], reason: str = "accepted") -> dict[str, Any]:
    """Return the content of a baseline file that suppresses exactly these findings."""
    entries = {
        fingerprint(one): {"kind": one.kind, "document": one.document, "message": one.message, "reason": reason}
        for one in findings
    }
    return {"version": 1, "findings": entries}


def suppress(
    findings: Iterable[Finding],
    sources: Mapping[str, str] | None = None,
    baseline: Mapping[str, Any] | None = None,
) -> tuple[SuppressibleFinding, ...]:
    """Mark the findings that are suppressed. `sources`: the texts of documents by name, read for comments."""
    lines = {name: source.splitlines() for name, source in (sources or {}).items()}
    accepted = (baseline or {}).get("findings", {})
    return tuple(SuppressibleFinding(one, _suppression(one, lines.get(one.document, []), accepted)) for one in findings)


def _suppression(finding: Finding, lines: list[str], accepted: Mapping[str, Any]) -> Suppression | None:
    for number in (finding.position.line, finding.position.line - 1):
        if 0 < number <= len(lines):
            kinds, reason = _comment(lines[number - 1])
            if finding.kind in kinds:
                return Suppression("inSource", reason)
    entry = accepted.get(fingerprint(finding)) if accepted else None
    return Suppression("external", str(entry.get("reason", ""))) if entry else None


def unknown_kinds(source: str) -> tuple[str, ...]:
    """Return the unknown kinds in comments, since a misspelled suppression has no effect."""
    names = (name for line in source.splitlines() for name in _comment(line)[0])
    return tuple(name for name in names if name not in KINDS)


def _comment(line: str) -> tuple[list[str], str]:
    """Return the kinds that a comment in a line names, and its reason; every part of the line is read once."""
    for begin in _COMMENT.finditer(line):
        kinds = _KINDS.match(line, begin.end())
        end = kinds.end() if kinds else begin.end()
        reason = _REASON.search(line, begin.end() - 1, end)
        if reason or end == len(line):
            names = line[begin.end() : reason.start() if reason else end]
            return names.replace(",", " ").split(), line[reason.end() :].strip() if reason else ""
    return [], ""
