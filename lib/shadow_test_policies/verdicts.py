"""The verdict on a role with what was checked: how many permissions, by which policies, and who may assume the role."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from iam_policy import DocumentKind, Outcome, Unknown
from shadow_test_policies.permission_findings import RoleReport
from shadow_test_policies.requirements import Level
from shadow_test_policies.role_policies import LocatedRole

WORDS: Final = {
    Outcome.ALLOWED: "allowed",
    Outcome.EXPLICIT_DENY: "denied",
    Outcome.IMPLICIT_DENY: "denied",
    Outcome.UNKNOWN: "undecided",
}
_TRUST: Final = {"allowed": "allows", "denied": "does not allow", "undecided": "may allow"}


@dataclass(frozen=True)
class Verdict:
    """What a role is allowed of all that it requires.

    `limits` are the policies that only limit, in words; `trust` has the services that must assume the role.
    """

    role_kind: str
    role: str
    verdict: str
    permissions: tuple[tuple[str, int], ...]
    policies: int
    unknown_policies: int
    limits: tuple[str, ...]
    trust: tuple[tuple[str, str], ...]
    is_refused: bool = False
    lacks_trust: bool = False

    def line(self, file: str, scenario: str = "") -> str:
        """Return the verdict on a role of a file as a line, with the scenario of the template."""
        name = self.role.removeprefix("the role").removeprefix(f" of the {self.role_kind}").strip()
        role = f"{self.role_kind} role {name} in {file}" if name else f"{self.role_kind} role of {file}"
        return f"{role}: {'; '.join(self._parts())}{scenario}"

    def _parts(self) -> list[str]:
        if self.is_refused:
            return ["nothing is allowed, since IAM refuses a policy"]
        parts = [self._permissions()] if sum(dict(self.permissions).values()) else []
        if not self.policies and self.verdict == "undecided":
            parts = ["permissions undecided, since the policies are not known"]
        parts += [f"trust policy {_TRUST[verdict]} {service}" for service, verdict in self.trust]
        return [*parts, *(["trust policy not given"] if self.lacks_trust else [])]

    def _permissions(self) -> str:
        counts, whole = dict(self.permissions), sum(dict(self.permissions).values())
        others = [f"{count} {word}" for word, count in counts.items() if count and word != "allowed"]
        allowed = f"{counts['allowed']} of {whole}" if others else str(whole)
        among = f" ({', '.join(self.limits)})" if self.limits else ""
        listed = ", ".join([f"{allowed} permission{'' if whole == 1 else 's'} allowed", *others])
        unknown = f", {self.unknown_policies} more not known" if self.unknown_policies else ""
        return f"{listed} by {self.policies} {'policy' if self.policies == 1 else 'policies'}{among}{unknown}"


def verdict_of(report: RoleReport) -> Verdict:
    """Return the verdict on a role; recommended permissions do not count."""
    check, role = report.check, report.check.role
    required = [each for each in report.results if each.requirement.level is Level.REQUIRED]
    counts = Counter(WORDS[each.decision.outcome] for each in required if not each.requirement.service)
    trust = {each.requirement.service: WORDS[each.decision.outcome] for each in required if each.requirement.service}
    limits, resource_policies = _limits(role), _resource_policies(report)
    attached = role.policies if role is not None and not role.is_bare else []
    unknown = sum(isinstance(each, Unknown) for each in attached)
    return Verdict(
        check.kind,
        check.role_name,
        WORDS[report.outcome],
        tuple((word, counts[word]) for word in dict.fromkeys(WORDS.values())),
        len(attached) - unknown + sum(limits.values()) + len(resource_policies),
        unknown,
        (*limits, *resource_policies),
        tuple(trust.items()),
        report.refused,
        # SAM writes the trust policy of a function's own role.
        lacks_trust=check.names is None and not trust and any(each.service for each in check.requirements),
    )


def _limits(role: LocatedRole | None) -> dict[str, int]:
    """Return the limits of a role in words, with the number of policies of each."""
    if role is None:
        return {}
    levels = [each for each in role.limits if each.documents[0].kind is not DocumentKind.SESSION]
    session = sum(len(each.documents) for each in role.limits if each not in levels)
    of_levels = sum(document.kind is DocumentKind.SCP for each in levels for document in each.documents)
    found = {
        "boundary": int(role.boundary is not None),
        f"{len(levels)} SCP level{'' if len(levels) == 1 else 's'}": of_levels,
        "session policy": session,
    }
    return {words: count for words, count in found.items() if count}


def _resource_policies(report: RoleReport) -> list[str]:
    policies = {(each.resource, each.is_of_key): each for each in report.check.resource_policies.values()}
    return [f"{'key' if each.is_of_key else 'bucket'} policy" for each in policies.values()]
