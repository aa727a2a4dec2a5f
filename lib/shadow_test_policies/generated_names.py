"""Permissions that only an extraordinary generated name would allow.

CloudFormation makes names of the stack, the logical ID and a random part. Such a name may contain anything that a
stack's name may, so a pattern such as `*SageMaker*` of AWS's policies hardly ever, but possibly, matches it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from iam_policy import DocumentKind, Outcome, Text, Unknown
from iam_policy.evaluate.decision import Decision, Step
from iam_policy.match.arns import compile_resource
from iam_policy.match.symbols import ACCOUNT, PARTITION, REGION, fill, symbols_of
from shadow_test_policies.decisions import Result

STACK_NAME: Final = "AWS::StackName"
STACK: Final = "a-stack"
# The same on both sides, so that it does not matter which they are.
PSEUDO: Final = {
    STACK_NAME: STACK,
    ACCOUNT.identity: "123456789012",
    PARTITION.identity: "aws",
    REGION.identity: "us-east-1",
}
RANDOM: Final = "1a2b3c4d5e6f"


def with_ordinary_names(results: Iterable[Result]) -> Iterator[Result]:
    """Yield the results, an undecided one as denied if no ordinary name is allowed.

    A policy with part of a name written out is left undecided: its author may know how the stack will be called.
    """
    for result in results:
        decision = result.decision
        if decision.outcome is Outcome.UNKNOWN and not result.requirement.service and _is_denied(decision):
            yield replace(result, decision=replace(decision, outcome=Outcome.IMPLICIT_DENY))
        else:
            yield result


def _is_denied(decision: Decision) -> bool:
    target = decision.request.resource
    generated = ordinary_names(target)
    steps = [step for step in decision.relevant if step.truth is not False and step.attached.effect != "Deny"]
    return bool(steps) and all(_never_matches(step, generated, target) for step in steps)


def _never_matches(step: Step, generated: Mapping[str, Text], target: Text) -> bool:
    """Tell whether a statement that may apply does not for ordinary names."""
    resources = step.statement.resources
    if step.limit or step.statement.unknown or resources is None or resources.negated:
        return False
    for item in resources.items:
        if isinstance(item.text, Unknown):
            return False
        names = {**PSEUDO, **ordinary_names(item.text), **generated}
        both = (item.text, fill(item.text, names))
        as_written, filled = (compile_resource(each, variables=step.statement.variables) for each in both)
        if as_written.match(target) is False:
            continue
        is_certain = _is_of_another(item.text, target) or (generated and _has_no_guess(step, item.text, target))
        if not is_certain or filled.match(fill(target, names)) is not False:
            return False
    return True


def _is_of_another(pattern: Text, target: Text) -> bool:
    """Tell whether a pattern refers to a resource of the template that is not the target, and has a generated name."""
    return any(
        symbol.unique and not symbol.chosen and symbol not in symbols_of(target) for symbol in symbols_of(pattern)
    )


def _has_no_guess(step: Step, pattern: Text, target: Text) -> bool:
    """Tell whether AWS wrote the pattern, or its author left the stack's name to CloudFormation.

    That generated names begin with the name of the stack is certain for roles only.
    """
    if step.attached.document.kind is DocumentKind.AWS:
        return True
    kinds = {symbol.unique for symbol in symbols_of(target) if symbol.unique and not symbol.chosen}
    return kinds == {"AWS::IAM::Role"} and any(symbol.identity == STACK_NAME for symbol in symbols_of(pattern))


def ordinary_names(target: Text) -> dict[str, Text]:
    """Return ordinary fillings of the parts of a text that CloudFormation generates; empty if it has none."""
    symbols = {symbol.identity: symbol for symbol in symbols_of(target) if not symbol.chosen}
    names: dict[str, Text] = {}
    for identity, symbol in symbols.items():
        base, _, part = identity.partition(" ")
        if identity == STACK_NAME or (symbol.unique and f"{identity} of role" in symbols):
            names[identity] = STACK
        elif symbol.unique and part in {"of role", "suffix"}:
            names[identity] = base if part == "of role" else RANDOM
        elif symbol.unique:
            whole = f"{STACK}-{identity}-{RANDOM}"
            names[identity] = whole.lower() if symbol.unique == "AWS::S3::Bucket" else whole
    return names
