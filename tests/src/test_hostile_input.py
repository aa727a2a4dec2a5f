"""Hostile and broken input: whatever arrives, a clear FAILED answer at its own URL, or a logged error; never a secret.

Inputs are generated: properties from the function's own schema, then damaged; events damaged in every member. They
go through the real handler; what is valid by accident meets a SageMaker without endpoints. A failing example is
printed by hypothesis with what reproduces it.
"""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any, Final

import pytest
from experiment_properties import properties
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from log_audit import SECRET_SIGNATURE, SECRET_TAG_VALUE, FunctionHandler

from inference_experiment import contract
from inference_experiment.event import PROGRESS_KEY
from inference_experiment.notices import ProblemKind
from protocol_driver.cloud import ProtocolCloud
from protocol_driver.stack import ResourceState

_TENTH: Final = settings().max_examples // 10  # of the examples that a test has by default
EXAMPLES: Final = {"properties": 45 * _TENTH, "events": 105 * _TENTH, "shapes": 60 * _TENTH}
REQUEST_TYPES: Final = ("Create", "Update", "Delete")
LIMIT: Final = 4096
SURROGATE: Final = "\ud800"
OURS: Final = settings(
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)


def nested(depth: int, *, mapping: bool = False) -> Any:
    value: Any = "leaf"
    for _ in range(depth):
        value = {"Key": value} if mapping else [value]
    return value


TEXT: Final = st.text(st.characters(), max_size=40)
SURROGATES: Final = st.text(st.characters(categories=["Cs"]), min_size=1, max_size=5)
LONG: Final = st.sampled_from(["x" * 70_000, "試" * 5000, "-" * 3000, "a-" * 3000, "9" * 5000, "0" * 400 + "1"])
WRONG: Final = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    TEXT,
    SURROGATES,
    LONG,
    st.sampled_from(
        ["", " ", "\n", "1\n", "50.0", "-1", "1e3", "٣", "NaN", "true", "null", "\x00", "${x}", "%s%n", "{}"]
    ),
    st.sampled_from([[], {}, [[]], {"": {}}, nested(50), nested(50, mapping=True)]),
    st.lists(TEXT, max_size=3),
    st.dictionaries(TEXT, TEXT, max_size=3),
)


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref")
    return contract.schema()["definitions"][reference.rsplit("/", 1)[1]] if reference else schema


def from_schema(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Return valid values of a schema, as CloudFormation sends them: every scalar a text."""
    schema = resolved(schema)
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema["type"] == "array":
        return st.lists(from_schema(schema["items"]), min_size=schema.get("minItems", 0), max_size=3)
    if schema["type"] == "integer":
        return st.integers(schema.get("minimum", 0), schema.get("maximum", 100)).map(str)
    if schema["type"] == "object":
        known = {key: from_schema(value) for key, value in schema.get("properties", {}).items()}
        required = {key: known.pop(key) for key in schema.get("required", ())}
        return st.fixed_dictionaries(required, optional=known)
    return st.from_regex(schema["pattern"], fullmatch=True) if "pattern" in schema else TEXT


WRITABLE: Final = {
    key: value for key, value in contract.schema()["properties"].items() if key not in contract.read_only()
}
WHOLE: Final = st.fixed_dictionaries({}, optional={key: from_schema(value) for key, value in WRITABLE.items()})
VALID: Final = properties(Tags=[{"Key": "team", "Value": SECRET_TAG_VALUE}])


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of every member of a value."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        yield (*path, key)
        yield from places(member, (*path, key))


@st.composite
def damaged(draw: st.DrawFn, value: Any, most: int = 4) -> Any:
    """Return a copy of a value with some members replaced, removed, renamed or added."""
    copy = json.loads(json.dumps(value))
    for _ in range(draw(st.integers(0, most))):
        all_places = list(places(copy))
        if not all_places:
            break
        *parents, last = draw(st.sampled_from(all_places))
        holder = copy
        for key in parents:
            holder = holder[key]
        kind = draw(st.sampled_from(["replace", "replace", "remove", "rename", "add"]))
        if kind == "replace":
            holder[last] = deepcopy(draw(WRONG))
        elif kind == "remove":
            holder.pop(last)
        elif isinstance(holder, list):
            holder.append(deepcopy(draw(WRONG)))
        else:
            key = str(last).lower() if kind == "rename" else draw(TEXT)
            holder[key] = holder.pop(last) if kind == "rename" else deepcopy(draw(WRONG))
    return copy


class Lines(FunctionHandler):
    """What the function logged."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line as the function writes it."""
        if record.name.startswith(("inference_experiment.", "crhelper")):
            self.lines.append(json.loads(self.format(record)))


@contextmanager
def captured() -> Iterator[Lines]:
    lines = Lines()
    logging.getLogger().addHandler(lines)
    try:
        yield lines
    finally:
        logging.getLogger().removeHandler(lines)


NUMBER = iter(range(1, 10**9))


def event_of(cloud: ProtocolCloud, **changes: Any) -> dict[str, Any]:
    """Return an event that a stack of the local CloudFormation has just sent, with these members changed."""
    cloud.reset()
    request_id = f"hostile-{next(NUMBER)}"
    event = {
        "RequestType": "Create",
        "ResponseURL": f"{cloud.bucket.issue(request_id)}&X-Amz-Signature={SECRET_SIGNATURE}",
        "StackId": cloud.stack("shop").stack_id,
        "RequestId": request_id,
        "ResourceType": contract.CUSTOM_TYPE,
        "LogicalResourceId": "Experiment",
        "ResourceProperties": VALID,
        **changes,
    }
    if event["RequestType"] != "Create":
        event = {"PhysicalResourceId": "test", **event}
    return event


def wait_for(cloud: ProtocolCloud, event: Any) -> None:
    """Let the event's stack wait for it; one that names another stack or resource is not waited for."""
    kind = event.get("RequestType") if isinstance(event, dict) else None
    if kind not in REQUEST_TYPES:
        return
    for stack in cloud.stacks:
        stack.status = f"{str(kind).upper()}_IN_PROGRESS"
        stack.resource = ResourceState(stack.status, "test", cloud.clock.now())


def deliver(cloud: ProtocolCloud, event: Any, own_path: str) -> dict[str, Any] | None:
    """Deliver an event; check what holds for any; return the answer's body, None where there was none."""
    wait_for(cloud, event)
    with captured() as log:
        error = cloud.function.invoke(event, "invocation")
    answers = cloud.bucket.responses

    assert [answer.path for answer in answers] in ([], [own_path]), "one answer at most, and only at its own URL"
    text = json.dumps(log.lines) + error
    assert SECRET_SIGNATURE not in text
    assert SECRET_TAG_VALUE not in text
    assert "Traceback" not in json.dumps(log.lines), "a crash is a bug, whatever came in"
    if not answers:
        quiet = any(line["message"] in ("handed over", ProblemKind.ABANDONED) for line in log.lines)
        assert quiet or any(line["level"] == "ERROR" for line in log.lines), "an error must be logged"
        return None
    (answer,) = answers
    body: dict[str, Any] = answer.body
    assert len(answer.raw) <= LIMIT
    assert body["Status"] in {"SUCCESS", "FAILED"}
    assert "Traceback" not in body["Reason"]
    assert "failed unexpectedly" not in body["Reason"], body["Reason"]
    assert bool(body["Reason"]) >= (body["Status"] == "FAILED")
    assert isinstance(body["PhysicalResourceId"], str)
    assert body["PhysicalResourceId"]
    return body


@pytest.mark.no_cover  # what chance reaches does not count
@pytest.mark.timeout(120)
@settings(OURS, max_examples=EXAMPLES["properties"])
@given(
    kind=st.sampled_from(["Create", "Create", "Create", "Update", "Delete"]),
    hostile=st.one_of(damaged(VALID), damaged(VALID), WHOLE.flatmap(damaged)),
    old=st.one_of(st.just(VALID), damaged(VALID)),
)
def test_hostile_properties(protocol_cloud: ProtocolCloud, kind: str, hostile: Any, old: Any) -> None:
    """Damaged properties are answered: a Create fails with the findings, a Delete goes through."""
    changes = {"OldResourceProperties": old} if kind == "Update" else {}
    event = event_of(protocol_cloud, RequestType=kind, ResourceProperties=hostile, **changes)

    body = deliver(protocol_cloud, event, f"/{event['RequestId']}")

    assert body is not None
    if kind == "Delete":
        assert body["Status"] == "SUCCESS", body["Reason"]
    else:
        assert body["Status"] == "FAILED", "nothing can be created without an endpoint"


MEMBERS: Final = ("RequestType", "ResponseURL", "StackId", "RequestId", "LogicalResourceId", "PhysicalResourceId")
URLS: Final = st.sampled_from(
    [
        f"http://localhost/?X-Amz-Signature={SECRET_SIGNATURE}",
        f"https://example.com/?X-Amz-Signature={SECRET_SIGNATURE}",
        f"https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com.example.com/?{SECRET_SIGNATURE}",
        f"https://localhost@example.com/?X-Amz-Signature={SECRET_SIGNATURE}",
        f"https://localhost:port/?X-Amz-Signature={SECRET_SIGNATURE}",
        f"https://[::1/?X-Amz-Signature={SECRET_SIGNATURE}",
        f"file:///etc/passwd?{SECRET_SIGNATURE}",
        f"https://localhost\\@example.com/?{SECRET_SIGNATURE}",
        f"//localhost/?{SECRET_SIGNATURE}",
        f"https:localhost/?{SECRET_SIGNATURE}",
        SECRET_SIGNATURE,
    ]
)


@st.composite
def damages(draw: st.DrawFn) -> dict[str, Any]:
    """Return members of an event to replace (None: leave out)."""
    others = ("ResourceProperties", "OldResourceProperties", PROGRESS_KEY)
    chosen = draw(st.lists(st.sampled_from([*MEMBERS, *others]), max_size=3))
    values = {key: draw(WRONG) for key in chosen}
    if draw(st.booleans()):
        values["ResponseURL"] = draw(st.one_of(URLS, WRONG))
    return values


@pytest.mark.no_cover  # what chance reaches does not count
@pytest.mark.timeout(120)
@settings(OURS, max_examples=EXAMPLES["events"])
@given(kind=st.sampled_from(["Create", "Update", "Delete"]), changes=damages())
@example(kind="Create", changes={"LogicalResourceId": SURROGATE})
@example(kind="Create", changes={"RequestId": SURROGATE, "ResourceProperties": {}})
@example(kind="Create", changes={"StackId": "試" * 1000, "RequestId": "試" * 100, "LogicalResourceId": "試" * 250})
@example(kind="Create", changes={PROGRESS_KEY: {"deadline": "soon", "acted": [], "of_another_version": True}})
@example(kind="Delete", changes={PROGRESS_KEY: {"of_another_version": True}})
@example(kind="Update", changes={"StackId": "\x08"})
@example(kind="Create", changes={"ResponseURL": f"https://[::1/?X-Amz-Signature={SECRET_SIGNATURE}"})
@example(kind="Delete", changes={"PhysicalResourceId": "𠮷" * 1024, "StackId": "𠮷" * 1000})
def test_hostile_events(protocol_cloud: ProtocolCloud, kind: str, changes: dict[str, Any]) -> None:
    """Damaged events are answered where they say whereto, and logged where not."""
    event = event_of(protocol_cloud, RequestType=kind)
    own_path = f"/{event['RequestId']}"
    event = {key: value for key, value in {**event, **changes}.items() if value is not None}

    body = deliver(protocol_cloud, event, own_path)

    if body is not None:
        for key in ("StackId", "RequestId", "LogicalResourceId"):
            assert body[key] == event[key], "copied verbatim"
    elif set(changes) <= {"ResourceProperties", "OldResourceProperties", "PhysicalResourceId"}:
        pytest.fail("an event whose ids and URL are right must be answered")


@settings(OURS, max_examples=EXAMPLES["shapes"])
@given(event=st.one_of(WRONG, st.builds(lambda value: {"Records": value}, WRONG), st.dictionaries(TEXT, WRONG)))
@example(event={"Records": [{}]})
@example(event={"Records": [{"body": "no JSON " + SECRET_SIGNATURE}]})
@example(event={"Records": [{"body": "[" * 100_000}]})
@example(event={"Records": [{"body": 5}, 7]})
@example(event={"Records": {"body": "{}"}})
def test_hostile_shapes(protocol_cloud: ProtocolCloud, event: Any) -> None:
    """What is no request at all is logged, and nobody is answered."""
    protocol_cloud.reset()  # whatever test was before, an answer to its last event is none to this one
    if event != {"Records": []}:  # an empty batch, which Lambda never sends, is nothing to speak of
        assert deliver(protocol_cloud, event, "/nowhere") is None


HUGE: Final[dict[str, dict[str, Any]]] = {
    "Description": {"Description": "x" * 10_000_000},
    "Tags/0/Value": {"Tags": [{"Key": "k", "Value": SECRET_TAG_VALUE * 700_000}]},
    "Tags": {"Tags": [{"Key": f"key-{number}", "Value": f"value-{number}"} for number in range(200_000)]},
    "Property0": {f"Property{number}": "x" * 100 for number in range(80_000)},
    "Schedule": {"Schedule": nested(900)},
    "Schedule/Key": {"Schedule": nested(900, mapping=True)},
    "DataStorageConfig/Destination": {"DataStorageConfig": {"Destination": "s3://" + "a/" * 3_000_000}},
    "RoleArn": {"RoleArn": "arn:aws:iam::123456789012:role/" + "a" * 5_000_000},
    "ShadowModeConfig": {"ShadowModeConfig": {"SourceModelVariantName": "a-" * 2_000_000}},
    "ServiceTimeout": {"ServiceTimeout": "9" * 5000},
}
DEEP: Final[dict[str, Any]] = {
    "Description": nested(20_000),
    "ModelVariants": nested(20_000, mapping=True),
    "ServiceTimeout": nested(20_000),
    "Tags": [nested(20_000, mapping=True)],
}


def answer_to(cloud: ProtocolCloud, kind: str, hostile: dict[str, Any], old: dict[str, Any]) -> dict[str, Any]:
    changes = {"OldResourceProperties": old} if kind == "Update" else {}
    event = event_of(cloud, RequestType=kind, ResourceProperties=hostile, **changes)
    body = deliver(cloud, event, f"/{event['RequestId']}")
    assert body is not None
    assert body["Status"] == ("SUCCESS" if kind == "Delete" else "FAILED")
    return body


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
@pytest.mark.parametrize("path", HUGE)
def test_huge(protocol_cloud: ProtocolCloud, kind: str, path: str) -> None:
    """Events of 10 MB are answered, and the answer names what is wrong; a Delete goes through."""
    body = answer_to(protocol_cloud, kind, {**VALID, **HUGE[path]}, VALID)

    if kind != "Delete" and path != "ServiceTimeout":
        assert "nvalid propert" in body["Reason"]
        assert path in body["Reason"]


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
@pytest.mark.parametrize("name", DEEP)
def test_deep(protocol_cloud: ProtocolCloud, kind: str, name: str) -> None:
    """Nesting beyond any recursion is answered; a Delete goes through."""
    answer_to(protocol_cloud, kind, {**VALID, name: DEEP[name]}, VALID)


@pytest.mark.parametrize("odd", [True, 7, [], [True], {"EndTime": True}, {"ContentType": {"CsvContentTypes": 7}}, None])
@pytest.mark.parametrize("name", ["Schedule", "DataStorageConfig", "ModelVariants", "ShadowModeConfig", "Tags"])
def test_a_delete_reads_no_property_that_it_does_not_need(
    protocol_cloud: ProtocolCloud, name: str, odd: object
) -> None:
    answer_to(protocol_cloud, "Delete", {**VALID, name: odd}, VALID)


@pytest.mark.parametrize("name", DEEP)
def test_deep_previous_properties(protocol_cloud: ProtocolCloud, name: str) -> None:
    """Previous properties are not validated, and must not hurt either."""
    answer_to(protocol_cloud, "Update", VALID, {**VALID, name: DEEP[name]})


@pytest.mark.parametrize("value", [0, 50.0, True, None, [], {}, "", "fifty", "5e1", "-1", "101", "1" * 30, SURROGATE])
def test_every_wrong_scalar_is_reported_with_its_path(protocol_cloud: ProtocolCloud, value: Any) -> None:
    """All findings of one event are in the one reason."""
    shadow = [{"ShadowModelVariantName": "shadow", "SamplingPercentage": value}]
    changed = properties(
        ShadowModeConfig={"SourceModelVariantName": 7, "ShadowModelVariants": shadow}, Nmae="x", RoleArn="none"
    )
    event = event_of(protocol_cloud, ResourceProperties=changed)

    body = deliver(protocol_cloud, event, f"/{event['RequestId']}")

    assert body is not None
    assert body["Status"] == "FAILED"
    assert "Nmae: is not a property; did you mean Name?" in body["Reason"]
    assert "RoleArn: 'none' does not match" in body["Reason"]
    valid = value in (0, 50.0) and not isinstance(value, bool)
    path = "ShadowModeConfig/ShadowModelVariants/0/SamplingPercentage"
    assert (path in body["Reason"]) is not valid
