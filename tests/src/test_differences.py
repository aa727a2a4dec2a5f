"""What differs, what of it may change in place, and what a stop does to each variant."""

import pytest
from requests_for_tests import configuration, moment, variants

from inference_experiment import differences
from inference_experiment.model import DataStorage, Member, Status, Variant

STORAGE = DataStorage("s3://bucket/x")


@pytest.mark.parametrize(
    ("changes", "members"),
    [
        ({}, set()),
        ({"name": "other"}, set()),
        ({"role_arn": "x"}, {Member.ROLE_ARN}),
        ({"endpoint_name": "x"}, {Member.ENDPOINT_NAME}),
        ({"kms_key": "x"}, {Member.KMS_KEY}),
        ({"type": "x"}, {Member.TYPE}),
        ({"description": "x"}, {Member.DESCRIPTION}),
        ({"source_variant": "x"}, {Member.SHADOW_VARIANTS}),
        ({"sampling_percentage": 7}, {Member.SAMPLING_PERCENTAGE}),
        ({"model_variants": variants("shadow", "production")}, {Member.MODEL_VARIANTS}),
        ({"data_storage": STORAGE}, {Member.DATA_STORAGE_CONFIG}),
        ({"start_time": moment(2)}, {Member.START_TIME}),
    ],
)
def test_differing(changes: dict[str, object], members: set[Member]) -> None:
    assert differences.differing(configuration(**changes), configuration()) == members


def test_order_of_variants_and_times_left_out_do_not_matter() -> None:
    """SageMaker orders variants as it likes and fills in a schedule."""
    turned = tuple(reversed(configuration().model_variants))

    assert not differences.differing(configuration(model_variants=turned), configuration())
    assert not differences.differing(configuration(), configuration(start_time=moment(1), end_time=moment(8)))


@pytest.mark.parametrize(
    ("member", "changed", "requested"),
    [
        (Member.DESCRIPTION, {"Description"}, True),
        (Member.DESCRIPTION, {"Name"}, False),
        (Member.SAMPLING_PERCENTAGE, {"ShadowModeConfig", "ShadowModeConfig/ShadowModelVariants"}, True),
        (Member.END_TIME, {"Schedule", "Schedule/EndTime"}, True),
        (Member.END_TIME, {"Schedule", "Schedule/StartTime"}, False),
        (Member.END_TIME, set(), False),
    ],
)
def test_a_difference_is_requested_when_the_template_changed_it(
    member: Member, changed: set[str], *, requested: bool
) -> None:
    assert bool(differences.requested({member}, changed)) is requested


def test_edits_take_drift_back_except_in_the_schedule() -> None:
    """What SageMaker itself moved is not undone by an update that is about something else."""
    wanted = configuration(description="mine", end_time=moment(5))
    found = configuration(description="theirs", end_time=moment(6))

    assert differences.edits(wanted, found, Status.RUNNING, set()) == {Member.DESCRIPTION}
    assert differences.edits(wanted, found, Status.RUNNING, {"Schedule/EndTime", "Schedule"}) == {
        Member.DESCRIPTION,
        Member.END_TIME,
    }


@pytest.mark.parametrize("status", [Status.RUNNING, Status.CREATED, Status.COMPLETED, Status.CANCELLED])
def test_edits_are_what_the_status_allows(status: Status) -> None:
    wanted = configuration(description="new", data_storage=STORAGE, sampling_percentage=99)
    allowed = differences.EDITABLE[status]

    assert differences.edits(wanted, configuration(), status, set()) == allowed & {
        Member.DESCRIPTION,
        Member.DATA_STORAGE_CONFIG,
        Member.SAMPLING_PERCENTAGE,
    }


def test_data_capture_cannot_be_taken_away() -> None:
    found = configuration(data_storage=STORAGE)

    assert not differences.edits(configuration(), found, Status.CREATED, {"DataStorageConfig"})
    assert differences.blocked(configuration(), found, Status.CREATED, {"DataStorageConfig"}) == {
        Member.DATA_STORAGE_CONFIG
    }
    assert not differences.blocked(configuration(), found, Status.CREATED, set())


def test_blocked_is_what_was_asked_and_cannot_be() -> None:
    wanted = configuration(data_storage=STORAGE, description="new", kms_key="not judged here")
    changed = {"DataStorageConfig", "Description", "KmsKey"}

    assert differences.blocked(wanted, configuration(), Status.RUNNING, changed) == {Member.DATA_STORAGE_CONFIG}
    assert differences.blocked(wanted, configuration(), Status.COMPLETED, changed) == {
        Member.DATA_STORAGE_CONFIG,
        Member.DESCRIPTION,
    }
    assert not differences.blocked(wanted, configuration(), Status.COMPLETED, set())


RETAIN_REMOVE = {"production": "Retain", "shadow": "Remove"}
REMOVE_PROMOTE = {"production": "Remove", "shadow": "Promote"}


@pytest.mark.parametrize(
    ("explicit", "kept", "actions"),
    [
        ({}, None, RETAIN_REMOVE),
        ({}, ("production", "shadow"), RETAIN_REMOVE),
        ({}, ("production",), RETAIN_REMOVE),
        ({}, ("shadow",), REMOVE_PROMOTE),
        ({"shadow": "Promote"}, ("production", "shadow"), REMOVE_PROMOTE),
        ({"shadow": "Retain"}, ("production", "shadow"), {"production": "Retain", "shadow": "Retain"}),
        ({"production": "Retain"}, ("shadow",), RETAIN_REMOVE),
        (REMOVE_PROMOTE, None, REMOVE_PROMOTE),
    ],
)
def test_stop_actions(explicit: dict[str, str], kept: tuple[str, ...] | None, actions: dict[str, str]) -> None:
    """Explicit actions win; a dropped production variant is a promotion; else the endpoint returns to what it was."""
    desired = configuration(model_variants=variants(*kept)) if kept else None

    assert differences.stop_actions(explicit, configuration(), desired) == actions


@pytest.mark.parametrize("names", [("production", "shadow"), ("production",)])
def test_stop_actions_without_a_shadow_configuration(names: tuple[str, ...]) -> None:
    """Describe may leave it out; the first variant counts as the production variant."""
    found = configuration(model_variants=variants(*names), source_variant="", shadow_variant="")

    assert differences.stop_actions({}, found) == {name: RETAIN_REMOVE[name] for name in names}


def test_the_template_tells_which_variant_is_production() -> None:
    """Describe leaves ShadowModeConfig out and lists the shadow variant first."""
    found = configuration(model_variants=variants("shadow", "production"), source_variant="", shadow_variant="")

    assert differences.stop_actions({}, found, None, ("production", "shadow")) == RETAIN_REMOVE
    assert list(differences.stop_actions({}, found, None, ("other", "shadow"))) == ["shadow", "production"]


def test_production_stays_where_the_actions_are_of_other_variants() -> None:
    """Somebody has replaced a variant: half of the template's actions could leave no variant to serve."""
    found = configuration(model_variants=variants("production", "new"), shadow_variant="new")

    assert differences.stop_actions(REMOVE_PROMOTE, found) == {"production": "Retain", "new": "Remove"}
    renamed = configuration(model_variants=variants("new", "shadow"), source_variant="new")
    assert differences.stop_actions({}, renamed, configuration()) == {"new": "Retain", "shadow": "Remove"}


def test_variants_are_resized_only_where_the_template_changes_them() -> None:
    """DesiredModelVariants names every variant that stays; what the template leaves alone keeps what it has now."""
    small, bigger = Variant("shadow", "model-2", "ml.m5.xlarge", 1), Variant("shadow", "model-2", "ml.m5.4xlarge", 3)
    scaled = Variant("production", "model-1", "ml.m5.xlarge", 7)  # by autoscaling
    live = configuration(model_variants=(scaled, small))
    desired = configuration(model_variants=(configuration().model_variants[0], bigger))
    previous = {"shadow": small, "production": configuration().model_variants[0]}

    assert differences.resized_variants(REMOVE_PROMOTE, live, desired, previous) == [bigger]
    both = {"production": "Retain", "shadow": "Retain"}
    assert differences.resized_variants(both, live, desired, previous) == [scaled, bigger]
    assert differences.resized_variants(RETAIN_REMOVE, live, desired, previous) == []
    assert differences.resized_variants(both, live, desired, {**previous, "shadow": bigger}) == []
    assert differences.resized_variants(both, live, desired, {}) == [], "a variant that is new is not resized"
    assert differences.resized_variants({"gone": "Retain", "shadow": "Promote"}, live, desired, previous) == [bigger]


def test_what_describe_does_not_name_is_named_by_the_template() -> None:
    """Describe may show no variants at all; the template's production and shadow are then stopped."""
    found = configuration(model_variants=(), source_variant="", shadow_variant="")

    assert differences.stop_actions({}, found, None, ("production", "shadow")) == RETAIN_REMOVE
    assert differences.stop_actions({}, found) == {}


@pytest.mark.parametrize(
    ("statuses", "ended"),
    [
        ({"production": "InService", "shadow": "Deleted"}, True),
        ({"production": "InService", "shadow": "Deleting"}, True),
        ({"production": "Deleted", "shadow": "InService"}, False),
        ({"production": "InService", "shadow": "InService"}, False),
        ({"production": "InService"}, False),
        ({}, False),
    ],
)
def test_an_end_shows_its_actions_in_the_statuses_of_the_variants(statuses: dict[str, str], *, ended: bool) -> None:
    assert differences.ended_with(RETAIN_REMOVE, statuses) is ended
