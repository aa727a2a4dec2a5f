"""What changes for production: the same table in plan, dry run and report, for every state of an experiment."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

import pytest
from desk import Desk
from desk_files import QUICK, bring_to, properties, variant

from inference_experiment.model import Status
from inference_experiment_cli.plan import production
from inference_experiment_local.clock import Clock
from protocol_driver.controlled import ControlledMetrics, ControlledSageMaker

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER, EARLIER = datetime(2026, 2, 1, tzinfo=UTC), datetime(2025, 12, 1, tzinfo=UTC)
START = "start production unknown -> model-1 unknown -> ml.m5.xlarge unknown -> 1"
STOP = "stop production model-1 ml.m5.xlarge 1"
PROMOTION = "promotion production -> shadow model-1 -> model-2 ml.m5.xlarge 1"
UNKNOWN = "stop production -> unknown model-1 -> unknown ml.m5.xlarge -> unknown 1 -> unknown"


def described(status: str, statuses: tuple[str, str] = ("InService", "InService"), **members: Any) -> dict[str, Any]:
    both = (variant("production", "model-1"), variant("shadow", "model-2"))
    return {
        "Name": "fraud",
        "Status": status,
        "EndpointMetadata": {"EndpointName": "endpoint"},
        "ModelVariants": [{**each, "Status": state} for each, state in zip(both, statuses, strict=True)],
        "ShadowModeConfig": properties()["ShadowModeConfig"],
        **members,
    }


def texts(changes: list[dict[str, Any]]) -> list[tuple[str, str]]:
    lines = []
    for cells in production.cells(changes):
        assert cells["autoscaling"] == "unknown"
        columns = ("event", *production.VALUES)
        lines.append((cells["when"], " ".join(cells[column] for column in columns)))
    return lines


@pytest.mark.parametrize(
    ("members", "table"),
    [
        (described("Created"), [("possible", START), ("possible", STOP), ("possible", PROMOTION)]),
        (
            described("Updating", Schedule={"StartTime": LATER}),
            [("possible", START), ("possible", STOP), ("possible", PROMOTION)],
        ),
        (
            described("Updating", Schedule={"StartTime": EARLIER}),
            [("done", START), ("possible", STOP), ("possible", PROMOTION)],
        ),
        (described("Creating"), [("under way", START), ("possible", STOP), ("possible", PROMOTION)]),
        (described("Starting"), [("under way", START), ("possible", STOP), ("possible", PROMOTION)]),
        (described("Running"), [("done", START), ("possible", STOP), ("possible", PROMOTION)]),
        (described("Stopping", ("Deleting", "Updating")), [("done", START), ("under way", PROMOTION)]),
        (described("Completed", ("InService", "Deleted")), [("done", START), ("done", STOP)]),
        (described("Completed", ("Deleted", "InService")), [("done", START), ("done", PROMOTION)]),
        (described("Completed"), [("done", START), ("done", STOP)]),
        (described("Completed", ("", "")), [("done", START), ("done", UNKNOWN)]),
        (described("Cancelled", ("Deleted", "Deleted")), [("done", UNKNOWN)]),
        (described("Unheard of"), []),
        (described("Running", ModelVariants=[]), [("done", "start unknown unknown unknown unknown")]),
        (
            described("Running", ModelVariants=[variant("production", "model-1")]),
            [("done", START), ("possible", STOP)],
        ),
        (
            described("Running", ModelVariants=[variant("production", "same", 4), variant("shadow", "same", 2)]),
            [
                ("done", "start production unknown -> same unknown -> ml.m5.xlarge unknown -> 4"),
                ("possible", "stop production same ml.m5.xlarge 4"),
                ("possible", "promotion production -> shadow same ml.m5.xlarge 4 -> 2"),
            ],
        ),
    ],
)
def test_the_table_of_every_state(members: dict[str, Any], table: list[tuple[str, str]]) -> None:
    assert texts(production.changes_of(production.observed_of(members), NOW)) == table


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.CANCELLED])
@pytest.mark.parametrize(
    ("statuses", "left"),
    [
        (("InService", "Deleted"), "production (model-1, 1 x ml.m5.xlarge), as the test left it"),
        (("Deleted", "InService"), "shadow (model-2, 1 x ml.m5.xlarge), as the test left it"),
        (("Deleted", "Deleted"), "not known from the experiment: see DescribeEndpoint"),
        (("", ""), "not known from the experiment: see DescribeEndpoint"),
    ],
)
def test_what_a_test_left_in_production(status: Status, statuses: tuple[str, str], left: str) -> None:
    observed = production.observed_of(described(status, statuses))
    assert production.result_of(observed, NOW) == f"production of endpoint is now {left}"


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.COMPLETED, Status.CANCELLED}))
def test_a_test_that_has_not_ended_has_left_nothing(status: Status) -> None:
    assert production.result_of(production.observed_of(described(status)), NOW) == ""


RESIZED = [variant("production", "model-1", 3), variant("shadow", "model-2", 2)]
PROMOTE = {"DesiredState": "Completed", "ModelVariantActions": {"production": "Remove", "shadow": "Promote"}}


@pytest.mark.parametrize(
    ("status", "change", "table"),
    [
        ("Running", {}, [("possible", STOP), ("possible", PROMOTION)]),
        ("Running", {"DesiredState": "Completed"}, [("planned", STOP)]),
        ("Running", PROMOTE, [("planned", PROMOTION)]),
        (
            "Running",
            {**PROMOTE, "ModelVariants": RESIZED},
            [("planned", "promotion production -> shadow model-1 -> model-2 ml.m5.xlarge 1 -> 2")],
        ),
        (
            "Running",
            {"DesiredState": "Completed", "ModelVariants": RESIZED},
            [("planned", "stop production model-1 ml.m5.xlarge 1 -> 3")],
        ),
        ("Created", {"DesiredState": "Running"}, [("planned", START), ("possible", STOP), ("possible", PROMOTION)]),
        ("Completed", {}, []),
        # A new test on the endpoint: what the earlier one left there is known.
        (
            "Completed",
            {"Name": "fraud-2", "ModelVariants": RESIZED},
            [
                ("planned", "start production model-1 ml.m5.xlarge 1 -> 3"),
                ("possible", "stop production model-1 ml.m5.xlarge 3"),
                ("possible", "promotion production -> shadow model-1 -> model-2 ml.m5.xlarge 3 -> 2"),
            ],
        ),
        # The old test ends on its endpoint, the new one starts on another.
        (
            "Running",
            {"Name": "fraud-2", "EndpointName": "other"},
            [("planned", STOP), ("planned", START), ("possible", STOP), ("possible", PROMOTION)],
        ),
    ],
)
def test_a_plan_has_what_it_does_and_what_could_follow(
    desk: Desk, status: str, change: dict[str, Any], table: list[tuple[str, str]]
) -> None:
    desk.write("old.json", properties())
    desk.write("new.json", properties(**change))
    answer = desk.run("plan", "new.json", "--previous", "old.json", "--status", status, "--format", "json").data()

    assert texts(answer["production_changes"]) == table


def test_a_plan_that_is_impossible_changes_nothing(desk: Desk) -> None:
    desk.write("old.json", properties())
    desk.write("new.json", properties(ModelVariants=[variant("production", "model-1"), variant("shadow", "other")]))
    answer = desk.run("plan", "new.json", "--previous", "old.json", "--format", "json").data()

    assert {row["when"] for row in answer["production_changes"]} == {"possible"}


def test_a_count_that_only_the_deployment_knows_is_not_invented(desk: Desk) -> None:
    """Of the file and of the one before it."""
    template = {
        "Parameters": {"Before": {"Type": "Number"}, "After": {"Type": "Number"}},
        "Resources": {"Experiment": {"Type": "AWS::SageMaker::InferenceExperiment", "Properties": properties()}},
    }
    for name in ("Before", "After"):
        (first, second) = (variant("production", "model-1"), variant("shadow", "model-2"))
        first["InfrastructureConfig"]["RealTimeInferenceConfig"]["InstanceCount"] = {"Ref": name}
        template["Resources"]["Experiment"]["Properties"] = properties(ModelVariants=[first, second])
        desk.write(f"{name}.json", template)
    options = ("--previous", "Before.json", "--status", "Created", "--format", "json")
    answer = desk.ok("plan", "After.json", *options).data()
    (changed,) = answer["properties"]
    (production_change,) = answer["production"]

    assert (changed["before"], changed["after"]) == ("!Ref Before", "!Ref After")
    assert production_change["before"]["instance_count"] == "!Ref Before"
    assert {row["after"]["instance_count"] for row in answer["production_changes"]} == {"!Ref After", 1}


def test_the_deletion_of_a_test_that_waits_changes_nothing(desk: Desk) -> None:
    bring_to(desk, "Created")
    shown = desk.ok("delete", "fraud", "--dry-run").stdout

    assert "production: unchanged" in shown
    assert production.TITLE not in shown


@pytest.mark.parametrize(
    ("arguments", "left"),
    [
        (("stop", "fraud", "--promote"), "shadow (model-2, 1 x ml.m5.xlarge)"),
        (("stop", "fraud"), "production (model-1, 1 x ml.m5.xlarge)"),
        (("stop", "fraud", "--retain", "--cancel"), "production (model-1, 1 x ml.m5.xlarge)"),
        (("delete", "fraud"), "production (model-1, 1 x ml.m5.xlarge)"),
    ],
)
def test_after_a_stop_the_output_says_what_is_production_now(desk: Desk, arguments: tuple[str, ...], left: str) -> None:
    bring_to(desk)
    said = desk.ok(*arguments, "--yes", *QUICK).stderr
    (production_now,) = [
        each for each in desk.sagemaker.endpoint_variants("endpoint").items() if each[1].role == "production"
    ]

    assert f"production of endpoint is now {left}, as the test left it" in said
    assert left.startswith(f"{production_now[0]} ({production_now[1].model_name}")


def test_what_has_not_been_stopped_by_a_command_has_no_such_line(desk: Desk) -> None:
    bring_to(desk)
    desk.ok("stop", "fraud", "--yes", *QUICK)
    said = desk.ok("delete", "fraud", "--yes", *QUICK).stderr

    assert "is now" not in said


@pytest.fixture
def past_desk(desk: Desk) -> Iterator[Desk]:
    """A desk whose SageMaker is an hour late, so that a report finds the test begun, and a CloudWatch."""
    with ControlledSageMaker(clock=Clock(ahead=-3600)) as sagemaker, ControlledMetrics() as metrics:
        sagemaker.add_endpoint("endpoint", "production", "model-1")
        sagemaker.add_model("model-2")
        urls = {"AWS_ENDPOINT_URL_SAGEMAKER": sagemaker.url, "AWS_ENDPOINT_URL_CLOUDWATCH": metrics.url}
        yield replace(desk, sagemaker=sagemaker, settings=desk.settings | urls)


@pytest.mark.parametrize("promoted", [True, False])
def test_plan_dry_run_and_report_have_the_same_rows(past_desk: Desk, *, promoted: bool) -> None:
    desk = past_desk
    bring_to(desk)
    desk.ok("report", "fraud", "--html", "report.html")
    reported = desk.ok("report", "fraud", "--format", "json").data()["production_changes"]
    dry_run = desk.ok("stop", "fraud", "--promote" if promoted else "--remove", "--dry-run").stdout
    change = PROMOTE if promoted else {"DesiredState": "Completed"}
    desk.write("new.json", properties(**change, Tags=None))
    planned = desk.ok("plan", "new.json", "--current", "fraud", "--format", "json").data()["production_changes"]
    event = "promotion" if promoted else "stop"
    (row,) = planned

    assert [{**each, "when": "planned"} for each in reported if each["event"] == event] == [row]
    (cells,) = production.cells([row])
    line = next(line for line in dry_run.splitlines() if line.startswith(f"{event} "))
    assert [text.strip() for text in line.split("  ") if text] == [cells[column] for column in production.COLUMNS]
    texts_of_page = "".join(
        f"<td>{escape({**cells, 'when': 'possible'}[column])}</td>" for column in production.COLUMNS
    )
    assert f"<tr>{texts_of_page}</tr>" in Path("report.html").read_text(encoding="utf-8")


def test_the_report_of_a_promoted_test_says_what_is_production_now(past_desk: Desk) -> None:
    bring_to(past_desk)
    past_desk.ok("stop", "fraud", "--promote", "--yes", *QUICK)
    shown = past_desk.ok("report", "fraud", "--html", "report.html").stdout
    left = "production of endpoint is now shadow (model-2, 1 x ml.m5.xlarge), as the test left it"

    assert left in shown
    assert left in Path("report.html").read_text(encoding="utf-8")
