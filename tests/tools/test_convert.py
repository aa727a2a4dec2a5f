"""convert: what has to change changes, every other character stays."""

import difflib
import json
import re
import textwrap
from pathlib import Path
from typing import Any

import pytest
from desk import EXAMPLE, ROOT, Desk

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
    converted = desk.ok("convert", desk.write("n.yaml", NATIVE), "--to", "custom", "--keep-logical-id").stdout
    assert changes(NATIVE, converted) == AS_CUSTOM
    back = desk.ok("convert", desk.write("c.yaml", converted), "--to", "native", "--keep-logical-id")
    assert (back.stdout, back.stderr) == (NATIVE, "")


def test_to_native_removes_what_it_has_not_and_says_so(desk: Desk) -> None:
    answer = desk.ok("convert", desk.write("c.yaml", CUSTOM), "--to", "native", "--keep-logical-id")
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
    assert (
        parse_document(native, "n").value["Resources"]["ExperimentNative"]["Type"]
        == "AWS::SageMaker::InferenceExperiment"
    )
    assert "      ServiceToken: !Ref Token\n      ServiceTimeout: 3600\n" in back
    assert [one for one in lint(Path("n.yaml")) if one.rule.id.startswith("E0")] == []


@pytest.mark.parametrize("indent", [None, 2, 4, "\t"])
def test_json_keeps_its_form(desk: Desk, indent: Any) -> None:
    resource = {"Type": "AWS::SageMaker::InferenceExperiment", "Properties": {"Name": "x", "Type": "ShadowMode"}}
    outputs = {"A": {"Value": {"Fn::GetAtt": ["Shadow", "Arn"]}}}
    text = json.dumps({"Resources": {"Shadow": resource}, "Outputs": outputs}, indent=indent)
    custom = desk.ok("convert", desk.write("t.json", text), "--to", "custom").stdout
    made = json.loads(custom)["Resources"]["ShadowCustom"]
    assert made["Properties"]["Name"] == "x-custom"
    assert json.loads(custom)["Outputs"]["A"]["Value"] == {"Fn::GetAtt": ["ShadowCustom", "Arn"]}
    assert made["Type"] == "Custom::SageMakerInferenceExperiment"
    assert made["Properties"]["ServiceToken"] == {"Fn::ImportValue": "inference-experiment-provider-ServiceToken"}
    assert desk.ok("convert", desk.write("c.json", custom), "--to", "native").stdout == text


def test_json_loses_its_last_member_and_its_getatt(desk: Desk) -> None:
    values = {"Name": "x", "Type": "ShadowMode", "ServiceTimeout": 1, "ServiceToken": "arn"}
    resource = {"Type": "Custom::SageMakerInferenceExperiment", "Properties": values}
    outputs = {"A": {"Value": {"Fn::GetAtt": "Shadow.Name"}}}
    text = json.dumps({"Resources": {"Shadow": resource}, "Outputs": outputs}, indent=2)
    made = json.loads(desk.ok("convert", desk.write("t.json", text), "--to", "native").stdout)
    assert made["Resources"]["ShadowNative"]["Properties"] == {"Name": "x-native", "Type": "ShadowMode"}
    assert made["Outputs"]["A"]["Value"] == {"Ref": "ShadowNative"}


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
        (
            "Resources: {}",
            ("--to", "native"),
            "no resource is of type Custom::SageMakerInferenceExperiment or ShadowTests::",
        ),
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
        (
            "Resources:\n  A:\n    Type: AWS::SageMaker::InferenceExperiment\n    Properties: {}\n",
            ("--to", "custom"),
            "t.yaml:2: Resources/A: has no Properties",
        ),
    ],
)
def test_refusals(desk: Desk, text: str, arguments: tuple[str, ...], words: str) -> None:
    assert words in desk.refused(2, "convert", desk.write("t.yaml", text), *arguments)


NATIVE_FILE = ROOT / "tests" / "tools" / "conversions" / "native.yaml"
CUSTOM_FILE = NATIVE_FILE.with_name("custom.yaml")


def test_logical_ids_names_and_what_refers_to_them_are_renamed(desk: Desk) -> None:
    answer = desk.ok("convert", str(NATIVE_FILE), "--to", "custom")
    assert changes(CUSTOM_FILE.read_text(), answer.stdout) == ""
    assert (
        "native.yaml:8: Experiment is renamed to ExperimentCustom: CloudFormation cannot change the type"
        in answer.stderr
    )
    assert "native.yaml:9: DeletionPolicy is kept: " in answer.stderr
    assert "native.yaml:12: Name gets -custom at its end: " in answer.stderr
    again = desk.ok("convert", str(CUSTOM_FILE), "--to", "custom")
    assert again.stdout == CUSTOM_FILE.read_text()
    assert "custom.yaml:8: no resource is of type AWS::SageMaker::InferenceExperiment or ShadowTests::" in again.stderr
    assert "; already Custom::SageMakerInferenceExperiment: ExperimentCustom, " in again.stderr


def test_the_way_back_removes_the_suffixes_and_renames_what_has_none(desk: Desk) -> None:
    answer = desk.ok("convert", str(CUSTOM_FILE), "--to", "native")
    assert changes(NATIVE_FILE.read_text(), answer.stdout) == ""
    assert "custom.yaml:12: Name loses -custom: " in answer.stderr
    text = "Resources:\n  A:\n    Type: Custom::SageMakerInferenceExperiment\n    Properties:\n      Name: a\n"
    native = desk.ok("convert", desk.write("a.yaml", text), "--to", "native").stdout
    assert native == text.replace("A:", "ANative:").replace("Custom::", "AWS::").replace(": a", ": a-native").replace(
        "AWS::SageMakerI", "AWS::SageMaker::I"
    )


def test_a_new_name_is_free_and_not_too_long(desk: Desk) -> None:
    kind = "{Type: AWS::SageMaker::InferenceExperiment, Properties: {Name: %s}}"
    text = (
        f"Parameters: {{ACustom2: {{}}}}\nResources:\n  ACustom: {{Type: AWS::S3::Bucket}}\n  A: {kind % ('a' * 120)}\n"
    )
    value = parse_document(desk.ok("convert", desk.write("a.yaml", text), "--to", "custom").stdout, "a").value
    assert value["Resources"]["ACustom3"]["Properties"]["Name"] == "a" * 113 + "-custom"


def test_a_function_of_several_lines_as_the_name_is_joined(desk: Desk) -> None:
    head = "Resources:\n  A:\n    Type: AWS::SageMaker::InferenceExperiment\n    Properties:\n"
    name = "        Fn::FindInMap:\n          - Names # all\n          - !Ref Key\n          - 'a \"b\"'\n"
    text = f"{head}      Name:\n{name}"
    custom = desk.ok("convert", desk.write("a.yaml", text), "--to", "custom").stdout
    properties = parse_document(custom, "a").value["Resources"]["ACustom"]["Properties"]
    value = {"Fn::FindInMap": ["Names", {"Ref": "Key"}, 'a "b"']}
    assert properties["Name"] == {"Fn::Join": ["-", [value, "custom"]]}
    native = desk.ok("convert", desk.write("c.yaml", custom), "--to", "native").stdout
    assert parse_document(native, "a").value["Resources"]["A"]["Properties"]["Name"] == value


ALIASES = """\
defaults: &defaults
  Name: base
Resources:
  A:
    Type: AWS::SageMaker::InferenceExperiment
    Properties: &properties
      Name: a
  B:
    Type: AWS::SageMaker::InferenceExperiment
    Properties: *properties
  C:
    Type: AWS::SageMaker::InferenceExperiment
    Properties:
      <<: [*defaults]
      Type: ShadowMode
  D:
    Type: AWS::SageMaker::InferenceExperiment
    Properties:
      Fn::If:
        - IsProduction
        - Name: d
          Type: ShadowMode
        - !Ref AWS::NoValue
"""


def test_aliases_merge_keys_and_branches_are_converted_once(desk: Desk) -> None:
    custom = desk.ok("convert", desk.write("a.yaml", ALIASES), "--to", "custom").stdout
    resources = parse_document(custom, "a").value["Resources"]
    properties = [resources[f"{name}Custom"]["Properties"] for name in "ABC"]
    assert [each["Name"] for each in properties] == ["a-custom", "a-custom", "base-custom"]
    for each in (*properties, resources["DCustom"]["Properties"]["Fn::If"][1]):
        assert each["ServiceTimeout"] == 3600
    assert desk.ok("convert", desk.write("c.yaml", custom), "--to", "native").stdout == ALIASES


def test_what_the_function_has_of_the_old_name_and_no_attribute_is_noted(desk: Desk) -> None:
    resource = "A: {Type: Custom::SageMakerInferenceExperiment, Properties: {Name: fraud}}"
    outputs = '{A: {Value: fraud}, B: {Value: !Sub "${A.Name} ${A.StatusReason} ${A.Arn}"}}'
    answer = desk.ok(
        "convert", desk.write("a.yaml", f"Resources:\n  {resource}\nOutputs: {outputs}\n"), "--to", "native"
    )
    assert '!Sub "${ANative} ${ANative.StatusReason} ${ANative.Arn}"' in answer.stdout
    assert "a.yaml:3: fraud was the Name of the experiment; use Ref" in answer.stderr
    assert "a.yaml:3: the native type has no attribute StatusReason" in answer.stderr


def test_the_first_template_of_the_migration_becomes_the_second(desk: Desk) -> None:
    native = ROOT / "examples" / "migration" / "1-native.yaml"
    desk.ok("convert", str(native), "--to", "custom", "-o", "c.yaml")
    assert lint(Path("c.yaml")) == []


MIXED = """\
Resources:
  A:
    Type: Custom::SageMakerInferenceExperiment
    Properties:
      ServiceToken: # of the provider
        Fn::ImportValue: !Sub ${Stack}-ServiceToken
      DesiredState: Completed
  B:
    Type: AWS::SageMaker::InferenceExperiment
    Properties:
      DesiredState: !If [IsEnded, Completed, Running]
      Tags: [{Key: of, Value: !GetAtt A.Arn}]
"""


def test_the_service_token_is_that_of_the_other_experiments(desk: Desk) -> None:
    answer = desk.ok("convert", desk.write("m.yaml", MIXED), "--to", "custom")
    resources = parse_document(answer.stdout, "m").value["Resources"]
    assert list(resources) == ["A", "BCustom"]
    assert resources["BCustom"]["Properties"]["ServiceToken"] == resources["A"]["Properties"]["ServiceToken"]
    assert "m.yaml:11: DesiredState Completed: the custom type does not create" in answer.stderr
    assert "m.yaml:7" not in answer.stderr
    given = desk.ok("convert", "m.yaml", "--to", "custom", "--service-token", "!Ref Token").stdout
    assert "      ServiceToken: !Ref Token\n" in given


REGISTERED = """\
Resources:
  Shadow:
    Type: ShadowTests::SageMaker::InferenceExperiment
    Properties:
      Name: fraud
      ModelVariantActions: {production: Remove, shadow: Promote}
      DesiredState: Completed
Outputs:
  A: {Value: !GetAtt Shadow.CompletionTime}
  B: {Value: !GetAtt Shadow.EndpointMetadata}
  C: {Value: !GetAtt Shadow.Arn}
"""


@pytest.mark.parametrize("file", [NATIVE_FILE, CUSTOM_FILE], ids=["native", "custom"])
def test_to_the_registry_type_and_back_changes_nothing(desk: Desk, file: Path) -> None:
    desk.ok("convert", str(file), "--to", "registry", "-o", "r.yaml")
    assert "Service" not in Path("r.yaml").read_text()
    assert desk.ok("convert", "r.yaml", "--to", file.stem).stdout == file.read_text()


def test_to_registry_removes_the_provider_and_says_what_is_lost(desk: Desk) -> None:
    text = CUSTOM.replace("Shadow.Name}", "Shadow.CompletionTime}")
    answer = desk.ok("convert", desk.write("c.yaml", text), "--to", "registry", "--keep-logical-id")
    assert changes(text, answer.stdout) == (
        "-    Type: Custom::SageMakerInferenceExperiment\n"
        "+    Type: ShadowTests::SageMaker::InferenceExperiment\n"
        "-      ServiceToken: !Ref Token\n"
        '-      ServiceTimeout: "600" # enough\n'
        "-  B: {Value: !GetAtt [Shadow, Name]}\n"
        "+  B: {Value: !Ref Shadow}\n"
        "-      Fn::GetAtt: [Shadow, Name]\n"
        "+      Ref: Shadow\n"
    )
    assert answer.stderr == "c.yaml:19: the registry type has no attribute StatusReason\n"
    renamed = desk.ok("convert", "c.yaml", "--to", "registry")
    assert "c.yaml:2: Shadow is renamed to ShadowRegistry: " in renamed.stderr
    assert "or import the deployed experiment into the stack, with --keep-logical-id" in renamed.stderr


def test_from_registry_notes_what_each_type_has_not(desk: Desk) -> None:
    custom = desk.ok("convert", desk.write("r.yaml", REGISTERED), "--to", "custom")
    properties = parse_document(custom.stdout, "c").value["Resources"]["ShadowCustom"]["Properties"]
    assert {"ServiceToken", "ServiceTimeout", "ModelVariantActions"} < properties.keys()
    assert "r.yaml:7: DesiredState Completed: the custom type does not create" in custom.stderr
    assert "r.yaml:10: the custom type has no attribute EndpointMetadata; take one of its parts" in custom.stderr
    native = desk.ok("convert", "r.yaml", "--to", "native")
    assert "ModelVariantActions" not in native.stdout
    assert "r.yaml:6: ModelVariantActions is removed" in native.stderr
    assert "r.yaml:9: the native type has no attribute CompletionTime" in native.stderr


def test_the_registry_type_may_have_another_name(desk: Desk) -> None:
    options = ("--registry-type", "Acme::ML::ShadowTest")
    desk.ok("convert", desk.write("n.yaml", NATIVE), "--to", "registry", *options, "-o", "r.yaml")
    assert 'Type: "Acme::ML::ShadowTest" # native' in Path("r.yaml").read_text()
    assert desk.ok("convert", "r.yaml", "--to", "native", *options).stdout == NATIVE
    assert "already Acme::ML::ShadowTest: " in desk.ok("convert", "r.yaml", "--to", "registry", *options).stderr
    assert "no resource is of type" in desk.refused(2, "convert", "r.yaml", "--to", "native")
    both = (*options, "--registry-type", "Acme::ML::Other")
    assert "--registry-type: choose one of Acme::ML::" in desk.refused(
        2, "convert", "n.yaml", "--to", "registry", *both
    )


def test_every_type_in_one_template_becomes_the_registry_type(desk: Desk) -> None:
    converted = desk.ok("convert", desk.write("m.yaml", MIXED), "--to", "registry").stdout
    resources = parse_document(converted, "m").value["Resources"]
    assert {name: one["Type"] for name, one in resources.items()} == dict.fromkeys(
        ("ARegistry", "BRegistry"), "ShadowTests::SageMaker::InferenceExperiment"
    )
    assert "!GetAtt ARegistry.Arn" in converted


def test_the_page_imports_the_experiment_of_its_template(desk: Desk) -> None:
    page = (ROOT / "docs" / "convert.md").read_text()
    blocks = {
        kind: textwrap.dedent(text)
        for kind, text in re.findall(r"^ +```(yaml|json)\n(.*?)^ +```$", page, re.MULTILINE | re.DOTALL)
    }
    (identified,) = json.loads(blocks["json"])
    desk.ok("lint", desk.write("import.yaml", blocks["yaml"]), "-i", "W9711")
    desk.ok("validate", "import.yaml")
    resource = parse_document(blocks["yaml"], "import").value["Resources"][identified["LogicalResourceId"]]
    assert resource["Type"] == identified["ResourceType"] == "ShadowTests::SageMaker::InferenceExperiment"
    assert identified["ResourceIdentifier"] == {"Name": resource["Properties"]["Name"]}
    assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Retain"


def test_a_parameter_of_the_provider_alone_is_noted(desk: Desk) -> None:
    text = (
        "Parameters:\n  Token: {Type: String}\n  Key: {Type: String}\nResources:\n  A:\n"
        "    Type: Custom::SageMakerInferenceExperiment\n    Properties:\n      ServiceToken: !Ref Token\n"
        "      Name: a\n      KmsKey: !Ref Key\n"
    )
    for target in ("registry", "native"):
        answer = desk.ok("convert", desk.write("a.yaml", text), "--to", target, "--keep-logical-id")
        assert answer.stderr == "a.yaml:2: nothing uses Token any more; remove it\n"
