"""manifest: complete, valid, deployable, and from a live experiment the same as what is live."""

from pathlib import Path
from typing import Any

import desk_files
import pytest
import yaml
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from desk import STACK_TAG, Desk, steady
from desk_files import QUICK, bring_to
from syrupy.assertion import SnapshotAssertion

from inference_experiment import contract
from inference_experiment_cli.convert.manifest import ORDER, template
from inference_experiment_cli.convert.target import NATIVE_PROPERTIES, Extent, Manifest
from inference_experiment_cli.inputs.documents import parse_document
from inference_experiment_cli.lint.engine import lint

WRITABLE = set(contract.schema()["properties"]) - contract.read_only()


def properties_of(text: str) -> dict[str, Any]:
    (resource,) = parse_document(text, "manifest").value["Resources"].values()
    made: dict[str, Any] = resource["Properties"]
    return made


def findings(file: str) -> list[tuple[str, str]]:
    """Return what cfn-lint with our rules finds, as without options: errors and warnings."""
    return [(one.rule.id, one.message) for one in lint(Path(file))]


def test_the_orders_are_complete() -> None:
    assert set(ORDER) == WRITABLE
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", contract.NATIVE_TYPE).schema
    read_only = {pointer.rsplit("/", 1)[1] for pointer in schema["readOnlyProperties"]}
    assert set(NATIVE_PROPERTIES) == set(schema["properties"]) - read_only


@pytest.mark.parametrize("kind", ["custom", "native", "registry", "stackql"])
@pytest.mark.parametrize("extent", ["required", "all"])
def test_from_scratch(desk: Desk, kind: str, extent: str, snapshot: SnapshotAssertion) -> None:
    del desk.settings["AWS_ACCESS_KEY_ID"]
    text = desk.ok("manifest", "--type", kind, "--properties", extent).stdout
    assert text == snapshot
    as_json = desk.ok("manifest", "--type", kind, "--properties", extent, "--format", "json").data()
    assert as_json == parse_document(text, "manifest").value


@pytest.mark.parametrize("kind", ["custom", "native", "registry"])
@pytest.mark.parametrize("extent", ["required", "all"])
@pytest.mark.parametrize("style", ["yaml", "json"])
def test_a_template_from_scratch_passes_validate_and_lint(desk: Desk, kind: str, extent: str, style: str) -> None:
    text = desk.ok("manifest", "--type", kind, "--properties", extent, "--format", style).stdout
    desk.ok("validate", desk.write("t.yaml", text))
    assert findings("t.yaml") == []
    needed = {"required": set(contract.schema()["required"]) | {"ServiceTimeout"}, "all": WRITABLE}[extent]
    expected = {
        "custom": needed,
        "native": needed & {*NATIVE_PROPERTIES} | {"Name"},
        "registry": needed - contract.SERVICE_PROPERTIES,
    }
    assert set(properties_of(text)) == expected[kind]


def test_a_template_of_the_registry_type_under_another_name(desk: Desk) -> None:
    text = desk.ok("manifest", "--type", "registry", "--registry-type", "Acme::ML::ShadowTest").stdout
    assert "Type: Acme::ML::ShadowTest\n" in text
    file = desk.write("t.yaml", text)
    desk.ok("validate", file, "--registry-type", "Acme::ML::ShadowTest")
    desk.ok("lint", file, "--registry-type", "Acme::ML::ShadowTest")
    assert "E3006" in desk.run("lint", file).stdout
    assert "is for --type registry" in desk.refused(2, "manifest", "--registry-type", "Acme::ML::ShadowTest")


TIMES = {"StartTime": "2026-01-01T00:00:00Z", "EndTime": "2026-01-20T00:00:00Z"}
KEY = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
CAPTURE = {"Destination": "s3://bucket/x", "KmsKey": "alias/x", "ContentType": {"CsvContentTypes": ["text/csv"]}}


@pytest.mark.slow
@pytest.mark.parametrize("status", ["Created", "Running", "Completed", "Cancelled"])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"KmsKey": KEY, "DataStorageConfig": CAPTURE},
        {"Tags": [STACK_TAG, {"Key": "team", "Value": ""}], "Description": 'näher: "geprüft" # !Ref'},
    ],
    ids=["plain", "encrypted", "texts"],
)
def test_a_template_of_a_live_experiment_passes_validate_and_lint(desk: Desk, status: str, changes: Any) -> None:
    bring_to(desk, status, **changes)
    for kind in ("custom", "native", "registry"):
        text = desk.ok("manifest", "--from", "fraud", "--type", kind).stdout
        desk.ok("validate", desk.write(f"{kind}.yaml", text))
        assert findings(f"{kind}.yaml") == []


@pytest.mark.parametrize("state", [None, "Running", "Completed", "Cancelled"])
def test_only_an_ended_experiment_keeps_times_that_are_over(state: str | None) -> None:
    live = {**desk_files.properties(), "Schedule": TIMES, "DesiredState": state}
    later = {**TIMES, "EndTime": "2999-01-20T00:00:00Z"}
    for kind in (Manifest.CUSTOM, Manifest.NATIVE, Manifest.REGISTRY):
        schedules = []
        for times in (TIMES, later):
            made = template(kind, "Experiment", {**live, "Schedule": times}, Extent.ALL)
            schedules.append(made["Resources"]["Experiment"]["Properties"].get("Schedule"))
        assert schedules == (
            [TIMES, later] if state in ("Completed", "Cancelled") else [None, {"EndTime": later["EndTime"]}]
        )


def test_from_a_live_experiment_in_every_type(desk: Desk, snapshot: SnapshotAssertion) -> None:
    bring_to(desk, Description="näher: geprüft", Tags=[STACK_TAG, {"Key": "team", "Value": "ml"}])
    for kind in ("custom", "native", "registry", "stackql"):
        assert steady(desk.ok("manifest", "--from", "fraud", "--type", kind).stdout) == snapshot(name=kind)


def test_what_is_live_needs_no_change_to_be_what_its_manifest_says(desk: Desk) -> None:
    bring_to(desk, DataStorageConfig={"Destination": "s3://bucket/x"}, Description="one")
    desk.write("t.yaml", desk.ok("manifest", "--from", "fraud").stdout)
    made = desk.ok("plan", "t.yaml", "--current", "fraud", "--format", "json").data()
    assert (made["verdict"], made["properties"]) == ("nothing to do", [])


def test_a_manifest_creates_the_experiment_again(desk: Desk) -> None:
    bring_to(desk, Description="one")
    text = desk.ok("manifest", "--from", "fraud", "--type", "native").stdout
    desk.ok("delete", "fraud", "--yes", *QUICK)
    desk.ok("create", "-f", desk.write("t.yaml", text), *QUICK)
    assert properties_of(desk.ok("manifest", "--from", "fraud").stdout)["Description"] == "one"


def test_stackql_names_are_those_of_the_provider(desk: Desk) -> None:
    made = yaml.safe_load(desk.ok("manifest", "--type", "stackql", "--properties", "all").stdout)
    (resource,) = made["resources"]
    assert [one["name"] for one in resource["props"]] == [
        "name",
        "type",
        "description",
        "role_arn",
        "endpoint_name",
        "schedule",
        "kms_key",
        "data_storage_config",
        "model_variants",
        "shadow_mode_config",
        "tags",
        "status_reason",
        "desired_state",
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--format", "csv"), 2, "choose yaml or json"),
        (("--logical-id", "a-b"), 2, "letters and digits only"),
        (("--from", "missing"), 1, "no experiment missing in us-east-1"),
    ],
)
def test_refusals(desk: Desk, arguments: tuple[str, ...], code: int, words: str) -> None:
    assert words in desk.refused(code, "manifest", *arguments)
