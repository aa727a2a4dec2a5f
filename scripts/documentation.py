"""Generate the tables of docs/reference: python -m scripts.documentation (make docs).

A table is between <!-- begin: NAME --> and <!-- end: NAME -->; tests/test_readme.py fails when one is out of date.
"""

import re
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from inference_experiment import contract
from inference_experiment.decision import RequestKind
from inference_experiment.model import Status
from inference_experiment.planner import TABLE, Rule

REFERENCE: Final = Path(__file__).resolve().parent.parent / "docs" / "reference"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(head)
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _sentence(rule: Rule) -> str:
    return (rule.__doc__ or "").strip().splitlines()[0]


def _statuses(rules: Mapping[Status, Rule]) -> list[tuple[str, str]]:
    """Return (statuses, action), one row for all statuses with the same rule."""
    grouped: dict[str, list[str]] = {}
    for status in Status:
        grouped.setdefault(_sentence(rules[status]), []).append(status.value)
    return [
        ("any" if len(statuses) == len(Status) else ", ".join(statuses), sentence)
        for sentence, statuses in grouped.items()
    ]


def lifecycle() -> str:
    """Return the table of all requests, goals and statuses."""
    rows: list[list[str]] = []
    for case in RequestKind:
        goals_of: dict[tuple[tuple[str, str], ...], list[str]] = {}
        for goal in (goal for kind, goal in TABLE if kind is case):
            goals_of.setdefault(tuple(_statuses(TABLE[case, goal])), []).append(goal.value)
        for cells, goals in goals_of.items():
            rows += [[case.value, " or ".join(goals), statuses, text] for statuses, text in cells]
    return _table(("request", "goal", "status", "action"), rows)


def permissions() -> str:
    """Return the table of IAM actions per handler."""
    rows = [
        [handler, ", ".join(f"`{action}`" for action in sorted(contract.actions_for(handler)))]
        for handler in contract.handlers()
    ]
    function = sorted({permission.action for permission in contract.function_permissions()})
    rows.append(["all (queue, log)", ", ".join(f"`{action}`" for action in function)])
    return _table(("handler", "actions"), rows)


def properties() -> str:
    """Return the table of the custom type's properties."""
    schema = contract.schema()
    rows = []
    for name, node in schema["properties"].items():
        if name in contract.read_only():
            continue
        definition = schema["definitions"][node["$ref"].rsplit("/", 1)[1]] if "$ref" in node else node
        required = "yes" if name in schema["required"] else ""
        update = "new experiment" if name in contract.create_only() else "in place"
        rows.append([f"`{name}`", required, "-" if name == "ServiceToken" else update, definition["description"]])
    return _table(("property", "required", "update", "meaning"), rows)


def attributes() -> str:
    """Return the list of the attributes of Fn::GetAtt."""
    return "\n".join(f"- `{name}`" for name in contract.attributes())


BLOCKS: Final[Mapping[str, Callable[[], str]]] = {
    "attributes": attributes,
    "lifecycle": lifecycle,
    "permissions": permissions,
    "properties": properties,
}


def render(text: str) -> str:
    """Return the text with every table regenerated. Raises KeyError for an unknown table."""

    def block(match: re.Match[str]) -> str:
        return f"<!-- begin: {match[1]} -->\n{BLOCKS[match[1]]()}\n<!-- end: {match[1]} -->"

    return re.sub(r"<!-- begin: (\w+) -->\n.*?<!-- end: \1 -->", block, text, flags=re.DOTALL)


if __name__ == "__main__":
    for page in sorted(REFERENCE.glob("*.md")):
        page.write_text(render(page.read_text(encoding="utf-8")), encoding="utf-8")
        sys.stdout.write(f"{page.name} is up to date\n")
