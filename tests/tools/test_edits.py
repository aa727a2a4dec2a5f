"""Everyday changes: update and create by options, in the words that the other commands show, and what they print."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from desk import Desk
from desk_files import QUICK, bring_to, properties, skip_to
from hypothesis import given
from hypothesis import strategies as st

from inference_experiment import contract
from inference_experiment.observed_properties import timestamp
from inference_experiment_cli.errors import UsageError
from inference_experiment_cli.inputs.times import option_moment, parse_moment
from inference_experiment_cli.operate.edits import Edit, EditOptions, apply_edit
from inference_experiment_cli.output import flat

PERCENTAGE = "ShadowModeConfig/ShadowModelVariants/0/SamplingPercentage"
COUNT = "InfrastructureConfig/RealTimeInferenceConfig/InstanceCount"


def manifest(desk: Desk) -> dict[str, Any]:
    """Return the live properties as `manifest` writes them."""
    shown = desk.ok("manifest", "--from", "fraud", "--format", "json").data()
    found: dict[str, Any] = next(iter(shown["Resources"].values()))["Properties"]
    return found


def scheduled(desk: Desk) -> None:
    """Make the experiment `fraud` that is to run from 2030-01-30 to 2030-02-01."""
    schedule = {"StartTime": datetime(2030, 1, 30, tzinfo=UTC), "EndTime": datetime(2030, 2, 1, tzinfo=UTC)}
    desk.sagemaker.client().create_inference_experiment(**properties(Schedule=schedule))
    skip_to(desk, "Created")
    desk.sagemaker.clear_calls()


@pytest.mark.parametrize(
    ("options", "path", "value"),
    [
        (("--sampling", "50"), PERCENTAGE, 50),
        (("--sampling", "50%"), PERCENTAGE, 50),
        (("--set", f"{PERCENTAGE}=51"), PERCENTAGE, 51),
        (("--set", f"/{PERCENTAGE}=52"), PERCENTAGE, 52),
        (("--set", "ShadowModeConfig.ShadowModelVariants[0].SamplingPercentage=53"), PERCENTAGE, 53),
        (("--set", "ShadowModeConfig/ShadowModelVariants/shadow/SamplingPercentage=54"), PERCENTAGE, 54),
        (("--description", "two words"), "Description", "two words"),
        (("--set", "Description=50"), "Description", "50"),
        (("--set", 'Description="50"'), "Description", "50"),
        (("--set", "Description=a=b"), "Description", "a=b"),
        (("--end-time", "2030-01-31"), "Schedule/EndTime", "2030-01-31T00:00:00Z"),
        (("--set", "Schedule/EndTime=2030-01-31T08:00+01:00"), "Schedule/EndTime", "2030-01-31T07:00:00Z"),
        (("--start-time", "2030-01-30T10:00"), "Schedule/StartTime", "2030-01-30T10:00:00Z"),
        (("--set", f"ModelVariants/shadow/{COUNT}=3"), f"ModelVariants/1/{COUNT}", 3),
        (("--set", "ModelVariants.0.ModelName=model-2"), "ModelVariants/0/ModelName", "model-2"),
        (("--tag", "team=fraud"), "Tags/0/Value", "fraud"),
        (("--tag", "a.b/c=1"), "Tags/0/Key", "a.b/c"),
        (("--tag", "empty="), "Tags/0/Key", "empty"),
        (("--set", "Tags/team/Value=ops"), "Tags/0/Value", "ops"),
        (("--set", "Tags.team=ops"), "Tags/0/Value", "ops"),
        (("--set", 'Tags/0={"Key": "a", "Value": "b"}'), "Tags/0/Key", "a"),
        (("--set", 'Tags=[{"Key": "a", "Value": "b"}]'), "Tags/0/Key", "a"),
        (("--patch", '[{"op": "add", "path": "/Description", "value": "here"}]'), "Description", "here"),
        (("--patch", '{"op": "add", "path": "/Description", "value": "one"}', "--sampling", "7"), PERCENTAGE, 7),
    ],
)
def test_a_change_by_an_option_is_what_manifest_then_shows(
    desk: Desk, options: tuple[str, ...], path: str, value: object
) -> None:
    scheduled(desk)
    desk.ok("update", "fraud", *options, "--dry-run")
    assert desk.changes() == []
    desk.ok("update", "fraud", *options, *QUICK)
    assert dict(flat(manifest(desk)))[path] == value


def test_several_changes_are_one_call(desk: Desk) -> None:
    bring_to(desk)
    options = ("--sampling", "20", "--description", "x", "--end-time", "+3d", "--tag", "a=b", "--untag", "team")
    desk.ok("update", "fraud", *options, *QUICK)
    assert sorted(desk.changes()) == ["AddTags", "DeleteTags", "UpdateInferenceExperiment"]


def test_a_relative_end_counts_from_now(desk: Desk) -> None:
    bring_to(desk)
    before = datetime.now(UTC)
    desk.ok("update", "fraud", "--end-time", "+3d12h", *QUICK)
    end = datetime.fromisoformat(manifest(desk)["Schedule"]["EndTime"])
    assert timedelta(0) <= end - before.replace(microsecond=0) - timedelta(days=3, hours=12) < timedelta(minutes=5)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--sampling", "101"), "--sampling 101: is not a percentage; write a whole number from 0 to 100"),
        (("--sampling", "12.5"), "--sampling 12.5: is not a percentage"),
        (("--sampling", ""), "is not a percentage"),
        (("--end-time", ""), "is not an ISO 8601 time"),
        (("--sampling", "half"), "--sampling half: is not a percentage"),
        (
            ("--end-time", "tomorrow"),
            "--end-time tomorrow: is not an ISO 8601 time; write it as 2030",
        ),
        (("--end-time", "+3y"), "--end-time +3y: is not an ISO 8601 time"),
        (("--end-time", "-1d"), "--end-time -1d: Schedule/EndTime: "),
        (("--set", "Schedule/EndTime=soon"), "--set Schedule/EndTime=soon: is not an ISO 8601 time"),
        (("--set", "SamplingPercentage=5"), f"SamplingPercentage is not a property; did you mean {PERCENTAGE}?"),
        (("--set", "description=5"), "description is not a property; did you mean Description?"),
        (("--set", "Modelvariants/0/ModelNme=x"), "Modelvariants is not a property; did you mean ModelVariants?"),
        (("--set", "ModelVariants/0/ModelNme=x"), "did you mean ModelVariants/0/ModelName?"),
        (("--set", "Colour=red"), "Colour is not a property; it is one of DataStorageConfig, Description"),
        (("--set", "ModelVariants/other/ModelName=x"), "has no entry other; it has production, shadow"),
        (("--set", "ModelVariants/7/ModelName=x"), "has no entry 7"),
        (("--set", "Description/0=x"), "Description: has no member 0"),
        (("--set", "Status=Running"), "--set Status=Running: is set by SageMaker"),
        (("--set", "Tags=team"), "--set Tags=team: is a list; write JSON: [...], or name a member"),
        (("--set", "Schedule=3"), "--set Schedule=3: is a mapping; write JSON"),
        (("--set", f"{PERCENTAGE}=500"), "500 is more than 100"),
        (("--set", "Description"), "--set Description: write it as PATH=VALUE"),
        (("--set", "=5"), "--set =5: write it as PATH=VALUE"),
        (("--set", "...=5"), "names no property"),
        (("--unset", "Colour"), "--unset Colour: Colour is not a property"),
        (("--tag", "team"), "--tag team: write it as KEY=VALUE"),
        (("--tag", "aws:x=1"), "--tag aws:x=1: Tags/1/Key: 'aws:x' begins with 'aws:', which is reserved"),
        (("--patch", "[{"), "--patch:1: is not valid JSON"),
        (("--patch", '{"Description": "x"}'), "to set a property pass --set PATH=VALUE"),
        (("--patch", "[]", "-f", "p.json"), "pass --patch or -f FILE, not both"),
        (("--parameter", "A=b", "--sampling", "5"), "--parameter is about a file; add -f FILE"),
        (("--logical-id", "A", "--sampling", "5"), "--logical-id is about a file; add -f FILE"),
        ((), "pass --patch FILE or -f FILE, or what to change, such as --sampling 50"),
    ],
)
def test_a_wrong_value_names_the_option_and_what_is_allowed(desk: Desk, options: tuple[str, ...], words: str) -> None:
    bring_to(desk)
    assert words in desk.refused(2, "update", "fraud", *options)
    assert desk.changes() == []


def test_what_only_a_creation_can_set_is_refused_at_its_option(desk: Desk) -> None:
    bring_to(desk)
    said = desk.refused(1, "update", "fraud", "--set", "KmsKey=alias/x")
    assert said.startswith("--set KmsKey=alias/x: KmsKey: can be set at creation only")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--sampling", "10"), "--sampling 10: changes nothing, it is so already"),
        (("--tag", "team=ml"), "--tag team=ml: changes nothing, it is so already"),
        (("--untag", "other"), "--untag other: changes nothing, it is not set"),
        (("--unset", "Description"), "--unset Description: changes nothing, it is not set"),
        (("--unset", "DataStorageConfig/KmsKey"), "--unset DataStorageConfig/KmsKey: changes nothing"),
        (("--description", ""), "--description: changes nothing, it is not set"),
    ],
)
def test_an_option_that_changes_nothing_says_so(desk: Desk, options: tuple[str, ...], words: str) -> None:
    bring_to(desk)
    said = desk.ok("update", "fraud", *options, *QUICK).stderr
    assert words in said
    assert "fraud: nothing to do" in said
    assert desk.changes() == []


def test_what_sagemaker_keeps_is_said(desk: Desk) -> None:
    scheduled(desk)
    said = desk.ok("update", "fraud", "--unset", "Schedule/EndTime", *QUICK).stderr
    assert "Schedule/EndTime: no call: SageMaker keeps what it has" in said


@pytest.mark.parametrize("remove", [("--unset", "Description"), ("--set", "Description="), ("--description", "")])
def test_a_property_is_removed(desk: Desk, remove: tuple[str, ...]) -> None:
    bring_to(desk, Description="x")
    desk.ok("update", "fraud", *remove, *QUICK)
    assert "Description" not in manifest(desk)


def test_a_file_and_options_together(desk: Desk) -> None:
    bring_to(desk)
    desk.write("p.json", properties(Description="of the file"))
    desk.ok("update", "fraud", "-f", "p.json", "--sampling", "30", *QUICK)
    live = dict(flat(manifest(desk)))
    assert (live["Description"], live[PERCENTAGE]) == ("of the file", 30)


def test_create_takes_the_same_options_and_prints_the_arn(desk: Desk) -> None:
    desk.write("p.json", properties(Name=None, ShadowModeConfig=None))
    shadow = '{"SourceModelVariantName": "production", "ShadowModelVariants": [{"ShadowModelVariantName": "shadow"}]}'
    options = ("--name", "fraud", "--set", f"ShadowModeConfig={shadow}", "--sampling", "5", "--end-time", "+7d")
    made = desk.ok("create", "-f", "p.json", *options, "--format", "json", *QUICK).data()
    assert made["Arn"].endswith(":inference-experiment/fraud")
    assert (made["Name"], made["Status"]) == ("fraud", "Running")
    assert dict(flat(manifest(desk)))[PERCENTAGE] == 5


def test_a_wrong_value_of_create_names_its_option(desk: Desk) -> None:
    desk.write("p.json", properties())
    assert "--name a b: Name: 'a b' does not match" in desk.refused(2, "create", "-f", "p.json", "--name", "a b")
    assert "--sampling 200: is not" in desk.refused(2, "create", "-f", "p.json", "--sampling", "200")


def test_an_unresolved_value_of_the_file_may_come_from_an_option(desk: Desk) -> None:
    resource = {"Type": contract.NATIVE_TYPE, "Properties": properties(RoleArn={"Fn::GetAtt": ["Role", "Arn"]})}
    desk.write("t.json", {"Resources": {"Shadow": resource, "Role": {"Type": "AWS::IAM::Role"}}})
    assert "is resolved at deployment" in desk.refused(2, "create", "-f", "t.json")
    desk.ok("create", "-f", "t.json", "--set", "RoleArn=arn:aws:iam::123456789012:role/other", *QUICK)


@pytest.mark.parametrize("style", ["table", "json", "yaml", "csv"])
def test_every_change_prints_the_experiment(desk: Desk, style: str) -> None:
    bring_to(desk, "Created")
    arn = desk.ok("get", "fraud", "--format", "json").data()["Arn"]
    for command in (
        ("update", "fraud", "--sampling", "20"),
        ("start", "fraud"),
        ("stop", "fraud", "--yes"),
        ("delete", "fraud", "--yes"),
    ):
        assert arn in desk.ok(*command, "--format", style, *QUICK).stdout


def test_after_a_promotion_the_output_has_what_is_production_now(desk: Desk) -> None:
    bring_to(desk)
    actions = ("--set", "ModelVariantActions/production=remove", "--set", "ModelVariantActions/shadow=Promote")
    answer = desk.ok(
        "update", "fraud", "--set", "DesiredState=completed", *actions, "--yes", "--format", "json", *QUICK
    )
    assert answer.data()["Production"] == {
        "EndpointName": "endpoint",
        "VariantName": "shadow",
        "ModelName": "model-2",
        "InstanceType": "ml.m5.xlarge",
        "InstanceCount": 1,
    }
    assert "production of endpoint is now shadow (model-2, 1 x ml.m5.xlarge)" in answer.stderr


@pytest.mark.parametrize("status", ["Completed", "Cancelled"])
def test_delete_asks_for_the_report_of_what_has_ended(desk: Desk, status: str) -> None:
    bring_to(desk, status)
    said = desk.refused(2, "delete", "fraud")
    assert said.startswith(
        f"fraud is {status}; with it its report would be gone, and nothing brings it back. Continue?"
    )
    assert said.endswith("pass --yes to confirm")
    assert desk.changes() == []
    desk.ok("delete", "fraud", "--yes", *QUICK)


def test_delete_of_what_never_ran_does_not_ask(desk: Desk) -> None:
    bring_to(desk, "Created")
    desk.ok("delete", "fraud", *QUICK)


@pytest.mark.parametrize("style", ["json", "yaml", "csv"])
def test_a_dry_run_has_every_format(desk: Desk, style: str) -> None:
    bring_to(desk)
    shown = desk.ok("update", "fraud", "--sampling", "20", "--dry-run", "--format", style).stdout
    assert PERCENTAGE in shown
    if style == "json":
        assert json.loads(shown)["verdict"] == "update in place"


@pytest.mark.parametrize("status", ["running", "RUNNING", "Running"])
def test_statuses_in_any_case(desk: Desk, status: str) -> None:
    bring_to(desk)
    assert "fraud" in desk.ok("list", "--status", status, "--type", "shadowmode", "--sort-by", "name").stdout
    desk.ok("watch", "fraud", "--until", status)


def test_filters_take_relative_and_plain_times(desk: Desk) -> None:
    bring_to(desk)
    for option, text, is_there in (
        ("--created-after", "-7d", True),
        ("--created-after", "+1h", False),
        ("--created-before", "2020-01-01", False),
        ("--modified-after", "2020-01-01T10:00", True),
        ("--modified-before", "+1d", True),
    ):
        assert ("fraud" in desk.ok("list", option, text).stdout) is is_there, (option, text)


NOW = datetime.now(UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-01", "2026-01-01T00:00:00Z"),
        ("2026-01-01T10:00", "2026-01-01T10:00:00Z"),
        ("2026-01-01 10:00", "2026-01-01T10:00:00Z"),
        ("2026-01-01T10:00:00+02:00", "2026-01-01T08:00:00Z"),
        (" 2026-01-01T10:00:00Z ", "2026-01-01T10:00:00Z"),
        ("1767261600", "2026-01-01T10:00:00Z"),
        ("1767261600.25", "2026-01-01T10:00:00Z"),
    ],
)
def test_times_as_users_write_them(text: str, expected: str) -> None:
    assert timestamp(option_moment(text, "--x")) == expected


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("now", timedelta(0)),
        ("NOW", timedelta(0)),
        ("+3d", timedelta(days=3)),
        ("-7D", timedelta(days=-7)),
        ("+1w2d", timedelta(days=9)),
        ("-90m", timedelta(minutes=-90)),
        ("+1h30m15s", timedelta(hours=1, minutes=30, seconds=15)),
    ],
)
def test_relative_times(text: str, span: timedelta) -> None:
    before = datetime.now(UTC)
    assert before <= option_moment(text, "--x") - span <= datetime.now(UTC)


@pytest.mark.parametrize(
    "text", ["", "3d", "+3", "+d", "+3y", "tomorrow", "2026-13-01", "2026-1-1", "+999999999w", "0001-01-01T00:00+14:00"]
)
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(UsageError, match="ISO 8601"):
        option_moment(text, "--x")


@given(st.text(max_size=30))
def test_no_text_crashes_the_reader_of_times(text: str) -> None:
    moment = parse_moment(text)
    assert moment is None or moment.tzinfo is not None


@given(st.text(max_size=40), st.none() | st.text(max_size=20))
def test_no_path_crashes_an_edit(path: str, text: str | None) -> None:
    """A path is applied, or refused as wrong usage; nothing else that the properties have is touched."""
    try:
        changed, where = apply_edit(properties(), Edit("--set", path, text))
    except UsageError:
        return
    kept = {key: value for key, value in properties().items() if key != where[0]}
    assert kept.items() <= changed.items()


def test_without_options_there_are_no_edits() -> None:
    assert EditOptions().edits() == []
