"""Explanations of why a statement applies, does not or may, and of what would resolve an unknown."""

from collections.abc import Iterator
from typing import Final

from iam_policy.evaluate.conditions import CompiledCondition, with_values
from iam_policy.evaluate.decision import Decision, Outcome, Step
from iam_policy.evaluate.request import Given, Request
from iam_policy.evaluate.statements import StatementElement
from iam_policy.match.arns import RESOURCE, SEGMENTS, ResourcePattern, compile_resource, split
from iam_policy.match.symbols import Symbol, Text, fill, symbols_of
from iam_policy.parse.document import Item, Unknown

_REPEATED: Final = "its Condition has a key twice that differs only in case, which IAM does not document"
_SEGMENT_NAMES: Final = ("prefix", "partition", "service", "region", "account", "resource")


def why(step: Step, request: Request) -> str:
    """Return, in one sentence, why a statement applies, does not apply or is undecided."""
    failed = [part for part in step.parts if part[1] is False] or [part for part in step.parts if part[1] is None]
    if not failed:
        return "it covers the caller" if request.principal else f"it covers {request.action} on {request.resource}"
    element, truth = failed[0]
    if element is StatementElement.STATEMENT:
        unknown = step.statement.unknown
        return f"it cannot be known: {unknown.reason if unknown else ''}"
    if element is StatementElement.ACTION:
        selector = step.statement.actions
        verb = "may cover" if truth is None else "does not cover"
        return f"its {selector.element if selector else 'Action'} {verb} {request.action}"
    if element is StatementElement.PRINCIPAL:
        return _why_principal(step, request, possible=truth is None)
    if element is StatementElement.RESOURCE:
        return _why_resource(step, request, possible=truth is None)
    reasons = (_why_one(one, request) for one in step.attached.conditions if one.truth(request) is truth)
    return next(reasons, _REPEATED if truth is None else "its Condition is not true")


def _why_principal(step: Step, request: Request, *, possible: bool) -> str:
    names = [str(entry.item.text) for entry in step.statement.principals.entries] if step.statement.principals else []
    caller = request.principal[1] if request.principal else ""
    if step.statement.principals is not None and step.statement.principals.negated:
        verb = "may exclude" if possible else "excludes"
        advice = f"; AWS may require the account, the role and the session of {caller} in it" if possible else ""
        return f"its NotPrincipal ({', '.join(names)}) {verb} {caller}{advice}"
    verb = "possibly includes" if possible else "does not include"
    return f"its Principal ({', '.join(names) or 'unknown'}) {verb} {caller}"


def _why_resource(step: Step, request: Request, *, possible: bool) -> str:
    selector = step.statement.resources
    if selector is None:
        return "it has no Resource"
    if selector.negated:
        return f"its NotResource {'may exclude' if possible else 'excludes'} {request.resource}"
    if possible:
        return f"its Resource {', '.join(map(str, selector.texts)) or '(unknown)'} may not match {request.resource}"
    differences = [_difference(one, request) for one in selector.texts]
    nearest = min(differences, default="its Resource is empty", key=len)
    return nearest if len(differences) < 2 or nearest else differences[0]  # noqa: PLR2004 - a single one


def _difference(resource: Text, request: Request) -> str:
    segments = compile_resource(resource, variables=True).segments or ()
    others = split(request.resource) or ()
    if len(segments) < SEGMENTS or len(others) < SEGMENTS:
        return f'its resource "{resource}" does not match {request.resource}'
    for index in range(RESOURCE):
        if segments[index].match(others[index], fold=True) is False:
            name = _SEGMENT_NAMES[index]
            found = str(segments[index]) or "empty"
            return f"the {name} of its resource is {found} instead of {others[index]}"
    return f"its resource {segments[RESOURCE]} does not match {others[RESOURCE]}"


def _why_one(compiled: CompiledCondition, request: Request) -> str:
    condition = compiled.condition
    if condition.unknown is not None:
        return f"its Condition cannot be known: {condition.unknown.reason}"
    operator = compiled.operator
    if operator is not None and operator.comparison is None and operator.quantifier:
        return f"{condition.operator} is {'always' if operator.quantifier == 'ForAllValues' else 'never'} true"
    values = ", ".join(str(item.text) for item in condition.values)
    value = request.value_of(compiled.key)
    if value is Given.ABSENT:
        return f"it requires {condition.operator} {condition.key}, which requests of {request.action} do not have"
    if value is Given.UNKNOWN:
        return f"{condition.operator} {condition.key} {values}: {condition.key} is not known"
    if compiled.keeps_variables:
        return f"{condition.operator} does not replace the variable in {values}; write the value"
    shown = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return f"it requires {condition.operator} {condition.key} {values}, the request has {shown}"


def settles(decision: Decision) -> tuple[str, ...]:
    """Return what would resolve an unknown decision, each way once; empty for a known one."""
    if decision.outcome is not Outcome.UNKNOWN:
        return ()
    granted = {step.limit for step in decision.steps if step.truth and step.attached.effect == "Allow"}
    # What may allow does not matter beside what allows for certain.
    relevant = [each for each in decision.steps if each.attached.effect != "Allow" or each.limit not in granted]
    ways = [line for step in relevant if step.truth is None for line in settles_step(step, decision.request)]
    ways += [f"the Effect of {s.statement.label}" for s in decision.steps if s.truth and s.attached.effect is None]
    return tuple(dict.fromkeys((*ways, *decision.open_ways)))


def settles_step(step: Step, request: Request) -> Iterator[str]:
    """Yield what would resolve an undecided statement."""
    statement = step.statement
    if statement.unknown is not None:
        yield statement.unknown.settles or f"the content of {step.attached.document.name or 'the statement'}"
        return
    for part, truth in step.parts:
        if truth is not None:
            continue
        if part is StatementElement.RESOURCE and statement.resources is not None:
            for item in statement.resources.items:
                yield from _settles_item(item, request)
        elif part is StatementElement.CONDITION:
            reasons = [_why_one(one, request) for one in step.attached.conditions if one.truth(request) is None]
            yield from reasons or [_REPEATED]
        else:
            yield why(step, request)


def _settles_item(item: Item, request: Request) -> Iterator[str]:
    if isinstance(item.text, Unknown):
        yield item.text.settles or item.text.reason
        return
    pattern = compile_resource(item.text, variables=True).pattern
    unknown = dict.fromkeys(each.key for each in pattern.variables if request.value_of(each.key) is Given.UNKNOWN)
    resolved, _ = with_values(request, pattern)
    if resolved is None or ResourcePattern(resolved).match(request.resource) is not None:
        return
    if unknown:
        written = str(item.text)
        places = ((key, written.lower().index(key)) for key in unknown)
        yield from (f"{written[at : at + len(key)]} is not known" for key, at in places)
        return
    mine, theirs = _undecided_part(item.text, request)
    symbols = [*symbols_of(mine), *symbols_of(theirs)]
    if not symbols:
        yield f'IAM does not document how it matches "{item.text}"; write the whole ARN'
        return
    names = " and ".join(dict.fromkeys(map(str, symbols)))
    plain = isinstance(mine, str) and "*" not in mine and "?" not in mine and "${" not in mine
    demand = f"{theirs} must be {mine}" if plain else f"{names} must make {mine} match {theirs}"
    yield demand + _with_defaults(item.text, request.resource, symbols)


def _undecided_part(resource: Text, request: Request) -> tuple[Text, Text]:
    """Return the first segment (pattern and target) that is not decided, or the whole ARNs."""
    mine, theirs = split(resource), split(request.resource)
    segments = compile_resource(resource, variables=True).segments
    if mine and theirs and segments and len(mine) == len(theirs) == len(segments) == SEGMENTS:
        for index in range(SEGMENTS):
            if segments[index].match(theirs[index], fold=index < RESOURCE) is None:
                return mine[index], theirs[index]
    return resource, request.resource


def _with_defaults(pattern: Text, resource: Text, symbols: list[Symbol]) -> str:
    defaults: dict[str, Text] = {symbol.identity: symbol.default for symbol in symbols if symbol.default is not None}
    if not defaults:
        return ""
    truth = compile_resource(fill(pattern, defaults), variables=True).match(fill(resource, defaults))
    answer = {True: "matches", False: "does not match", None: "is undecided"}[truth]
    return f" ({answer} with the defaults)"
