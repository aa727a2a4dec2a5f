"""The condition operators: their names, what they compare and how, one value of the policy against one of the request.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators". Text that an operator cannot read makes it
false, negated or not; that is not the same as "does not match", hence `Unreadable`.
"""

import base64
import ipaddress
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from functools import lru_cache, partial
from typing import Any, Final, TypeAlias

from iam_policy.match.arns import SEGMENTS, split, split_pattern
from iam_policy.match.patterns import Pattern, Truth, all_of
from iam_policy.match.symbols import Text, parts_of

_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_PREFIX: Final = re.compile(r"\d{1,3}", re.ASCII)


class Unreadable(Enum):
    """The operator cannot read the policy's or the request's value."""

    UNREADABLE = "unreadable"


UNREADABLE: Final = Unreadable.UNREADABLE
Compare: TypeAlias = Callable[[Pattern, Text], Truth | Unreadable]


@dataclass(frozen=True)
class Comparison:
    """One base operator. `wildcards`: `*` and `?` in the policy's value are wildcards. `kind`: the type of its keys."""

    name: str
    kind: str
    compare: Compare
    negated: bool = False
    wildcards: bool = False

    @property
    def variables(self) -> bool:
        """Whether IAM replaces policy variables in the policy's values."""
        return self.kind in {"String", "ARN", "Bool"}


@dataclass(frozen=True)
class Operator:
    """A whole operator: `ForAllValues:StringLikeIfExists` has a quantifier, a comparison and if_exists.

    Null has no comparison: it tests for the key and not for its value. A quantifier does not belong there.
    """

    comparison: Comparison | None
    quantifier: str = ""
    if_exists: bool = False


def _arn(pattern: Pattern, value: Text) -> Truth | Unreadable:
    """Compare as ArnEquals and ArnLike do (they are the same): six parts, each with wildcards, all case-sensitive.

    Whether a pattern with fewer parts is completed, as in Resource, is undocumented.
    """
    segments, others = split_pattern(pattern), split(value)
    if others is not None and (len(others) < SEGMENTS or (segments is not None and not segments[0].match("arn"))):
        return UNREADABLE
    if segments is not None and others is not None and len(segments) == SEGMENTS:
        return all_of(one.match(other) for one, other in zip(segments, others, strict=True))
    truth = pattern.match(value)
    if segments is not None and others is not None and truth is False:
        truth = all_of(one.match(other) for one, other in zip(segments, others, strict=False))  # if it were completed
    if others is None:  # the filling may be no ARN at all
        return (pattern.tokens == parts_of(value) and truth) or None
    return False if truth is False else None


def _reading(kind: str, compare: Callable[[Any, Any], bool]) -> Compare:
    """Compare what both texts mean."""

    def comparison(pattern: Pattern, value: Text) -> Truth | Unreadable:
        literal = pattern.literal
        mine = None if literal is None else read(kind, literal)
        if literal is not None and mine is None:
            return UNREADABLE
        if not isinstance(value, str):
            return None
        theirs = read(kind, value)
        if theirs is None:
            return UNREADABLE
        return None if mine is None else compare(theirs, mine)

    return comparison


def _number(text: str) -> Decimal:
    """Read an integer or a decimal number, not what else Python reads: `1_000`, other digits, infinity."""
    if not _NUMBER.fullmatch(text.strip()):
        raise ValueError
    return Decimal(text.strip())


def _date(text: str) -> datetime:
    """Read ISO 8601 (without a zone: UTC), also a year or a month alone, or seconds since 1970."""
    if re.fullmatch(r"\d{4}(-\d{2})?", text):
        text += "-01" * (2 - text.count("-"))
    elif (seconds := read("Numeric", text)) is not None:
        return datetime.fromtimestamp(float(seconds), UTC)
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _network(text: str) -> Any:  # noqa: ANN401 - networks of either version
    """Read an address or a range in CIDR format, which has no netmask."""
    _, slash, prefix = text.partition("/")
    if slash and not _PREFIX.fullmatch(prefix):
        raise ValueError
    return ipaddress.ip_network(text, strict=False)


def _within(address: Any, network: Any) -> bool:  # noqa: ANN401 - networks of either version
    return address.version == network.version and bool(address.subnet_of(network))


READERS: Final[dict[str, Callable[[str], Any]]] = {
    "Numeric": _number,
    "Date": _date,
    "Bool": lambda text: {"true": True, "false": False}[text.lower()],
    "IPAddress": _network,
    "Binary": partial(base64.b64decode, validate=True),
}


@lru_cache(maxsize=4096)
def read(kind: str, text: str) -> Any:  # noqa: ANN401 - each kind has a type of its own
    """Return what a text means to the operators of a kind, None if they cannot read it."""
    try:
        return READERS[kind](text)
    except (ValueError, ArithmeticError, KeyError, OSError):
        return None


def _ordered(kind: str) -> list[Comparison]:
    orders = {"LessThan": operator.lt, "LessThanEquals": operator.le, "GreaterThan": operator.gt}
    orders["GreaterThanEquals"] = operator.ge
    return [
        Comparison(f"{kind}Equals", kind, _reading(kind, operator.eq)),
        Comparison(f"{kind}NotEquals", kind, _reading(kind, operator.eq), negated=True),
        *(Comparison(kind + name, kind, _reading(kind, order)) for name, order in orders.items()),
    ]


_equal_in_any_case: Final = partial(Pattern.match, fold=True)
_ALL: Final = [
    Comparison("StringEquals", "String", Pattern.match),
    Comparison("StringNotEquals", "String", Pattern.match, negated=True),
    Comparison("StringEqualsIgnoreCase", "String", _equal_in_any_case),
    Comparison("StringNotEqualsIgnoreCase", "String", _equal_in_any_case, negated=True),
    Comparison("StringLike", "String", Pattern.match, wildcards=True),
    Comparison("StringNotLike", "String", Pattern.match, negated=True, wildcards=True),
    *_ordered("Numeric"),
    *_ordered("Date"),
    Comparison("Bool", "Bool", _reading("Bool", operator.eq)),
    Comparison("BinaryEquals", "Binary", _reading("Binary", operator.eq)),
    Comparison("IpAddress", "IPAddress", _reading("IPAddress", _within)),
    Comparison("NotIpAddress", "IPAddress", _reading("IPAddress", _within), negated=True),
    Comparison("ArnEquals", "ARN", _arn, wildcards=True),
    Comparison("ArnLike", "ARN", _arn, wildcards=True),
    Comparison("ArnNotEquals", "ARN", _arn, negated=True, wildcards=True),
    Comparison("ArnNotLike", "ARN", _arn, negated=True, wildcards=True),
]

COMPARISONS: Final[dict[str, Comparison]] = {entry.name.lower(): entry for entry in _ALL}
QUANTIFIERS: Final = {"forallvalues": "ForAllValues", "foranyvalue": "ForAnyValue"}
IF_EXISTS: Final = "ifexists"
NULL: Final = "Null"


@lru_cache(maxsize=1024)
def parse_operator(name: str) -> Operator | None:
    """Return the operator of that name, in any case; None if there is none."""
    prefix, colon, rest = name.lower().rpartition(":")
    if colon and prefix not in QUANTIFIERS:
        return None
    if rest == NULL.lower():
        return Operator(None, QUANTIFIERS.get(prefix, ""))
    base = rest.removesuffix(IF_EXISTS)
    comparison = COMPARISONS.get(base)
    if comparison is None:
        return None
    return Operator(comparison, QUANTIFIERS.get(prefix, ""), base != rest)
