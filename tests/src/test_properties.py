"""Raw properties become what is desired, or every finding with its path."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from experiment_properties import properties, shadow, variant
from log_audit import SECRET_TAG_VALUE
from requests_for_tests import event, moment, request

from inference_experiment import contract
from inference_experiment.errors import InvalidProperties
from inference_experiment.model import DesiredState, Status
from inference_experiment.properties import parse, parse_deletion, validate

SAMPLING = "ShadowModeConfig/ShadowModelVariants/0/SamplingPercentage"


def findings(**changes: Any) -> list[str]:
    """Return the findings of valid properties with these changes, as they are shown."""
    return [str(finding) for finding in validate(properties(**changes))[1]]


@pytest.mark.parametrize(("text", "number"), [("50", 50), (" 50 ", 50), ("50.0", 50), ("0", 0), (50, 50), (50.0, 50)])
def test_numbers_are_numbers_again(text: Any, number: int) -> None:
    """CloudFormation's texts become the integers that boto3 demands."""
    desired = parse(request(ResourceProperties=properties(ShadowModeConfig=shadow(sampling=text))))

    assert desired.configuration.sampling_percentage == number
    assert type(desired.configuration.sampling_percentage) is int


@pytest.mark.parametrize("text", ["", "ten", "5e1", "50.5", "٣", "--5", "1" * 19])
def test_texts_that_are_no_numbers(text: str) -> None:
    (finding,) = findings(ShadowModeConfig=shadow(sampling=text))  # type: ignore[arg-type]

    assert finding.startswith(f"{SAMPLING}: {text!r} must be of type integer")


def test_a_number_where_a_text_is_asked() -> None:
    """YAML's numbers in descriptions and tags reach us as numbers through other callers."""
    assert parse(request(ResourceProperties=properties(Description=5))).configuration.description == "5"


def test_all_findings_at_once() -> None:
    """One deployment shows everything, each with path and suggestion."""
    with pytest.raises(InvalidProperties) as caught:
        parse(request(ResourceProperties=properties(Nmae="x", RoleArn="none", KmsKey="a b", EndpointName=None)))

    paths = {finding.path for finding in caught.value.findings}
    assert paths == {"Nmae", "RoleArn", "KmsKey", "EndpointName"}
    assert str(caught.value).startswith("5 invalid properties: ")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"Nmae": "x"}, "Nmae: is not a property; did you mean Name?"),
        ({"Colour": "x"}, "Colour: is not a property"),
        ({"Arn": "x"}, "Arn: is set by SageMaker; remove it"),
        ({"RoleArn": None}, "RoleArn: is required"),
        ({"Type": "Shadow"}, "Type: 'Shadow' must be one of ShadowMode"),
        ({"Name": "a_b"}, "Name: 'a_b' does not match ^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,119}$"),
        ({"Name": ""}, "Name: '' is shorter than 1 characters"),
        ({"Name": "test\n"}, "Name: 'test\\n' does not match"),
        ({"Description": "one line\n"}, "Description: 'one line\\n' does not match ^.*$"),
        ({"ModelVariantActions": {"shadow\n": "Remove"}}, "ModelVariantActions/shadow\n: is not a property"),
        ({"Description": ["x"]}, 'Description: ["x"] must be of type string'),
        ({"Tags": None, "Schedule": {"StartTime": {"a": None}}}, 'StartTime: {"a": null} must be of type string'),
        ({"ShadowModeConfig": shadow(sampling=0.5)}, f"{SAMPLING}: '0.5' must be of type integer"),
        ({"ShadowModeConfig": shadow(sampling=True)}, f"{SAMPLING}: true must be of type integer"),
        ({"PromotionCriteria": {}}, "PromotionCriteria: sets no threshold"),
        ({"Schedule": {"StartTime": 1900000000}}, "StartTime: '1900000000' is not an ISO 8601 time"),
        (
            {"ModelVariantActions": {"production": "Retain", "shadow": "Promote"}},
            "ModelVariantActions/production: 'shadow' is promoted in place of 'production', which cannot be retained",
        ),
        ({"Description": "x" * 1025}, "Description: 'xxxx"),
        ({"ShadowModeConfig": shadow(sampling=101)}, f"{SAMPLING}: 101 is more than 100"),
        ({"ShadowModeConfig": shadow(sampling=-1)}, f"{SAMPLING}: -1 is less than 0"),
        ({"ModelVariants": []}, "ModelVariants: [] has fewer than 1 items"),
        ({"ModelVariants": [variant("a", "b")] * 5}, "has more than 2 items"),
        ({"ModelVariantActions": {}}, "ModelVariantActions: {} has fewer than 1 members"),
        ({"ModelVariantActions": {"a": "Retain", "b": "Retain", "c": "Retain"}}, "has more than 2 members"),
        ({"ModelVariantActions": {"a_b": "Retain"}}, "ModelVariantActions/a_b: is not a property"),
        ({"ModelVariantActions": {"a" * 64: "Retain"}}, "is longer than 63 characters"),
        ({"ModelVariantActions": {"shadow": "Destroy"}}, "must be one of Retain, Remove, Promote"),
        ({"Schedule": "now"}, "Schedule: 'now' must be of type object"),
        ({"Tags": [{"Key": "a"}]}, "Tags/0/Value: is required"),
        ({"Tags": {"a": "b"}}, "must be of type array"),
    ],
)
def test_one_finding(changes: dict[str, Any], expected: str) -> None:
    """Each kind of violation has its words."""
    found = findings(**changes) if changes != {"RoleArn": None} else findings(RoleArn=None)

    assert any(expected in finding for finding in found), found


def test_a_wrong_tag_value_is_not_repeated() -> None:
    """People keep in tags what no stack event should show."""
    (finding,) = findings(Tags=[{"Key": "a", "Value": "only-for-the-tag;"}])

    assert finding.startswith("Tags/0/Value: the value does not match")


def test_booleans_are_texts_where_texts_are_asked() -> None:
    """CloudFormation sends "true" for a true in the template."""
    raw = properties(Description=True, Tags=[{"Key": "critical", "Value": False}])

    restored, found = validate(raw)

    assert found == []
    assert (restored["Description"], restored["Tags"][0]["Value"]) == ("true", "false")


def text_places(schema: dict[str, Any], *keys: str) -> Iterator[tuple[str, ...]]:
    """Yield the places of the writable texts that have a pattern; 0 stands for the first item."""
    schema = contract.schema()["definitions"][schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema
    if "pattern" in schema:
        yield keys
    for name, member in schema.get("properties", {}).items():
        if keys or name not in contract.read_only() | contract.SERVICE_PROPERTIES:
            yield from text_places(member, *keys, name)
    if "items" in schema:
        yield from text_places(schema["items"], *keys, "0")


@pytest.mark.parametrize("place", list(text_places(contract.schema())), ids="/".join)
def test_no_text_may_end_in_a_line_break(place: tuple[str, ...]) -> None:
    """Python's $ would let one pass; folded texts of YAML end in one."""
    raw: Any = "x\n"
    for key in reversed(place):
        raw = [raw] if key == "0" else {key: raw}

    assert any(finding.path == "/".join(place) for finding in validate(properties(**raw))[1])


def test_schema_and_checks_report_together() -> None:
    """A check runs when its own values are valid, whatever else breaks the schema."""
    other = (
        "ShadowModeConfig/ShadowModelVariants/0/ShadowModelVariantName: "
        "'other' is not a VariantName of ModelVariants ('production', 'shadow')"
    )
    assert findings(ShadowModeConfig=shadow(name="other")) == [other]
    assert findings(ShadowModeConfig=shadow(name="other"), Type="x") == ["Type: 'x' must be one of ShadowMode", other]
    assert findings(ModelVariants="") == ["ModelVariants: '' must be of type array"]


def test_too_much_is_cut_to_what_is_still_too_much() -> None:
    """Validation of an absurd event ends; what is wrong is still found."""
    many = findings(**{f"Unknown{number}": "x" for number in range(5000)})
    tags = findings(Tags=[{"Key": f"k{number}", "Value": "x"} for number in range(5000)])

    assert 1 < len(many) < 100
    assert tags[0].startswith("Tags: ")
    assert "has more than 49 items" in tags[0]


@pytest.mark.parametrize(
    ("state", "goal", "end"),
    [
        (None, DesiredState.EXIST, Status.COMPLETED),
        ("Running", DesiredState.RUN, Status.COMPLETED),
        ("Completed", DesiredState.COMPLETE, Status.COMPLETED),
        ("Cancelled", DesiredState.CANCEL, Status.CANCELLED),
    ],
)
def test_goal(state: str | None, goal: DesiredState, end: Status) -> None:
    desired = parse(request(ResourceProperties=properties(DesiredState=state)))

    assert (desired.desired_state, desired.stop.state) == (goal, end)


def test_what_is_desired() -> None:
    desired = parse(
        request(
            "Update",
            ResourceProperties=properties(
                StatusReason="because",
                ModelVariantActions={"shadow": "Promote"},
                Schedule={"EndTime": "2030-01-02T01:00:00+01:00"},
                ServiceTimeout="600",
            ),
            OldResourceProperties={"Tags": [{"Key": "old", "Value": "x"}, {"Value": "y"}, "text"]},
        )
    )

    assert desired.stop.reason == "because"
    assert desired.stop.actions == {"shadow": "Promote"}
    assert desired.configuration.end_time == moment(2)
    assert desired.tags == {"team": SECRET_TAG_VALUE}
    assert desired.previous_tags == {"old"}
    assert desired.explicit_name


def test_names_that_are_left_out() -> None:
    """A Create derives one, an Update keeps the one that it has."""
    assert parse(request(ResourceProperties=properties(Name=None))).configuration.name.startswith("shop-Experiment-")
    update = parse(request("Update", PhysicalResourceId="x-y", ResourceProperties=properties(Name=None)))
    assert update.configuration.name == "x-y"
    assert not update.explicit_name


def test_tags_that_are_no_list_had_no_keys() -> None:
    update = request("Update", OldResourceProperties={"Tags": "text"})

    assert parse(update).previous_tags == frozenset()


@pytest.mark.parametrize(
    ("raw", "name", "state"),
    [
        (properties(DesiredState="Cancelled"), "test", Status.CANCELLED),
        (properties(Name=None), "", Status.COMPLETED),
        ({"Name": "test", "DesiredState": "Cancelled"}, "test", Status.COMPLETED),
        ({"Name": "te_st"}, "", Status.COMPLETED),
        ({"Name": 7}, "7", Status.COMPLETED),
        ({"Name": ["x"]}, "", Status.COMPLETED),
        ({}, "", Status.COMPLETED),
    ],
)
def test_deletion_never_fails_for_its_properties(raw: dict[str, Any], name: str, state: Status) -> None:
    """Valid properties say how to end; invalid ones say nothing but a name."""
    found, ending = parse_deletion(request("Delete", ResourceProperties=raw))

    assert (found, ending.state) == (name, state)


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"DesiredState": "Running"},
        {"DesiredState": "Completed"},
        {"DesiredState": "Cancelled"},
        {"StatusReason": "enough"},
        {"ModelVariantActions": {"production": "Remove", "shadow": "Promote"}},
    ],
)
def test_a_deletion_ends_an_experiment_as_an_update_would(said: dict[str, Any]) -> None:
    """Also where nothing was validated because no property says how; invalid properties say nothing."""
    valid = request("Delete", ResourceProperties=properties(**said))
    invalid = request("Delete", ResourceProperties=properties(**said, RoleArn="no ARN"))

    assert parse_deletion(valid) == ("test", parse(valid).stop)
    assert parse_deletion(invalid) == ("test", parse_deletion(request("Delete"))[1])


@pytest.mark.parametrize(
    ("raw", "variants"),
    [
        (properties(), ("production", "shadow")),
        (properties(RoleArn="no ARN", DesiredState="Completed"), ("production", "shadow")),
        (properties(ShadowModeConfig={"SourceModelVariantName": "production"}), ("production",)),
        (properties(ShadowModeConfig={"ShadowModelVariants": [None, {"ShadowModelVariantName": "s"}]}), ("s",)),
        (properties(ShadowModeConfig={"SourceModelVariantName": 7, "ShadowModelVariants": "text"}), ()),
        (properties(ShadowModeConfig=["text"], ModelVariants={"a": None}, Schedule="x", DataStorageConfig=[]), ()),
        ({}, ()),
    ],
)
def test_a_deletion_knows_the_variants_that_the_template_names(raw: dict[str, Any], variants: tuple[str, ...]) -> None:
    """SageMaker may not name them, and a stop has to; invalid properties still name what they name."""
    assert parse_deletion(request("Delete", ResourceProperties=raw))[1].variants == variants


@pytest.mark.parametrize(
    ("said", "loaded"), [({}, "False"), ({"DesiredState": "Cancelled"}, "False"), ({"A": "b"}, "True")]
)
def test_jsonschema_is_loaded_only_for_what_is_not_plainly_right(said: dict[str, str], loaded: str) -> None:
    """It is a quarter of the first request (docs/decisions/0011-cold-start-cost.md)."""
    code = (
        "import json, sys\n"
        "from inference_experiment.event import parse\n"
        "from inference_experiment.properties import parse_deletion\n"
        "parse_deletion(parse(json.loads(sys.argv[1])))\n"
        "print('jsonschema' in sys.modules)\n"
    )
    raw = json.dumps(event("Delete", ResourceProperties=properties(**said)))

    found = subprocess.run([sys.executable, "-c", code, raw], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == loaded
