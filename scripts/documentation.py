"""Generate the tables of docs/reference: python -m scripts.documentation (make docs).

A table is between <!-- begin: NAME --> and <!-- end: NAME -->; tests/test_readme.py fails when one is out of date.
"""

import re
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from iam_policy.access_analyzer import CHECKS, full_title
from iam_policy.findings import KINDS as FINDING_KINDS
from inference_experiment import actions, contract, machine
from inference_experiment.currentness import Standing, StandingKind
from inference_experiment.decision import DecisionInput, RequestKind
from inference_experiment.differences import PROMOTE
from inference_experiment.errors import Failure, NotUpdatable
from inference_experiment.event import Request
from inference_experiment.model import (
    MUTATING,
    Action,
    ActionKind,
    DesiredState,
    Observed,
    Progress,
    RequestType,
    Status,
)
from inference_experiment.planner import TABLE, Rule
from scripts import option_inventory

KINDS: Final[Mapping[RequestType, tuple[RequestKind, ...]]] = {
    RequestType.CREATE: (RequestKind.CREATE,),
    RequestType.UPDATE: (RequestKind.UPDATE, RequestKind.REPLACE),
    RequestType.DELETE: (RequestKind.DELETE,),
}
PROMOTION: Final = {"ModelVariantActions": {"shadow": PROMOTE}}

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


def _request(kind: RequestType) -> Request:
    return Request(kind, "https://localhost", "arn:aws:cloudformation:r:1:stack/s/g", "r", "Experiment", "name")


def _permitted(kind: RequestKind, action: Action, standing: StandingKind | None, *, fresh: bool) -> str:
    """Return what comes of an action that a request wants; None for a standing that was not asked."""
    request_type = next(each for each, kinds in KINDS.items() if kind in kinds)
    if standing is StandingKind.ROLLING_BACK and kind is RequestKind.DELETE and action.arguments == PROMOTION:
        return "-"  # a deletion is then planned without a promotion
    inputs = DecisionInput(
        request=_request(request_type),
        kind=kind,
        desired_state=DesiredState.EXIST,
        target=Observed("name"),
        progress=Progress(deadline=0.0),
        now=0.0,
        standing=Standing(standing) if standing else None,
        fresh=fresh,
    )
    result = actions.require_current(inputs, action)
    return "call" if result is action else {ActionKind.ASK_STACK: "ask first"}.get(result.kind, result.kind.value)


def _permissions(kind: RequestKind, action: Action) -> tuple[str, ...]:
    """Return the cells of a row: the fresh first attempt, then every standing."""
    first = _permitted(kind, action, None, fresh=True)
    cells = [first]
    for each in StandingKind:
        cell, fresh = (_permitted(kind, action, each, fresh=fresh) for fresh in (False, True))
        # Where the fresh first attempt does not ask, it has no standing.
        cells.append(cell if fresh == cell or first == "call" else f"{cell}; fresh: {fresh}")
    return tuple(cells)


def standing() -> str:
    """Return the table of what a request may call, by what CloudFormation makes of it (actions.require_current)."""
    rows: list[list[str]] = []
    for request_type, kinds in KINDS.items():
        operations = contract.operations_of(request_type.value.lower())
        calls = {each.value: Action(each, "name") for each in ActionKind if each in MUTATING and each in operations}
        if ActionKind.STOP in operations:
            calls[f"{ActionKind.STOP} that promotes"] = Action(ActionKind.STOP, "name", PROMOTION)
        kinds_of: dict[tuple[str, tuple[str, ...]], list[str]] = {}
        for name, action in calls.items():
            cells = {kind: _permissions(kind, action) for kind in kinds}
            same = len(set(cells.values())) == 1
            for kind in kinds[:1] if same else kinds:
                label = request_type.value if same else kind.value
                kinds_of.setdefault((label, cells[kind]), []).append(name)
        rows += [[label, ", ".join(names), *cells] for (label, cells), names in kinds_of.items()]
    legend = "\n".join(f"- {_heading(kind)}: the request {kind.value}" for kind in StandingKind)
    return f"{legend}\n\n{_table(('request', 'call', 'fresh first attempt', *map(_heading, StandingKind)), rows)}"


def _heading(kind: StandingKind) -> str:
    return kind.name.lower().replace("_", " ")


def _answer(request_type: RequestType, kind: StandingKind, *, begun: bool) -> str:
    """Return how a request ends that cannot be carried out."""
    progress = Progress(deadline=0.0, handovers=int(begun))
    work = machine.Working(_request(request_type), progress, 1.0, standing=Standing(kind))
    state, effect = machine.advance(machine.Failed(work, Failure(NotUpdatable, "reason")), machine.Began(0.0))
    if isinstance(effect, machine.FindPrevious):
        state, effect = machine.advance(state, machine.PreviousFound(0.0, Observed("name")))
    if not isinstance(effect, machine.Answer):
        raise TypeError(type(effect).__name__)
    if effect.result.abandoned:
        return "no answer"
    return "FAILED" if effect.result.error else "SUCCESS, with the reason as a warning"


def failures() -> str:
    """Return the table of how a request ends that cannot be carried out, by what CloudFormation makes of it."""
    rows: list[list[str]] = []
    for request_type in RequestType:
        cells = []
        for kind in StandingKind:
            first, later = (_answer(request_type, kind, begun=begun) for begun in (False, True))
            cells.append(first if first == later else f"{first}; {later} if it has called or handed over something")
        rows.append([request_type.value, *cells])
    return _table(("request", *map(_heading, StandingKind)), rows)


def states() -> str:
    """Return the table of the machine's states and of the events that each can meet (machine.TRANSITIONS)."""
    rows = []
    for state in dict.fromkeys(state for state, _ in machine.TRANSITIONS):
        events = ", ".join(event.__name__ for each, event in machine.TRANSITIONS if each is state)
        rows.append([state.__name__, (state.__doc__ or "").partition("\n")[0], events])
    return _table(("state", "meaning", "events"), rows)


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


def access_analyzer() -> str:
    """Return the table of Access Analyzer's checks with our kinds of findings."""
    rows = []
    for title, check in CHECKS.items():
        refused = [kind for kind in check.kinds if FINDING_KINDS[kind].refused]
        remark = "" if not refused else "yes" if len(refused) == len(check.kinds) else f"if `{refused[0]}`"
        rows.append([full_title(title), ", ".join(f"`{kind}`" for kind in check.kinds), remark])
    return _table(("check", "our kind", "refused by IAM"), rows)


def options() -> str:
    """Return the options of the CLI, each with its value, its meaning and the commands that have it."""
    rows = []
    for used in option_inventory.uses().values():
        names = ", ".join(
            f"`{name}`"
            for name in sorted({name for each in used for name in each.names}, key=lambda name: (len(name), name))
        )
        values = sorted({each.value.replace("|", " or ") for each in used} - {""})
        meanings = "; ".join(dict.fromkeys(each.meaning for each in used))
        rows.append((names, ", ".join(values), meanings, ", ".join(f"`{each.command}`" for each in used)))
    return _table(("option", "value", "meaning", "commands"), rows)


BLOCKS: Final[Mapping[str, Callable[[], str]]] = {
    "access_analyzer": access_analyzer,
    "attributes": attributes,
    "failures": failures,
    "lifecycle": lifecycle,
    "options": options,
    "permissions": permissions,
    "properties": properties,
    "standing": standing,
    "states": states,
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
