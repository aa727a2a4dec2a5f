"""One statement against one request: compiled once, evaluated many times.

A statement applies if its action, its resource or principal and all its conditions match; each part is three-valued.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from functools import cached_property
from typing import Final, TypeAlias

from iam_policy.evaluate.conditions import CompiledCondition, with_values
from iam_policy.evaluate.principals import match_principals
from iam_policy.evaluate.request import Request
from iam_policy.match.arns import ResourcePattern, compile_resource
from iam_policy.match.patterns import Truth, agreement, all_of, any_of, compile_pattern, negate
from iam_policy.match.symbols import PARTITION, Text, parse_symbols
from iam_policy.parse.document import COMPLETED, Document, Item, Selector, Statement, Unknown
from iam_policy.service_data import actions

COMMERCIAL: Final = "aws"


class StatementElement(StrEnum):
    """The parts of a statement in the order of evaluation."""

    STATEMENT = "statement"
    ACTION = "action"
    PRINCIPAL = "principal"
    RESOURCE = "resource"
    CONDITION = "condition"


ElementTruth: TypeAlias = tuple[StatementElement, Truth]


class Attached:
    """A statement of a document, with everything precomputed that does not depend on the request."""

    def __init__(self, document: Document, statement: Statement) -> None:
        self.document = document
        self.statement = statement
        self._actions = _Actions(statement.actions)
        self.conditions = [
            CompiledCondition(condition, variables=statement.variables) for condition in statement.conditions
        ]

    @property
    def effect(self) -> str | None:
        """Allow, Deny, or None when it may be either."""
        return self.statement.effect

    @cached_property
    def _resources(self) -> tuple[ResourcePattern | None, ...]:
        """The compiled entries of Resource; None for an unknown one."""
        variables = self.statement.variables
        return tuple(
            None if isinstance(item.text, Unknown) else compile_resource(item.text, variables=variables)
            for item in (self.statement.resources.items if self.statement.resources else ())
        )

    def truth(self, request: Request) -> Truth:
        """Tell whether the statement applies to a request."""
        return all_of(truth for _, truth in self.parts(request))

    def concerns(self, request: Request) -> bool:
        """Tell whether the action of a request may be one of the statement's."""
        return self.statement.unknown is not None or self._actions.truth(request.name) is not False

    def parts(self, request: Request) -> Iterator[ElementTruth]:
        """Yield the truth of each part, evaluated on demand: what follows the first False does not matter."""
        if self.statement.unknown is not None:
            yield StatementElement.STATEMENT, None
            return
        yield StatementElement.ACTION, self._actions.truth(request.name)
        if request.principal:
            yield StatementElement.PRINCIPAL, match_principals(self.statement.principals, request.principal)
        if not request.principal or self.statement.resources is not None:  # trust policies have no Resource
            yield StatementElement.RESOURCE, self._resource_truth(request)
        yield StatementElement.CONDITION, self._condition_truth(request)

    @cached_property
    def repeated(self) -> tuple[tuple[CompiledCondition, ...], ...]:
        """The conditions whose operator and key differ only in case."""
        if len(self.conditions) < 2:  # noqa: PLR2004 - nearly always
            return ()
        groups: dict[tuple[str, str], list[CompiledCondition]] = {}
        for one in self.conditions:
            groups.setdefault((one.condition.operator.lower(), one.key), []).append(one)
        return tuple(tuple(group) for group in groups.values() if len(group) > 1)

    def _condition_truth(self, request: Request) -> Truth:
        # Whether IAM adds, merges or drops keys that differ only in case is undocumented.
        if not self.repeated:
            return all_of(one.truth(request) for one in self.conditions)
        listed = {id(one) for group in self.repeated for one in group}
        single = (one.truth(request) for one in self.conditions if id(one) not in listed)
        return all_of((*single, *(agreement(one.truth(request) for one in group) for group in self.repeated)))

    def _resource_truth(self, request: Request) -> Truth:
        selector = self.statement.resources
        if selector is None:
            return False
        truth = any_of(self._match(resource, request) for resource in self._resources)
        return negate(truth) if selector.negated else truth

    def _match(self, resource: ResourcePattern | None, request: Request) -> Truth:
        if resource is None or (self.document.kind not in COMPLETED and resource.is_short):
            return None
        resolved, lacking = with_values(request, resource.pattern)
        negated = self.statement.resources is not None and self.statement.resources.negated
        if resolved is None:
            return None if negated else False
        known = resource if resolved is resource.pattern else ResourcePattern(resolved)  # its segments are kept
        truth = any_of(known.match(target) for target in _targets(request))
        return None if lacking and (truth or negated) else truth


def _targets(request: Request) -> tuple[Text, ...]:
    """Return the resource of a request, with the ARN that some requests on no single resource have too."""
    every = actions.every_resource(request.name) if request.resource == "*" else ""
    if not every:
        return (request.resource,)
    return (request.resource, *(parse_symbols(every, {"Partition": one}) for one in (COMMERCIAL, PARTITION)))


class Statements(list[Attached]):
    """Statements that are evaluated together, few of many for each action."""

    def __init__(self, statements: Iterable[Attached]) -> None:
        super().__init__(statements)
        self._by_action: dict[str, list[Attached]] = {}

    def about(self, request: Request) -> list[Attached]:
        """Return the statements that may be about the action of a request; no other one applies."""
        if request.name not in self._by_action:
            self._by_action[request.name] = [each for each in self if each.concerns(request)]
        return self._by_action[request.name]


class _Actions:
    """Action or NotAction; matches are cached, since thousands of statements are matched with the same few actions."""

    def __init__(self, selector: Selector | None) -> None:
        self._selector = selector
        items: tuple[Item, ...] = selector.items if selector else ()
        texts = [item.text for item in items if not isinstance(item.text, Unknown)]
        self._unknown = len(texts) < len(items)
        self._names = {one.lower() for one in texts if isinstance(one, str) and not _is_pattern(one)}
        self._patterns = [compile_pattern(one) for one in texts if _is_pattern(one) and _is_legal(one)]
        self._known: dict[str, Truth] = {}

    def truth(self, name: str) -> Truth:
        """Match an action in lower case."""
        if name not in self._known:
            self._known[name] = self._match(name)
        return self._known[name]

    def _match(self, name: str) -> Truth:
        if self._selector is None:
            return False
        truth: Truth = name in self._names or any_of(pattern.match(name, fold=True) for pattern in self._patterns)
        if self._unknown and not truth:
            truth = None
        return negate(truth) if self._selector.negated else truth


def _is_pattern(one: Text) -> bool:
    return not isinstance(one, str) or "*" in one or "?" in one


def _is_legal(one: Text) -> bool:
    """Whether the service is spelt out (or the whole is `*`): IAM refuses `sage*:Describe*`."""
    service, colon, _ = str(one).partition(":") if isinstance(one, str) else ("", ":", "")
    return one in {"*", "*:*"} or (bool(colon) and "*" not in service and "?" not in service)
