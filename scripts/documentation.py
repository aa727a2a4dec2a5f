"""Writes the tables of README.md from what they are tables of: python -m scripts.documentation.

A block stands between <!-- begin: NAME --> and <!-- end: NAME -->; tests/test_readme.py fails when one is out of date.
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

README: Final = Path(__file__).resolve().parent.parent / "README.md"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(head)
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _sentence(rule: Rule) -> str:
    return (rule.__doc__ or "").strip().splitlines()[0]


def _statuses(rules: Mapping[Status, Rule]) -> list[tuple[str, str]]:
    """Return (statuses, what happens), the statuses of one rule together."""
    grouped: dict[str, list[str]] = {}
    for status in Status:
        grouped.setdefault(_sentence(rules[status]), []).append(status.value)
    everything = len(Status)
    return [
        ("any" if len(statuses) == everything else ", ".join(statuses), sentence)
        for sentence, statuses in grouped.items()
    ]


def lifecycle() -> str:
    """Return the table of every request, goal and status."""
    rows: list[list[str]] = []
    for case in RequestKind:
        alike: dict[tuple[tuple[str, str], ...], list[str]] = {}
        for goal in (goal for kind, goal in TABLE if kind is case):
            alike.setdefault(tuple(_statuses(TABLE[case, goal])), []).append(goal.value)
        for cells, goals in alike.items():
            rows += [[case.value, " or ".join(goals), statuses, text] for statuses, text in cells]
    return _table(("request", "is to", "status found", "what happens"), rows)


def permissions() -> str:
    """Return the table of IAM actions per handler."""
    rows = [
        [handler, ", ".join(f"`{action}`" for action in sorted(contract.actions_for(handler)))]
        for handler in contract.handlers()
    ]
    function = sorted({permission.action for permission in contract.function_permissions()})
    rows.append(["every one (queue, log)", ", ".join(f"`{action}`" for action in function)])
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
    """Return the list of what Fn::GetAtt knows."""
    return "`Ref` gives the name of the experiment; `Fn::GetAtt` knows " + ", ".join(
        f"`{name}`" for name in contract.attributes()
    )


BLOCKS: Final[Mapping[str, Callable[[], str]]] = {
    "attributes": attributes,
    "lifecycle": lifecycle,
    "permissions": permissions,
    "properties": properties,
}


def render(text: str) -> str:
    """Return a text with every block replaced by what it should be. Raises KeyError for an unknown block."""

    def block(match: re.Match[str]) -> str:
        return f"<!-- begin: {match[1]} -->\n{BLOCKS[match[1]]()}\n<!-- end: {match[1]} -->"

    return re.sub(r"<!-- begin: (\w+) -->\n.*?<!-- end: \1 -->", block, text, flags=re.DOTALL)


if __name__ == "__main__":
    README.write_text(render(README.read_text(encoding="utf-8")), encoding="utf-8")
    sys.stdout.write(f"{README.name} is up to date\n")
