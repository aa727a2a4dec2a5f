"""The explanation of a decision for people: what decided, what each statement does and why, and what is open."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from iam_policy.evaluate.decision import ALWAYS_ALLOWED, Decision, Outcome, Step
from iam_policy.evaluate.explain import settles, why
from iam_policy.evaluate.statements import StatementElement
from iam_policy.lint.actions import unknown_action
from iam_policy.match.patterns import Truth

# Numbers of statements are listed up to here.
MAXIMUM_LISTED: Final = 6


class Effect(StrEnum):
    """What a statement does to a request."""

    APPLIES = "applies"
    DOES_NOT_APPLY = "does not apply"
    UNDECIDED = "undecided"


_EFFECTS: Final[dict[Truth, Effect]] = {
    True: Effect.APPLIES,
    False: Effect.DOES_NOT_APPLY,
    None: Effect.UNDECIDED,
}
_JOINTS: Final = {Effect.APPLIES: ": ", Effect.DOES_NOT_APPLY: " because ", Effect.UNDECIDED: ": "}


@dataclass(frozen=True)
class ExplainedStep:
    """One statement: where it is, whether it applies and why. `limit` is empty for a policy of the role's own."""

    policy: str
    statement: str
    allows: str  # Allow or Deny, or both where the Effect is not known
    effect: Effect
    reason: str
    limit: str = ""
    decides: bool = False
    is_about_action: bool = True

    @property
    def place(self) -> str:
        """The statement and its policy."""
        if not self.limit:
            return f"{self.statement} of {self.policy}"
        of_limit = self.limit if self.limit.endswith(f" {self.policy}") else f"{self.policy} ({self.limit})"
        return f"{self.statement} of {of_limit}"

    def __str__(self) -> str:
        return f"{self.allows}, {self.place}: {self.effect}{_JOINTS[self.effect]}{self.reason}"


@dataclass(frozen=True)
class Explanation:
    """A decision in words. `remarks` are about the question: an action that does not exist comes first."""

    subject: str
    outcome: Outcome
    conclusion: str
    steps: tuple[ExplainedStep, ...]
    settled_by: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def answer(self) -> str:
        """The outcome in words."""
        return "undecided" if self.outcome is Outcome.UNKNOWN else str(self.outcome)

    def lines(self) -> Iterator[str]:
        """Yield the lines of a report: remarks, the answer, the statements about the action, and what is open."""
        yield from self.remarks
        yield f"{self.subject}: {self.answer} by these policies"
        yield f"  {self.conclusion}"
        yield from (f"  - {step}" for step in self.steps if step.is_about_action)
        others = _others([step for step in self.steps if not step.is_about_action])
        if others:
            yield f"  - about other actions: {others}"
        yield from (f"  settled by: {way}" for way in self.settled_by)


def explain(decision: Decision, subject: str = "", remarks: tuple[str, ...] = ()) -> Explanation:
    """Explain a decision; `subject` is what was asked, if the request says it less well."""
    request = decision.request
    if not subject:
        about = f"by {request.principal[1]}" if request.principal else f"on {request.resource}"
        subject = f"{request.action} {about}"
    misspelt = unknown_action(request.action)
    remarks = (*((misspelt,) if misspelt else ()), *remarks)
    if request.name in ALWAYS_ALLOWED:
        conclusion = "no permission is required, and no policy can deny it"
        return Explanation(subject, decision.outcome, conclusion, (), (), remarks)
    steps = {id(step): _explained(step, decision) for step in decision.steps}
    conclusion = _conclusion(decision, steps)
    return Explanation(subject, decision.outcome, conclusion, tuple(steps.values()), settles(decision), remarks)


def _explained(step: Step, decision: Decision) -> ExplainedStep:
    document = step.attached.document.name or "the policy"
    is_about_action = dict(step.parts).get(StatementElement.ACTION) is not False
    return ExplainedStep(
        document,
        step.statement.label,
        step.attached.effect or "Allow or Deny",
        _EFFECTS[step.truth],
        why(step, decision.request),
        step.limit,
        decides=step is decision.deciding,
        is_about_action=is_about_action,
    )


def _conclusion(decision: Decision, steps: dict[int, ExplainedStep]) -> str:
    deciding = steps[id(decision.deciding)].place if decision.deciding else "the policy of the resource"
    granting = next((s for s in decision.steps if s.truth and s.attached.effect == "Allow" and not s.limit), None)
    if decision.outcome is Outcome.EXPLICIT_DENY:
        return f"{deciding} denies it, whatever else allows it"
    if decision.outcome is Outcome.ALLOWED:
        return f"{deciding} allows it, and no Deny applies"
    if decision.outcome is Outcome.UNKNOWN:
        return f"{deciding} decides, and may apply or not"
    if granting is not None and decision.exceeded:
        return f"{steps[id(granting)].place} allows it, but nothing in the {decision.exceeded} does"
    return "no statement allows it"


def _others(steps: list[ExplainedStep]) -> str:
    """Return the statements about other actions, by policy; how many, where they are many."""
    listed: dict[str, list[str]] = {}
    for step in steps:
        listed.setdefault(step.policy, []).append(step.statement.split()[1])
    return ", ".join(f"{_statements(numbers)} of {policy}" for policy, numbers in listed.items())


def _statements(numbers: list[str]) -> str:
    if len(numbers) > MAXIMUM_LISTED:
        return f"{len(numbers)} statements"
    return f"statement{'s' if len(numbers) > 1 else ''} {', '.join(numbers)}"
