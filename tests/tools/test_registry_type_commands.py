"""The registry type in the commands that read templates, under its usual name or another."""

from typing import Any, get_args

import pytest
from desk import Desk, steady
from desk_files import QUICK, bring_to, properties, sampling

from inference_experiment import contract
from inference_experiment_cli.convert.target import Target, type_of
from inference_experiment_cli.operate.ownership import _may_be_experiment
from inference_experiment_cli.options import RegistryTypes
from shadow_test_policies.experiment import EXPERIMENT_TYPES
from shadow_test_policies.registry_type import REGISTRY_TYPE

OTHER = "Acme::ML::ShadowTest"
NAMED = ("--registry-type", OTHER)
TOKEN = "arn:aws:lambda:us-east-1:123456789012:function:provider"


def template(kind: str = REGISTRY_TYPE, **changes: Any) -> dict[str, Any]:
    return {"Resources": {"Shadow": {"Type": kind, "Properties": properties(**changes)}}}


def actions(made: Any) -> set[str]:
    return {one["action"] for one in made["permissions"]}


def test_the_types_are_the_same_everywhere() -> None:
    assert {type_of(target) for target in Target} == EXPERIMENT_TYPES
    assert all(map(_may_be_experiment, EXPERIMENT_TYPES))
    option = get_args(RegistryTypes)[1]
    assert option.help.startswith(f"Another name of the registry type {REGISTRY_TYPE}.")


def test_validate_takes_what_the_custom_type_takes_without_its_provider(desk: Desk) -> None:
    file = desk.write("t.json", template(ModelVariantActions={"production": "Retain", "shadow": "Remove"}, Name=None))
    desk.ok("validate", file)
    desk.write("t.json", template(ServiceToken=TOKEN, ModelVariantActions={"production": "Retain", "other": "Remove"}))
    rows = desk.run("validate", file, "--format", "json").data()
    assert {(one["path"], one["finding"].partition(";")[0]) for one in rows} == {
        ("ServiceToken", "is a property of custom resources only"),
        ("ModelVariantActions/other", "'other' is not a VariantName of ModelVariants ('production', 'shadow')"),
    }
    assert "E3002" in desk.run("lint", file).stdout


def test_one_resource_alone_is_read_too(desk: Desk) -> None:
    desk.ok("validate", desk.write("r.json", template()["Resources"]["Shadow"]))
    alone = desk.write("r.json", template(OTHER)["Resources"]["Shadow"])
    desk.ok("validate", alone, *NAMED)


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ("validate", "t.json"),
        ("plan", "t.json"),
        ("plan", "t.json", "--previous", "t.json"),
        ("create", "-f", "t.json", "--dry-run"),
        ("update", "fraud", "-f", "t.json", "--dry-run"),
        ("lint", "t.json"),
        ("policy", "check", "t.json", "--for", "experiment"),
        ("policy", "diff", "t.json", "--for", "experiment", "--unknown", "ignore"),
    ],
    ids=" ".join,
)
def test_every_command_knows_the_usual_name_and_another_one_by_the_option(
    desk: Desk, arguments: tuple[str, ...]
) -> None:
    bring_to(desk)
    if arguments[0] == "create":
        desk.ok("delete", "fraud", "--yes", *QUICK)
    desk.write("t.json", template())
    usual = desk.run(*arguments)
    desk.write("t.json", template(OTHER))
    unknown = desk.run(*arguments)
    named = desk.run(*arguments, *NAMED)
    assert (named.returncode, steady(named.stdout)) == (0, steady(usual.stdout.replace(REGISTRY_TYPE, OTHER)))
    assert usual.returncode == 0
    assert unknown.returncode == 2


def test_a_type_that_is_not_known_is_named_with_the_option(desk: Desk) -> None:
    file = desk.write("t.json", template(OTHER))
    assert f"(is {OTHER} the registry type? --registry-type {OTHER})" in desk.refused(2, "validate", file)
    assert "--registry-type" not in desk.refused(2, "validate", desk.write("t.json", template("AWS::S3::Bucket")))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ShadowTest", "write Organization::Service::Resource"),
        ("Acme::ML::Shadow-Test", "write Organization::Service::Resource"),
        ("", "is not a type name"),
        ("AWS::SageMaker::InferenceExperiment", "AWS is reserved"),
        ("Custom::A1::B2", "Custom is reserved"),
    ],
)
@pytest.mark.parametrize("command", ["validate", "lint", "plan"])
def test_what_cannot_be_the_name_of_a_private_type_is_refused(desk: Desk, command: str, name: str, words: str) -> None:
    file = desk.write("t.json", template())
    assert words in desk.refused(2, command, file, "--registry-type", name)


def test_plan_names_the_permissions_of_the_handlers(desk: Desk) -> None:
    """CloudFormation itself waits for the handlers, and a creation needs no stack."""
    file = desk.write("t.json", template())
    creation = actions(desk.ok("plan", file, "--format", "json").data())
    assert "sagemaker:CreateInferenceExperiment" in creation
    assert not {"sqs:SendMessage", "cloudformation:DescribeStacks"} & creation
    changed = desk.write("new.json", template(ShadowModeConfig=sampling(50)))
    update = actions(desk.ok("plan", changed, "--previous", file, "--format", "json").data())
    assert "sagemaker:UpdateInferenceExperiment" in update
    assert "sqs:SendMessage" not in update
    bring_to(desk)
    live = desk.ok("plan", changed, "--current", "fraud", "--format", "json").data()
    assert live["verdict"] == "update in place"
    assert actions(live) <= update | {"sagemaker:AddTags"}


def test_a_type_cannot_change_under_one_logical_id(desk: Desk) -> None:
    old, new = (
        desk.write("old.json", template(contract.CUSTOM_TYPE, ServiceToken=TOKEN)),
        desk.write("t.json", template()),
    )
    refused = desk.refused(1, "plan", new, "--previous", old)
    assert "t.json:4: Resources/Shadow/Type: CloudFormation cannot change the type of a resource" in refused
    assert f"from {contract.CUSTOM_TYPE} to {REGISTRY_TYPE}; inference-experiment convert gives it another" in refused
    renamed = desk.write("new.json", {"Resources": {"Other": template()["Resources"]["Shadow"]}})
    desk.ok("plan", renamed, "--previous", old)
    desk.ok("plan", new, "--previous", desk.write("p.json", properties()))


def test_an_experiment_of_a_private_type_belongs_to_its_stack(desk: Desk) -> None:
    bring_to(desk)
    for kind in (REGISTRY_TYPE, OTHER):
        desk.stacks.owners["fraud"] = ("shop", "Shadow", kind)
        assert "resource Shadow of stack shop" in desk.refused(1, "delete", "fraud", "--yes")


@pytest.mark.slow
def test_lint_takes_the_name_from_the_configuration_file_and_the_template(desk: Desk) -> None:
    file = desk.write("t.json", template(OTHER, EndpointName="no_endpoint"))
    options = ("--no-cache", "--format", "parseable")
    assert "E3006" in desk.run("lint", file, *options).stdout
    by_option = desk.run("lint", file, *options, *NAMED).stdout
    assert "E3031" in by_option
    assert "E3006" not in by_option
    desk.write(".cfnlintrc", f"configure_rules: {{E9501: {{registry_types: ['{OTHER}']}}}}\n")
    assert desk.run("lint", file, *options).stdout == by_option
    assert desk.run("lint", file, *options, "--only-experiments").stdout == by_option
    assert desk.run("lint", file, *options, "--registry-type", "Acme::ML::Third").stdout == by_option


@pytest.mark.slow
def test_a_cached_result_is_of_the_names_it_was_found_with(desk: Desk) -> None:
    file = desk.write("t.json", template(OTHER))
    options = ("lint", file, "--cache-dir", "cache")
    assert [desk.run(*options, *named).returncode for named in ((), NAMED, (), NAMED)] == [2, 0, 2, 0]
