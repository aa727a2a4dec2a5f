"""validate: the forms of a file, where a finding stands, and what cannot be known."""

import datetime as dt
import json
from typing import Any

import pytest
from desk import EXAMPLE, ROOT, Desk, steady
from desk_files import properties, sampling
from syrupy.assertion import SnapshotAssertion

from inference_experiment_cli.inputs.instance_types import hosting_instance_types
from inference_experiment_rules import _cfnlint

BROKEN = ROOT / "examples" / "broken" / "shadow-test.yaml"
TEMPLATE = """\
Parameters:
  Prefix: {Type: String}
  Sampling: {Type: Number, Default: 110}
  State: {Type: String, Default: "on"}
Conditions:
  IsOn: !Equals [!Ref State, "on"]
Resources:
  First:
    Type: AWS::SageMaker::InferenceExperiment
    Properties:
      Name: first
      Type: ShadowMode
      RoleArn: !GetAtt Role.Arn
      EndpointName: !GetAtt Endpoint.EndpointName   # known to a deployment only
      ModelVariants:
        - {VariantName: a, ModelName: !GetAtt A.ModelName, InfrastructureConfig: &one
            {InfrastructureType: RealTimeInference, RealTimeInferenceConfig: {InstanceType: ml.x9.x, InstanceCount: 1}}}
        - {VariantName: b, ModelName: !Sub "${Prefix}-b", InfrastructureConfig: *one}
      ShadowModeConfig:
        SourceModelVariantName: a
        ShadowModelVariants:
          - ShadowModelVariantName: b
            SamplingPercentage: !If [IsOn, !Ref Sampling, 10]
      Tags: !If [IsOn, !Ref AWS::NoValue, [{Key: "aws:x", Value: ""}]]
  Role: {Type: AWS::IAM::Role}
  Endpoint: {Type: AWS::SageMaker::Endpoint}
  A: {Type: AWS::SageMaker::Model}
"""


@pytest.mark.parametrize("style", ["table", "json", "yaml", "csv"])
def test_every_finding_has_its_line_and_path(desk: Desk, style: str, snapshot: SnapshotAssertion) -> None:
    desk.write("broken.yaml", BROKEN.read_text())
    answer = desk.run("validate", "broken.yaml", "--format", style)
    assert answer.returncode == 1
    assert steady(answer.stdout) == snapshot


def test_the_example_has_no_findings(desk: Desk) -> None:
    answer = desk.ok("validate", str(EXAMPLE))
    assert answer.stdout == ""
    assert "1 file, 1 experiment: no findings; 7 values resolved at deployment" in answer.stderr


def test_functions_are_resolved_from_defaults_and_parameters(desk: Desk) -> None:
    desk.write("t.yaml", TEMPLATE)
    first, row = json.loads(desk.run("validate", "t.yaml", "--format", "json").stdout)
    assert first["finding"].endswith(" (when IsOn is true)")
    assert (row["path"], row["place"]) == ("Tags/0/Key", "t.yaml:24")
    assert row["finding"].endswith(" (when IsOn is false)")
    (row,) = json.loads(desk.run("validate", "t.yaml", "--parameter", "State=on", "--format", "json").stdout)
    assert row == {
        "place": "t.yaml:23",
        "experiment": "First",
        "path": "ShadowModeConfig/ShadowModelVariants/0/SamplingPercentage",
        "finding": "110 is more than 100",
    }
    desk.ok("validate", "t.yaml", "--parameter", "Sampling=50", "--parameter", "State=on")
    (row,) = json.loads(desk.run("validate", "t.yaml", "--parameter", "State=off", "--format", "json").stdout)
    assert row["path"] == "Tags/0/Key"


def test_the_answer_of_describe_and_the_request_of_create_are_taken(desk: Desk) -> None:
    request = properties(Schedule={"StartTime": 1924934400, "EndTime": 1924938000.5})
    client: Any = desk.sagemaker.client()
    client.create_inference_experiment(**properties())
    described = client.describe_inference_experiment(Name="fraud")
    del described["ResponseMetadata"]
    encoded = json.dumps(described, default=lambda value: value.isoformat() if isinstance(value, dt.datetime) else 0)
    desk.ok("validate", desk.write("request.json", request))
    desk.ok("validate", desk.write("answer.json", encoded))
    desk.ok("validate", desk.write("tabs.json", json.dumps(request, indent="\t")))


def test_epoch_seconds_in_a_template_are_refused(desk: Desk) -> None:
    """CloudFormation sends them as they are, and the provider refuses them too."""
    resource = {
        "Type": "Custom::SageMakerInferenceExperiment",
        "Properties": properties(Schedule={"StartTime": 1900000000}),
    }
    (row,) = desk.run("validate", desk.write("r.json", resource), "--format", "json").data()
    assert (row["path"], row["finding"].partition(";")[0]) == (
        "Schedule/StartTime",
        "'1900000000' is not an ISO 8601 time with a zone",
    )


def test_the_native_type_has_no_actions_and_needs_a_name(desk: Desk) -> None:
    resource = {
        "Type": "AWS::SageMaker::InferenceExperiment",
        "Properties": properties(Name=None, ModelVariantActions={"production": "Retain", "shadow": "Remove"}),
    }
    rows = desk.run("validate", desk.write("r.json", resource), "--format", "json").data()
    assert {row["path"] for row in rows} == {"Name", "ModelVariantActions"}


def test_checks_across_properties_are_made_though_the_schema_has_findings(desk: Desk) -> None:
    broken = properties(Descripton="x", ShadowModeConfig=sampling(10) | {"SourceModelVariantName": "other"})
    rows = desk.run("validate", desk.write("p.json", broken), "--format", "json").data()
    assert {row["path"] for row in rows} == {"Descripton", "ShadowModeConfig/SourceModelVariantName"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [", "x.yaml:1: is not valid YAML"),
        ("", "x.yaml:1: is empty"),
        ("[1]", "x.yaml:1: is not a mapping of properties"),
        ("a: 1\nb: 2\na: 3\n", "x.yaml:3: a: duplicate key"),
        ("a: &a [*a]", "x.yaml:1: is a recursive alias"),
        ("[" * 3000, "x.yaml"),
        ("Resources: {A: {Type: AWS::S3::Bucket}}", "x.yaml:1: Resources: no resource is of type"),
        (
            "Resources:\n  A:\n    Type: AWS::SageMaker::InferenceExperiment\n    Properties: 3",
            "x.yaml:4: Resources/A/Properties",
        ),
        ("\x00", "x.yaml"),
    ],
)
def test_an_unusable_file_is_one_line_with_its_place(desk: Desk, text: str, words: str) -> None:
    assert words in desk.refused(2, "validate", desk.write("x.yaml", text))


def test_a_missing_file_a_folder_and_a_wrong_parameter_are_one_line(desk: Desk) -> None:
    assert desk.refused(2, "validate", "nowhere.yaml") == "nowhere.yaml: no such file"
    assert desk.refused(2, "validate", ".") == ".: cannot be read: Is a directory"
    desk.write("p.json", properties())
    assert "NAME=VALUE" in desk.refused(2, "validate", "p.json", "--parameter", "Sampling")


def test_the_standard_input_is_a_file_too(desk: Desk) -> None:
    (row,) = desk.run("validate", "-", "--format", "json", stdin=json.dumps(properties(Type="Odd"))).data()
    assert row["place"] == "<stdin>:1"


@pytest.mark.parametrize(
    ("name", "meant"),
    [("ml.m5.xlrge", "ml.m5.xlarge"), ("m5.xlarge", "ml.m5.xlarge"), ("ml.g5.3xlarge", "ml.g5.xlarge")],
)
def test_an_unknown_instance_type_gets_the_nearest_name(desk: Desk, name: str, meant: str) -> None:
    desk.write("t.yaml", TEMPLATE.replace("ml.x9.x,", f"{name},"))
    rows = json.loads(desk.run("validate", "t.yaml", "--parameter", "State=off", "--format", "json").stdout)
    found = {row["finding"].partition("; did you mean ")[::2] for row in rows if row["path"].endswith("InstanceType")}
    assert found == {(f"'{name}' is not a hosting instance type", f"{meant}?")}


def test_the_instance_types_are_those_of_the_rules() -> None:
    assert hosting_instance_types() == _cfnlint.hosting_instance_types()
    assert len(hosting_instance_types()) > 100
