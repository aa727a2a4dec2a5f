"""Events become frozen requests, or say what is missing."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests_for_tests import GUID, STACK_ID, URL, event, request

from inference_experiment.event import (
    MAXIMUM_DEPTH,
    PROGRESS_KEY,
    MalformedEventError,
    Request,
    carried_progress,
    message,
    parse,
)
from inference_experiment.model import Progress, RequestType


def deep(levels: int) -> Any:
    value: Any = "leaf"
    for _ in range(levels):
        value = {"Key": value}
    return value


def test_a_whole_update() -> None:
    """Every member of an event has its place in the request."""
    made = request("Update", OldResourceProperties={"Name": "before"}, ResourceProperties={"Name": "after"})

    assert made.type is RequestType.UPDATE
    assert (made.response_url, made.stack_id, made.request_id) == (URL, STACK_ID, "request-1")
    assert (made.logical_id, made.physical_id) == ("Experiment", "test")
    assert (made.properties, made.old_properties) == ({"Name": "after"}, {"Name": "before"})
    assert (made.stack_name, made.stack_guid) == ("shop", GUID)
    assert made.issued is None


def test_a_stack_id_of_another_form_stands_for_name_and_guid() -> None:
    made = request(StackId="local-stack")

    assert (made.stack_name, made.stack_guid) == ("local-stack", "local-stack")


def test_secrets_are_not_in_the_representation() -> None:
    """A request that is printed by accident shows neither its URL nor properties."""
    assert "5ecret51gnature" not in repr(request())
    assert "team" not in repr(request("Update", OldResourceProperties={"Tags": [{"Key": "team", "Value": "x"}]}))


@pytest.mark.parametrize("key", ["RequestType", "ResponseURL", "StackId", "RequestId", "LogicalResourceId"])
@pytest.mark.parametrize("value", [None, "", 7, [], {}])
def test_required_texts(key: str, value: Any) -> None:
    """What is missing is named, and nobody can be answered."""
    with pytest.raises(MalformedEventError, match=f"missing or not a string: {key}$") as caught:
        parse({**event(), key: value})

    assert caught.value.addressee is None


@pytest.mark.parametrize("key", ["StackId", "RequestId", "LogicalResourceId"])
@pytest.mark.parametrize("value", ["x" * 2000, "試験", "\ud800"])
def test_texts_that_would_burst_the_answer(key: str, value: str) -> None:
    with pytest.raises(MalformedEventError, match=f"too long, or not ASCII: {key}$"):
        parse(event(**{key: value}))


@pytest.mark.parametrize("value", [None, "text", ["list"], 7])
def test_what_is_no_object_is_no_event(value: Any) -> None:
    with pytest.raises(MalformedEventError, match=f"must be a JSON object, not {type(value).__name__}"):
        parse(value)


@pytest.mark.parametrize("kind", ["Update", "Delete"])
@pytest.mark.parametrize("physical_id", [None, "", "x" * 1025, "試" * 200, 7])
def test_physical_id_is_required_after_creation(kind: str, physical_id: Any) -> None:
    """Without it the request cannot be carried out, but it can be answered."""
    with pytest.raises(MalformedEventError, match="PhysicalResourceId is missing or too long") as caught:
        parse(event(kind, PhysicalResourceId=physical_id))

    assert caught.value.addressee is not None
    assert caught.value.addressee.response_url == URL


@pytest.mark.parametrize("kind", ["Read", "create", "Destroy" * 20])
def test_other_request_types_are_answered(kind: str) -> None:
    with pytest.raises(MalformedEventError, match="not Create, Update or Delete") as caught:
        parse(event(RequestType=kind))

    assert caught.value.addressee is not None


@pytest.mark.parametrize("value", [None, "text", 7, ["list"]])
def test_properties_that_are_no_mapping_are_none(value: Any) -> None:
    assert parse({**event("Update"), "ResourceProperties": value, "OldResourceProperties": value}).properties == {}


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
def test_depth(kind: str) -> None:
    """What is deeper than any schema is cut off before anybody walks it; what is not stays as it is."""
    flat, endless = {"Schedule": deep(MAXIMUM_DEPTH - 2)}, {"Schedule": deep(100_000)}

    assert request(kind, ResourceProperties=flat).properties == flat
    assert f"nested more than {MAXIMUM_DEPTH} deep" in repr(request(kind, ResourceProperties=endless).properties)
    assert request("Update", ResourceProperties=flat, OldResourceProperties=endless).changed


@pytest.mark.parametrize(
    ("query", "issued"),
    [
        ("X-Amz-Date=20300101T000000Z", 1893456000.0),
        ("X-Amz-Date=yesterday", None),
        ("X-Amz-Date=", None),
        ("AWSAccessKeyId=x&Expires=1893463200", 1893456000.0),
        ("AWSAccessKeyId=x&Expires=1", -7199.0),
        ("Expires=soon", None),
        ("Expires=", None),
        ("Expires=" + "9" * 30, None),
        ("Expires=999999999999999", None),
        ("X-Amz-Date=20300101T000000Z&Expires=1", 1893456000.0),
        ("", None),
    ],
)
def test_time_of_issue(query: str, issued: float | None) -> None:
    """X-Amz-Date of Signature Version 4; in Version 2 two hours before the URL expires."""
    assert request(ResponseURL=f"https://localhost/?{query}").issued == issued


def test_time_of_issue_of_what_is_no_url() -> None:
    assert request(ResponseURL="https://[::1").issued is None


@pytest.mark.parametrize(
    ("timeout", "seconds"),
    [
        ("600", 600),
        (600, 600),
        ("0", 1),
        ("9999", 3600),
        ("", 3600),
        ("ten", 3600),
        ("-5", 3600),
        ("٣", 3600),
        ("9" * 5000, 3600),
        (True, 3600),
        ([], 3600),
        (None, 3600),
    ],
)
def test_service_timeout(timeout: Any, seconds: int) -> None:
    """CloudFormation's limits hold whatever the property says."""
    assert request(ResourceProperties={"ServiceTimeout": timeout}).service_timeout == seconds


@pytest.mark.parametrize(
    ("new", "old", "changed"),
    [
        ({"A": "1"}, {"A": 1}, set()),
        ({"A": "true"}, {"A": True}, set()),
        ({"A": "1.5"}, {"A": 1.5}, set()),
        ({"A": None}, {}, set()),
        ({"A": None}, {"A": ""}, {"A"}),
        ({"A": "x"}, {}, {"A"}),
        ({}, {"A": "x"}, {"A"}),
        ({"A": {"B": "1", "C": "2"}}, {"A": {"B": "1", "C": "3"}}, {"A", "A/C"}),
        ({"A": {"B": "1"}}, {}, {"A", "A/B"}),
        ({"A": "1"}, {"A": {"B": "1"}}, {"A", "A/B"}),
        ({"A": [{"B": "1"}]}, {"A": [{"B": 1}]}, set()),
        ({"A": [{"B": "1"}]}, {"A": [{"B": 2}]}, {"A"}),
        ({"A": ["1"]}, {"A": ["1", "2"]}, {"A"}),
        ({"A": {"B": "1"}}, {"A": {"C": "1"}}, {"A", "A/B", "A/C"}),
        ({"A": ["1"]}, {"A": {"B": "1"}}, {"A", "A/B"}),
    ],
)
def test_changed_properties(new: Any, old: Any, changed: set[str]) -> None:
    """Members of maps are told apart, lists are one thing, and a number equals its text."""
    assert request("Update", ResourceProperties=new, OldResourceProperties=old).changed == changed


@pytest.mark.parametrize(
    ("tags", "values"),
    [
        ([{"Key": "a", "Value": "one"}, {"Key": "b", "Value": 2}], {"one", "2"}),
        ([{"Key": "a"}, {"Value": []}, "text"], set()),
        ("text", set()),
    ],
)
def test_tag_values(tags: Any, values: set[str]) -> None:
    """The values that no log line may show, of well-formed tags and others."""
    assert request("Update", ResourceProperties={"Tags": tags}).tag_values == values
    assert request("Update", OldResourceProperties={"Tags": tags}, ResourceProperties={}).tag_values == values


FIRST = Progress(deadline=100.0)
DONE = Progress(
    deadline=90.5,
    acted={"CreateInferenceExperiment:test": 10.25},
    target="test-2",
    failure="no capacity",
    transition_seen=True,
    failing_since=20.5,
    slowdown=4.0,
    handovers=3,
    status="Creating",
    status_since=30.75,
)


def without_token(made: Request) -> Request:
    kept = [
        {key: value for key, value in properties.items() if key != "ServiceToken"}
        for properties in (made.properties, made.old_properties)
    ]
    return replace(made, properties=kept[0], old_properties=kept[1])


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
def test_a_message_is_the_same_request(kind: str) -> None:
    """But for ServiceToken, which only CloudFormation needs; what is empty is left out."""
    old = {"OldResourceProperties": {"Name": "before", "ServiceToken": "arn"}} if kind == "Update" else {}
    made = request(kind, ResponseURL=URL + "&X-Amz-Date=20300101T000000Z", **old)
    text = message(made, DONE)

    assert parse(json.loads(text)) == without_token(made)
    assert "ServiceToken" not in text
    assert ("PhysicalResourceId" in text) is (kind != "Create")
    assert ("OldResourceProperties" in text) is (kind == "Update")


def test_a_message_restores_the_progress() -> None:
    assert carried_progress(json.loads(message(request(), DONE))[PROGRESS_KEY], FIRST) == DONE


@pytest.mark.parametrize(
    ("progress", "members"),
    [
        (FIRST, {"deadline": 100.0}),
        (replace(FIRST, handovers=1), {"deadline": 100.0, "handovers": 1}),
        (replace(FIRST, acted={}, slowdown=1.0, status="Creating"), {"deadline": 100.0, "status": "Creating"}),
    ],
)
def test_a_message_holds_what_has_happened_only(progress: Progress, members: dict[str, Any]) -> None:
    """It has to fit into a queue into which the event has just fitted."""
    assert json.loads(message(request(), progress))[PROGRESS_KEY] == members


@pytest.mark.parametrize(
    ("carried", "progress"),
    [
        (None, FIRST),
        ("text", FIRST),
        ([], FIRST),
        ({}, FIRST),
        ({"of_another_version": True}, FIRST),
        ({"acted": [], "handovers": "many", "status": 7, "failing_since": None}, FIRST),
        ({"acted": {"a": "soon", "b": 1}}, replace(FIRST, acted={"b": 1})),
        ({"acted": {"a": float("nan"), "b": 1}, "failing_since": float("nan")}, replace(FIRST, acted={"b": 1})),
    ],
)
def test_progress_of_another_version_is_taken_where_it_is_usable(carried: Any, progress: Progress) -> None:
    assert carried_progress(carried, FIRST) == progress


def test_a_message_is_utf_8_and_no_longer_than_the_event() -> None:
    """Escapes would make three bytes of a Japanese character six: an event that fits would not fit into SQS."""
    made = request("Update", ResourceProperties={"Description": "試験" * 1000}, OldResourceProperties={})
    sent = event("Update", ResourceProperties={"Description": "試験" * 1000})

    assert "試験" in message(made, FIRST)
    assert len(message(made, FIRST).encode()) <= len(json.dumps(sent, ensure_ascii=False).encode())


@pytest.mark.parametrize("character", [*map(chr, (0xD800, 0xDFFF, 0xFFFE, 0xFFFF, 0, 0x1F)), "𠮷", '"', "\\"])
def test_characters_that_a_queue_refuses_are_escaped(character: str) -> None:
    """SQS takes XML's characters only, and no encoding has lone surrogates."""
    made = request(ResourceProperties={"Description": f"a{character}b", character: ["x"]})
    text = message(made, FIRST)

    assert text.encode().decode() == text
    assert not set(text) & {*map(chr, range(0x20)), "\ufffe", "\uffff"}
    assert parse(json.loads(text)) == made


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters()), inner, max_size=3),
    max_leaves=10,
)


@given(properties=st.dictionaries(st.text(st.characters()), JSON, max_size=4))
def test_any_properties_survive_the_queue(properties: dict[str, Any]) -> None:
    made = request("Update", ResourceProperties=properties, OldResourceProperties=properties)
    text = message(made, FIRST)

    assert text.encode().decode() == text
    assert parse(json.loads(text)) == without_token(made)


def test_what_is_nested_too_deeply_stays_invalid() -> None:
    """What stands for it is a text then, which no schema takes in place of a list or a map either."""
    made = request(ResourceProperties={"Schedule": deep(MAXIMUM_DEPTH + 5)})

    assert f"a value nested more than {MAXIMUM_DEPTH} deep" in message(made, FIRST)
