"""--parameter and --parameter-file: each form of a file, and one line for each mistake."""

import json
from typing import Any

import pytest
from desk import Desk
from desk_files import properties, sampling

CFN = [{"ParameterKey": "Sampling", "ParameterValue": "50"}, {"ParameterKey": "Old", "UsePreviousValue": True}]
TOML = """\
version = 0.1
[default.deploy.parameters]
parameter_overrides = {overrides}
[prod.global.parameters]
parameter_overrides = "Sampling=70"
"""


def template(**parameter: Any) -> str:
    """Return a template whose SamplingPercentage is a parameter."""
    shadow = {"ShadowModelVariantName": "shadow", "SamplingPercentage": {"Ref": "Sampling"}}
    mode = {"SourceModelVariantName": "production", "ShadowModelVariants": [shadow]}
    resource = {
        "Type": "AWS::SageMaker::InferenceExperiment",
        "Properties": properties(ShadowModeConfig=mode),
    }
    parameters = {
        "Sampling": {"Type": "Number", "Default": 110, **parameter},
        "Old": {"Type": "String", "Default": "o"},
    }
    return json.dumps({"Parameters": parameters, "Resources": {"Shadow": resource}})


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("p.json", json.dumps(CFN)),
        ("p.yaml", "- ParameterKey: Sampling\n  ParameterValue: 50\n"),
        ("p.json", '["Sampling=50", "Old=a b"]'),
        ("p.json", '{"Parameters": {"Sampling": "50", "Old": {"Fn::GetArtifactAtt": ["a", "b"]}}}'),
        ("samconfig.toml", TOML.format(overrides='"Sampling=50 Old=\\"a b\\""')),
        ("samconfig.toml", TOML.format(overrides='["Sampling=50", "Old=a b"]')),
        ("samconfig.toml", TOML.format(overrides='"ParameterKey=Sampling,ParameterValue=50"')),
        ("samconfig.toml", TOML.format(overrides="{ Sampling = 50 }")),
        ("samconfig.yaml", "default: {deploy: {parameters: {parameter_overrides: [Sampling=50]}}}"),
    ],
)
@pytest.mark.parametrize("command", ["validate", "plan"])
def test_every_form_of_a_file_is_read(desk: Desk, command: str, name: str, content: str) -> None:
    desk.write("t.json", template())
    assert desk.run(command, "t.json").returncode == 1

    desk.ok(command, "t.json", "--parameter-file", desk.write(name, content))


def test_environments_and_the_command_line_come_first(desk: Desk) -> None:
    desk.write("t.json", template())
    desk.write("samconfig.toml", TOML.format(overrides='"Sampling=120"'))

    assert "120 is more than 100" in desk.run("validate", "t.json", "--parameter-file", "samconfig.toml").stdout
    desk.ok("validate", "t.json", "--parameter-file", "samconfig.toml:prod")
    desk.ok("validate", "t.json", "--parameter-file", "samconfig.toml", "--parameter", "Sampling=5")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("p.json", "[", "p.json:1: is not valid JSON"),
        ("p.json", "[3]", "p.json: has no parameters; write a list of"),
        ("p.json", "{}", "p.json: has no parameters"),
        ("p.yaml", "3", "p.yaml: has no parameters"),
        ("p.toml", "a = ", "p.toml: is not valid TOML"),
        ("p.toml", "a = 1", "p.toml: has no parameters"),
        ("p.toml", TOML.format(overrides='"Sampling"'), "parameter_overrides Sampling: write it as NAME=VALUE"),
        ("p.toml", TOML.format(overrides='"Sampling=\'"'), "No closing quotation"),
        ("p.json", '["Samplin=5"]', "--parameter Samplin: the template has no such parameter; did you mean Sampling?"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_line(desk: Desk, name: str, content: str, words: str) -> None:
    desk.write("t.json", template())
    assert words in desk.refused(2, "validate", "t.json", "--parameter-file", desk.write(name, content))


def test_an_environment_that_is_not_there_and_a_missing_file_are_one_line(desk: Desk) -> None:
    desk.write("t.json", template())
    desk.write("samconfig.toml", TOML.format(overrides='"Sampling=1"'))
    assert "has no parameters for test" in desk.refused(
        2, "validate", "t.json", "--parameter-file", "samconfig.toml:test"
    )
    assert desk.refused(2, "plan", "t.json", "--parameter-file", "no.json") == "no.json: no such file"


@pytest.mark.parametrize("command", ["validate", "plan"])
@pytest.mark.parametrize(
    ("constraints", "value", "words"),
    [
        ({}, "Samplin=1", "--parameter Samplin: the template has no such parameter; did you mean Sampling?"),
        ({"AllowedValues": [10, 20]}, "Sampling=30", '--parameter Sampling: "30" is not one of 10, 20'),
        ({"MaxValue": 10}, "Sampling=30", '--parameter Sampling: "30" is more than 10'),
        ({}, "Sampling", "--parameter Sampling: write it as NAME=VALUE"),
    ],
)
def test_a_wrong_parameter_is_one_line(desk: Desk, command: str, constraints: Any, value: str, words: str) -> None:
    desk.write("t.json", template(**constraints))
    assert desk.refused(2, command, "t.json", "--parameter", value) == words


def test_with_several_files_a_parameter_need_not_be_one_of_each(desk: Desk) -> None:
    desk.write("t.json", template())
    desk.write("p.json", properties())
    desk.ok("validate", "t.json", "p.json", "--parameter", "Sampling=5")
    assert "--parameter X: the template has no such" in desk.refused(
        2, "validate", "p.json", "p.json", "--parameter=X=5"
    )
    desk.write("other.json", template().replace('"Sampling"', '"Rate"'))
    given = ("Sampling=5", "Rate=5", "AWS::Region=eu-west-1")
    desk.ok("validate", "t.json", "other.json", *(word for each in given for word in ("--parameter", each)))
    desk.write("list.json", {**json.loads(template()), "Parameters": []})
    assert "--parameter X: the template has no such parameter; it has none" in desk.refused(
        2, "validate", "list.json", "list.json", "--parameter", "X=5"
    )


@pytest.mark.parametrize("others", [("p.json",), ("t.json",), ("t.json", "p.json")])
def test_with_several_files_a_parameter_is_one_of_some_file(desk: Desk, others: tuple[str, ...]) -> None:
    desk.write("t.json", template(Default=5))
    desk.write("p.json", properties())
    assert desk.refused(2, "validate", *others, "t.json", "--parameter", "Samplin=5") == (
        "--parameter Samplin: the template has no such parameter; did you mean Sampling?"
    )


def test_the_value_of_a_secret_is_never_printed(desk: Desk) -> None:
    desk.write("t.json", template(NoEcho=True))
    for command in ("validate", "plan"):
        answer = desk.run(command, "t.json", "--parameter", "Sampling=987654")
        assert "987654" not in answer.stdout + answer.stderr


def test_a_plan_names_the_conditions_that_it_assumes(desk: Desk) -> None:
    made = json.loads(template(Default=50))
    made["Conditions"] = {"IsProd": {"Fn::Equals": [{"Ref": "AWS::AccountId"}, "111122223333"]}}
    made["Resources"]["Shadow"]["Properties"]["Description"] = {"Fn::If": ["IsProd", "production", "test"]}
    desk.write("t.json", made)

    answer = desk.ok("plan", "t.json")

    assert "Description: test" in answer.stdout
    assert "assumed, as no parameter decides it: IsProd is false" in answer.stderr
    assert "Description: production" in desk.ok("plan", "t.json", "--parameter", "AWS::AccountId=111122223333").stdout
    assert "!If" in desk.refused(2, "create", "-f", "t.json", "--dry-run")


def test_an_experiment_whose_condition_does_not_hold_is_not_planned(desk: Desk) -> None:
    made = json.loads(template(Default=50))
    made["Conditions"] = {"Never": {"Fn::Equals": ["a", "b"]}}
    made["Resources"]["Shadow"]["Condition"] = "Never"
    desk.write("t.json", made)

    desk.ok("validate", "t.json")
    assert "Resources/Shadow: its Condition does not hold" in desk.refused(2, "plan", "t.json")


def test_loops_of_language_extensions_are_expanded(desk: Desk) -> None:
    made = json.loads(template(Default=110))
    loop = ["Name", ["a", "b"], {"Shadow${Name}": made["Resources"]["Shadow"]}]
    made |= {"Transform": "AWS::LanguageExtensions", "Resources": {"Fn::ForEach::Shadows": loop}}
    desk.write("t.json", made)

    rows = desk.run("validate", "t.json", "--format", "json").data()

    assert [row["experiment"] for row in rows] == ["Shadowa", "Shadowb"]


@pytest.mark.parametrize("command", ["validate", "plan", "create"])
def test_a_parameter_that_a_file_without_parameters_does_not_use_is_refused(desk: Desk, command: str) -> None:
    """Bare properties have no Parameters; a Ref in them is one all the same."""
    name = desk.write("bare.json", properties(ShadowModeConfig=sampling({"Ref": "Share"})))
    arguments = ("-f", name, "--dry-run") if command == "create" else (name,)
    desk.ok(command, *arguments, "--parameter", "Share=5")
    words = desk.refused(2, command, *arguments, "--parameter", "Shar=5")
    assert words == "--parameter Shar: bare.json does not use it; did you mean Share?"
    words = desk.refused(2, command, *arguments, "--parameter", "Other=5")
    assert words == "--parameter Other: bare.json does not use it; it is not a template and has no such Ref"
