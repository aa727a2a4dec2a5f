"""StackQL's manifests as inputs: validate, plan, create, update and convert read them as they read templates."""

import json
from typing import Any

import pytest
import yaml
from desk import Desk
from desk_files import QUICK, bring_to, properties

from inference_experiment_cli.inputs.documents import parse_document

FILLED = {
    "name": "fraud",
    "type": "ShadowMode",
    "role_arn": "arn:aws:iam::123456789012:role/experiment",
    "endpoint_name": "endpoint",
    "instance_type": "ml.m5.xlarge",
    "instance_count": "1",
    "sampling_percentage": "10",
}
# In the form of the page of the provider aws, whose numbers are not quoted.
LIST_OF_RESOURCES = """\
# Description fields are for documentation purposes
- name: inference_experiments
  props:
    - name: region
      value: "{{ region }}"
      description: Required parameter.
    - name: Name
      value: "{{ name }}"
    - name: Type
      value: "{{ type }}"
      valid_values: ['ShadowMode']
    - name: RoleArn
      value: "{{ role_arn }}"
    - name: EndpointName
      value: "{{ endpoint_name }}"
    - name: ModelVariants
      value:
        - ModelName: model-1
          VariantName: production
          InfrastructureConfig: &one
            InfrastructureType: RealTimeInference
            RealTimeInferenceConfig:
              InstanceType: "{{ instance_type }}"
              InstanceCount: {{ instance_count }}
        - ModelName: model-2
          VariantName: shadow
          InfrastructureConfig: *one
    - name: ShadowModeConfig
      value:
        SourceModelVariantName: production
        ShadowModelVariants:
          - ShadowModelVariantName: shadow
            SamplingPercentage: {{ sampling_percentage }}
"""


def given(**changes: str) -> list[str]:
    return [part for name, value in (FILLED | changes).items() for part in ("--parameter", f"{name}={value}")]


def manifest(**changes: Any) -> dict[str, Any]:
    """Return a manifest of stack-deploy with these properties changed, in the API's spelling."""
    props = [{"name": name, "value": value} for name, value in properties(**changes).items()]
    return {
        "version": 1,
        "name": "shop",
        "providers": ["awscc"],
        "resources": [{"name": "shadow_test", "props": props}],
    }


def test_the_manifest_of_a_live_experiment_creates_it_again(desk: Desk) -> None:
    capture = {"Destination": "s3://bucket/x", "ContentType": {"CsvContentTypes": ["text/csv"]}}
    bring_to(desk, Description="one", KmsKey="alias/volume", DataStorageConfig=capture)
    forms = {kind: ("manifest", "--from", "fraud", "--type", kind) for kind in ("custom", "native", "stackql")}
    texts = {kind: desk.ok(*words, "--logical-id", "InferenceExperiment").stdout for kind, words in forms.items()}
    file = desk.write("fraud.yaml", texts["stackql"])
    desk.ok("validate", file)
    for kind in ("custom", "native"):
        assert desk.ok("convert", file, "--to", kind).stdout == texts[kind]
    assert desk.ok("plan", file, "--current", "fraud", "--format", "json").data()["verdict"] == "nothing to do"
    desk.ok("delete", "fraud", "--yes", *QUICK)
    desk.ok("create", "-f", file, *QUICK)
    assert desk.ok(*forms["stackql"]).stdout == texts["stackql"]


def test_json_stays_json_and_the_token_is_the_given_one(desk: Desk) -> None:
    file = desk.write("fraud.json", manifest())
    text = desk.ok("convert", file, "--to", "custom", "--service-token", "!Ref Token").stdout
    (resource,) = json.loads(text)["Resources"].values()
    assert resource["Properties"]["ServiceToken"] == {"Ref": "Token"}


@pytest.mark.parametrize("extent", ["required", "all"])
@pytest.mark.parametrize("kind", ["custom", "native"])
def test_placeholders_become_parameters(desk: Desk, extent: str, kind: str) -> None:
    file = desk.write("s.yaml", desk.ok("manifest", "--type", "stackql", "--properties", extent).stdout)
    assert "values resolved at deployment" in desk.ok("validate", file).stderr
    template = desk.write("t.yaml", desk.ok("convert", file, "--to", kind).stdout)
    desk.ok("validate", template)
    desk.ok("lint", template)
    made = parse_document(desk.ok("convert", file, "--to", kind).stdout, "t.yaml").value
    assert {"Name", "RoleArn", "InstanceCount", "SamplingPercentage"} <= set(made["Parameters"])
    assert ("KmsKey" in made["Parameters"]) == (extent == "all")
    (resource,) = made["Resources"].values()
    assert resource["Properties"]["Name"] == {"Ref": "Name"}


def test_the_list_of_resources_of_the_provider_page(desk: Desk) -> None:
    file = desk.write("list.yaml", LIST_OF_RESOURCES)
    assert "9 values resolved at deployment" in desk.ok("validate", file).stderr
    message = desk.refused(2, "create", "-f", file)
    assert message == "list.yaml:8: Name: {{ name }} has no value; pass --parameter name=VALUE"
    desk.ok("create", "-f", file, *given(region="us-east-1"), *QUICK)
    live = desk.ok("get", "fraud", "--format", "json").data()
    assert live["ModelVariants"][1]["InfrastructureConfig"]["RealTimeInferenceConfig"]["InstanceCount"] == 1
    desk.ok("update", "fraud", "-f", file, *given(sampling_percentage="20"), *QUICK)
    live = desk.ok("get", "fraud", "--format", "json").data()
    assert live["ShadowModeConfig"]["ShadowModelVariants"][0]["SamplingPercentage"] == 20


def test_the_region_is_the_manifests_unless_one_is_given(desk: Desk) -> None:
    del desk.settings["AWS_REGION"]
    made = manifest() | {"globals": [{"name": "region", "value": "{{ vars.AWS_REGION }}"}]}
    file = desk.write("m.json", made)
    assert "no region" in desk.refused(2, "create", "-f", file, *QUICK)
    desk.ok("create", "-f", file, "--parameter", "AWS_REGION=us-east-1", *QUICK)
    plan = ("plan", file, "--current", "fraud", "--format", "json")
    assert desk.ok(*plan, "--parameter", "vars.AWS_REGION=us-east-1").data()["verdict"] == "nothing to do"
    assert "no region" in desk.refused(2, *plan)


def test_values_are_json_lists_globals_and_parts_of_texts(desk: Desk) -> None:
    made = manifest(
        Name="{{ stack_name }}-{{ purpose }}",
        Schedule='{"StartTime": "2030-01-01T00:00:00Z", "EndTime": "{{ end }}"}',
        DataStorageConfig={"destination": "s3://b/x", "content_type": {"csv_content_types": ["{{ types[1] }}"]}},
        Tags={"team": "{{ team }}"},
    )
    made["globals"] = [{"name": "purpose", "value": "fraud"}]
    file = desk.write("m.json", made)
    end = ("--parameter", "end=2030-01-02T00:00:00Z")
    types = ("--parameter", 'types=["a/a", "text/csv"]', "--parameter", "team=ml")
    desk.ok("create", "-f", file, *end, *types, *QUICK)
    live = desk.ok("get", "shop-fraud", "--format", "json").data()
    assert live["DataStorageConfig"]["ContentType"]["CsvContentTypes"] == ["text/csv"]
    assert {"Key": "team", "Value": "ml"} in live["Tags"]
    assert "{{ types[1] }} has no value" in desk.refused(
        2, "plan", file, *end, "--parameter", "types=a", "--parameter", "team=ml"
    )
    (resource,) = parse_document(desk.ok("convert", file, "--to", "custom").stdout, "t").value["Resources"].values()
    assert resource["Properties"]["Tags"] == [{"Key": "team", "Value": {"Ref": "Team"}}]


def test_values_by_environment(desk: Desk) -> None:
    made = manifest(Description=None)
    environments = {name: {"value": f"of {name}"} for name in ("dev", "prd")}
    made["resources"][0]["props"].append({"name": "description", "values": environments})
    file = desk.write("m.json", made)
    assert "a value for each of dev, prd; pass --parameter stack_env=NAME" in desk.refused(2, "validate", file)
    text = desk.ok("plan", file, "--parameter", "stack_env=prd").stdout
    assert "Description: of prd" in text


def test_findings_have_the_line_of_the_manifest(desk: Desk) -> None:
    made = yaml.safe_load(desk.ok("manifest", "--type", "stackql").stdout)
    made["resources"][0]["props"] += [{"name": "samplin", "value": 1}, {"name": "schedule", "value": {"end_time": "x"}}]
    file = desk.write("m.yaml", yaml.safe_dump(made, sort_keys=False))
    lines = desk.run("validate", file, "--format", "json").data()
    text = yaml.safe_dump(made, sort_keys=False).splitlines()
    places = {row["path"]: text[int(row["place"].split(":")[1]) - 1].strip() for row in lines}
    assert places["Schedule/EndTime"] == "end_time: x"
    assert places["samplin"].startswith("value: 1")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"resources": []}, "has no inference experiment: a resource with the name inference_experiment"),
        ({"resources": [{"name": "bucket", "props": []}, 1]}, "has no inference experiment"),
        ({"resources": [{"name": "inference_experiment", "props": [1]}]}, "is not a property: write name and value"),
        (
            {"resources": [{"name": "inference_experiment", "props": [{"name": "schedule", "value": "{"}]}]},
            "resources/0/props/0/value: is not an object in JSON",
        ),
        ({"resources": [manifest()["resources"][0]] * 2}, "two resources have the name ShadowTest; rename one"),
    ],
)
def test_refusals(desk: Desk, changes: dict[str, Any], words: str) -> None:
    file = desk.write("m.json", manifest() | changes)
    for command in (("validate", file), ("create", "-f", file), ("convert", file, "--to", "custom")):
        assert words in desk.refused(2, *command)


def test_a_misspelt_parameter_is_named(desk: Desk) -> None:
    file = desk.write("list.yaml", LIST_OF_RESOURCES)
    message = desk.refused(2, "validate", file, "--parameter", "role_am=x")
    assert message == "--parameter role_am: there is no placeholder {{ role_am }}; did you mean role_arn?"
