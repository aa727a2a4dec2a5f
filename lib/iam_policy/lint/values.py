"""Values of conditions that the operator cannot parse, that never match, or that mean something else."""

import re
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final, TypeAlias

from iam_policy.evaluate.operators import NULL, READERS, Comparison, parse_operator, read
from iam_policy.findings import Finding
from iam_policy.lint.conditions import key_type, split_operator
from iam_policy.lint.principals import SERVICE
from iam_policy.lint.scope import Scope, suggestion
from iam_policy.match.patterns import Wild, compile_pattern
from iam_policy.parse.document import Condition, Item
from iam_policy.service_data import actions
from iam_policy.service_data.regions import regions

Network: TypeAlias = IPv4Network | IPv6Network

# Kind of value -> the check for one that cannot be parsed.
_MISMATCHES: Final = {
    "Bool": "Type mismatch Boolean",
    "IPAddress": "Type mismatch IP range",
    "Date": "Type mismatch date",
    "Numeric": "Type mismatch number",
    "Binary": "Type mismatch string (binary)",
}
_FORMS: Final = {
    "aws:sourcevpc": ("Invalid vpc format", re.compile(r"vpc-([0-9a-z]{8}|[0-9a-z]{17})"), "vpc-12345678"),
    "aws:sourcevpce": ("Invalid vpce format", re.compile(r"vpce-([0-9a-z]{8}|[0-9a-z]{17})"), "vpce-12345678"),
    **dict.fromkeys(
        (
            "iam:awsservicename",
            "iam:passedtoservice",
            "aws:calledvia",
            "aws:calledviafirst",
            "aws:calledvialast",
            "aws:principalservicename",
            "aws:principalservicenameslist",
        ),
        ("Invalid service principal format", SERVICE, "service.amazonaws.com"),
    ),
    "kms:viaservice": (
        "Invalid service principal format",
        re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)?\.[a-z0-9-]+\.amazonaws\.com(\.cn)?"),
        "service.region.amazonaws.com",
    ),
}
# Keys whose values are regions although their names do not end in Region or Regions.
_NOT_REGIONS: Final = frozenset({"ec2:vpcemultiregion", "kms:multiregion"})
_ORDERED: Final = re.compile("numeric(less|greater)than(equals)?")
# Dates that IAM refuses do not fit this; moto recorded its answers.
_DATE: Final = re.compile(
    r"-?\d{1,9}(-\d{1,2}){0,2}(t(?P<hour>\d{1,2})?(:(?P<minute>\d{1,2})(:(?P<second>\d{1,2})(\.\d{1,9})?)?)?"
    r"(z|[+-]\d{2}(:?\d{2})?)?)?",
    re.IGNORECASE,
)
_LARGEST_EPOCH: Final = 2**63 - 1


def lint_values(scope: Scope) -> Iterator[Finding]:
    """Yield findings about the values of the Condition block."""
    for condition in scope.statement.conditions:
        operator = parse_operator(condition.operator)
        if condition.unknown is not None or (operator is None and split_operator(condition.operator).base != "null"):
            continue
        comparison = operator.comparison if operator else None
        plain = [(item, item.text) for item in condition.values if isinstance(item.text, str)]
        for item, value in plain:
            yield from _lint_value(scope, condition, comparison, item, value)
            yield from _lint_form(scope, condition, item, value)
        yield from _lint_together(scope, condition, comparison, [value for _, value in plain])


def _lint_value(
    scope: Scope, condition: Condition, comparison: Comparison | None, item: Item, value: str
) -> Iterator[Finding]:
    pattern = compile_pattern(value, variables=scope.statement.variables)
    wild = any(isinstance(token, Wild) for token in pattern.tokens)
    kind = comparison.kind if comparison else "Bool"
    if comparison and kind == "String" and wild and not comparison.wildcards:
        like = "StringNotLike" if comparison.negated else "StringLike"
        message = f'{condition.operator} compares the wildcard in "{value}" literally; use {like}'
        yield scope.report("Wildcard without like operator", message, item)
    elif kind not in READERS or pattern.variables:
        return
    elif kind == "Date" and not _is_date(value):
        message = f'"{value}" is not a date: write it as 2026-01-31 or 2026-01-31T12:00:00Z'
        yield scope.finding("invalid-date", message, item, "Type mismatch date")
    elif read(kind, value) is None:
        message = f'{condition.operator} cannot parse "{value}", so it is never true; write a {kind} value'
        yield scope.report(_MISMATCHES[kind], message, item)
    elif kind == "Date" and re.fullmatch(r"-?\d{5,}(\.\d+)?", value):
        message = f'"{value}" counts seconds since 1970; write the date as 2026-01-31T12:00:00Z'
        yield scope.report("Invalid date value", message, item)
    elif kind == "IPAddress" and str(_network(value)) != str(_as_written(value)):
        message = f'the bits of "{value}" after the mask do not count: write {_network(value)}'
        yield scope.report("Improve IP range", message, item)


def _is_date(value: str) -> bool:
    if re.fullmatch(r"\d+", value):
        return int(value) <= _LARGEST_EPOCH
    parsed = _DATE.fullmatch(value)
    if parsed is None:
        return read("Numeric", value) is not None
    parts = [int(part) for part in re.split("-", value.lower().partition("t")[0].lstrip("-"))]
    ranges = ((0, 292278993), (1, 12), (1, 31))
    clock = (("hour", 23), ("minute", 59), ("second", 59))
    return all(low <= part <= high for part, (low, high) in zip(parts, ranges, strict=False)) and all(
        int(parsed[name] or 0) <= most for name, most in clock
    )


def _network(value: str) -> Network:
    return ip_network(value, strict=False)


def _as_written(value: str) -> str:
    """Return a network as it is written, in the usual form of its address."""
    address, slash, mask = value.partition("/")
    written = ip_network(address)
    length = mask if mask.isdecimal() else str(_network(value).prefixlen)
    return f"{written.network_address}/{length}" if slash else str(written)


def _lint_form(scope: Scope, condition: Condition, item: Item, value: str) -> Iterator[Finding]:
    """Yield values that are not of the form that the key's values have."""
    if re.search(r"[*?]|\$\{", value) or split_operator(condition.operator).base == NULL.lower():
        return
    key = condition.key.lower()
    if key in _FORMS:
        check, form, example = _FORMS[key]
        if not form.fullmatch(value):
            message = f'"{value}" cannot be a value of {condition.key}; write it as {example}'
            yield scope.report(check, message, item)
    elif _is_region_key(key) and value not in regions():
        near = actions.nearest(value, regions(), 1)
        yield scope.report("Invalid Region", f'unknown region "{value}"{suggestion(near)}', item)


def _is_region_key(key: str) -> bool:
    kind = key_type(key)
    return (
        key.endswith(("region", "regions")) and key not in _NOT_REGIONS and kind is not None and "Bool" not in kind[1]
    )


def _lint_together(
    scope: Scope, condition: Condition, comparison: Comparison | None, values: list[str]
) -> Iterator[Finding]:
    """Yield what is wrong with the values of a key together."""
    name = split_operator(condition.operator)
    if len(values) > 1 and name.base in {"bool", "null"}:
        message = f"{condition.operator} has {len(values)} values for {condition.key}; write one, true or false"
        yield scope.report("Invalid condition multiple Boolean", message, condition)
    numbers = [value for value in values if read("Numeric", value) is not None]
    if _ORDERED.fullmatch(name.base) and len(numbers) > 1 and len(numbers) == len(condition.values):
        kept = (max if "less" in name.base else min)(numbers, key=lambda value: read("Numeric", value))
        message = (
            f"one value is enough for {condition.operator} {condition.key}: the others change nothing; keep {kept}"
        )
        yield scope.report("Redundant condition value num", message, condition)
    if comparison and comparison.kind == "IPAddress" and condition.key.lower() == "aws:sourceip":
        yield from _lint_private(scope, condition, negated=comparison.negated)


def _lint_private(scope: Scope, condition: Condition, *, negated: bool) -> Iterator[Finding]:
    """Yield private addresses: a request never has one as its aws:SourceIp."""
    texts = [item.text for item in condition.values]
    networks = [read("IPAddress", text) for text in texts if isinstance(text, str)]
    if len(networks) < len(texts) or not networks or None in networks:
        return
    private = [network for network in networks if _is_private(network)]
    if not private:
        return
    truth = "always" if negated else "never"
    advice = "write public addresses, or use aws:VpcSourceIp with aws:SourceVpc"
    name = "Private NotIpAddress" if negated else "Private IP address"
    if len(private) == len(networks):
        message = f"aws:SourceIp is a public address, so the condition is {truth} true; {advice}"
        yield scope.report(name, message, condition)
    else:
        message = f"aws:SourceIp is a public address, so {private[0]} does nothing; {advice}"
        yield scope.report(f"{name} subset", message, condition)


# RFC 1918 and RFC 4193. Other ranges that Python calls private, such as those for documentation, are not meant.
_PRIVATE: Final[tuple[Network, ...]] = tuple(
    map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "127.0.0.0/8", "169.254.0.0/16"))
)


def _is_private(network: Network) -> bool:
    return any(network.version == one.version and network.subnet_of(one) for one in _PRIVATE)  # type: ignore[arg-type]
