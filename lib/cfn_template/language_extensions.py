"""Fn::ForEach of the transform AWS::LanguageExtensions, expanded as CloudFormation does before it reads a template."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from cfn_template.located import DictNode, ListNode, StringNode, placed_like
from cfn_template.values import Raw, function_of, scalar_text

TRANSFORM: Final = "AWS::LanguageExtensions"
FOR_EACH: Final = "Fn::ForEach::"
MAXIMUM_VALUES: Final = 200_000  # nested loops multiply
_VARIABLE: Final = re.compile(r"([$&])\{([^{}!]+)\}")
_SYMBOLS: Final = re.compile(r"[^A-Za-z0-9]")


def expand(template: Raw, evaluate: Callable[[Raw], object]) -> Raw:
    """Return a template with its loops expanded, except those whose collection is unknown."""
    transforms = template.get("Transform") if isinstance(template, dict) else None
    listed = transforms if isinstance(transforms, list) else [transforms]
    return _Expansion(evaluate).value(template, {}) if TRANSFORM in listed else template


class _Expansion:
    """Copies a template; `names` are the loop variables around a value."""

    def __init__(self, evaluate: Callable[[Raw], object]) -> None:
        self._evaluate = evaluate
        self._count = 0

    def value(self, raw: Raw, names: Mapping[str, str]) -> Any:  # noqa: ANN401 - any JSON value
        self._count += 1
        function, argument = function_of(raw) or ("", None)
        if function == "Ref" and isinstance(argument, str) and argument in names:
            return names[argument]
        if isinstance(raw, dict):
            members = DictNode(pair for key, value in raw.items() for pair in self._members(key, value, names))
            return placed_like(raw, members)
        if isinstance(raw, list):
            return placed_like(raw, ListNode(self.value(item, names) for item in raw))
        return _filled(raw, names) if isinstance(raw, str) else raw

    def _members(self, key: Raw, value: Raw, names: Mapping[str, str]) -> Iterator[tuple[Raw, Raw]]:
        loop = self._loop(value, names) if isinstance(key, str) and key.startswith(FOR_EACH) else None
        if loop is None:
            yield _filled(key, names) if isinstance(key, str) else key, self.value(value, names)
            return
        variable, items, body = loop
        for item in items:
            for name, inner in body.items():
                yield from self._members(name, inner, {**names, variable: item})

    def _loop(self, value: Raw, names: Mapping[str, str]) -> tuple[str, list[str], dict[Any, Raw]] | None:
        """Return variable, items and body of a loop, None where it is malformed or not known."""
        match value:
            case [variable, collection, dict(body)]:
                items = self._evaluate(self.value(collection, names))
                texts = [scalar_text(item) for item in items] if isinstance(items, list) else [None]
                if None not in texts and self._count <= MAXIMUM_VALUES:
                    return str(variable), texts, body  # type: ignore[return-value]
        return None


def _filled(text: str, names: Mapping[str, str]) -> str:
    """Return a text with the loop variables filled in: ${Name}, or &{Name} for its letters and digits only."""

    def fill(match: re.Match[str]) -> str:
        value = names.get(match[2])
        if value is None:
            return match[0]
        return value if match[1] == "$" else _SYMBOLS.sub("", value)

    if not names or "{" not in text:
        return text
    return placed_like(text, StringNode(_VARIABLE.sub(fill, text)))
