"""manifest: complete, valid, deployable, and from a live experiment the same as what is live."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from desk import STACK_TAG, Desk, steady
from desk_files import QUICK, bring_to
from syrupy.assertion import SnapshotAssertion

from inference_experiment import contract
from inference_experiment_cli.convert.manifest import ORDER
from inference_experiment_cli.convert.target import NATIVE_PROPERTIES
from inference_experiment_cli.inputs.documents import parse_document
from inference_experiment_cli.lint.engine import lint

WRITABLE = set(contract.schema()["properties"]) - contract.read_only()


def properties_of(text: str) -> dict[str, Any]:
    (resource,) = parse_document(text, "manifest").value["Resources"].values()
    made: dict[str, Any] = resource["Properties"]
    return made


def test_the_orders_are_complete() -> None:
    assert set(ORDER) == WRITABLE
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", contract.NATIVE_TYPE).schema
    read_only = {pointer.rsplit("/", 1)[1] for pointer in schema["readOnlyProperties"]}
    assert set(NATIVE_PROPERTIES) == set(schema["properties"]) - read_only


@pytest.mark.parametrize("kind", ["custom", "native", "stackql"])
@pytest.mark.parametrize("extent", ["required", "all"])
def test_from_scratch(desk: Desk, kind: str, extent: str, snapshot: SnapshotAssertion) -> None:
    del desk.settings["AWS_ACCESS_KEY_ID"]
    text = desk.ok("manifest", "--type", kind, "--properties", extent).stdout
    assert text == snapshot
    as_json = desk.ok("manifest", "--type", kind, "--properties", extent, "--format", "json").data()
    assert as_json == parse_document(text, "manifest").value


@pytest.mark.parametrize("kind", ["custom", "native"])
@pytest.mark.parametrize("extent", ["required", "all"])
def test_a_template_from_scratch_passes_validate_and_lint(desk: Desk, kind: str, extent: str) -> None:
    text = desk.ok("manifest", "--type", kind, "--properties", extent).stdout
    desk.ok("validate", desk.write("t.yaml", text))
    assert [one for one in lint(Path("t.yaml")) if one.rule.id.startswith("E")] == []
    needed = {"required": set(contract.schema()["required"]), "all": WRITABLE}[extent]
    expected = needed if kind == "custom" else needed & {*NATIVE_PROPERTIES} | {"Name"}
    assert set(properties_of(text)) == expected


def test_from_a_live_experiment_in_every_type(desk: Desk, snapshot: SnapshotAssertion) -> None:
    bring_to(desk, Description="näher: geprüft", Tags=[STACK_TAG, {"Key": "team", "Value": "ml"}])
    for kind in ("custom", "native", "stackql"):
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
