"""Placeholders such as {{ name }} or <Name> in StackQL's statements and manifests, and their values. Pure."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from inference_experiment_cli.errors import UsageError, nearest

PLACEHOLDER: Final = re.compile(r"\{\{\s*([A-Za-z_][\w.]*(?:\[\d+\])?)\s*\}\}")
ANGLE_BRACKETS: Final = re.compile(r"\s*<([Nn]ame|[Rr]egion|[Ii]dentifier)>\s*")
"""A whole value of this form is a placeholder too, as in `data__Identifier = '<Name>'`; other texts may look so."""
VARIABLES: Final = "vars."
"""StackQL's variables from the environment: {{ vars.AWS_REGION }} is filled by the value of AWS_REGION as well."""


def placeholders_in(text: str) -> list[str]:
    """Return the names of the placeholders in a text, in their order."""
    return PLACEHOLDER.findall(text) or [match[1] for match in [ANGLE_BRACKETS.fullmatch(text)] if match]


def value_of(name: str, values: Mapping[str, str]) -> str | None:
    """Return the value of a placeholder; `names[0]` is also the first item of the list `names`, or its only one."""
    known = next((values[each] for each in (name, name.removeprefix(VARIABLES)) if each in values), None)
    if known is not None or not name.endswith("]"):
        return known
    listed, _, index = name[:-1].partition("[")
    return _item(values[listed], int(index)) if listed in values else None


def _item(text: str, index: int) -> str | None:
    try:
        items: Any = json.loads(text)
    except ValueError:
        items = text.split(",")
    items = items if isinstance(items, list) else [items]
    return str(items[index]).strip() if index < len(items) else None


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return a text with the placeholders that have a value filled."""
    whole = ANGLE_BRACKETS.fullmatch(text)
    if whole:
        return values.get(whole[1], text)

    def filled(match: re.Match[str]) -> str:
        value = value_of(match[1], values)
        return match[0] if value is None else value

    return PLACEHOLDER.sub(filled, text)


def parameters_for(names: Iterable[str]) -> set[str]:
    """Return the names under which values of placeholders can be given."""
    return {form for name in names for form in (name, name.removeprefix(VARIABLES), name.partition("[")[0])}


def check_names(given: Iterable[str], names: Iterable[str]) -> None:
    """Raise UsageError where a value is given for a placeholder that does not occur."""
    known = parameters_for(names)
    for name in given:
        if name not in known:
            near = nearest(name, known)
            hint = f"; did you mean {near}?" if near else ""
            raise UsageError(f"--parameter {name}: there is no placeholder {{{{ {name} }}}}{hint}")
