"""convert: what has to change changes, every other character stays."""

import difflib
import json
from pathlib import Path
from typing import Any

import pytest
from desk import EXAMPLE, Desk

from inference_experiment_cli.inputs.documents import parse_document
from inference_experiment_cli.lint.engine import lint

NATIVE = """\
# A shadow test
Resources:
  Shadow:   # the experiment
    Type: "AWS::SageMaker::InferenceExperiment" # native
    DependsOn: [Endpoint]
    Properties: # of the experiment
      # its name
      Name: !Sub "${AWS::StackName}-x"
      Type: ShadowMode
      RoleArn: !GetAtt Role.Arn   # may do it
      EndpointName:   !GetAtt Endpoint.EndpointName
      ModelVariants: [] # to be filled
      Tags:
        - Key: team   # ours
          Value: 'ml'
      KmsKey:
        !If
          - HasKey
          # the team's
          - !Ref Key # by id
          - !Ref AWS::NoValue
      # what it is for
      Description: >-
        A new model   # of ours
  Other: {Type: AWS::S3::Bucket}

Outputs:
  Arn: {Value: !GetAtt Shadow.Arn}
  Status: {Value: !GetAtt [Shadow, Status]}
  Bucket: {Value: !GetAtt Other.Arn}
"""
AS_CUSTOM = """\
-    Type: "AWS::SageMaker::InferenceExperiment" # native
+    Type: "Custom::SageMakerInferenceExperiment" # native
+      ServiceToken: !ImportValue inference-experiment-provider-ServiceToken
+      ServiceTimeout: 3600
"""
CUSTOM = """\
Resources:
  Shadow:
    Type: Custom::SageMakerInferenceExperiment
    Properties:
      ModelVariantActions:
        # the end
        shadow: Promote
        production: Remove  # gone
      # what runs it
      ServiceToken: !Ref Token
      Type: ShadowMode
      ServiceTimeout: "600" # enough
Outputs:
  A: {Value: !GetAtt Shadow.Name}
  B: {Value: !GetAtt [Shadow, Name]}
  C:
    Value:
      Fn::GetAtt: [Shadow, Name]
  D: {Value: !GetAtt Shadow.StatusReason}
"""
AS_NATIVE = """\
-    Type: Custom::SageMakerInferenceExperiment
+    Type: AWS::SageMaker::InferenceExperiment
-      ModelVariantActions:
-        # the end
-        shadow: Promote
-        production: Remove  # gone
+      Name: !Sub ${AWS::StackName}-Shadow
-      ServiceToken: !Ref Token
-      ServiceTimeout: "600" # enough
-  A: {Value: !GetAtt Shadow.Name}
-  B: {Value: !GetAtt [Shadow, Name]}
+  A: {Value: !Ref Shadow}
+  B: {Value: !Ref Shadow}
-      Fn::GetAtt: [Shadow, Name]
+      Ref: Shadow
"""


def changes(before: str, after: str) -> str:
    lines = difflib.unified_diff(before.splitlines(keepends=True), after.splitlines(keepends=True), n=0)
    return "".join(line for line in lines if not line.startswith(("---", "+++", "@@")))


def test_to_custom_changes_the_type_and_adds_the_provider(desk: Desk) -> None:
    converted = desk.ok("convert", desk.write("n.yaml", NATIVE), "--to", "custom").stdout
    assert changes(NATIVE, converted) == AS_CUSTOM
    assert desk.ok("convert", desk.write("c.yaml", converted), "--to", "native").stdout == NATIVE


def test_to_native_removes_what_it_has_not_and_says_so(desk: Desk) -> None:
    answer = desk.ok("convert", desk.write("c.yaml", CUSTOM), "--to", "native")
    assert changes(CUSTOM, answer.stdout) == AS_NATIVE
    assert "c.yaml:5: ModelVariantActions is removed" in answer.stderr
    assert "c.yaml:3: Shadow had a derived Name" in answer.stderr
    assert "c.yaml:19: the native type has no attribute StatusReason" in answer.stderr


def test_the_example_there_and_back_keeps_every_comment(desk: Desk) -> None:
    text = EXAMPLE.read_text()
    native = desk.ok("convert", str(EXAMPLE), "--to", "native").stdout
    back = desk.ok("convert", desk.write("n.yaml", native), "--to", "custom", "--service-token", "!Ref Token").stdout
    removed = {line for line in changes(text, back).splitlines() if line.startswith("-")}
    assert all("#" not in line for line in removed)
    assert parse_document(native, "n").value["Resources"]["Experiment"]["Type"] == "AWS::SageMaker::InferenceExperiment"
    assert "      ServiceToken: !Ref Token\n      ServiceTimeout: 3600\n" in back
    assert [one for one in lint(Path("n.yaml")) if one.rule.id.startswith("E0")] == []


@pytest.mark.parametrize("indent", [None, 2, 4, "\t"])
def test_json_keeps_its_form(desk: Desk, indent: Any) -> None:
    resource = {"Type": "AWS::SageMaker::InferenceExperiment", "Properties": {"Name": "x", "Type": "ShadowMode"}}
    outputs = {"A": {"Value": {"Fn::GetAtt": ["Shadow", "Arn"]}}}
    text = json.dumps({"Resources": {"Shadow": resource}, "Outputs": outputs}, indent=indent)
    custom = desk.ok("convert", desk.write("t.json", text), "--to", "custom").stdout
    made = json.loads(custom)["Resources"]["Shadow"]
    assert made["Type"] == "Custom::SageMakerInferenceExperiment"
    assert made["Properties"]["ServiceToken"] == {"Fn::ImportValue": "inference-experiment-provider-ServiceToken"}
    assert desk.ok("convert", desk.write("c.json", custom), "--to", "native").stdout == text


def test_json_loses_its_last_member_and_its_getatt(desk: Desk) -> None:
    values = {"Name": "x", "Type": "ShadowMode", "ServiceTimeout": 1, "ServiceToken": "arn"}
    resource = {"Type": "Custom::SageMakerInferenceExperiment", "Properties": values}
    outputs = {"A": {"Value": {"Fn::GetAtt": "Shadow.Name"}}}
    text = json.dumps({"Resources": {"Shadow": resource}, "Outputs": outputs}, indent=2)
    made = json.loads(desk.ok("convert", desk.write("t.json", text), "--to", "native").stdout)
    assert made["Resources"]["Shadow"]["Properties"] == {"Name": "x", "Type": "ShadowMode"}
    assert made["Outputs"]["A"]["Value"] == {"Ref": "Shadow"}


def test_line_endings_and_the_output_file(desk: Desk) -> None:
    Path("n.yaml").write_bytes(NATIVE.replace("\n", "\r\n").encode())
    desk.ok("convert", "n.yaml", "--to", "custom", "-o", "c.yaml")
    written = Path("c.yaml").read_bytes()
    assert written.count(b"\n") == written.count(b"\r\n")
    desk.ok("convert", "c.yaml", "--to", "native", "-o", "back.yaml")
    assert Path("back.yaml").read_bytes() == Path("n.yaml").read_bytes()


@pytest.mark.parametrize(
    ("text", "arguments", "words"),
    [
        (NATIVE, ("--to", "native"), "no resource is of type Custom::SageMakerInferenceExperiment"),
        (NATIVE, ("--to", "native", "--service-token", "x"), "the native type has none"),
        ("{}", ("--to", "custom"), "no resource is of type"),
        ("a: [", ("--to", "custom"), "t.yaml:1: is not valid YAML"),
        (NATIVE, ("--to", "custom", "-o", "no/such/folder"), "cannot be written"),
        (NATIVE, ("--to", "custom", "--service-token", "a: b: ["), "t.yaml"),
        (
            "Resources:\n  A:\n    Type: AWS::SageMaker::InferenceExperiment\n",
            ("--to", "custom"),
            "t.yaml:2: Resources/A: has no Properties",
        ),
    ],
)
def test_refusals(desk: Desk, text: str, arguments: tuple[str, ...], words: str) -> None:
    assert words in desk.refused(2, "convert", desk.write("t.yaml", text), *arguments)
