"""Decides every requirement of a role.

A requirement whose resource is free is decided on a resource that the role's own policies name: the required actions
must all be allowed on the same one.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Final

from iam_policy.evaluate.decision import Decision, Outcome, Policies, Role, Step, decide, decide_trust
from iam_policy.evaluate.request import Request
from iam_policy.evaluate.statements import StatementElement
from iam_policy.findings import Finding
from iam_policy.lint.actions import matching
from iam_policy.lint.scope import Scope, listed
from iam_policy.match.arns import RESOURCE, as_target, compile_resource, split
from iam_policy.match.symbols import Symbol, Text, fill, parts_of, text
from iam_policy.parse.document import Document, Selector
from shadow_test_policies.requirements import Requirement

# Resources of a policy that are tried for a free requirement.
MAXIMUM_CANDIDATES: Final = 50
# How close to matching a statement is whose first failing element is this one.
NEARNESS: Final = {StatementElement.PRINCIPAL: 1, StatementElement.RESOURCE: 1, StatementElement.CONDITION: 2}


@dataclass(frozen=True)
class Result:
    """One requirement and the decision on it."""

    requirement: Requirement
    decision: Decision

    @property
    def resource(self) -> Text:
        """The resource for messages and advice, in which the key of captured data is one symbol."""
        return self.requirement.resource if self.requirement.captured_key else self.decision.request.resource


def decide_all(role: Role, requirements: Iterable[Requirement]) -> tuple[Result, ...]:
    """Decide every requirement for a role: the results in the order of their subjects."""
    results: list[Result] = []
    for _, group in groupby(sorted(requirements, key=lambda each: each.subject), key=lambda each: each.subject):
        members = list(group)
        if members[0].service:
            results += [Result(each, _decide_trust(role, each.request())) for each in members]
        elif members[0].free:
            results += _decide_free(role, members)
        else:
            results += [Result(each, decide(role.policies, each.request())) for each in members]
    return tuple(results)


def failed_element(step: Step) -> StatementElement | None:
    """Return the first element of a statement that does not match the request."""
    return next((element for element, truth in step.parts if truth is False), None)


def nearest_miss(decision: Decision) -> Step | None:
    """Return the Allow that comes closest to matching: one that fails at its condition rather than at its resource."""
    allows = [step for step in decision.relevant if step.attached.effect == "Allow" and not step.boundary]
    ranked = [(NEARNESS.get(failed, 0), step) for step in allows if (failed := failed_element(step)) is not None]
    rank, nearest = max(ranked, key=lambda entry: entry[0], default=(0, None))
    return nearest if rank else None


def _decide_trust(role: Role, request: Request) -> Decision:
    if role.trust is None:
        return Decision(Outcome.UNKNOWN, request, Policies((Document(role.name),)))
    return decide_trust(role.trust, request)


def _decide_free(role: Role, requirements: list[Requirement]) -> list[Result]:
    """Decide on the resource for which most is allowed; the first candidate is any name."""
    best: list[Result] = []
    for resource in _candidates(role, requirements):
        results = [Result(each, decide(role.policies, each.request(resource))) for each in requirements]
        if not best or _score(results) > _score(best):
            best = results
        if all(result.decision.allowed for result in best):
            break
    return best


def _score(results: list[Result]) -> tuple[int, int]:
    outcomes = [result.decision.outcome for result in results]
    return outcomes.count(Outcome.ALLOWED), outcomes.count(Outcome.UNKNOWN)


def _candidates(role: Role, requirements: list[Requirement]) -> Iterator[Text]:
    """Yield the resource with its name open, then with every name that Allow statements for the actions have."""
    resource = requirements[0].resource
    yield resource
    free = _name_symbol(resource)
    if free is None:
        return
    prefix, symbol = free
    names = (name for item in _granted(role, requirements) if (name := _name_in(item, prefix)) is not None)
    yield from (fill(resource, {symbol.identity: name}) for name in islice(names, MAXIMUM_CANDIDATES))


def _name_symbol(resource: Text) -> tuple[str, Symbol] | None:
    """Return the prefix of the resource segment and the symbol of its name; None for a resource without a name."""
    segments = compile_resource(resource, variables=False).segments or ()
    if len(segments) <= RESOURCE:
        return None
    prefix = ""
    for token in segments[RESOURCE].tokens:
        if isinstance(token, Symbol):
            return prefix, token
        prefix += str(token)
    return None


def _granted(role: Role, requirements: list[Requirement]) -> Iterator[Text]:
    requests = [each.request() for each in requirements]
    for attached in role.policies.compiled:
        resources = attached.statement.resources
        if attached.effect != "Allow" or resources is None or resources.negated:
            continue
        if any(attached.concerns(request) for request in requests):
            yield from resources.texts


def _name_in(pattern: Text, prefix: str) -> Text | None:
    """Return the name that an entry of Resource has after a prefix, with symbols for its wildcards."""
    segments = compile_resource(pattern, variables=True).segments or ()
    if len(segments) <= RESOURCE:
        return None
    last = (split(as_target(pattern)) or ("",))[-1]
    parts = parts_of(last)
    head = parts[0]
    if not isinstance(head, str):
        return None if prefix else last
    if not head.startswith(prefix):
        return None
    name = text(head.removeprefix(prefix), *parts[1:])
    # A policy writes log-group:NAME:*, a request names the stream after it.
    first = parts_of(name)[0]
    if isinstance(first, str) and ":" in first:
        return first.partition(":")[0]
    return name if name != "" else None


@dataclass(frozen=True)
class Difference:
    """`missing`: requirements that are not certainly allowed. `excess`: findings about grants beyond them."""

    missing: tuple[Result, ...]
    excess: tuple[Finding, ...]


def diff(role: Role, requirements: Iterable[Requirement]) -> Difference:
    """Compare a role with its requirements, required and recommended ones."""
    required = tuple(requirements)
    missing = tuple(result for result in decide_all(role, required) if not result.decision.allowed)
    return Difference(missing, tuple(excess_of(role.policies.identity, required)))


def excess_of(documents: Iterable[Document], requirements: Iterable[Requirement]) -> Iterator[Finding]:
    """Yield one finding for each entry of an Allow that grants actions, or resources, beyond the requirements."""
    required = tuple(requirements)
    needed = {each.action.lower() for each in required}
    scoped = {each.action.lower() for each in required if each.resource != "*"}
    for document in documents:
        for statement in document.statements:
            if statement.effect == "Allow" and statement.actions is not None:
                yield from _excess_actions(Scope(document, statement), statement.actions, needed)
                yield from _excess_resources(Scope(document, statement), scoped)


def _excess_actions(scope: Scope, selector: Selector, needed: set[str]) -> Iterator[Finding]:
    if selector.negated:
        message = f"{scope.statement.label} grants all but a few actions; {len(needed)} are required: list those"
        yield scope.finding("excess-permission", message, selector)
        return
    for item, entry in scope.items(selector):
        message = _excess(entry, needed)
        if message:
            yield scope.finding("excess-permission", message, item)


def _excess(entry: str, needed: set[str]) -> str:
    if entry in {"*", "*:*"}:
        return f'"{entry}" grants every action; {len(needed)} are required: list those'
    names = matching(entry)
    more = [name for name in names if name.lower() not in needed]
    if not more:
        return ""
    if len(more) == len(names):
        return f'"{entry}" is not required; remove it'
    kept = sorted(name for name in names if name.lower() in needed)
    return f'"{entry}" grants {len(more)} actions that are not required, such as {more[0]}; write {listed(kept, 4)}'


def _excess_resources(scope: Scope, scoped: set[str]) -> Iterator[Finding]:
    actions, resources = scope.statement.actions, scope.statement.resources
    exact = [name for _, name in scope.items(actions) if name.lower() in scoped]
    if actions is None or resources is None or resources.negated or not exact or len(exact) < len(actions.items):
        return
    for item, name in scope.items(resources):
        if name == "*":
            message = f'{listed(exact)} do not need "*"; write the ARN of the resource'
            yield scope.finding("excess-permission", message, item)
