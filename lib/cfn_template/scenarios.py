"""Scenarios: the assignments of parameters and conditions under which a template can be deployed.

A scenario assigns one value to each relevant parameter (an allowed value, the default, a literal that a condition
compares it with, or an unresolved value for "anything else") and evaluates the conditions with it, so a `Ref` and a
condition on the same parameter always agree. Comparisons that cannot be decided are assumed both ways. Only what the
resources in question use is enumerated; beyond `MAXIMUM_SCENARIOS` everything conditional is unknown, and rules do not
report on unknown values.
"""

import itertools
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final, TypeAlias, TypeVar

from cfn_template.evaluator import Evaluator
from cfn_template.mentions import mentioned
from cfn_template.values import (
    NO_VALUE,
    UNKNOWN,
    MissingRow,
    Raw,
    SymbolicString,
    Unknown,
    Unresolved,
    function_of,
    scalar_text,
    unresolved,
)

MAXIMUM_SCENARIOS: Final = 128
SCENARIO_LIMIT: Final = 116  # characters of a scenario in a message
Choice: TypeAlias = tuple[str, str]
Found = TypeVar("Found", bound=Hashable)
REGION: Final = "AWS::Region"
MEMBERSHIPS: Final = ("Fn::Contains", "Fn::EachMemberEquals", "Fn::EachMemberIn")


class Undecided(Exception):  # noqa: N818 - a signal between the enumeration and the evaluation, never seen outside
    """A comparison whose outcome has to be assumed."""

    def __init__(self, comparison: tuple[str, str]) -> None:
        self.comparison = comparison
        super().__init__(comparison)


@dataclass
class TemplateDeclarations:
    """The parameters, conditions and mappings of a template."""

    parameters: Mapping[str, tuple[object, ...]]  # name -> values that Ref gives, of pseudo parameters too
    conditions: Mapping[str, Raw]
    mappings: Raw
    compared: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # name -> literals that it is compared with
    hidden: frozenset[str] = frozenset()  # names whose values decide conditions; elsewhere Ref is unresolved
    rules: Mapping[str, Raw] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)  # of the declared parameters
    chosen: Mapping[str, tuple[object, ...]] = field(default_factory=dict)  # values with the keys of mappings
    resources: Mapping[str, Raw] = field(default_factory=dict)
    deployed: Mapping[Unresolved, str] = field(default_factory=dict)  # what references give in a deployed stack

    def domain(self, name: str) -> tuple[object, ...]:
        """Return the values to try for a parameter; an unresolved one stands for anything else."""
        known = self.parameters.get(name, ())
        return known or (unresolved("Ref", name),)


@dataclass(eq=False)
class Scenario:
    """One assignment. `assumed` holds comparisons whose outcome was assumed; None leaves every condition open."""

    source: TemplateDeclarations
    parameters: Mapping[str, object]
    assumed: Mapping[tuple[str, str], bool] | None = field(default_factory=dict)
    conditions: dict[str, bool | None] = field(default_factory=dict)
    complete: bool = False  # nothing more is assumed: undecided comparisons stay undecided
    is_possible: bool = True  # false if CloudFormation cannot evaluate the conditions
    memo: dict[tuple[str, str], Any] = field(default_factory=dict)  # what was read in this scenario: (kind, logical id)
    asked: set[tuple[str, str]] = field(default_factory=set)  # what was read: (condition or name, name)

    @cached_property
    def evaluator(self) -> Evaluator:
        """The evaluator of intrinsic functions in this scenario."""
        source = self.source
        return Evaluator(self.refer, self.decide, source.mappings, self._value, source.resources, source.deployed)

    def refer(self, name: str) -> object:
        """Return what Ref gives: a parameter's value, or an unresolved one for resources and pseudo parameters."""
        return unresolved("Ref", name) if name in self.source.hidden else self._value(name)

    def _value(self, name: str) -> object:
        if name == NO_VALUE:
            return None
        self.asked.add(("name", name))
        if name in self.parameters:
            return self.parameters[name]
        domain = self.source.domain(name)
        if name == REGION:
            return unresolved("Ref", name)
        # One of several values, and this scenario does not say which: unresolved would mean "none of them".
        return domain[0] if len(domain) == 1 else UNKNOWN

    def decide(self, name: Raw) -> bool | None:
        """Return whether a condition holds, None if it is undecided."""
        if not isinstance(name, str) or name not in self.source.conditions or self.assumed is None:
            return None
        self.asked.add(("condition", name))
        if name not in self.conditions:
            self.conditions[name] = None  # a condition that refers to itself stays undecided
            try:
                self.conditions[name] = self._holds(self.source.conditions[name])
            except Undecided:
                del self.conditions[name]
                raise
        return self.conditions[name]

    def is_like(self, other: "Scenario") -> bool:
        """Tell whether everything read from this scenario is the same in another."""
        return all(self.answer(*question) == other.answer(*question) for question in tuple(self.asked))

    def answer(self, kind: str, name: str) -> object:
        """Return whether a condition holds, or the value of Ref."""
        return self.decide(name) if kind == "condition" else self.refer(name)

    def _holds(self, raw: Raw) -> bool | None:
        if isinstance(raw, dict) and len(raw) == 1 and "Condition" in raw:
            return self.decide(raw["Condition"])
        name, argument = function_of(raw) or ("", None)
        if not isinstance(argument, list):
            return None
        if name == "Fn::Equals" and len(argument) == 2:  # noqa: PLR2004 - left and right
            return self._equal(argument)
        if name in MEMBERSHIPS and len(argument) == 2:  # noqa: PLR2004 - of Rules
            return self._contains(*(argument if name != "Fn::Contains" else reversed(argument)))
        return combine(name, [self._holds(item) for item in argument])

    def _equal(self, argument: list[Raw]) -> bool | None:
        left, right = (self.evaluator.keys.evaluate(item) for item in argument)
        if isinstance(left, MissingRow) or isinstance(right, MissingRow):
            self.is_possible = False
        same = self._same(left, right)
        if same is not None:
            return same
        comparison = _comparison((left, right), argument)
        assumed = self.assumed or {}
        if comparison[0] and any(holds and side == comparison[0] for (side, _), holds in assumed.items()):
            return assumed.get(comparison, False)  # it is equal to another literal
        if comparison not in assumed and not self.complete:
            raise Undecided(comparison)
        return assumed.get(comparison)

    def _same(self, left: object, right: object) -> bool | None:
        """Return whether two values are equal, None if that is not known."""
        texts = scalar_text(left), scalar_text(right)
        if None not in texts:
            return texts[0] == texts[1]
        if isinstance(left, SymbolicString) and left == right:
            return True
        for value, text in zip((right, left), texts, strict=True):
            filling = value.filling(text) if isinstance(value, SymbolicString) and text is not None else {}
            if filling is None or (len(filling) == 1 and any(itertools.starmap(self._is_other, filling.items()))):
                return False
        return None

    def _is_other(self, hole: Unresolved, literal: str) -> bool:
        """Tell whether an unresolved value is none of the literals that its parameter is compared with."""
        return literal in self.source.compared.get(hole.argument, ())

    def _contains(self, wanted: Raw, listed: Raw) -> bool | None:
        """Return whether each value is in a list, None if that is not known."""
        values, items = self._items(wanted), self._items(listed)
        if values is None or items is None:
            return None
        return combine("Fn::And", [combine("Fn::Or", [self._same(value, item) for item in items]) for value in values])

    def _items(self, raw: Raw) -> list[object] | None:
        name, argument = function_of(raw) or ("", None)
        if name == "Fn::RefAll":
            return [self._value(each) for each, kind in self.source.types.items() if kind == argument]
        value = self.evaluator.keys.evaluate(raw)
        return None if isinstance(value, Unknown) else value if isinstance(value, list) else [value]

    def is_refused(self) -> bool:
        """Tell whether CloudFormation certainly refuses the parameters: for its conditions, or by the Rules section."""
        return not self.is_possible or any(map(self._violates, self.source.rules.values()))

    def _violates(self, rule: Raw) -> bool:
        if not isinstance(rule, dict) or ("RuleCondition" in rule and not self._holds(rule["RuleCondition"])):
            return False
        listed = rule.get("Assertions")
        asserted = [each.get("Assert") for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
        return any(self._holds(assertion) is False for assertion in asserted)


def _comparison(values: tuple[object, object], raws: list[Raw]) -> tuple[str, str]:
    """Return what identifies a comparison: the side that is not known and the literal, or both sides as one text."""
    pairs = zip(values, raws, strict=True)
    sides = [str(value) if isinstance(value, SymbolicString) else repr(raw) for value, raw in pairs]
    for literal, side in zip(map(scalar_text, values), reversed(sides), strict=True):
        if literal is not None:
            return side, literal
    return "", " = ".join(sorted(sides))


def combine(name: str, holds: list[bool | None]) -> bool | None:
    """Return the result of Fn::And, Fn::Or or Fn::Not for conditions that hold, do not, or are undecided (None)."""
    if name == "Fn::Not" and len(holds) == 1:
        return None if holds[0] is None else not holds[0]
    deciding = {"Fn::And": False, "Fn::Or": True}.get(name)
    if deciding is None or deciding in holds:
        return deciding
    return None if None in holds else not deciding


def needs_of(source: TemplateDeclarations, raws: Iterable[Raw]) -> tuple[list[str], list[str]]:
    """Return the parameters with several values and the conditions that these raw values depend on."""
    parameters: dict[str, None] = {}
    conditions: dict[str, None] = {}
    seen: set[tuple[str, str]] = set()
    stack = [(raw, False) for raw in raws]
    while stack:
        part, is_condition = stack.pop()
        for kind, name in mentioned(part):
            seen.add((kind, name))
            if kind == "condition" and name in source.conditions and name not in conditions:
                conditions[name] = None
                stack.append((source.conditions[name], True))
            elif kind != "condition" and name != REGION and len(source.domain(name)) > 1:
                parameters |= {name: None} if is_condition or kind == "key" or name not in source.hidden else {}
    # A region matters only as the key of a mapping or in a condition; elsewhere it is unresolved like any other value.
    if ("key", REGION) in seen or (("name", REGION) in seen and REGION in source.compared):
        parameters[REGION] = None
    return list(parameters | _ruled(source, parameters)), list(conditions)


def _ruled(source: TemplateDeclarations, names: Iterable[str]) -> dict[str, None]:
    """Return the parameters that the Rules section relates to some parameters."""
    found: dict[str, None] = {}
    groups = [{name for kind, name in mentioned(rule) if kind == "name"} for rule in source.rules.values()]
    stack = list(names)
    while stack:
        name = stack.pop()
        related = set[str]().union(*(group for group in groups if name in group)) - found.keys()
        more = [other for other in sorted(related) if len(source.domain(other)) > 1]
        found |= dict.fromkeys(more)
        stack += more
    return found


def covering(scenarios: list[Scenario]) -> list[Scenario]:
    """Return a subset of the scenarios that still contains every pair of choices.

    Every effect of one or two conditions is found, and the number of scenarios grows with the logarithm of the number
    of conditions, not exponentially.
    """
    distinguishing = _distinguishing_choices(scenarios)
    pairs = [set(itertools.combinations(choices, min(2, len(choices)))) for choices in distinguishing]
    missing = set[tuple[Choice, ...]]().union(*pairs)
    chosen: list[int] = []
    best = 0
    while missing:
        chosen.append(best)
        missing -= pairs[best]
        best = max(range(len(scenarios)), key=lambda index: len(pairs[index] & missing))
    return [scenarios[index] for index in sorted(chosen)]


def _distinguishing_choices(scenarios: list[Scenario]) -> list[list[Choice]]:
    """Return each scenario's choices: one of those that always occur together, and none that is the same everywhere.

    A condition and the parameter that decides it would count twice, and too many scenarios would be chosen.
    """
    known = [dict(choices_of(scenario)) for scenario in scenarios]
    columns: dict[tuple[int, ...], str] = {}
    for name in dict.fromkeys(itertools.chain(*known)):
        numbers: dict[str | None, int] = {}
        column = tuple(numbers.setdefault(choices.get(name), len(numbers)) for choices in known)
        if len(numbers) > 1:
            columns.setdefault(column, name)
    return [[(name, choices.get(name, "")) for name in columns.values()] for choices in known]


def choices_of(scenario: Scenario) -> list[Choice]:
    """Return what distinguishes a scenario: conditions, then parameters, with their values."""
    known = [(name, str(holds)) for name, holds in scenario.conditions.items() if holds is not None]
    return known + [(name, str(value)) for name, value in scenario.parameters.items()]


def enumerate_scenarios(source: TemplateDeclarations, raws: Iterable[Raw]) -> list[Scenario]:
    """Return every scenario in which these raw values may differ, without the keys of mappings if there are many."""
    raws = list(raws)
    for each in (replace(source, parameters={**source.parameters, **source.chosen}), source):
        scenarios = list(itertools.islice(_enumerate(each, *needs_of(each, raws)), MAXIMUM_SCENARIOS + 1))
        if len(scenarios) <= MAXIMUM_SCENARIOS:
            return scenarios
    return [Scenario(source, dict.fromkeys(needs_of(source, raws)[0], UNKNOWN), None, complete=True)]


def _enumerate(source: TemplateDeclarations, parameters: list[str], conditions: list[str]) -> Iterator[Scenario]:
    for values in itertools.product(*(source.domain(name) for name in parameters)):
        yield from enumerate_assumptions(source, dict(zip(parameters, values, strict=True)), conditions)


def enumerate_assumptions(
    source: TemplateDeclarations, chosen: Mapping[str, object], conditions: list[str]
) -> Iterator[Scenario]:
    """Yield each combination of outcomes of undecided comparisons, first the one in which all are false."""
    stack: list[dict[tuple[str, str], bool]] = [{}]
    while stack:
        assumed = stack.pop()
        scenario = Scenario(source, chosen, assumed)
        try:
            for name in conditions:
                scenario.decide(name)
        except Undecided as undecided:
            stack += [{**assumed, undecided.comparison: holds} for holds in (True, False)]
        else:
            scenario.complete = True
            yield scenario


def shorten(text: str, limit: int) -> str:
    """Truncate a text at a word boundary."""
    if len(text) <= limit:
        return text
    return text[: limit - 1].rsplit(" ", 1)[0] + "…"


def describe(holds: list[Scenario], scenarios: list[Scenario]) -> str:
    """Name the scenario of a finding by the fewest conditions and parameters that distinguish it from the others."""
    if len(holds) == len(scenarios):
        return ""
    own = [_features(scenario) for scenario in holds]
    others = [_features(scenario) for scenario in scenarios if scenario not in holds]
    choices = [chosen for size in (1, 2) for chosen in itertools.combinations(own[0], size)]
    fitting = [chosen for chosen in choices if not any(other.issuperset(chosen) for other in map(set, others))]
    whole = [chosen for chosen in fitting if all(set(each).issuperset(chosen) for each in own)]
    text = " and ".join(next(iter([*whole, *fitting]), own[0][:3]))
    return f" ({shorten(f'when {text}', SCENARIO_LIMIT)})" if text else ""


def once_per_place(
    found: Mapping[Scenario, Iterable[Found]], place_of: Callable[[Found], Hashable]
) -> Iterator[tuple[Found, str]]:
    """Yield one finding per place, the most common one, and the words for the scenarios in which there is one."""
    places: dict[Hashable, dict[Scenario, dict[Found, None]]] = {}
    for scenario, members in found.items():
        for each in members:
            places.setdefault(place_of(each), {}).setdefault(scenario, {})[each] = None
    for holds in places.values():
        each, _ = Counter(itertools.chain.from_iterable(holds.values())).most_common(1)[0]
        yield each, describe(list(holds), list(found))


def _features(scenario: Scenario) -> list[str]:
    """Return the conditions of a scenario, then its parameters, as text."""
    conditions = [f"{name} is {str(holds).lower()}" for name, holds in scenario.conditions.items() if holds is not None]
    chosen = {name: value for name, value in scenario.parameters.items() if isinstance(value, str)}
    return conditions + [f"{name} is {value or 'empty'}" for name, value in chosen.items()]
