"""The parameters of a template: the values that Ref can return, and the values that a deployment may pass."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final

from cfn_template.values import UNKNOWN, Raw, scalar_text, unresolved

PSEUDO: Final = frozenset(
    f"AWS::{name}"
    for name in ("AccountId", "NotificationARNs", "Partition", "Region", "StackId", "StackName", "URLSuffix")
)
ALIKE: Final = 0.5  # similarity from which one name is suggested for another
_NUMBERS: Final = ("Number", "List<Number>")


class ParameterError(ValueError):
    """A parameter value that CloudFormation rejects, and why."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name
        self.message = message


def is_list(raw: Raw) -> bool:
    """Tell whether Ref of a parameter gives a list."""
    kind = str(_member(raw, "Type"))
    return kind == "CommaDelimitedList" or kind.startswith("List<")


def gives_list(raw: Raw) -> bool:
    """Tell whether Ref gives a list at deployment: of a list, or of one that is kept in Systems Manager."""
    kind = str(_member(raw, "Type"))
    return is_list(raw) or (is_stored(raw) and ("<List<" in kind or "<CommaDelimitedList>" in kind))


def is_secret(raw: Raw) -> bool:
    """Tell whether the value of a parameter must not be shown."""
    return scalar_text(_member(raw, "NoEcho")) == "true"


def is_stored(raw: Raw) -> bool:
    """Tell whether a parameter names a value in Systems Manager, which is read at deployment."""
    return str(_member(raw, "Type")).startswith("AWS::SSM::Parameter::Value<")


def value_of(name: str, raw: Raw, given: Mapping[str, Any]) -> object:
    """Return the value of Ref in a deployment: the passed value, else the default; UNKNOWN without one."""
    written = given[name] if name in given else _member(raw, "Default")
    return UNKNOWN if is_stored(raw) else _as_value(raw, written)


def domain_of(
    name: str, raw: Raw, sets: Sequence[Mapping[str, Any]], compared: Iterable[str] | None, keys: Iterable[str] = ()
) -> tuple[object, ...]:
    """Return the values that Ref can return: passed, allowed, or the default and the literals it is compared with.

    `keys` are the keys of mappings that it chooses from. An unresolved value stands for anything else; one that is not
    compared (None) is taken for its default.
    """
    anything = unresolved("Ref", name)
    given = [value_of(name, raw, values) for values in sets if name in values]
    if given and UNKNOWN not in given:
        return tuple(_unique(given))
    allowed = _member(raw, "AllowedValues")
    if isinstance(allowed, list) and allowed and not is_stored(raw) and not is_list(raw):
        return tuple(_unique(_as_value(raw, value) for value in allowed))
    default = value_of(name, raw, {})
    others = () if is_list(raw) else (*(compared or ()), *keys)
    known = tuple(_unique([*([] if default is UNKNOWN else [default]), *others]))
    return (*known, anything) if compared is not None or is_stored(raw) or not known else known


def _as_value(raw: Raw, written: Raw) -> object:
    """Return a parameter value as Ref returns it: text, or the trimmed items of a list."""
    if is_list(raw) and isinstance(written, list):  # as cfn-lint decodes parameter files
        return [text for item in written if (text := scalar_text(item)) is not None]
    text = scalar_text(written)
    if text is None:
        return UNKNOWN
    return [part.strip() for part in text.split(",")] if is_list(raw) else text


def _unique(values: Iterable[object]) -> Iterator[object]:
    seen: list[object] = []
    for value in values:
        if value not in seen:
            seen.append(value)
            yield value


def _member(raw: Raw, name: str) -> Raw:
    return raw.get(name) if isinstance(raw, dict) else None


def check_given(declared: Raw, given: Mapping[str, str]) -> None:
    """Check parameter values as CloudFormation does. Raises ParameterError."""
    known = declared if isinstance(declared, dict) else {}
    for name, value in given.items():
        if name in known:
            _check_value(name, known[name], value)
        elif name not in PSEUDO:
            folded = {str(each).casefold(): str(each) for each in known}
            near = get_close_matches(name.casefold(), folded, 1, cutoff=ALIKE)
            advice = f"did you mean {folded[near[0]]}?" if near else f"it has {', '.join(map(str, known)) or 'none'}"
            raise ParameterError(name, f"the template has no such parameter; {advice}")


def _check_value(name: str, raw: Raw, value: str) -> None:
    for item in [part.strip() for part in value.split(",")] if is_list(raw) else [value]:
        problem = next(_problems(raw, item), None)
        if problem is not None:
            shown = "the value" if is_secret(raw) else f'"{item}"'
            hint = scalar_text(_member(raw, "ConstraintDescription"))
            raise ParameterError(name, f"{shown} {problem}" + (f" ({hint})" if hint else ""))


def _problems(raw: Raw, value: str) -> Iterator[str]:
    """Yield the constraints of a parameter that a value violates."""
    allowed, pattern = _member(raw, "AllowedValues"), _member(raw, "AllowedPattern")
    if isinstance(allowed, list) and value not in map(scalar_text, allowed):
        texts = [text for text in map(scalar_text, allowed) if text is not None]
        near = get_close_matches(value, texts, 1)
        yield f"is not an allowed value; did you mean {near[0]}?" if near else f"is not one of {', '.join(texts)}"
    if isinstance(pattern, str) and not _matches(pattern, value):
        yield f"does not match {pattern}"
    yield from _out_of_range(
        raw, len(value), "Length", ("has fewer than {:g} characters", "has more than {:g} characters")
    )
    if _member(raw, "Type") in _NUMBERS:
        number = _number(value)
        if number is None:
            yield "is not a number"
        else:
            yield from _out_of_range(raw, number, "Value", ("is less than {:g}", "is more than {:g}"))


def _matches(pattern: str, value: str) -> bool:
    """Tell whether a value matches; a pattern of Java that Python cannot read matches everything."""
    try:
        return re.fullmatch(pattern, value) is not None
    except (re.error, RecursionError, OverflowError):
        return True


def _out_of_range(raw: Raw, size: float, what: str, messages: tuple[str, str]) -> Iterator[str]:
    least, most = (_number(_member(raw, bound + what)) for bound in ("Min", "Max"))
    if least is not None and size < least:
        yield messages[0].format(least)
    if most is not None and size > most:
        yield messages[1].format(most)


def _number(value: object) -> float | None:
    try:
        return float(scalar_text(value) or "")
    except ValueError:
        return None
