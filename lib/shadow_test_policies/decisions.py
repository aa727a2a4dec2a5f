"""Decides every requirement of a role.

A requirement whose resource is free is decided on a resource that the role's own policies name: the required actions
must all be allowed on the same one.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Final

from iam_policy.evaluate.decision import Decision, Outcome, Policies, Role, Step, decide, decide_trust
from iam_policy.evaluate.operators import parse_operator
from iam_policy.evaluate.request import Request
from iam_policy.evaluate.statements import StatementElement
from iam_policy.findings import Finding
from iam_policy.lint.actions import matching, meant
from iam_policy.lint.grants import PASS_ROLE
from iam_policy.lint.scope import Scope, listed
from iam_policy.match.arns import RESOURCE, SEGMENTS, as_target, compile_resource, split
from iam_policy.match.patterns import Pattern, Wild
from iam_policy.match.symbols import Symbol, Text, fill, parts_of, text
from iam_policy.parse.document import Condition, Document, Item, Selector, Unknown
from iam_policy.service_data.actions import action, action_names, resource_patterns, services
from shadow_test_policies.requirements import Requirement

# Resources of a policy that are tried for a free requirement.
MAXIMUM_CANDIDATES: Final = 50
SOURCE_ARN: Final = "aws:sourcearn"
# How close to matching a statement is whose first failing element is this one.
NEARNESS: Final = {StatementElement.PRINCIPAL: 1, StatementElement.RESOURCE: 1, StatementElement.CONDITION: 2}
# They return what is stored, not what describes it.
READS: Final = frozenset({"s3:getobject", "s3:getobjectversion"})
# The last segment of an ARN that names nothing: every object, every key.
_ALL: Final = re.compile(r"(key/)?\*(/\*)?")


@dataclass(frozen=True)
class Result:
    """One requirement and the decision on it."""

    requirement: Requirement
    decision: Decision

    @property
    def resource(self) -> Text:
        """The resource for messages and advice, in which the key of captured data is one symbol."""
        return self.requirement.resource if self.requirement.captured_key else self.decision.request.resource


def misspelt_actions(document: Document) -> Iterator[tuple[str, Item]]:
    """Yield each action that an Allow misspells, with the entry."""
    for statement in document.statements:
        if statement.effect == "Allow" and statement.actions is not None and not statement.actions.negated:
            for item, entry in Scope(document, statement).items(statement.actions):
                action = meant(entry)
                if action:
                    yield action, item


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


def failed_condition(step: Step, request: Request) -> Condition | None:
    """Return the first condition of a statement that is not true of the request."""
    return next((each.condition for each in step.attached.conditions if each.truth(request) is False), None)


def pinned(decision: Decision) -> Step | None:
    """Return a statement that lets a service in for one resource only, if no other statement may let it in."""
    open_steps = [step for step in decision.steps if step.attached.effect == "Allow" and step.truth is not False]
    pinning = [step for step in open_steps if pinned_condition(step, decision.request) is not None]
    return pinning[0] if pinning and len(pinning) == len(open_steps) else None


def pinned_condition(step: Step, request: Request) -> Condition | None:
    """Return the condition of an undecided statement by which aws:SourceArn names one resource."""
    for compiled in step.attached.conditions:
        if compiled.key == SOURCE_ARN and compiled.truth(request) is None and _names_one(compiled.condition):
            return compiled.condition
    return None


def _names_one(condition: Condition) -> bool:
    operator = parse_operator(condition.operator)
    is_positive = operator is not None and operator.comparison is not None and not operator.comparison.negated
    texts = [item.text for item in condition.values if not isinstance(item.text, Unknown)]
    segments = [compile_resource(one, variables=True).segments or () for one in texts]
    return (
        is_positive
        and len(texts) == len(condition.values) == 1
        and all(len(one) == SEGMENTS and not _is_wild(one[RESOURCE]) for one in segments)
    )


def _is_wild(pattern: Pattern) -> bool:
    return any(isinstance(token, Wild) for token in pattern.tokens) or not isinstance(
        next(iter(pattern.tokens), None), str
    )


def nearest_miss(decision: Decision) -> Step | None:
    """Return the Allow that comes closest to matching: one that fails at its condition rather than at its resource."""
    allows = [step for step in decision.relevant if step.attached.effect == "Allow" and not step.limit]
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


def _score(results: list[Result]) -> tuple[int, int, int]:
    """Rank by what is allowed, then undecided, then what limits or a Deny leave open or take away from a sure grant."""
    outcomes = [result.decision.outcome for result in results]
    others = [result.decision.relevant for result in results if not result.decision.allowed]
    granted = [any(_grants(step) for step in steps) for steps in others]
    return outcomes.count(Outcome.ALLOWED), outcomes.count(Outcome.UNKNOWN), sum(granted)


def _grants(step: Step) -> bool:
    return bool(step.truth) and step.attached.effect == "Allow" and not step.limit


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


def excess_of(
    documents: Iterable[Document], requirements: Iterable[Requirement], accepted: frozenset[str] = frozenset()
) -> Iterator[Finding]:
    """Yield one finding for each entry of an Allow that grants actions, or resources, beyond the requirements.

    `accepted` are further actions (lower case) that are no excess on a resource that is named.
    """
    required = _of_policies(requirements)
    needed = {each.action.lower() for each in required} | accepted
    unscoped = {each.action.lower() for each in required if each.resource == "*"}
    scoped = {name for name in needed - unscoped if _is_sensitive(name)}
    for document in documents:
        for statement in document.statements:
            if statement.effect == "Allow" and statement.actions is not None:
                yield from _excess_actions(Scope(document, statement), statement.actions, needed)
                yield from _excess_resources(Scope(document, statement), scoped)


def actions_beyond(document: Document, requirements: Iterable[Requirement]) -> list[str]:
    """Return the actions that a document allows on some resource and no requirement has, in order."""
    needed = {each.action.lower() for each in _of_policies(requirements)}
    selectors = (each.actions for each in document.statements if each.effect == "Allow" and each.actions is not None)
    granted = {name for selector in selectors for name in _actions_of(selector)}
    return sorted(name for name in granted if name.lower() not in needed)


def _actions_of(selector: Selector) -> set[str]:
    """Return the actions that Action or NotAction of an Allow stands for; none for "*", which other findings name."""
    names = {name for item in selector.items if isinstance(item.text, str) for name in matching(item.text)}
    if not selector.negated:
        return names
    return {f"{service}:{name}" for service in services() for name in action_names(service).values()} - names


def _of_policies(requirements: Iterable[Requirement]) -> tuple[Requirement, ...]:
    """Return the requirements that permissions policies meet: who assumes the role is for its trust policy."""
    return tuple(each for each in requirements if not each.service)


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
    if actions is None or resources is None or actions.negated or resources.negated or not exact:
        return
    for item in resources.items:
        if not isinstance(item.text, Unknown) and _is_everything(item.text):
            message = f'"{item.text}" is too broad for {listed(exact)}; write the ARN of the resource'
            yield scope.finding("excess-permission", message, item)


def _is_sensitive(name: str) -> bool:
    """Tell whether an action is too much on every resource: all but what only describes; PassRole has own findings."""
    known = action(name)
    if known is None or not resource_patterns(name) or name == PASS_ROLE:
        return False
    return known.access_level not in {"List", "Read"} or name in READS


def _is_everything(resource: Text) -> bool:
    """Tell whether an entry of Resource names nothing, neither a resource nor an account."""
    if resource == "*":
        return True
    segments = [str(each) for each in split(resource) or ()]
    if len(segments) < SEGMENTS or not {*segments[3:RESOURCE]} <= {"", "*"}:
        return False
    return _ALL.fullmatch(segments[RESOURCE]) is not None
