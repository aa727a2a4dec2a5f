"""The decision is total: request x goal x status x difference x ownership, and what no decision may ever be."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from inference_experiment import actions, contract, planner, stopping
from inference_experiment.criteria import Criteria
from inference_experiment.currentness import Standing, StandingKind
from inference_experiment.decision import DESCRIBE_LAG_SECONDS, DecisionInput, RequestKind
from inference_experiment.errors import Failure, NotUpdatable, Overtaken
from inference_experiment.event import Request
from inference_experiment.model import (
    OPERATIONS,
    TRANSITIONAL,
    Action,
    ActionKind,
    Configuration,
    DataStorage,
    Desired,
    DesiredState,
    Observed,
    Ownership,
    Progress,
    RequestType,
    Status,
    StopRequest,
    Variant,
)
from inference_experiment.planner import TABLE

NOW = 1_000_000.0
PRODUCTION = Variant("production", "model-1", "ml.m5.xlarge", 1)
SHADOW = Variant("shadow", "model-2", "ml.m5.xlarge", 1)
BASE = Configuration(
    name="test",
    type="ShadowMode",
    role_arn="arn:aws:iam::123456789012:role/experiment",
    endpoint_name="endpoint",
    model_variants=(PRODUCTION, SHADOW),
    source_variant="production",
    shadow_variant="shadow",
    sampling_percentage=10,
    description="one",
    end_time=datetime(2030, 1, 2, tzinfo=UTC),
)
# name -> (desired configuration, property paths that the template changed)
DIFFERENCES: dict[str, tuple[Configuration, frozenset[str]]] = {
    "none": (BASE, frozenset()),
    "description": (replace(BASE, description="two"), frozenset({"Description"})),
    "drift": (replace(BASE, description="two"), frozenset()),
    "sampling": (replace(BASE, sampling_percentage=50), frozenset({"ShadowModeConfig"})),
    "end": (replace(BASE, end_time=datetime(2030, 1, 3, tzinfo=UTC)), frozenset({"Schedule", "Schedule/EndTime"})),
    "end drift": (replace(BASE, end_time=datetime(2030, 1, 3, tzinfo=UTC)), frozenset()),
    "start": (
        replace(BASE, start_time=datetime(2030, 1, 1, tzinfo=UTC)),
        frozenset({"Schedule", "Schedule/StartTime"}),
    ),
    "variants": (
        replace(BASE, model_variants=(PRODUCTION, replace(SHADOW, instance_count=2))),
        frozenset({"ModelVariants"}),
    ),
    "promotion": (replace(BASE, model_variants=(SHADOW,)), frozenset({"ModelVariants", "DesiredState"})),
    "storage": (replace(BASE, data_storage=DataStorage("s3://bucket/x")), frozenset({"DataStorageConfig"})),
}
UPDATABLE_WHILE_RUNNING = {"none", "description", "drift", "sampling", "end", "end drift"}
STATES = {DesiredState.COMPLETE: Status.COMPLETED, DesiredState.CANCEL: Status.CANCELLED}


def request(case: RequestKind, changed: frozenset[str]) -> Request:
    kind = {RequestKind.CREATE: RequestType.CREATE, RequestKind.DELETE: RequestType.DELETE}.get(
        case, RequestType.UPDATE
    )
    new: dict[str, Any] = {}
    old: dict[str, Any] = {}
    for path in changed:
        target_new, target_old = new, old
        *parents, last = path.split("/")
        for parent in parents:
            target_new, target_old = target_new.setdefault(parent, {}), target_old.setdefault(parent, {})
        if not isinstance(target_new.get(last), dict):
            target_new[last], target_old[last] = ("new", "old") if "/" in path or path != "Schedule" else ({}, {})
    return Request(
        kind, "https://x", "arn:aws:cloudformation:r:1:stack/shop/guid", "r1", "Experiment", "test", new, old
    )


def situation(
    case: RequestKind,
    goal: DesiredState,
    status: Status,
    difference: str = "none",
    ownership: Ownership | None = None,
    **more: Any,
) -> DecisionInput:
    desired_configuration, changed = DIFFERENCES[difference]
    if goal in STATES:
        changed |= {"DesiredState"}
    ending = StopRequest(state=STATES.get(goal, Status.COMPLETED), reason="verdict")
    usual = Ownership.RESOURCE if case in (RequestKind.UPDATE, RequestKind.DELETE) else Ownership.REQUEST
    target = (
        Observed("test") if status is Status.ABSENT else Observed("test", status, ownership or usual, "arn:test", BASE)
    )
    desired = Desired(desired_configuration, goal, ending)
    return DecisionInput(
        request=more.pop("request", request(case, changed)),
        kind=case,
        desired_state=goal,
        target=more.pop("target", target),
        progress=more.pop("progress", Progress(deadline=NOW + 3600)),
        now=more.pop("now", NOW),
        template=None if case is RequestKind.DELETE else more.pop("desired", desired),
        stop=ending,
        standing=more.pop("standing", Standing(StandingKind.CURRENT)),
        **more,
    )


def test_table_decides_every_request_goal_and_status() -> None:
    goals = set(DesiredState) - {DesiredState.GONE}
    wanted = {
        *itertools.product(set(RequestKind) - {RequestKind.DELETE}, goals),
        (RequestKind.DELETE, DesiredState.GONE),
    }
    assert set(TABLE) == wanted
    assert all(set(rules) == set(Status) for rules in TABLE.values())
    assert {rule.__module__ for rules in TABLE.values() for rule in rules.values()} == {
        actions.__name__,
        stopping.__name__,
    }


@pytest.mark.parametrize(("case", "goal"), list(TABLE))
def test_every_situation_has_one_decision(case: RequestKind, goal: DesiredState) -> None:
    for status, difference, ownership in itertools.product(Status, DIFFERENCES, Ownership):
        check_decision(case, goal, status, difference, ownership)


def check_decision(
    case: RequestKind, goal: DesiredState, status: Status, difference: str, ownership: Ownership
) -> None:
    step = planner.plan(situation(case, goal, status, difference, ownership))
    assert isinstance(step, Action)
    assert (step.kind is ActionKind.FAIL) == isinstance(step.error, Failure)
    assert (step.kind in OPERATIONS) == bool(step.arguments)
    if status is not Status.ABSENT and ownership is Ownership.OTHER:
        assert step.kind in (ActionKind.FAIL, ActionKind.DONE), "nobody else's experiment is touched"
    if status in TRANSITIONAL:
        assert step.kind in (ActionKind.WAIT, ActionKind.FAIL, ActionKind.DONE), "nothing is called while it changes"


@pytest.mark.parametrize(("case", "goal"), list(TABLE))
def test_operations_of_a_handler_cover_what_the_planner_reaches(case: RequestKind, goal: DesiredState) -> None:
    handler = {RequestKind.CREATE: "create", RequestKind.DELETE: "delete"}.get(case, "update")
    reached = {
        planner.plan(situation(case, goal, status, difference, ownership)).kind
        for status, difference, ownership in itertools.product(Status, DIFFERENCES, Ownership)
    }
    assert {kind.value for kind in reached & OPERATIONS} <= contract.operations_of(handler)


def test_every_mutating_operation_of_a_handler_is_reached() -> None:
    """No permission is listed that no decision uses."""
    for handler, cases in {
        "create": [RequestKind.CREATE],
        "update": [RequestKind.UPDATE, RequestKind.REPLACE],
        "delete": [RequestKind.DELETE],
    }.items():
        reached: set[str] = set()
        for case, goal in TABLE:
            if case in cases:
                for status, difference in itertools.product(Status, DIFFERENCES):
                    base = situation(case, goal, status, difference)
                    reached.add(planner.plan(base).kind.value)
                    if case is RequestKind.UPDATE and status is not Status.ABSENT:
                        desired = replace(base.desired, tags={"a": "1"}, previous_tags=frozenset({"b"}))
                        for tags in ({}, {"b": "1", "a": "1"}):
                            tagged = replace(base, target=replace(base.target, tags=tags), template=desired)
                            reached.add(planner.plan(tagged).kind.value)
                        judged = replace(base, stop=replace(base.stop, criteria=Criteria(max_error_rate=0.1)))
                        reached.add(planner.plan(judged).kind.value)
                        measured = replace(base.progress, acted={f"{ActionKind.MEASURE}:test": NOW})
                        limits = Criteria(min_agreement=0.9, prediction_result="s3://results/a")
                        read = replace(judged, stop=replace(base.stop, criteria=limits), progress=measured)
                        reached.add(planner.plan(read).kind.value)
        mutating = {kind.value for kind in OPERATIONS}
        assert contract.operations_of(handler) & mutating == reached & mutating, handler


@pytest.mark.parametrize("difference", [name for name in DIFFERENCES if name not in UPDATABLE_WHILE_RUNNING])
def test_running_experiment_refuses_what_cannot_change_before_any_call(difference: str) -> None:
    step = planner.plan(situation(RequestKind.UPDATE, DesiredState.EXIST, Status.RUNNING, difference))
    assert step.error is not None
    assert step.error.kind is NotUpdatable
    assert "cannot change while experiment test is Running" in str(step.error)


@pytest.mark.parametrize(
    ("difference", "status", "members"),
    [
        ("description", Status.RUNNING, {"Name", "Description"}),
        ("drift", Status.RUNNING, {"Name", "Description"}),
        ("sampling", Status.RUNNING, {"Name", "ShadowModeConfig"}),
        ("end", Status.RUNNING, {"Name", "Schedule"}),
        ("variants", Status.CREATED, {"Name", "ModelVariants"}),
        ("storage", Status.CREATED, {"Name", "DataStorageConfig"}),
        ("start", Status.CREATED, {"Name", "Schedule"}),
    ],
)
def test_update_sends_the_members_that_differ(difference: str, status: Status, members: set[str]) -> None:
    step = planner.plan(situation(RequestKind.UPDATE, DesiredState.EXIST, status, difference))
    assert step.kind is ActionKind.UPDATE
    assert set(step.arguments) == members


def test_schedule_that_sagemaker_moved_is_left_alone() -> None:
    assert (
        planner.plan(situation(RequestKind.UPDATE, DesiredState.EXIST, Status.RUNNING, "end drift")).kind
        is ActionKind.DONE
    )


@pytest.mark.parametrize(
    ("status", "now", "live_start", "new_start", "words"),
    [
        (Status.RUNNING, 3, None, None, "Schedule/EndTime: 2030-01-03T00:00:00Z is in the past"),
        (Status.CREATED, 4, None, None, "Schedule/EndTime: 2030-01-03T00:00:00Z is in the past"),
        (
            Status.RUNNING,
            2,
            datetime(2029, 12, 3, tzinfo=UTC),
            None,
            "more than 30 days after the experiment's StartTime",
        ),
        (Status.RUNNING, 2, datetime(2029, 12, 4, tzinfo=UTC), None, None),
        (Status.CREATED, 1, datetime(2029, 12, 1, tzinfo=UTC), datetime(2030, 1, 2, tzinfo=UTC), None),
        (Status.CREATED, 1, datetime(2029, 12, 31, tzinfo=UTC), datetime(2029, 12, 1, tzinfo=UTC), "more than 30 days"),
    ],
)
def test_an_end_time_that_sagemaker_would_refuse(
    status: Status, now: int, live_start: datetime | None, new_start: datetime | None, words: str | None
) -> None:
    """Counted from the live StartTime, which the template need not have; refused before any call."""
    at = datetime(2030, 1, now, tzinfo=UTC).timestamp()
    desired, changed = DIFFERENCES["end"]
    more = {"desired": Desired(replace(desired, start_time=new_start), DesiredState.EXIST)}
    if new_start:
        changed |= {"Schedule/StartTime"}
    target = Observed("test", status, Ownership.RESOURCE, "arn:test", replace(BASE, start_time=live_start))
    made = situation(
        RequestKind.UPDATE,
        DesiredState.EXIST,
        status,
        target=target,
        request=request(RequestKind.UPDATE, changed),
        now=at,
        **more,
    )
    step = planner.plan(made)

    assert step.kind is (ActionKind.FAIL if words else ActionKind.UPDATE)
    assert (words or "None") in str(step.error)


def test_an_end_time_that_was_accepted_is_not_judged_again() -> None:
    """It may pass while the update has yet to show."""
    at = datetime(2030, 1, 3, tzinfo=UTC).timestamp()
    progress = Progress(at + 3600, acted={f"{ActionKind.UPDATE}:test": at - 1})

    step = planner.plan(
        situation(RequestKind.UPDATE, DesiredState.EXIST, Status.RUNNING, "end", progress=progress, now=at)
    )

    assert step.kind is ActionKind.WAIT


def test_running_experiment_gets_no_start_time() -> None:
    desired, changed = DIFFERENCES["end"]
    desired = replace(desired, start_time=datetime(2029, 1, 1, tzinfo=UTC))
    base = situation(
        RequestKind.UPDATE, DesiredState.EXIST, Status.RUNNING, request=request(RequestKind.UPDATE, changed)
    )
    step = planner.plan(replace(base, template=replace(base.desired, configuration=desired)))
    assert step.arguments["Schedule"] == {"EndTime": desired.end_time}


@pytest.mark.parametrize("difference", [name for name in DIFFERENCES if "drift" not in name and name != "none"])
@pytest.mark.parametrize("status", [Status.COMPLETED, Status.CANCELLED])
def test_ended_experiment_refuses_what_is_asked(difference: str, status: Status) -> None:
    step = planner.plan(situation(RequestKind.UPDATE, DesiredState.EXIST, status, difference))
    assert step.error is not None
    assert step.error.kind is NotUpdatable
    assert "a new Name starts a new test" in str(step.error)


@pytest.mark.parametrize("difference", ["none", "drift", "end drift"])
@pytest.mark.parametrize("status", [Status.COMPLETED, Status.CANCELLED])
def test_ended_experiment_does_not_block_other_updates(difference: str, status: Status) -> None:
    assert planner.plan(situation(RequestKind.UPDATE, DesiredState.EXIST, status, difference)).kind is ActionKind.DONE
    assert planner.plan(situation(RequestKind.UPDATE, DesiredState.RUN, status, difference)).kind is ActionKind.DONE


def test_dropped_production_variant_promotes_the_shadow() -> None:
    step = planner.plan(situation(RequestKind.UPDATE, DesiredState.COMPLETE, Status.RUNNING, "promotion"))
    assert step.kind is ActionKind.STOP
    assert step.arguments["ModelVariantActions"] == {"production": "Remove", "shadow": "Promote"}
    assert "DesiredModelVariants" not in step.arguments, "the template resizes nothing"
    assert (step.arguments["DesiredState"], step.arguments["Reason"]) == ("Completed", "verdict")


@pytest.mark.parametrize("status", [Status.RUNNING, Status.COMPLETED])
@pytest.mark.parametrize("source", ["production", "serving"])
def test_actions_of_variants_that_somebody_replaced_are_refused(status: Status, source: str) -> None:
    """Nothing is stopped, and nothing that has ended counts as their result; a template without actions may end it."""
    variants = tuple(replace(each, variant_name=name) for each, name in ((PRODUCTION, source), (SHADOW, "new")))
    live = replace(BASE, model_variants=variants, source_variant=source, shadow_variant="new")
    explicit = situation(RequestKind.UPDATE, DesiredState.COMPLETE, status)
    explicit = replace(explicit, stop=replace(explicit.stop, actions={"shadow": "Promote"}))
    dropped = situation(RequestKind.UPDATE, DesiredState.COMPLETE, status, "promotion")
    for made in (explicit, dropped):
        step = planner.plan(replace(made, target=replace(made.target, configuration=live)))
        assert f"has the variants {source} and new, not " in str(step.error)
    plain = situation(RequestKind.UPDATE, DesiredState.COMPLETE, Status.RUNNING)
    step = planner.plan(replace(plain, target=replace(plain.target, configuration=live)))
    assert step.arguments["ModelVariantActions"] == {source: "Retain", "new": "Remove"}


def test_a_model_that_the_template_does_not_name_is_not_promoted() -> None:
    """Somebody has changed the shadow variant's model; an update that asks for the other model says so."""
    other = replace(BASE, model_variants=(PRODUCTION, replace(SHADOW, model_name="model-3")))
    made = situation(RequestKind.UPDATE, DesiredState.COMPLETE, Status.RUNNING)
    made = replace(made, target=replace(made.target, configuration=other))
    promoting = replace(made, stop=replace(made.stop, actions={"shadow": "Promote"}))
    assert planner.plan(made).kind is ActionKind.STOP
    assert "Variant shadow of experiment test has model model-3, not model-2" in str(planner.plan(promoting).error)
    instances = {"RealTimeInferenceConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 2}}
    entry = {"VariantName": "shadow", "ModelName": "model-2", "InfrastructureConfig": instances}
    resized = replace(promoting.request, old_properties={"ModelVariants": [entry]})
    step = planner.plan(replace(promoting, request=resized))
    assert [each["ModelName"] for each in step.arguments["DesiredModelVariants"]] == ["model-2"]


def test_stop_leaves_the_endpoint_as_it_was() -> None:
    for case, goal in ((RequestKind.UPDATE, DesiredState.CANCEL), (RequestKind.DELETE, DesiredState.GONE)):
        step = planner.plan(situation(case, goal, Status.RUNNING))
        assert step.kind is ActionKind.STOP
        assert step.arguments["ModelVariantActions"] == {"production": "Retain", "shadow": "Remove"}
        assert "DesiredModelVariants" not in step.arguments


@pytest.mark.parametrize(
    ("case", "goal", "status", "kind"),
    [
        (RequestKind.CREATE, DesiredState.EXIST, Status.ABSENT, ActionKind.CREATE),
        (RequestKind.CREATE, DesiredState.RUN, Status.CREATED, ActionKind.START),
        (RequestKind.UPDATE, DesiredState.EXIST, Status.CREATED, ActionKind.UPDATE),
        (RequestKind.UPDATE, DesiredState.COMPLETE, Status.RUNNING, ActionKind.UPDATE),
        (RequestKind.DELETE, DesiredState.GONE, Status.RUNNING, ActionKind.STOP),
    ],
)
def test_accepted_call_that_does_not_show_is_waited_for_and_then_reported(
    case: RequestKind, goal: DesiredState, status: Status, kind: ActionKind
) -> None:
    """Describe may lag; a request never calls the same operation twice."""
    first = situation(case, goal, status, "description")
    assert planner.plan(first).kind is kind
    acted = Progress(deadline=NOW + 3600, acted={f"{kind}:test": NOW})
    assert planner.plan(replace(first, progress=acted, now=NOW + 1)).kind is ActionKind.WAIT
    assert planner.plan(replace(first, progress=acted, now=NOW + DESCRIBE_LAG_SECONDS)).kind is ActionKind.FAIL


def test_drift_that_an_update_does_not_correct_is_left() -> None:
    """SageMaker may show a key in another form than the template for ever; only what was asked for has to show."""
    shown = replace(BASE, data_storage=DataStorage("s3://bucket/x", "arn:aws:kms:us-east-1:123456789012:key/1"))
    wanted = replace(BASE, data_storage=DataStorage("s3://bucket/x", "alias/key"), description="two")
    made = situation(RequestKind.UPDATE, DesiredState.EXIST, Status.CREATED, "description")
    made = replace(made, template=replace(made.desired, configuration=wanted))
    first = planner.plan(replace(made, target=replace(made.target, configuration=shown)))
    assert first.arguments.keys() == {"Name", "Description", "DataStorageConfig"}

    acted = Progress(deadline=NOW + 3600, acted={f"{ActionKind.UPDATE}:test": NOW - 60}, transition_seen=True)
    asked = replace(made, progress=acted)
    assert planner.plan(replace(asked, target=replace(made.target, configuration=shown))).kind is ActionKind.FAIL
    shown = replace(shown, description="two")
    assert planner.plan(replace(asked, target=replace(made.target, configuration=shown))).kind is ActionKind.DONE


def test_update_that_looks_finished_at_once_is_watched_a_little() -> None:
    base = situation(RequestKind.UPDATE, DesiredState.EXIST, Status.RUNNING)
    acted = Progress(deadline=NOW + 3600, acted={f"{ActionKind.UPDATE}:test": NOW})
    assert planner.plan(replace(base, progress=acted)).kind is ActionKind.WAIT
    assert planner.plan(replace(base, progress=replace(acted, transition_seen=True))).kind is ActionKind.DONE
    assert planner.plan(replace(base, progress=acted, now=NOW + actions.UPDATE_START_SECONDS)).kind is ActionKind.DONE


def test_deletion_names_the_experiment() -> None:
    step = planner.plan(situation(RequestKind.DELETE, DesiredState.GONE, Status.COMPLETED))

    assert (step.kind, step.arguments) == (ActionKind.DELETE, {"Name": "test"})


def test_deletion_that_takes_long_is_waited_for() -> None:
    base = situation(RequestKind.DELETE, DesiredState.GONE, Status.COMPLETED)
    acted = Progress(deadline=NOW + 3600, acted={f"{ActionKind.DELETE}:test": NOW})
    assert planner.plan(replace(base, progress=acted, now=NOW + 10 * DESCRIBE_LAG_SECONDS)).kind is ActionKind.WAIT


def test_promotion_is_recognised_after_a_lost_answer() -> None:
    """A redelivered request sees its own Stop by the reason that it gave."""
    base = situation(RequestKind.UPDATE, DesiredState.COMPLETE, Status.COMPLETED, "promotion")
    refused = planner.plan(base).error
    assert refused is not None
    assert refused.kind is NotUpdatable
    told = replace(base, target=replace(base.target, status_reason="verdict"))
    assert planner.plan(told).kind is ActionKind.DONE
    acted = Progress(deadline=NOW + 3600, acted={f"{ActionKind.STOP}:test": NOW})
    assert planner.plan(replace(base, progress=acted)).kind is ActionKind.DONE


def test_end_state_must_be_the_one_asked_for() -> None:
    step = planner.plan(situation(RequestKind.UPDATE, DesiredState.COMPLETE, Status.CANCELLED))
    assert "is Cancelled, not Completed" in str(step.error)


def test_replacement_waits_for_an_endpoint_that_is_being_given_back() -> None:
    current = Observed("old", Status.STOPPING, Ownership.RESOURCE, "arn:old", replace(BASE, name="old"))
    base = situation(RequestKind.REPLACE, DesiredState.EXIST, Status.ABSENT, replaced=current)
    assert planner.plan(base).kind is ActionKind.WAIT
    live = planner.plan(replace(base, replaced=replace(current, status=Status.RUNNING)))
    assert "still runs experiment old (Running)" in str(live.error)
    ended = replace(base, replaced=replace(current, status=Status.COMPLETED))
    assert planner.plan(ended).kind is ActionKind.CREATE
    elsewhere = replace(BASE, name="old", endpoint_name="other")
    assert planner.plan(replace(base, replaced=replace(current, configuration=elsewhere))).kind is ActionKind.CREATE


def test_failed_replacement_is_removed_before_the_failure_is_told() -> None:
    base = situation(RequestKind.REPLACE, DesiredState.EXIST, Status.CANCELLED)
    base = replace(base, target=replace(base.target, status_reason="no capacity"))
    step = planner.plan(base)
    assert (step.kind, step.arguments) == (ActionKind.DELETE, {"Name": "test"})
    assert "no capacity" in step.failure
    gone = replace(base, target=Observed("test"), progress=Progress(NOW + 1, failure=step.failure))
    assert "no capacity" in str(planner.plan(gone).error)


@pytest.mark.parametrize("case", [RequestKind.CREATE, RequestKind.UPDATE])
def test_nothing_but_a_replacement_is_removed_for_its_failure(case: RequestKind) -> None:
    """The progress comes by a queue, to which others may be able to write."""
    poisoned = situation(case, DesiredState.EXIST, Status.RUNNING, progress=Progress(NOW + 3600, failure="poison"))
    assert planner.plan(poisoned).kind is ActionKind.DONE


def test_removed_data_storage_cannot_be_taken_away() -> None:
    stored = replace(BASE, data_storage=DataStorage("s3://bucket/x"))
    base = situation(RequestKind.UPDATE, DesiredState.EXIST, Status.CREATED, "storage")
    without = replace(base.desired, configuration=BASE)
    step = planner.plan(replace(base, template=without, target=replace(base.target, configuration=stored)))
    assert "cannot be removed" in str(step.error)


def test_tags_that_the_template_never_had_stay() -> None:
    base = situation(RequestKind.UPDATE, DesiredState.EXIST, Status.RUNNING)
    live = {"aws:x": "1", contract.OWNER_TAG: "o", "by-hand": "1", "old": "1", "kept": "1"}
    desired = replace(
        base.desired, tags={"kept": "2"}, previous_tags=frozenset({"old", "kept", "aws:x", contract.OWNER_TAG})
    )
    step = planner.plan(replace(base, template=desired, target=replace(base.target, tags=live)))
    assert (step.kind, step.arguments["TagKeys"]) == (ActionKind.DELETE_TAGS, ["old"])
    acted = Progress(NOW + 1, acted={f"{ActionKind.DELETE_TAGS}:test": NOW})
    step = planner.plan(replace(base, template=desired, target=replace(base.target, tags=live), progress=acted))
    assert (step.kind, step.arguments["Tags"]) == (ActionKind.ADD_TAGS, [{"Key": "kept", "Value": "2"}])


def test_create_only_change_needs_a_new_name() -> None:
    changed = frozenset({"RoleArn"})
    asked = request(RequestKind.UPDATE, changed)
    desired = Desired(replace(BASE, role_arn="arn:aws:iam::123456789012:role/other"), DesiredState.EXIST)
    current = Observed("test", Status.RUNNING, Ownership.RESOURCE, "arn:test", BASE)
    with pytest.raises(NotUpdatable, match=r"RoleArn can only be set at creation.*change Name too"):
        planner.target_name(asked, desired, current)
    derived = planner.target_name(asked, replace(desired, explicit_name=False), current)
    assert derived.startswith("shop-Experiment-")
    assert planner.target_name(asked, replace(desired, configuration=BASE), current) == "test"
    renamed = replace(desired, configuration=replace(BASE, name="other"))
    assert planner.target_name(asked, renamed, current) == "other"
    assert planner.target_name(asked, desired, Observed("test")) == "test"


def test_promotion_with_criteria_is_measured_before_the_first_change_and_once() -> None:
    base = situation(RequestKind.UPDATE, DesiredState.COMPLETE, Status.RUNNING, "promotion")
    description = replace(base.desired, configuration=replace(base.desired.configuration, description="new"))
    judged = replace(base, template=description, stop=replace(base.stop, criteria=Criteria(max_error_rate=0.01)))
    step = planner.plan(judged)
    assert step.kind is ActionKind.MEASURE
    assert {query["MetricStat"]["Metric"]["MetricName"] for query in step.arguments["MetricDataQueries"]} >= {
        "Invocations",
        "ModelLatency",
    }
    acted = Progress(deadline=NOW + 3600, acted={f"{ActionKind.MEASURE}:test": NOW})
    assert planner.plan(replace(judged, progress=acted)).kind is ActionKind.UPDATE


def test_a_test_that_was_started_early_is_measured_from_its_creation() -> None:
    """Describe may still show the StartTime of the schedule, which is to come."""
    created = datetime.fromtimestamp(NOW - 7200, UTC)
    base = situation(RequestKind.UPDATE, DesiredState.COMPLETE, Status.RUNNING, "promotion")
    early = replace(BASE, start_time=datetime.fromtimestamp(NOW + 86400, UTC))
    target = replace(base.target, configuration=early, details={"CreationTime": created})
    judged = replace(base, target=target, stop=replace(base.stop, criteria=Criteria(max_error_rate=0.01)))
    step = planner.plan(judged)
    assert step.arguments["StartTime"] <= created < datetime.fromtimestamp(NOW, UTC) <= step.arguments["EndTime"]


def test_a_published_result_is_read_after_the_metrics_and_once() -> None:
    """Metrics that were judged in an earlier delivery are not measured again; a result that was not read is."""
    base = situation(RequestKind.UPDATE, DesiredState.COMPLETE, Status.RUNNING, "promotion")
    limits = Criteria(min_agreement=0.99, prediction_result="s3://results/a/b.json")
    judged = replace(base, stop=replace(base.stop, criteria=limits))
    assert planner.plan(judged).kind is ActionKind.MEASURE
    measured = replace(judged, measured=[])
    assert "not enough data: the shadow variant had 0 invocations" in str(planner.plan(measured).error)
    acted = Progress(deadline=NOW + 3600, acted={f"{ActionKind.MEASURE}:test": NOW})
    step = planner.plan(replace(judged, progress=acted))
    assert (step.kind, step.arguments) == (ActionKind.READ_RESULT, {"Bucket": "results", "Key": "a/b.json"})
    both = {f"{kind}:test": NOW for kind in (ActionKind.MEASURE, ActionKind.READ_RESULT)}
    assert planner.plan(replace(judged, progress=replace(acted, acted=both))).kind is ActionKind.STOP
    late = {f"{ActionKind.MEASURE}:test": NOW - 600, f"{ActionKind.STOP}:test": NOW}
    assert planner.plan(replace(judged, progress=replace(acted, acted=late))).kind is ActionKind.WAIT
    unread = planner.plan(replace(judged, progress=acted, published=b"{"))
    assert "s3://results/a/b.json is no JSON" in str(unread.error)


def test_criteria_matter_to_a_promotion_only() -> None:
    base = situation(RequestKind.UPDATE, DesiredState.COMPLETE, Status.RUNNING)
    judged = replace(base, stop=replace(base.stop, criteria=Criteria(max_error_rate=0.01)))
    assert planner.plan(judged).kind is ActionKind.STOP


def test_deletion_does_not_promote_where_a_promotion_has_criteria() -> None:
    base = situation(RequestKind.DELETE, DesiredState.GONE, Status.RUNNING)
    promoting = replace(base.stop, actions={"shadow": "Promote"})
    step = planner.plan(replace(base, stop=promoting))
    assert step.arguments["ModelVariantActions"] == {"production": "Remove", "shadow": "Promote"}
    step = planner.plan(replace(base, stop=replace(promoting, criteria=Criteria(max_error_rate=0.01))))
    assert step.arguments["ModelVariantActions"] == {"production": "Retain", "shadow": "Remove"}


def test_what_is_taken_back_is_deleted_without_a_promotion() -> None:
    """A test that a rollback ends, or that a failed replacement has left, has shown nothing."""
    base = situation(RequestKind.DELETE, DesiredState.GONE, Status.RUNNING)
    promoting = replace(base, stop=replace(base.stop, actions={"shadow": "Promote"}))
    rolled_back = replace(promoting, standing=Standing(StandingKind.ROLLING_BACK))
    abandoned = replace(promoting, request=replace(base.request, type=RequestType.UPDATE))
    assert planner.plan(replace(promoting, standing=None, fresh=True)).kind is ActionKind.ASK_STACK
    for made in (rolled_back, abandoned, replace(abandoned, standing=rolled_back.standing)):
        step = planner.plan(made)
        assert step.arguments["ModelVariantActions"] == {"production": "Retain", "shadow": "Remove"}
    retaining = replace(rolled_back, stop=replace(base.stop, actions={"shadow": "Retain"}))
    assert planner.plan(retaining).arguments["ModelVariantActions"] == {"production": "Retain", "shadow": "Retain"}


def test_deletion_does_not_promote_a_model_that_the_template_does_not_name() -> None:
    base = situation(RequestKind.DELETE, DesiredState.GONE, Status.RUNNING)
    for model, promoted in (("model-2", True), ("model-3", False)):
        entry = {"VariantName": "shadow", "ModelName": model}
        asked = replace(base.request, properties={"ModelVariants": [entry]})
        step = planner.plan(replace(base, request=asked, stop=replace(base.stop, actions={"shadow": "Promote"})))
        assert ("Promote" in step.arguments["ModelVariantActions"].values()) is promoted


ANY_CALL = [
    (RequestKind.CREATE, DesiredState.EXIST, Status.ABSENT, ActionKind.CREATE),
    (RequestKind.REPLACE, DesiredState.EXIST, Status.ABSENT, ActionKind.CREATE),
    (RequestKind.CREATE, DesiredState.RUN, Status.CREATED, ActionKind.START),
    (RequestKind.UPDATE, DesiredState.EXIST, Status.CREATED, ActionKind.UPDATE),
    (RequestKind.UPDATE, DesiredState.CANCEL, Status.RUNNING, ActionKind.STOP),
    (RequestKind.DELETE, DesiredState.GONE, Status.RUNNING, ActionKind.STOP),
    (RequestKind.DELETE, DesiredState.GONE, Status.COMPLETED, ActionKind.DELETE),
]
STOPS_OR_DELETES = {ActionKind.STOP, ActionKind.DELETE}


def call(case: RequestKind, goal: DesiredState, status: Status, kind: ActionKind) -> DecisionInput:
    """Return a situation whose next call is `kind`."""
    made = situation(case, goal, status, "description" if kind is ActionKind.UPDATE else "none")
    assert planner.plan(made).kind is kind
    return made


@pytest.mark.parametrize(("case", "goal", "status", "kind"), ANY_CALL)
def test_a_call_needs_the_request_to_be_current(
    case: RequestKind, goal: DesiredState, status: Status, kind: ActionKind
) -> None:
    """Only the fresh first attempt does not ask; one that is overtaken calls nothing."""
    made = call(case, goal, status, kind)
    assert planner.plan(replace(made, standing=None)).kind is ActionKind.ASK_STACK
    not_in_rollback = case is RequestKind.REPLACE or (case, kind) == (RequestKind.UPDATE, ActionKind.STOP)
    asked = ActionKind.ASK_STACK if not_in_rollback else kind
    assert planner.plan(replace(made, standing=None, fresh=True)).kind is asked

    overtaken = planner.plan(replace(made, standing=Standing(StandingKind.OVERTAKEN, "the stack is gone")))
    assert overtaken.kind is ActionKind.ABANDON
    assert overtaken.error is not None
    assert overtaken.error.kind is Overtaken
    assert "(the stack is gone); nothing more was changed" in overtaken.error.reason


@pytest.mark.parametrize(("case", "goal", "status", "kind"), ANY_CALL)
def test_where_cloudformation_cannot_be_asked_nothing_irreversible_happens(
    case: RequestKind, goal: DesiredState, status: Status, kind: ActionKind
) -> None:
    unknown = replace(call(case, goal, status, kind), standing=Standing(StandingKind.UNKNOWN, "denied"))
    step = planner.plan(unknown)

    assert step.kind is (ActionKind.FAIL if kind in STOPS_OR_DELETES else kind)
    if kind in STOPS_OR_DELETES:
        assert step.error is not None
        assert (step.error.kind, step.error.reason.endswith(": denied")) == (Overtaken, True)
    ends_by_update = (case, kind) == (RequestKind.UPDATE, ActionKind.STOP)
    assert planner.plan(replace(unknown, fresh=True)).kind is (ActionKind.FAIL if ends_by_update else kind)


@pytest.mark.parametrize(
    ("case", "goal", "status", "kind", "refusal"),
    [
        (*ANY_CALL[0], "no experiment was created"),
        (*ANY_CALL[1], "a rollback does not start a new experiment"),
        (*ANY_CALL[2], "a rollback does not start an experiment"),
        (*ANY_CALL[3], ""),
        (*ANY_CALL[4], "a rollback does not end an experiment"),
        (*ANY_CALL[5], ""),
    ],
)
def test_a_rollback_takes_back_and_begins_nothing(
    case: RequestKind, goal: DesiredState, status: Status, kind: ActionKind, refusal: str
) -> None:
    step = planner.plan(replace(call(case, goal, status, kind), standing=Standing(StandingKind.ROLLING_BACK)))

    assert step.kind is (ActionKind.FAIL if refusal else kind)
    assert refusal in str(step.error)


@pytest.mark.parametrize("status", [Status.CREATED, Status.COMPLETED])
def test_a_rollback_takes_back_what_it_can_before_its_refusal(status: Status) -> None:
    """The refusal is a success then, so that what is left as it is would stay for good."""
    base = situation(RequestKind.UPDATE, DesiredState.EXIST, status, "description")
    stored = replace(BASE, data_storage=DataStorage("s3://bucket/x"))
    changed = replace(base.request, old_properties={**base.request.old_properties, "DataStorageConfig": {}})
    made = replace(base, request=changed, target=replace(base.target, configuration=stored))
    tagged = replace(made, template=replace(made.desired, tags={"team": "before"}))
    kind = ActionKind.UPDATE if status is Status.CREATED else ActionKind.ADD_TAGS

    assert planner.plan(tagged).kind is ActionKind.FAIL
    assert planner.plan(replace(tagged, standing=None)).kind is ActionKind.ASK_STACK
    rolling_back = replace(tagged, standing=Standing(StandingKind.ROLLING_BACK))
    assert planner.plan(rolling_back).kind is kind
    acted = Progress(NOW + 3600, acted={f"{each}:test": NOW for each in (kind, ActionKind.ADD_TAGS)})
    done = planner.plan(replace(rolling_back, progress=acted))
    assert done.kind is (ActionKind.WAIT if status is Status.CREATED else ActionKind.FAIL)


def test_a_promotion_always_asks_and_never_happens_in_a_rollback() -> None:
    """Production changes with it, for good."""
    made = situation(RequestKind.UPDATE, DesiredState.COMPLETE, Status.RUNNING, "promotion", fresh=True)

    assert planner.plan(made).kind is ActionKind.STOP
    assert planner.plan(replace(made, standing=None)).kind is ActionKind.ASK_STACK
    rolling_back = planner.plan(replace(made, standing=Standing(StandingKind.ROLLING_BACK)))
    assert rolling_back.kind is ActionKind.FAIL
    assert "a rollback does not promote a shadow variant" in str(rolling_back.error)


def test_a_deletion_leaves_a_younger_experiment_alone() -> None:
    """A request that was delivered late meets the experiment of a later one, which has the same name and owner."""
    made = situation(RequestKind.DELETE, DesiredState.GONE, Status.COMPLETED)
    signed = datetime(2030, 1, 1, tzinfo=UTC)
    made = replace(made, request=replace(made.request, issued=signed.timestamp()))
    for minutes, kind in ((-1, ActionKind.DELETE), (1, ActionKind.DONE)):
        details = {"CreationTime": signed + timedelta(minutes=minutes)}
        assert planner.plan(replace(made, target=replace(made.target, details=details))).kind is kind


def test_an_experiment_without_variants_is_not_stopped() -> None:
    """Neither SageMaker nor the template says which; the answer says what to do."""
    bare = replace(BASE, model_variants=(), source_variant="", shadow_variant="")
    made = situation(RequestKind.DELETE, DesiredState.GONE, Status.RUNNING)
    made = replace(made, target=replace(made.target, configuration=bare))
    named = replace(made, stop=replace(made.stop, variants=("production", "shadow")))

    assert "Stop it with the AWS CLI, then retry" in str(planner.plan(made).error)
    stop = planner.plan(named)
    assert stop.arguments["ModelVariantActions"] == {"production": "Retain", "shadow": "Remove"}
