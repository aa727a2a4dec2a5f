"""A plan as it is printed."""

import textwrap
from collections.abc import Mapping
from typing import Any, Final

from inference_experiment_cli.inputs.experiments import Experiment, stand_ins
from inference_experiment_cli.output import (
    Format,
    console,
    note,
    print_rows,
    print_section,
    print_title,
    print_value,
    yaml_text,
)
from inference_experiment_cli.plan.endpoint import UNCHANGED
from inference_experiment_cli.plan.plan import Plan
from inference_experiment_cli.plan.production import describe_variant
from inference_experiment_cli.plan.production_view import print_production

MARGIN: Final = "     "


def show(plan: Plan, experiment: Experiment | None, output: Format, previous: Experiment | None = None) -> None:
    """Print a plan."""
    if experiment and experiment.warning and plan["status"] == "Absent":
        note(f"warning: {experiment.place()}: {experiment.warning}")
    unknowns = {key: text for each in (previous, experiment) if each for key, text in stand_ins(each).items()}
    document = _restored(plan, unknowns)
    if output in (Format.JSON, Format.YAML):
        print_value(document, output)
        return
    if output is Format.CSV:
        print_rows(document["properties"], ("path", "before", "after", "how"), output)
        return
    screen = console()
    style = "bold green" if plan["possible"] else "bold red"
    screen.line(f"{document['experiment']} ({plan['status']}): {plan['verdict']}", style=style)
    if plan["reason"]:
        screen.line(plan["reason"])
    _print_endpoint(document)
    changes = document["properties"] if plan["status"] != "Absent" else []
    print_section("Properties", changes, ("path", "before", "after", "how"))
    _print_calls("Calls", document["calls"])
    _print_calls("Afterwards, CloudFormation deletes the old experiment", document["afterwards"])
    print_section("Permissions", document["permissions"], ("action", "resource", "condition"))
    for text in experiment.assumed if experiment else ():
        note(f"assumed, as no parameter decides it: {text}")
    for keys, written in experiment.unresolved.items() if experiment else ():
        why = experiment.changing.get(keys) if experiment else None
        end = f"; gets another value, as {why}" if why else "" if plan["status"] == "Absent" else "; assumed unchanged"
        note(f"resolved at deployment{end}: {'/'.join(map(str, keys))} ({written})")


def _restored(value: Any, unknowns: Mapping[str, str]) -> Any:  # noqa: ANN401 - any JSON value
    """Return a value in which unknown values are what the template has in their place."""
    if isinstance(value, Mapping):
        return {key: _restored(item, unknowns) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_restored(item, unknowns) for item in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return unknowns.get(str(value), value)
    if isinstance(value, str):
        for stand_in, written in unknowns.items():
            value = value.replace(stand_in, written)
    return value


def _print_endpoint(document: Mapping[str, Any]) -> None:
    """Print what changes for production, and what is billed on."""
    changes, screen = document["production"], console()
    if changes == UNCHANGED:
        screen.line("production: unchanged; it keeps its instances, and autoscaling's count is not touched")
    for change in () if changes == UNCHANGED else changes:
        before = describe_variant(change["before"]) if change["before"] else "what it runs now"
        after = describe_variant(change["after"]) + (f", {change['note']}" if change["note"] else "")
        screen.line(f"production: {change['endpoint']}: {before} -> {after}")
    billed = [f"{each['endpoint']}: {describe_variant(each)}" for each in document["billed"]]
    screen.line(f"billed: {'; '.join(billed) or 'nothing that this plan knows of'}")
    print_production(document["production_changes"])


def _print_calls(title: str, calls: list[dict[str, Any]]) -> None:
    screen = console()
    if calls:
        print_title(title)
    for number, call in enumerate(calls, 1):
        screen.line(f"{number}. {call['operation']}  ({call['because']})")
        arguments = dict(call["arguments"])
        if "MetricDataQueries" in arguments:
            arguments["MetricDataQueries"] = f"{len(arguments['MetricDataQueries'])} metrics of both variants"
        screen.lines(textwrap.indent(yaml_text(arguments, len(MARGIN)).rstrip(), MARGIN), style="dim")
