"""plan: every verdict, the calls in order, the permissions, and that the function then does the same."""

from typing import Any

import pytest
from desk import EXAMPLE, Desk, steady
from desk_files import QUICK, bring_to, properties, sampling, variant
from syrupy.assertion import SnapshotAssertion

from inference_experiment import contract

PROMOTE = {"DesiredState": "Completed", "ModelVariantActions": {"production": "Remove", "shadow": "Promote"}}
SCHEDULE = {"StartTime": "2030-01-31T08:00:00Z", "EndTime": "2030-02-01T08:00:00Z"}


def plan(desk: Desk, old: dict[str, Any], new: dict[str, Any], *options: str, code: int = 0) -> Any:
    desk.write("old.json", old)
    desk.write("new.json", new)
    answer = desk.run("plan", "new.json", "--previous", "old.json", "--format", "json", *options)
    assert answer.returncode == code, answer.stderr
    return answer.data()


def calls(made: Any) -> list[str]:
    return [call["operation"] for call in made["calls"]]


@pytest.mark.parametrize("style", ["table", "json", "yaml", "csv"])
def test_stop_and_promote_in_every_format(desk: Desk, style: str, snapshot: SnapshotAssertion) -> None:
    desk.write("old.json", properties())
    desk.write("new.json", properties(**PROMOTE, StatusReason="2 % faster", ShadowModeConfig=sampling(50)))
    assert steady(desk.ok("plan", "new.json", "--previous", "old.json", "--format", style).stdout) == snapshot


@pytest.mark.parametrize(
    ("status", "change", "verdict", "expected"),
    [
        ("Running", {}, "nothing to do", []),
        ("Running", {"ShadowModeConfig": sampling(50)}, "update in place", ["UpdateInferenceExperiment"]),
        ("Running", {"Tags": [{"Key": "team", "Value": "x"}]}, "update in place", ["AddTags"]),
        ("Running", {"Tags": None}, "update in place", ["DeleteTags"]),
        ("Running", {"DesiredState": "Completed"}, "stop", ["StopInferenceExperiment"]),
        ("Running", PROMOTE, "stop and promote", ["StopInferenceExperiment"]),
        ("Created", {"DesiredState": "Running"}, "start", ["StartInferenceExperiment"]),
        (
            "Created",
            {"DesiredState": "Running", "Description": "x"},
            "update in place, then start",
            ["UpdateInferenceExperiment", "StartInferenceExperiment"],
        ),
        (
            "Created",
            {"ModelVariants": [variant("production", "model-1"), variant("shadow", "other")]},
            "update in place",
            ["UpdateInferenceExperiment"],
        ),
        (
            "Completed",
            {"Tags": [{"Key": "a", "Value": "b"}, {"Key": "team", "Value": "ml"}]},
            "update in place",
            ["AddTags"],
        ),
    ],
)
def test_what_can_be_done(desk: Desk, status: str, change: dict[str, Any], verdict: str, expected: list[str]) -> None:
    made = plan(desk, properties(), properties(**change), "--status", status)
    assert (made["verdict"], calls(made), made["possible"]) == (verdict, expected, True)


@pytest.mark.parametrize(
    ("status", "change", "words"),
    [
        (
            "Running",
            {"ModelVariants": [variant("production", "model-1"), variant("shadow", "other")]},
            "ModelVariants cannot change while",
        ),
        ("Running", {"DataStorageConfig": {"Destination": "s3://bucket"}}, "DataStorageConfig cannot change while"),
        ("Completed", {"Description": "x"}, "a new Name starts a new test"),
        ("Completed", PROMOTE, "ended before this update"),
        ("Created", {"DesiredState": "Completed"}, "has not started"),
        ("Running", {"RoleArn": "arn:aws:iam::123456789012:role/other"}, "can only be set at creation"),
        ("Running", {"Name": "fraud-2"}, "can run one at a time"),
    ],
)
def test_what_cannot_be_done_says_why_and_calls_nothing(
    desk: Desk, status: str, change: dict[str, Any], words: str
) -> None:
    made = plan(desk, properties(), properties(**change), "--status", status, code=1)
    assert (made["verdict"], made["calls"]) == ("impossible", [])
    assert words in made["reason"]


def test_blocked_property_is_told_apart_from_one_that_is_only_not_reached(desk: Desk) -> None:
    change = {"Description": "x", "DataStorageConfig": {"Destination": "s3://bucket"}}
    made = plan(desk, properties(), properties(**change), code=1)
    how = {one["path"]: one["how"] for one in made["properties"]}
    assert how == {"Description": "not reached", "DataStorageConfig/Destination": "cannot change while Running"}


def test_replacement_shows_what_the_clean_up_calls(desk: Desk) -> None:
    made = plan(desk, properties(), properties(Name="fraud-2", EndpointName="other"))
    assert (made["verdict"], calls(made)) == ("replacement", ["CreateInferenceExperiment"])
    assert [call["operation"] for call in made["afterwards"]] == [
        "StopInferenceExperiment",
        "DeleteInferenceExperiment",
    ]
    assert {one["how"] for one in made["properties"]} == {"new experiment"}


def test_replacement_without_a_name_gets_a_derived_one(desk: Desk) -> None:
    old, new = properties(Name=None), properties(Name=None, EndpointName="other")
    made = plan(desk, old, new)
    assert made["verdict"] == "replacement"
    assert made["calls"][0]["arguments"]["Name"].startswith("STACK-Experiment-")


RESIZED = [variant("production", "model-1", 3), variant("shadow", "model-2", 2)]
RETAIN = {"DesiredState": "Completed", "ModelVariantActions": {"production": "Retain", "shadow": "Retain"}}


def shown(row: Any) -> str:
    return f"{row['variant']} {row['instance_count']}" if row else ""


@pytest.mark.parametrize(
    ("status", "change", "production", "billed"),
    [
        ("Running", {}, "unchanged", ["production 1", "shadow 1"]),
        ("Running", {"DesiredState": "Completed"}, "unchanged", ["production 1"]),
        ("Running", RETAIN, "unchanged", ["production 1", "shadow 1"]),
        ("Running", PROMOTE, [("endpoint", "production 1", "shadow 1")], ["shadow 1"]),
        ("Running", {**PROMOTE, "ModelVariants": RESIZED}, [("endpoint", "production 1", "shadow 2")], ["shadow 2"]),
        ("Created", {}, "unchanged", ["production 1"]),
        ("Created", {"ModelVariants": RESIZED}, [("endpoint", "production 1", "production 3")], ["production 3"]),
        ("Created", {"DesiredState": "Running"}, "unchanged", ["production 1", "shadow 1"]),
        ("Completed", {}, "unchanged", ["production 1"]),
        (
            "Running",
            {"Description": "x", "DataStorageConfig": {"Destination": "s3://b"}},
            "unchanged",
            ["production 1", "shadow 1"],
        ),
        (
            "Running",
            {"Name": "fraud-2", "EndpointName": "other"},
            [("other", "", "production 1")],
            ["production 1", "production 1", "shadow 1"],
        ),
        ("Completed", {"Name": "fraud-2"}, "unchanged", ["production 1", "shadow 1"]),
    ],
)
def test_what_changes_for_production_and_what_is_billed(
    desk: Desk, status: str, change: dict[str, Any], production: Any, billed: list[str]
) -> None:
    desk.write("old.json", properties())
    desk.write("new.json", properties(**change))
    answer = desk.run("plan", "new.json", "--previous", "old.json", "--status", status, "--format", "json").data()
    changes = answer["production"]
    if changes != "unchanged":
        changes = [(one["endpoint"], shown(one["before"]), shown(one["after"])) for one in changes]

    assert changes == production
    assert [shown(row) for row in answer["billed"]] == billed


def test_what_an_ended_experiment_left_is_billed_on(desk: Desk) -> None:
    bring_to(desk)
    desk.ok("stop", "fraud", "--promote", "--yes", *QUICK)
    desk.write("new.json", properties(Tags=None))
    made = desk.ok("plan", "new.json", "--current", "fraud", "--format", "json").data()
    desk.write("old.json", properties(**PROMOTE))
    files = desk.ok("plan", "old.json", "--previous", "old.json", "--format", "json").data()

    assert [shown(row) for row in made["billed"]] == [shown(row) for row in files["billed"]] == ["shadow 1"]


def test_a_scheduled_creation_does_not_bill_the_shadow_variant_yet(desk: Desk) -> None:
    desk.write(
        "new.json", properties(Schedule={"StartTime": "2090-01-01T00:00:00Z", "EndTime": "2090-01-05T00:00:00Z"})
    )
    made = desk.ok("plan", "new.json", "--format", "json").data()
    assert [shown(row) for row in made["billed"]] == ["production 1"]
    assert made["production"][0]["note"] == "as the experiment's ModelVariants say"


def test_permissions_are_the_contracts(desk: Desk) -> None:
    made = plan(desk, properties(), properties(**PROMOTE))
    operations = {"DescribeInferenceExperiment", "ListTags", "StopInferenceExperiment", "SendMessage"}
    operations |= {"DescribeStacks", "DescribeStackResource"}
    expected = {one.action for operation in operations for one in contract.permissions_of(operation)}
    assert {one["action"] for one in made["permissions"]} == expected
    of_experiments = [one for one in made["permissions"] if one["action"].startswith("sagemaker:")]
    assert {one["resource"].rsplit("/", 1)[1] for one in of_experiments} == {"fraud"}


def test_criteria_of_a_promotion_are_asked_before_the_first_change(desk: Desk) -> None:
    made = plan(desk, properties(), properties(**PROMOTE, Description="x", PromotionCriteria={"MaxErrorRate": "1%"}))
    assert made["verdict"] == "check the criteria, then update in place, then stop and promote"
    assert calls(made) == ["GetMetricData", "UpdateInferenceExperiment", "StopInferenceExperiment"]
    assert "cloudwatch:GetMetricData" in {one["action"] for one in made["permissions"]}
    assert "metrics of both variants" in desk.ok("plan", "new.json", "--previous", "old.json").stdout


def test_a_promotion_by_predictions_reads_the_published_result(desk: Desk) -> None:
    criteria = {"MinAgreement": "99%", "MinAccuracyGain": "0%", "PredictionResult": "s3://results/fraud.json"}
    made = plan(desk, properties(), properties(**PROMOTE, Description="x", PromotionCriteria=criteria))

    assert calls(made) == ["GetMetricData", "GetObject", "UpdateInferenceExperiment", "StopInferenceExperiment"]
    assert made["verdict"].startswith("check the criteria, then update in place")
    resources = {one["action"]: one["resource"] for one in made["permissions"]}
    assert resources["s3:GetObject"] == "arn:${Partition}:s3:::results/fraud.json"


def test_creation_needs_no_account(desk: Desk) -> None:
    del desk.settings["AWS_ACCESS_KEY_ID"]
    desk.write("new.json", properties(DesiredState="Running", Schedule=SCHEDULE))
    made = desk.ok("plan", "new.json", "--format", "json").data()
    assert (made["status"], calls(made)) == ("Absent", ["CreateInferenceExperiment", "StartInferenceExperiment"])
    assert {
        "action": "iam:PassRole",
        "resource": properties()["RoleArn"],
        "condition": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
    } in made["permissions"]
    desk.write("ended.json", properties(DesiredState="Completed"))
    assert "not possible at creation" in desk.run("plan", "ended.json").stdout


def test_template_values_that_only_a_deployment_knows_count_as_unchanged(
    desk: Desk, snapshot: SnapshotAssertion
) -> None:
    desk.write("old.yaml", EXAMPLE.read_text())
    answer = desk.ok(
        "plan",
        "old.yaml",
        "--previous",
        "old.yaml",
        "--parameter",
        "Verdict=promote-shadow",
        "--previous-parameter",
        "Verdict=running",
    )
    assert steady(answer.stdout) == snapshot
    assert "RoleArn (!GetAtt ExperimentRole.Arn)" in answer.stderr
    replaced = desk.run(
        "plan", "old.yaml", "--previous", "old.yaml", "--parameter", "Round=2", "--previous-parameter", "Round=1"
    )
    assert "can run one at a time" in replaced.stdout


def test_against_a_live_experiment_nothing_is_changed(desk: Desk) -> None:
    bring_to(desk, Tags=[{"Key": "team", "Value": "ml"}, {"Key": "by-hand", "Value": "1"}])
    desk.write("new.json", properties(ShadowModeConfig=sampling(50)))
    made = desk.ok("plan", "new.json", "--current", "fraud", "--format", "json").data()
    assert (made["status"], calls(made)) == ("Running", ["UpdateInferenceExperiment"])
    (change,) = made["properties"]
    assert (change["before"], change["after"], change["how"]) == (10, 50, "UpdateInferenceExperiment")
    assert desk.changes() == []


def test_against_a_live_experiment_a_template_takes_its_unknown_values_from_it(desk: Desk) -> None:
    desk.write("t.yaml", EXAMPLE.read_text())
    bring_to(desk)
    assert "DataStorageConfig" in desk.run("plan", "t.yaml", "--current", "fraud", "--format", "json").data()["reason"]
    text = EXAMPLE.read_text()
    start, end = text.index("      DataStorageConfig:"), text.index("      DesiredState:")
    desk.write("t.yaml", text[:start] + text[end:])
    made = desk.ok("plan", "t.yaml", "--current", "fraud", "--format", "json").data()
    assert (made["verdict"], calls(made)) == ("update in place", ["UpdateInferenceExperiment", "AddTags"])
    assert set(made["calls"][0]["arguments"]) == {"Name", "Description"}


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("AccessDeniedException", "your credentials do not allow sagemaker:DescribeInferenceExperiment"),
        ("ExpiredTokenException", "ExpiredTokenException"),
        ("ThrottlingException", "ThrottlingException"),
        ("InternalFailure", "InternalFailure"),
    ],
)
@pytest.mark.parametrize("failing", ["fraud", "fraud-2"])
def test_a_failed_read_is_no_answer(desk: Desk, failing: str, code: str, words: str) -> None:
    """Neither of the live experiment nor of what would replace it."""
    bring_to(desk)
    desk.write("new.json", properties(Name="fraud-2", EndpointName="other"))

    def fail(*_: object) -> None:
        desk.sagemaker.on_call = None
        desk.sagemaker.fail_next("DescribeInferenceExperiment", code, times=9)

    if failing == "fraud":
        fail()
    else:
        desk.sagemaker.on_call = fail  # after the first call

    assert words in desk.refused(4, "plan", "new.json", "--current", "fraud")


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"AWS_ENDPOINT_URL_CLOUDWATCH": "http://127.0.0.1:1"}, "GetMetricData: no answer from AWS"),
        ({"AWS_ENDPOINT_URL_SAGEMAKER": "http://127.0.0.1:1"}, "DescribeInferenceExperiment: no answer from AWS"),
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "no AWS credentials"),
    ],
)
def test_aws_that_is_out_of_reach_is_no_answer(desk: Desk, setting: dict[str, str], words: str) -> None:
    bring_to(desk)
    desk.write("new.json", properties(**PROMOTE, PromotionCriteria={"MaxErrorRate": "1%"}))
    desk.settings |= setting

    assert words in desk.refused(4, "plan", "new.json", "--current", "fraud")


TRANSFORM = {"Fn::Transform": {"Name": "MyMacro", "Parameters": {"Team": "ml"}}}
WRITTEN = '!Transform {"Name": "MyMacro", "Parameters": {"Team": "ml"}}'
BRINGS = f"Properties: {WRITTEN} brings properties at deployment; write them in the file"


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"Properties": TRANSFORM}, BRINGS),
        ({"Properties": {"Name": "fraud", **TRANSFORM}}, BRINGS),
        (TRANSFORM, BRINGS),
        (
            {"Properties": properties(ModelVariants=TRANSFORM)},
            f"ModelVariants: {WRITTEN} is known at deployment only; write the value in the file",
        ),
        (
            {"Properties": properties(ModelVariants={"Fn::GetAtt": ["Other", "Variants"]})},
            "ModelVariants: !GetAtt Other.Variants is known at deployment only; write the value in the file",
        ),
        (
            {"Properties": properties(DataStorageConfig={"Fn::GetAtt": ["Other", "Storage"]})},
            "DataStorageConfig: !GetAtt Other.Storage is known at deployment only; write the value in the file",
        ),
        (
            {"Properties": properties(Tags=[{"Fn::GetAtt": ["Other", "Tag"]}])},
            "Tags/0: !GetAtt Other.Tag is known at deployment only; write the value in the file",
        ),
    ],
)
def test_properties_that_only_a_deployment_knows_decide_nothing(desk: Desk, members: Any, words: str) -> None:
    resource = {"Type": "AWS::SageMaker::InferenceExperiment", **members}
    desk.write("t.json", {"Resources": {"Shadow": resource, "Other": {"Type": "Custom::Variants"}}})

    assert desk.refused(3, "plan", "t.json").endswith(words)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("new.json", "--current", "a", "--previous", "new.json"), 2, "not both"),
        (("new.json", "--current", "missing"), 1, "no experiment missing in us-east-1"),
        (("new.json", "--previous", "new.json", "--status", "Odd"), 2, "--status Odd: choose Created, Running"),
        (("broken.json",), 1, "broken.json:"),
        (("new.json", "--previous", "broken.json"), 2, "--previous: "),
        (("two.yaml",), 2, "choose one with --logical-id"),
        (("two.yaml", "--logical-id", "C"), 2, "it has A, B"),
        (("unresolved.yaml",), 2, "pass its --parameter"),
    ],
)
def test_refusals(desk: Desk, arguments: tuple[str, ...], code: int, words: str) -> None:
    kind = "AWS::SageMaker::InferenceExperiment"
    resource = {"Type": kind, "Properties": properties()}
    desk.write("new.json", properties())
    desk.write("broken.json", properties(Type="Odd", RoleArn="x"))
    desk.write("two.yaml", {"Resources": {"A": resource, "B": resource}})
    variants = properties()["ModelVariants"]
    chosen = properties(ModelVariants={"Fn::Select": [{"Ref": "Fleet"}, [variants, variants]]})
    unresolved = {"Type": kind, "Properties": chosen}
    desk.write("unresolved.yaml", {"Parameters": {"Fleet": {"Type": "Number"}}, "Resources": {"A": unresolved}})
    assert words in desk.refused(code, "plan", *arguments)
