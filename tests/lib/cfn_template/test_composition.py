"""What is read of nested stacks, and how their templates become one with the parent's."""

import os
from pathlib import Path
from typing import Any

import pytest

from cfn_template.documents import parse
from cfn_template.nested import MAXIMUM_BYTES, MAXIMUM_DEPTH, MAXIMUM_STACKS, compose

CHILD = """
Parameters:
  Name: {Type: String, Default: usual}
  Names: {Type: CommaDelimitedList, Default: "a, b"}
  Secret: {Type: String, NoEcho: true}
Conditions: {IsUsual: !Equals [!Ref Name, usual]}
Mappings: {Sizes: {small: {Count: 1}}}
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Condition: IsUsual
    Properties:
      QueueName: !Sub "${Name}-${AWS::StackName}-${AWS::Region}"
      Tags: !Ref Names
      Count: !FindInMap [Sizes, small, Count]
      Other: !If [IsUsual, !GetAtt Topic.TopicName, !Ref Secret]
  Topic: {Type: AWS::SNS::Topic, DependsOn: Queue}
Outputs:
  Arn: {Value: !GetAtt Queue.Arn}
  Url: {Value: !Ref Queue}
"""
PARENT = """
Conditions: {IsOn: !Equals [!Ref "AWS::Region", eu-west-1]}
Resources:
  Stack:
    Type: AWS::CloudFormation::Stack
    Condition: IsOn
    DependsOn: Role
    Properties: {TemplateURL: child.yaml, Parameters: PARAMETERS}
  Role: {Type: AWS::IAM::Role, Properties: {Path: !Sub "/${Stack.Outputs.Url}/", Arn: !GetAtt Stack.Outputs.Arn}}
"""


def composed(folder: Path, parameters: str = "{}", child: str = CHILD) -> Any:
    (folder / "child.yaml").write_text(child)
    return compose(parse(PARENT.replace("PARAMETERS", parameters)), str(folder / "parent.yaml")).template


def test_names_of_the_child_get_the_name_of_the_stack(tmp_path: Path) -> None:
    whole = composed(tmp_path)

    queue = whole["Resources"]["Stack/Queue"]
    assert queue["Condition"] == "IsOn and Stack/IsUsual"
    assert whole["Conditions"]["IsOn and Stack/IsUsual"] == {
        "Fn::And": [{"Condition": "IsOn"}, {"Condition": "Stack/IsUsual"}]
    }
    assert queue["Properties"]["QueueName"] == {
        "Fn::Sub": [
            "${Name}-${AWS::StackName}-${AWS::Region}",
            {"Name": "usual", "AWS::StackName": {"Ref": "Stack/AWS::StackName"}},
        ]
    }
    assert queue["Properties"]["Tags"] == {"Fn::Split": [",", "a, b"]}
    assert queue["Properties"]["Count"] == {"Fn::FindInMap": ["Stack/Sizes", "small", "Count"]}
    assert queue["Properties"]["Other"] == {
        "Fn::If": ["Stack/IsUsual", {"Fn::GetAtt": ["Stack/Topic", "TopicName"]}, {"Ref": "Stack/Secret"}]
    }


def test_outputs_reach_the_parent_and_creation_follows_the_stack(tmp_path: Path) -> None:
    whole = composed(tmp_path)

    assert whole["Resources"]["Role"]["Properties"] == {
        "Path": {"Fn::Sub": ["/${Stack.Outputs.Url}/", {"Stack.Outputs.Url": {"Fn::Sub": "${Stack/Queue}"}}]},
        "Arn": {"Fn::GetAtt": ["Stack/Queue", "Arn"]},
    }
    assert whole["Resources"]["Stack/Topic"]["DependsOn"] == ["Role", "Stack/Queue"]
    assert whole["Resources"]["Stack"]["DependsOn"] == ["Role", "Stack/Queue", "Stack/Topic"]


@pytest.mark.parametrize(
    ("parameters", "value"),
    [
        ("{}", "usual"),
        ("{Name: other}", "other"),
        ("{Name: 5}", "5"),
        ("{Name: !Ref Role}", {"Fn::Sub": "${Role}"}),
        ("{Name: !Ref 'AWS::NoValue'}", "usual"),
        ("{Name: !If [IsOn, !Ref 'AWS::NoValue', x]}", {"Fn::If": ["IsOn", "usual", "x"]}),
        ("!If [IsOn, {Name: x}, {Name: y}]", {"Ref": "Stack/Name"}),
    ],
)
def test_what_the_parent_passes_or_leaves_out(tmp_path: Path, parameters: str, value: object) -> None:
    child = CHILD.replace('!Sub "${Name}-${AWS::StackName}-${AWS::Region}"', "!Ref Name")
    whole = composed(tmp_path, parameters, child)

    assert whole["Resources"]["Stack/Queue"]["Properties"]["QueueName"] == value


def is_followed(parent: Path, location: str) -> bool:
    template = parse(PARENT.replace("PARAMETERS", "{}").replace("child.yaml", location))
    return bool(compose(template, str(parent)).children)


def test_only_files_beneath_the_folder_of_the_template_or_the_working_directory_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = tmp_path / "linted" / "parents" / "parent.yaml"
    parent.parent.mkdir(parents=True)
    for folder in (tmp_path, tmp_path / "linted", parent.parent):
        (folder / "child.yaml").write_text(CHILD)
    (parent.parent / "link.yaml").symlink_to(tmp_path / "child.yaml")
    (parent.parent / "near.yaml").symlink_to(parent.parent / "child.yaml")

    assert is_followed(parent, "./child.yaml")
    assert is_followed(parent, "near.yaml")
    assert not is_followed(parent, "link.yaml")
    assert not is_followed(parent, "../child.yaml")
    assert not is_followed(parent, str(tmp_path / "child.yaml"))
    monkeypatch.chdir(tmp_path / "linted")
    assert is_followed(parent, "../child.yaml")
    assert not is_followed(parent, "../../child.yaml")
    monkeypatch.chdir("/")
    assert not is_followed(parent, "../child.yaml")


def test_what_is_no_template_of_reasonable_size_is_not_followed(tmp_path: Path) -> None:
    parent = tmp_path / "parent.yaml"
    (tmp_path / "large.yaml").write_text(CHILD + "#" * MAXIMUM_BYTES)
    (tmp_path / "broken.yaml").write_text("{")
    (tmp_path / "list.yaml").write_text("[]")
    os.mkfifo(tmp_path / "pipe.yaml")

    for location in (
        "large.yaml",
        "broken.yaml",
        "list.yaml",
        "pipe.yaml",
        ".",
        "missing.yaml",
        "https://x/child.yaml",
    ):
        assert not is_followed(parent, location)
    stack = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "x\0"}}
    assert not compose({"Resources": {"Stack": stack}}, str(parent)).children


def test_loops_depth_and_number_are_bounded(tmp_path: Path) -> None:
    one = "{Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: NEXT}}"
    for number in range(10):
        text = "\n".join(f"  S{index}: {one.replace('NEXT', f'{number + 1}.yaml')}" for index in range(3))
        (tmp_path / f"{number}.yaml").write_text(f"Resources:\n{text}\n  Loop: {one.replace('NEXT', '0.yaml')}\n")
    composition = compose(parse((tmp_path / "0.yaml").read_text()), str(tmp_path / "0.yaml"))

    assert "Loop" not in composition.children
    names = composition.template["Resources"]
    assert max(name.count("/") for name in names) == MAXIMUM_DEPTH
    stacks = [name for name in names if not name.endswith("Loop")]
    assert len(stacks) <= 4 * (MAXIMUM_STACKS + 1)


def test_values_that_multiply_are_given_up(tmp_path: Path) -> None:
    head = "Parameters: {P: {Type: String}}\nResources:\n"
    passed = "!Join ['', [" + ", ".join(["!Ref P"] * 60) + "]]"
    for number in range(5):
        properties = f"{{TemplateURL: {number + 1}.yaml, Parameters: {{P: {passed}}}}}"
        stack = f"  S: {{Type: AWS::CloudFormation::Stack, Properties: {properties}}}\n"
        (tmp_path / f"{number}.yaml").write_text(head + stack)
    (tmp_path / "5.yaml").write_text(head + "  T: {Type: X, Properties: {P: !Ref P}}\n")
    template = parse((tmp_path / "0.yaml").read_text())

    assert "S/S/S/S/S/T" not in compose(template, str(tmp_path / "0.yaml")).template["Resources"]


def test_children_without_the_subject_are_not_decoded(tmp_path: Path) -> None:
    (tmp_path / "child.yaml").write_text(CHILD)
    template, file = parse(PARENT.replace("PARAMETERS", "{}")), str(tmp_path / "parent.yaml")

    assert not compose(template, file, "Experiment").children
    assert compose(template, file, "::SNS::").children
    assert compose(template, file, "::IAM::").children
    (tmp_path / "child.yaml").write_text(CHILD + "#  AWS::CloudFormation::Stack")
    assert compose(template, file, "Experiment").children
