"""create, update, start, stop and delete: by the function's lifecycle, after a simulated, on what is ours to change."""

from pathlib import Path
from typing import Any

import pytest
from desk import EXAMPLE, STACK_TAG, Desk, steady
from desk_files import QUICK, bring_to, properties, sampling, variant
from syrupy.assertion import SnapshotAssertion

from inference_experiment import contract

CUSTOM = "Custom::SageMakerInferenceExperiment"
NATIVE = "AWS::SageMaker::InferenceExperiment"


def tags(desk: Desk) -> dict[str, str]:
    client = desk.sagemaker.client()
    arn = client.describe_inference_experiment(Name="fraud")["Arn"]
    return {tag["Key"]: tag["Value"] for tag in client.list_tags(ResourceArn=arn)["Tags"]}


def test_a_whole_life(desk: Desk) -> None:
    """Created on a schedule, started early, edited, promoted, deleted."""
    schedule = {"StartTime": "2030-01-31T08:00:00Z", "EndTime": "2030-02-01T08:00:00Z"}
    desk.write("p.json", properties(Schedule=schedule))
    assert "fraud is Created" in desk.ok("create", "-f", "p.json", *QUICK).stderr
    assert "fraud is Running" in desk.ok("start", "fraud", *QUICK).stderr
    desk.write(
        "patch.json",
        [{"op": "replace", "path": "/ShadowModeConfig/ShadowModelVariants/0/SamplingPercentage", "value": 50}],
    )
    desk.ok("update", "fraud", "--patch", "patch.json", *QUICK)
    desk.ok("stop", "fraud", "--promote", "--reason", "2 % faster", "--yes", *QUICK)
    assert {name: one.role for name, one in desk.sagemaker.endpoint_variants("endpoint").items()} == {
        "shadow": "production"
    }
    assert desk.ok("get", "fraud", "--format", "json").data()["StatusReason"] == "2 % faster"
    assert "fraud is Absent" in desk.ok("delete", "fraud", "--yes", *QUICK).stderr
    assert desk.changes() == [f"{verb}InferenceExperiment" for verb in ("Create", "Start", "Update", "Stop", "Delete")]


def test_create_tells_what_it_does_and_leaves_its_mark(desk: Desk) -> None:
    desk.sagemaker.durations.update(Starting=1)
    answer = desk.ok("create", "-f", desk.write("p.json", properties()), *QUICK)
    assert "call    CreateInferenceExperiment" in answer.stderr
    assert "status  Running" in answer.stderr
    assert tags(desk)[contract.OWNER_TAG].startswith("command-line/fraud/")
    assert answer.stdout.splitlines()[-1].split() == ["Arn", desk.ok("get", "fraud", "--format", "json").data()["Arn"]]


def test_create_from_a_template_with_another_name(desk: Desk) -> None:
    resource = {
        "Type": NATIVE,
        "Properties": properties(Name={"Ref": "Name"}, ShadowModeConfig=sampling({"Ref": "Share"})),
    }
    parameters = {"Name": {"Type": "String"}, "Share": {"Type": "Number", "Default": "20"}}
    desk.write("t.json", {"Parameters": parameters, "Resources": {"Shadow": resource}})
    assert "Name: !Ref Name is resolved at deployment" in desk.refused(2, "create", "-f", "t.json")
    desk.ok("create", "-f", "t.json", "--name", "fraud", *QUICK)
    shown = desk.ok("get", "fraud", "--format", "json").data()
    assert shown["ShadowModeConfig"] == sampling(20)


def test_a_service_token_that_is_not_known_does_not_matter(desk: Desk) -> None:
    values = {"ServiceToken": {"Fn::ImportValue": "x"}, "ServiceTimeout": 60, **properties()}
    desk.write("t.json", {"Resources": {"Shadow": {"Type": CUSTOM, "Properties": values}}})
    assert "CreateInferenceExperiment" in desk.ok("create", "-f", "t.json", "--dry-run").stdout


@pytest.mark.parametrize(
    ("arguments", "snapshot_name"),
    [
        (("create", "-f", "new.json"), "create"),
        (("update", "fraud", "--patch", "patch.json"), "update"),
        (("stop", "fraud", "--promote"), "stop-promote"),
        (("stop", "fraud", "--retain", "--cancel"), "stop-retain"),
        (("delete", "fraud"), "delete"),
    ],
)
def test_dry_run_shows_the_calls_and_makes_none(
    desk: Desk, arguments: tuple[str, ...], snapshot_name: str, snapshot: SnapshotAssertion
) -> None:
    bring_to(desk, Tags=[STACK_TAG, {"Key": "team", "Value": "ml"}])
    desk.write("new.json", properties(Name="fraud-2", EndpointName="other"))
    desk.write("patch.json", [{"op": "add", "path": "/Description", "value": "x"}, {"op": "remove", "path": "/Tags"}])
    assert steady(desk.ok(*arguments, "--dry-run").stdout) == snapshot(name=snapshot_name)
    assert desk.changes() == []


@pytest.mark.parametrize(
    ("arguments", "endpoint", "production"),
    [
        (("create", "-f", "new.json"), "other", "what it runs now -> production (model-1, 2 x ml.m5.xlarge), as the"),
        (("update", "fraud", "--patch", "patch.json"), "endpoint", "unchanged"),
        (("stop", "fraud"), "endpoint", "unchanged; it keeps its instances"),
        (("stop", "fraud", "--retain"), "endpoint", "unchanged"),
        (
            ("stop", "fraud", "--promote"),
            "endpoint",
            "production (model-1, 1 x ml.m5.xlarge) -> shadow (model-2, 1 x ml.m5.xlarge)",
        ),
        (("delete", "fraud"), "endpoint", "unchanged"),
    ],
)
def test_dry_run_shows_what_serves_production_and_what_is_billed(
    desk: Desk, arguments: tuple[str, ...], endpoint: str, production: str
) -> None:
    """Promise: the endpoint then runs exactly what the dry run lists."""
    bring_to(desk)
    desk.sagemaker.add_endpoint("other", "production", "model-1")
    variants = [variant("production", "model-1", 2), variant("shadow", "model-2")]
    desk.write("new.json", properties(Name="fraud-2", EndpointName="other", ModelVariants=variants))
    desk.write("patch.json", [{"op": "add", "path": "/Description", "value": "x"}])
    lines = dict(line.split(": ", 1) for line in desk.ok(*arguments, "--dry-run").stdout.splitlines()[1:3])
    desk.ok(*arguments, *(() if arguments[0] in ("create", "update") else ("--yes",)), *QUICK)
    billed = [
        f"{endpoint}: {name} ({each.model_name}, {each.instance_count} x {each.instance_type})"
        for name, each in desk.sagemaker.endpoint_variants(endpoint).items()
    ]

    assert lines["production"].removeprefix(f"{endpoint}: ").startswith(production)
    assert lines["billed"] == "; ".join(billed)


def test_dry_run_of_a_start(desk: Desk) -> None:
    bring_to(desk, "Created")
    assert "1. StartInferenceExperiment" in desk.ok("start", "fraud", "--dry-run").stdout
    assert desk.changes() == []


@pytest.mark.parametrize(
    "operations",
    [
        [{"op": "add", "path": "/Description", "value": "x"}],
        [{"op": "add", "path": "/Tags/-", "value": {"Key": "a", "Value": "b"}}],
        [{"op": "replace", "path": "/DesiredState", "value": "Completed"}],
        [
            {"op": "test", "path": "/Name", "value": "fraud"},
            {"op": "copy", "from": "/Name", "path": "/Description"},
            {"op": "add", "path": "/DesiredState", "value": "Cancelled"},
            {"op": "add", "path": "/ModelVariantActions", "value": {"shadow": "Promote", "production": "Remove"}},
        ],
    ],
)
def test_what_was_planned_is_what_is_called(desk: Desk, operations: list[dict[str, Any]]) -> None:
    """The simulation and the operation go through the same lifecycle: the same calls in the same order."""
    bring_to(desk)
    desk.write("patch.json", operations)
    planned = desk.ok("update", "fraud", "--patch", "patch.json", "--dry-run").stdout
    desk.ok("update", "fraud", "--patch", "patch.json", "--yes", *QUICK)
    expected = [line.split()[1] for line in planned.splitlines() if line[:1].isdigit()]
    assert desk.changes() == expected
    assert expected


def test_update_by_a_file_keeps_the_name_and_the_tags(desk: Desk) -> None:
    bring_to(desk)
    desk.write("p.json", properties(Name=None, Tags=None, Description="new"))
    desk.ok("update", "fraud", "-f", "p.json", *QUICK)
    assert desk.changes() == ["UpdateInferenceExperiment"]
    assert tags(desk) == {"team": "ml"}


@pytest.mark.parametrize("key", sorted(contract.create_only()))
def test_create_only_properties_are_refused_with_the_reason(desk: Desk, key: str) -> None:
    bring_to(desk)
    desk.write(
        "patch.json",
        [{"op": "add", "path": "/Description", "value": "x"}, {"op": "add", "path": f"/{key}", "value": "other"}],
    )
    words = desk.refused(1, "update", "fraud", "--patch", "patch.json")
    assert words.startswith(f"patch.json:7: {key}: ")
    assert f"UpdateInferenceExperiment has no {key}; create another experiment under a new Name" in words
    assert desk.changes() == []


@pytest.mark.parametrize("key", ["EndpointName", "KmsKey", "Name"])
def test_create_only_properties_of_a_file_are_refused_at_their_line(desk: Desk, key: str) -> None:
    bring_to(desk)
    desk.write("p.yaml", {"Resources": {"A": {"Type": NATIVE, "Properties": properties(**{key: "other"})}}})
    words = desk.refused(1, "update", "fraud", "-f", "p.yaml")
    assert f"UpdateInferenceExperiment has no {key}" in words
    assert words.split(":")[1] == str(
        1 + next(i for i, line in enumerate(Path("p.yaml").read_text().splitlines()) if f'"{key}": "other"' in line)
    )


@pytest.mark.parametrize(
    ("patch", "code", "words"),
    [
        ([{"op": "replace", "path": "/Nothing", "value": 1}], 2, "patch.json:2: 0: cannot be applied"),
        ([{"op": "test", "path": "/Name", "value": "x"}], 1, "fail the test of /Name"),
        ([{"op": "jump", "path": "/Name"}], 2, "cannot be applied"),
        ([{"path": "/Name"}], 2, "cannot be applied"),
        (["x"], 2, "patch.json:2: 0: cannot be applied"),
        ("{", 2, "is not valid JSON"),
        ([{"op": "add", "path": "Name", "value": 1}], 2, "cannot be applied"),
        ([{"op": "replace", "path": "", "value": 1}], 2, "not a mapping"),
        ([{"op": "add", "path": "/Descripton", "value": "x"}], 1, "is not a property; did you mean Description?"),
        (
            [{"op": "add", "path": "/ShadowModeConfig/ShadowModelVariants/0/SamplingPercentage", "value": 200}],
            1,
            "200 is more than 100",
        ),
    ],
)
def test_a_patch_that_cannot_be_applied_is_one_line(desk: Desk, patch: Any, code: int, words: str) -> None:
    bring_to(desk)
    assert words in desk.refused(code, "update", "fraud", "--patch", desk.write("patch.json", patch))
    assert desk.changes() == []


def test_what_cannot_be_done_now_changes_nothing(desk: Desk) -> None:
    bring_to(desk)
    other = [variant("production", "model-1"), variant("shadow", "model-1")]
    desk.write(
        "patch.json",
        [{"op": "add", "path": "/Description", "value": "x"}, {"op": "add", "path": "/ModelVariants", "value": other}],
    )
    assert "ModelVariants cannot change while experiment fraud is Running" in desk.refused(
        1, "update", "fraud", "--patch", "patch.json"
    )
    assert desk.changes() == []


@pytest.mark.parametrize(
    ("actions", "roles"),
    [
        ("--promote", {"shadow": "production"}),
        ("--retain", {"production": "production", "shadow": "shadow"}),
        ("--remove", {"production": "production"}),
    ],
)
def test_stop_does_with_the_variants_what_was_asked(desk: Desk, actions: str, roles: dict[str, str]) -> None:
    bring_to(desk)
    desk.ok("stop", "fraud", actions, "--yes", *QUICK)
    assert {name: one.role for name, one in desk.sagemaker.endpoint_variants("endpoint").items()} == roles


def test_stop_as_cancelled(desk: Desk) -> None:
    bring_to(desk)
    assert "fraud is Cancelled" in desk.ok("stop", "fraud", "--cancel", "--yes", *QUICK).stderr


@pytest.mark.parametrize(
    "arguments", [("stop", "fraud"), ("delete", "fraud"), ("update", "fraud", "--patch", "patch.json")]
)
def test_nothing_that_runs_is_ended_without_a_word(desk: Desk, arguments: tuple[str, ...]) -> None:
    bring_to(desk)
    desk.write("patch.json", [{"op": "add", "path": "/DesiredState", "value": "Completed"}])
    assert "pass --yes" in desk.refused(2, *arguments)
    assert desk.changes() == []


def test_delete_of_what_runs_stops_it_first(desk: Desk) -> None:
    bring_to(desk)
    desk.ok("delete", "fraud", "--yes", *QUICK)
    assert desk.changes() == ["StopInferenceExperiment", "DeleteInferenceExperiment"]
    assert list(desk.sagemaker.endpoint_variants("endpoint")) == ["production"]


@pytest.mark.parametrize("verb", ["start", "stop", "delete", "update"])
def test_an_experiment_of_a_stack_needs_force(desk: Desk, verb: str) -> None:
    bring_to(desk, Tags=[STACK_TAG])
    desk.write("patch.json", [{"op": "add", "path": "/Description", "value": "x"}])
    more = ("--patch", "patch.json") if verb == "update" else ()
    words = desk.refused(1, verb, "fraud", *more)
    assert "belongs to resource Shadow of the stack with id 0f9c8a1e-0000-4000-8000-000000000001" in words
    desk.stacks.owners["fraud"] = ("shop", "Shadow", CUSTOM)
    assert "belongs to resource Shadow of stack shop; update it through its stack" in desk.refused(
        1, verb, "fraud", *more
    )
    assert desk.changes() == []
    yes = ("--yes",) if verb in ("stop", "delete") else ()
    answer = desk.ok(verb, "fraud", *more, "--force", *yes, *QUICK)
    assert "resource Shadow of stack shop; the stack will drift" in answer.stderr
    if verb != "delete":
        assert tags(desk) == {STACK_TAG["Key"]: STACK_TAG["Value"]}


def test_the_native_type_leaves_no_tag_so_cloudformation_is_asked(desk: Desk) -> None:
    bring_to(desk)
    desk.stacks.owners["fraud"] = ("shop", "Native", NATIVE)
    assert "resource Native of stack shop" in desk.refused(1, "delete", "fraud", "--yes")
    desk.stacks.owners["fraud"] = ("shop", "Bucket", "AWS::S3::Bucket")
    desk.ok("delete", "fraud", "--yes", *QUICK)


def test_where_cloudformation_cannot_be_asked_force_is_needed(desk: Desk) -> None:
    bring_to(desk)
    desk.stacks.refuses = True
    assert "possibly a stack: DescribeStackResources failed (AccessDenied)" in desk.refused(1, "stop", "fraud", "--yes")
    desk.settings["AWS_ENDPOINT_URL_CLOUDFORMATION"] = "http://127.0.0.1:9"
    assert "DescribeStackResources failed" in desk.refused(1, "stop", "fraud", "--yes")
    desk.ok("stop", "fraud", "--yes", "--force", *QUICK)


def test_what_this_command_made_is_changed_without_asking_cloudformation(desk: Desk) -> None:
    desk.ok("create", "-f", desk.write("p.json", properties()), *QUICK)
    desk.stacks.refuses = True
    desk.ok("stop", "fraud", "--yes", *QUICK)
    assert desk.sagemaker.status("fraud") == "Completed"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("create", "-f", "p.json"), 1, "Experiment fraud exists and belongs to another owner"),
        (("create", "-f", "nameless.json"), 2, "nameless.json:1: Name: is required here"),
        (("create", "-f", "broken.json"), 1, "broken.json:3: Type: 'Odd' must be one of ShadowMode (and 2 more"),
        (("create", "-f", "ended.json"), 1, "not possible at creation"),
        (("create", "-f", str(EXAMPLE)), 2, "is resolved at deployment"),
        (("create", "-f", "elsewhere.json", *QUICK), 4, 'Could not find endpoint "elsewhere"'),
        (("update", "fraud"), 2, "pass --patch FILE or -f FILE"),
        (("update", "missing", "--patch", "p.json"), 1, "no experiment missing"),
        (("start", "missing"), 1, "no experiment missing"),
        (("stop", "fraud", "--promote", "--remove"), 2, "pass --promote, --retain or --remove, not several"),
        (("delete", "missing"), 1, "no experiment missing"),
    ],
)
def test_refusals(desk: Desk, arguments: tuple[str, ...], code: int, words: str) -> None:
    bring_to(desk)
    desk.write("p.json", properties())
    desk.write("nameless.json", properties(Name=None))
    desk.write("broken.json", properties(Type="Odd", RoleArn="x"))
    desk.write("ended.json", properties(Name="new", DesiredState="Completed"))
    desk.write("elsewhere.json", properties(Name="new", EndpointName="elsewhere"))
    assert words in desk.refused(code, *arguments)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("start", "fraud"), "fraud is Completed and cannot be started again"),
        (("stop", "fraud", "--promote", "--yes"), "ended before this update"),
    ],
)
def test_what_has_ended_stays_ended(desk: Desk, arguments: tuple[str, ...], words: str) -> None:
    bring_to(desk, "Completed")
    assert words in desk.refused(1, *arguments)


@pytest.mark.parametrize("status", ["Completed", "Cancelled"])
def test_of_what_has_ended_the_tags_can_change_and_nothing_else(desk: Desk, status: str) -> None:
    bring_to(desk, status)
    desk.write("tags.json", [{"op": "replace", "path": "/Tags/0/Value", "value": "ops"}])
    desk.ok("update", "fraud", "--patch", "tags.json", *QUICK)
    assert (desk.changes(), tags(desk)) == (["AddTags"], {"team": "ops"})
    desk.write("text.json", [{"op": "add", "path": "/Description", "value": "x"}])
    assert "a new Name starts a new test" in desk.refused(1, "update", "fraud", "--patch", "text.json")


def test_a_creation_that_is_cancelled_says_why_and_what_is_left(desk: Desk) -> None:
    desk.sagemaker.hold("fraud", ["Creating"])

    def fail(call: Any) -> None:
        if call.operation == "CreateInferenceExperiment":
            desk.sagemaker.on_call = None
            desk.sagemaker.end_in_cancelled("fraud", "no capacity")
            desk.sagemaker.release("fraud")

    desk.sagemaker.on_call = fail
    words = desk.refused(1, "create", "-f", desk.write("p.json", properties()), *QUICK)
    assert words.startswith("Experiment fraud was cancelled: no capacity")
    assert words.endswith("remove it with inference-experiment delete fraud")


def test_waiting_ends_with_the_timeout(desk: Desk) -> None:
    desk.sagemaker.hold("fraud", ["Creating"])
    words = desk.refused(1, "create", "-f", desk.write("p.json", properties()), "--timeout", "1", *QUICK)
    assert "Experiment fraud was Creating" in words
    assert "when --timeout expired; continue with inference-experiment watch" in words
    assert "CloudFormation" not in words


def test_a_call_that_aws_refuses_names_the_permission(desk: Desk) -> None:
    desk.sagemaker.fail_next("CreateInferenceExperiment", "AccessDeniedException")
    words = desk.refused(4, "create", "-f", desk.write("p.json", properties()), *QUICK)
    assert "your credentials do not allow" in words
    assert "CreateInferenceExperiment" in words
