"""The condition operators: their names, what they compare and how, one value of the policy against one of the request.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators". Text that an operator cannot read makes it
false, negated or not; that is not the same as "does not match", hence `Unreadable`.
"""

import base64
import binascii
import ipaddress
import operator
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import lru_cache, partial
from typing import Any, Final, TypeAlias

from iam_policy.match.arns import SEGMENTS, match_arn, split, split_pattern
from iam_policy.match.patterns import Pattern, Truth
from iam_policy.match.symbols import Text


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


@dataclass(frozen=True)
class Operator:
    """A whole operator: `ForAllValues:StringLikeIfExists` has a quantifier, a comparison and if_exists.

    Null has no comparison: it tests for the key and not for its value.
    """

    comparison: Comparison | None
    quantifier: str = ""
    if_exists: bool = False


def _arn(pattern: Pattern, value: Text) -> Truth | Unreadable:
    parts = split(value)
    if parts is None:
        return match_arn(pattern, value) or None  # the filling may be no ARN at all
    head = split_pattern(pattern)
    if len(parts) < SEGMENTS or (head is not None and not head[0].match("arn")):
        return UNREADABLE
    return match_arn(pattern, value)


def _reading(read: Callable[[str], Any], compare: Callable[[Any, Any], bool]) -> Compare:
    """Compare both texts as parsed by `read`, which returns None for invalid text."""

    def comparison(pattern: Pattern, value: Text) -> Truth | Unreadable:
        literal = pattern.literal
        mine = None if literal is None else read(literal)
        if literal is not None and mine is None:
            return UNREADABLE
        if not isinstance(value, str):
            return None
        theirs = read(value)
        if theirs is None:
            return UNREADABLE
        return None if mine is None else compare(theirs, mine)

    return comparison


@lru_cache(maxsize=4096)
def read_number(text: str) -> Decimal | None:
    """Read an integer or a decimal number."""
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


@lru_cache(maxsize=4096)
def read_date(text: str) -> datetime | None:
    """Read ISO 8601 (without a zone: UTC) or seconds since 1970."""
    seconds = read_number(text)
    try:
        if seconds is not None and not (len(text) == 4 and text.isdigit()):  # noqa: PLR2004 - four digits are a year
            return datetime.fromtimestamp(float(seconds), UTC)
        moment = datetime.fromisoformat(text + "-01-01" if seconds is not None else text)
    except (ValueError, OverflowError, OSError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def read_bool(text: str) -> bool | None:
    """Read true or false in any case."""
    return {"true": True, "false": False}.get(text.lower())


@lru_cache(maxsize=4096)
def read_network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """Read an address or a range in CIDR notation, of either version."""
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _within(address: Any, network: Any) -> bool:  # noqa: ANN401 - networks of either version
    return address.version == network.version and bool(address.subnet_of(network))


def read_binary(text: str) -> bytes | None:
    """Read base 64."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


READERS: Final[dict[str, Callable[[str], Any]]] = {
    "Numeric": read_number,
    "Date": read_date,
    "Bool": read_bool,
    "IPAddress": read_network,
    "Binary": read_binary,
}


def _ordered(kind: str) -> list[Comparison]:
    read = READERS[kind]
    orders = {"LessThan": operator.lt, "LessThanEquals": operator.le, "GreaterThan": operator.gt}
    orders["GreaterThanEquals"] = operator.ge
    return [
        Comparison(f"{kind}Equals", kind, _reading(read, operator.eq)),
        Comparison(f"{kind}NotEquals", kind, _reading(read, operator.eq), negated=True),
        *(Comparison(kind + name, kind, _reading(read, order)) for name, order in orders.items()),
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
    Comparison("Bool", "Bool", _reading(read_bool, operator.eq)),
    Comparison("BinaryEquals", "Binary", _reading(read_binary, operator.eq)),
    Comparison("IpAddress", "IPAddress", _reading(read_network, _within)),
    Comparison("NotIpAddress", "IPAddress", _reading(read_network, _within), negated=True),
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
        return None if colon else Operator(None)
    base = rest.removesuffix(IF_EXISTS)
    comparison = COMPARISONS.get(base)
    if comparison is None:
        return None
    return Operator(comparison, QUANTIFIERS.get(prefix, ""), base != rest)
