"""get, list and watch: all that is known, all pages, all regions, and an end of the watch."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.session import get_session
from command_line import run
from desk import STACK_TAG, Desk, steady
from desk_files import bring_to, properties
from regional_sagemaker import RegionalSageMaker, add_experiment, environment, regional_sagemaker
from syrupy.assertion import SnapshotAssertion

from inference_experiment import contract
from inference_experiment_cli.convert.target import NATIVE_PROPERTIES
from inference_experiment_cli.inventory.describe import PAGE_SIZE, QUEUE_LENGTH, REGIONS_AT_ONCE, Inventory
from inference_experiment_local.sessions import isolated_session
from protocol_driver.controlled import ControlledSageMaker

STYLES = ["table", "json", "yaml", "csv"]
MANY_REGIONS = 20
EXPERIMENTS = 5_000
CLOSED = "sa-east-1"
ROUNDED = re.compile(r"^\d+\.\d,", re.MULTILINE)


@pytest.mark.parametrize("style", STYLES)
def test_get_in_every_format(desk: Desk, style: str, snapshot: SnapshotAssertion) -> None:
    bring_to(desk, "Completed", Description="näher", Tags=[STACK_TAG, {"Key": "team", "Value": "ml"}])
    assert steady(desk.ok("get", "fraud", "--format", style).stdout) == snapshot


def test_get_has_every_member_of_describe_and_every_property_of_the_type(desk: Desk) -> None:
    bring_to(desk)
    shown = desk.ok("get", "fraud", "--format", "json").data()
    model = get_session().get_service_model("sagemaker").operation_model("DescribeInferenceExperiment")
    assert set(model.output_shape.members) <= set(shown)
    assert {*NATIVE_PROPERTIES, *contract.read_only()} <= set(shown)
    assert set(model.output_shape.members["EndpointMetadata"].members) == set(shown["EndpointMetadata"])
    assert [one["Status"] for one in shown["ModelVariants"]] == ["InService", "InService"]


def test_get_names_the_failure_and_the_owner(desk: Desk) -> None:
    desk.sagemaker.hold("fraud")
    desk.sagemaker.client().create_inference_experiment(**properties(Tags=[STACK_TAG]))
    desk.sagemaker.end_in_cancelled("fraud", "no capacity")
    desk.sagemaker.release("fraud")
    desk.sagemaker.wait_for("fraud", "Cancelled")
    shown = desk.ok("get", "fraud", "--format", "json").data()
    assert (shown["Status"], shown["StatusReason"]) == ("Cancelled", "no capacity")
    assert shown["Owner"] == "resource Shadow of the stack with id 0f9c8a1e-0000-4000-8000-000000000001"


@pytest.mark.parametrize("style", STYLES)
def test_list_in_every_format(desk: Desk, style: str, snapshot: SnapshotAssertion) -> None:
    for name in ("b", "a"):
        add_experiment(desk.sagemaker, name, Description="one, two")
    desk.sagemaker.wait_for("a", "Running")
    options = ("--sort-by", "Name", "--sort-order", "Ascending", "--format", style)
    assert steady(desk.ok("list", *options).stdout) == snapshot
    assert steady(desk.ok("list", "--identifiers", *options).stdout) == snapshot(name=f"{style}-identifiers")


def test_list_full_has_what_get_has(desk: Desk) -> None:
    bring_to(desk)
    assert desk.ok("list", "--full", "--format", "json").data() == [desk.ok("get", "fraud", "--format", "json").data()]


def test_list_of_nothing(desk: Desk) -> None:
    assert desk.ok("list", "--format", "json").data() == []
    assert desk.ok("list", "--format", "yaml").stdout == "[]\n"
    assert desk.ok("list", "--format", "csv", "--identifiers").stdout == "Region,Name\n"


def test_every_filter_reaches_the_api(desk: Desk) -> None:
    """The options are all of the API's members but those of paging."""
    moment = "2030-01-31T08:00:00Z"
    given = {
        "--name-contains": "x",
        "--type": "ShadowMode",
        "--status": "Running",
        "--created-after": moment,
        "--created-before": moment,
        "--modified-after": moment,
        "--modified-before": moment,
        "--sort-by": "Status",
        "--sort-order": "Descending",
    }
    desk.ok("list", *(part for pair in given.items() for part in pair))
    (call,) = desk.sagemaker.calls_of("ListInferenceExperiments")
    model = get_session().get_service_model("sagemaker").operation_model("ListInferenceExperiments")
    assert set(call.parameters) == set(model.input_shape.members) - {"NextToken"}
    assert call.parameters["CreationTimeAfter"] == 1896076800


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("get", "fraud"), 1, "no experiment fraud in us-east-1"),
        (("watch", "fraud"), 1, "no experiment fraud in us-east-1"),
        (("watch", "fraud", "--until", "Odd"), 2, "--until Odd: choose "),
        (("list", "--status", "Odd"), 2, "--status Odd: choose "),
        (("list", "--created-after", "yesterday"), 2, "ISO 8601"),
        (("list", "--full", "--identifiers"), 2, "not both"),
        (("list", "--region", "moon"), 2, "--region moon"),
        (("get", "fraud", "--profile", "none"), 2, "none"),
    ],
)
def test_refusals(desk: Desk, arguments: tuple[str, ...], code: int, words: str) -> None:
    assert words in desk.refused(code, *arguments)


def test_missing_region_and_credentials_are_said(desk: Desk) -> None:
    del desk.settings["AWS_REGION"]
    assert "pass --region" in desk.refused(2, "get", "fraud")
    del desk.settings["AWS_ACCESS_KEY_ID"]
    assert "no AWS credentials" in desk.refused(4, "get", "fraud", "--region", "us-east-1")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("AccessDeniedException", "your credentials do not allow sagemaker:Describe"),
        ("ThrottlingException", "Describe"),
    ],
)
def test_a_refusal_of_aws_is_one_line(desk: Desk, code: str, words: str) -> None:
    desk.sagemaker.fail_next("DescribeInferenceExperiment", code, times=9)
    assert words in desk.refused(4, "get", "fraud")


@pytest.mark.parametrize("style", ["table", "csv"])
def test_watch_follows_to_the_stable_status(desk: Desk, style: str, snapshot: SnapshotAssertion) -> None:
    desk.sagemaker.durations.update(Starting=1)
    desk.sagemaker.hold("test", ["Creating"])
    add_experiment(desk.sagemaker)
    thread = after_looks(desk, 4, lambda: desk.sagemaker.release("test"))
    answer = desk.ok("watch", "test", "--interval", "0.02", "--format", style)
    thread.join()
    assert ROUNDED.sub("0.0,", steady(answer.stdout)) == snapshot
    assert [part.split()[0] for part in answer.stderr.split(">")] == ["Creating", "Starting", "Running"]


def after_looks(desk: Desk, looks: int, act: Callable[[], object]) -> threading.Thread:
    """Do something once SageMaker has been asked so often, from another thread as anybody would."""
    seen = threading.Semaphore(0)
    desk.sagemaker.on_call = lambda _: seen.release()

    def wait_and_act() -> None:
        for _ in range(looks):
            seen.acquire()
        desk.sagemaker.on_call = None
        act()

    thread = threading.Thread(target=wait_and_act)
    thread.start()
    return thread


def test_watch_until_a_status(desk: Desk) -> None:
    desk.sagemaker.durations.update(Stopping=1)
    bring_to(desk)
    actions: Any = {"production": "Retain", "shadow": "Remove"}
    client = desk.sagemaker.client()
    stop: Any = {"Name": "fraud", "ModelVariantActions": actions}
    thread = after_looks(desk, 5, lambda: client.stop_inference_experiment(**stop))
    answer = desk.ok("watch", "fraud", "--until", "Completed", "--interval", "0.02")
    thread.join()
    assert [part.split()[0] for part in answer.stderr.split(">")] == ["Running", "Stopping", "Completed"]


def test_watch_of_a_cancelled_one_and_of_one_that_takes_too_long(desk: Desk) -> None:
    bring_to(desk, "Cancelled")
    assert desk.refused(1, "watch", "fraud") == "fraud is Cancelled: enough"
    desk.ok("watch", "fraud", "--until", "Cancelled")
    assert desk.refused(1, "watch", "fraud", "--until", "Completed") == "fraud is Cancelled: enough"


def test_watch_gives_up_in_the_end(desk: Desk) -> None:
    bring_to(desk)
    words = desk.refused(1, "watch", "fraud", "--until", "Completed", "--timeout", "1", "--interval", "0.1")
    assert words == "fraud is still Running after 1 s"
    actions: Any = {"production": "Retain", "shadow": "Remove"}
    desk.sagemaker.client().stop_inference_experiment(Name="fraud", ModelVariantActions=actions)
    words = desk.refused(1, "watch", "fraud", "--until", "Created", "--interval", "0.02")
    assert words == "fraud is Completed, so it cannot become Created any more"


@pytest.fixture(scope="module")
def world() -> Iterator[RegionalSageMaker]:
    """Every region of the partition that is asked, 20 of them with experiments; one refuses."""
    names = [name for name in isolated_session("us-east-1").get_available_regions("sagemaker") if name != CLOSED]
    with regional_sagemaker(*names[: MANY_REGIONS + 1]) as sagemaker:
        for name in names[:MANY_REGIONS]:
            _fill(sagemaker.regions[name], EXPERIMENTS // MANY_REGIONS)
        empty = sagemaker.regions[names[MANY_REGIONS]]
        sagemaker.regions.update(dict.fromkeys(names[MANY_REGIONS:], empty))
        yield sagemaker


def _fill(sagemaker: ControlledSageMaker, count: int) -> None:
    """Make experiments as fast as the simulation allows: one after the other, on one endpoint, each deleted by none."""
    add_experiment(sagemaker, "e-000")
    template = sagemaker.operations.experiments["e-000"]
    for index in range(1, count):
        name = f"e-{index:03}"
        copied = type(template)(**{**vars(template), "request": {**template.request, "Name": name}})
        sagemaker.operations.experiments[name] = copied


@pytest.mark.slow
def test_all_regions_with_5000_experiments_and_one_that_refuses(world: RegionalSageMaker) -> None:
    finished = run("list", "--region", "all", "--identifiers", "--format", "json", settings=environment(world.url))
    rows = json.loads(finished.stdout)
    assert len(rows) == EXPERIMENTS
    assert len({(row["Region"], row["Name"]) for row in rows}) == EXPERIMENTS
    assert len({row["Region"] for row in rows}) == MANY_REGIONS
    assert finished.returncode == 4
    assert (
        f"inference-experiment: {CLOSED}: ListInferenceExperiments: the region is disabled (AccessDeniedException)"
        in finished.stderr
    )
    assert f"{len(world.regions)} of {len(world.regions) + 1} regions answered" in finished.stderr


@pytest.mark.slow
def test_regions_are_read_at_once_and_no_further_than_the_reader(
    world: RegionalSageMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While nobody takes rows, only so many pages are asked for, of several regions."""
    for name, value in environment(world.url).items():
        monkeypatch.setenv(name, value)
    names = list(world.regions)[:MANY_REGIONS]
    for one in world.regions.values():
        one.clear_calls()
    session = isolated_session("us-east-1")
    rows = iter(Inventory(session, names, full=False))
    next(rows)
    settled = threading.Event()
    before = -1
    while not settled.wait(0.3):
        asked = sum(len(one.calls) for one in world.regions.values())
        if asked == before:
            settled.set()
        before = asked
    assert sum(1 for one in world.regions.values() if one.calls) > 1
    # What waits in the queue, and one page in the hands of each region that is being read.
    assert asked <= QUEUE_LENGTH / PAGE_SIZE + 2 * REGIONS_AT_ONCE
    assert asked < EXPERIMENTS / PAGE_SIZE
    assert 1 + sum(1 for _ in rows) == EXPERIMENTS


@pytest.mark.slow
def test_list_full_of_a_page_and_more(world: RegionalSageMaker) -> None:
    region = next(iter(world.regions))
    settings = environment(world.url)
    finished = run("list", "--region", region, "--full", "--format", "json", settings=settings)
    rows = json.loads(finished.stdout)
    assert len(rows) == EXPERIMENTS // MANY_REGIONS
    assert {row["Status"] for row in rows} <= {"Creating", "Starting", "Running"}
