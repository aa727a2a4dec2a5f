"""Fn::ForEach of the transform AWS::LanguageExtensions, expanded as CloudFormation does before it reads a template."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from cfn_template.located import DictNode, ListNode, StringNode
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
            return self._mapping(raw, names)
        if isinstance(raw, list):
            items = ListNode(self.value(item, names) for item in raw)
            items.start_mark, items.marks = getattr(raw, "start_mark", None), getattr(raw, "marks", ())  # type: ignore[assignment]
            return items
        return _filled(raw, names) if isinstance(raw, str) else raw

    def _mapping(self, raw: dict[Any, Raw], names: Mapping[str, str]) -> DictNode:
        mapping = DictNode(pair for key, value in raw.items() for pair in self._members(key, value, names))
        mapping.start_mark = getattr(raw, "start_mark", None)  # type: ignore[assignment]
        return mapping

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
        if not isinstance(value, list) or len(value) != 3 or not isinstance(value[2], dict):  # noqa: PLR2004
            return None
        items = self._evaluate(self.value(value[1], names))
        texts = [text for item in items if (text := scalar_text(item)) is not None] if isinstance(items, list) else None
        if texts is None or len(texts) != len(items) or self._count > MAXIMUM_VALUES:  # type: ignore[arg-type]
            return None
        return str(value[0]), texts, value[2]


def _filled(text: str, names: Mapping[str, str]) -> str:
    """Return a text with the loop variables filled in: ${Name}, or &{Name} for its letters and digits only."""

    def fill(match: re.Match[str]) -> str:
        value = names.get(match[2])
        if value is None:
            return match[0]
        return value if match[1] == "$" else _SYMBOLS.sub("", value)

    if not names or "{" not in text:
        return text
    filled = StringNode(_VARIABLE.sub(fill, text))
    filled.start_mark = getattr(text, "start_mark", None)  # type: ignore[assignment]
    return filled
