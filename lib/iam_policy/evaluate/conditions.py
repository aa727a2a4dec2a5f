"""Evaluating a Condition block: missing keys, many-valued keys, policy variables, unknown values.

All operators and keys of a block must hold. Source: IAM User Guide, "Condition", "Single-valued vs. multivalued context
keys", "Variables and tags".
"""

from dataclasses import replace
from functools import cached_property

from iam_policy.evaluate.operators import Comparison, Unreadable, parse_operator
from iam_policy.evaluate.request import Given, Request
from iam_policy.match.patterns import Pattern, Truth, Variable, agreement, all_of, any_of, compile_pattern, negate
from iam_policy.match.symbols import Symbol, Symbolic, Text, text
from iam_policy.parse.document import Condition, Item, Unknown


def symbol_of_key(key: str) -> Symbol:
    """Return the symbol for the unknown value of a context key, the same for the same key."""
    return Symbol(f"key:{key}", literal=True)


def value_of_variable(request: Request, variable: Variable) -> Text | Symbol | None:
    """Return the value of a policy variable, if any. Wildcards in it are literal."""
    value = request.value_of(variable.key)
    if isinstance(value, tuple) or value is Given.ABSENT:  # IAM substitutes single-valued keys only
        return variable.default
    if value is Given.UNKNOWN:
        return symbol_of_key(variable.key)
    if isinstance(value, Symbolic):
        return text(*(replace(part, literal=True) if isinstance(part, Symbol) else part for part in value.parts))
    return value if isinstance(value, str) else None


def with_values(request: Request, pattern: Pattern) -> tuple[Pattern | None, bool]:
    """Return a pattern with the values of its policy variables, None if one has none, and whether one may have none.

    AWS guarantees nothing for a negation if a variable may lack a value.
    """
    lacking = any(
        variable.default is None and isinstance(request.value_of(variable.key), tuple | Given)
        for variable in pattern.variables
    )
    return pattern.resolve(lambda variable: value_of_variable(request, variable)), lacking


def _is_null(value: Text | tuple[Text, ...]) -> bool:
    """Tell whether a set operator treats a value as none: "a null dataset, such as an empty string"."""
    return value == "" or (isinstance(value, tuple) and all(one == "" for one in value))


class CompiledCondition:
    """One key of one operator, ready to be evaluated many times."""

    def __init__(self, condition: Condition, *, variables: bool) -> None:
        self.condition = condition
        self.key = condition.key.lower()
        self._variables = variables
        self.operator = parse_operator(condition.operator)

    @cached_property
    def _patterns(self) -> tuple[Pattern | None, ...]:
        comparison = self.operator.comparison if self.operator else None
        wildcards = comparison is not None and comparison.wildcards
        texts = [item.text for item in self.condition.values]
        return tuple(
            None if isinstance(one, Unknown) else compile_pattern(one, wildcards=wildcards, variables=self._variables)
            for one in texts
        )

    @property
    def keeps_variables(self) -> bool:
        """Whether there are policy variables where IAM replaces none; what it does then is not documented."""
        comparison = self.operator.comparison if self.operator else None
        if comparison is None or comparison.variables:
            return False
        return any(pattern is not None and pattern.variables for pattern in self._patterns)

    def truth(self, request: Request) -> Truth:
        """Evaluate for one request; an operator that does not exist is unknown (IAM refuses the document)."""
        if self.condition.unknown is not None or self.operator is None:
            return None
        value = request.value_of(self.key)
        if value is not Given.UNKNOWN:
            return self._present(request, value)
        symbol = text(symbol_of_key(self.key))
        return agreement((self._present(request, Given.ABSENT), self._present(request, symbol)))

    def _present(self, request: Request, value: Text | tuple[Text, ...] | Given) -> Truth:
        operator = self.operator
        if operator is None or operator.comparison is None:
            if operator is not None and operator.quantifier:  # the key is always absent to it, says Access Analyzer
                return operator.quantifier == "ForAllValues"
            return any_of(self._null(item, missing=value is Given.ABSENT) for item in self.condition.values)
        comparison = operator.comparison
        if operator.quantifier and (isinstance(value, Given) or _is_null(value)):
            return operator.quantifier == "ForAllValues"
        if isinstance(value, Given):
            return operator.if_exists or comparison.negated
        if isinstance(value, tuple) and not operator.quantifier:
            return None  # AWS leaves open what a plain operator does with many values
        values = value if isinstance(value, tuple) else (value,)
        combine = any_of if operator.quantifier == "ForAnyValue" else all_of
        return combine(self._compare(request, comparison, one) for one in values)

    @staticmethod
    def _null(item: Item, *, missing: bool) -> Truth:
        if not isinstance(item.text, str):
            return None
        return {"true": missing, "false": not missing}.get(item.text.lower(), False)

    def _compare(self, request: Request, comparison: Comparison, value: Text) -> Truth:
        truths = (self._compare_one(request, comparison, pattern, value) for pattern in self._patterns)
        return all_of(truths) if comparison.negated else any_of(truths)

    @staticmethod
    def _compare_one(request: Request, comparison: Comparison, pattern: Pattern | None, value: Text) -> Truth:
        """Compare with one value of the policy; for a negated operator, say whether it differs."""
        if pattern is None or (pattern.variables and not comparison.variables):
            return None
        resolved, lacking = with_values(request, pattern)
        if resolved is None:
            return None if comparison.negated else False
        result = comparison.compare(resolved, value)
        if isinstance(result, Unreadable):
            return False
        if lacking and (result or comparison.negated):
            return None
        return negate(result) if comparison.negated else result
