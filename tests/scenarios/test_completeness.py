"""No scenario of AWS's provider, no defect and no pitfall may be without a file."""

import json
from pathlib import Path
from typing import Final

import botocore.session
import pytest
from scenario_format import WrongScenarioError, read

FOLDER: Final = Path(__file__).parent
ROOT: Final = FOLDER.parents[1]
# The 58 tests of AWS's provider (aws-facts 4.4), in its order.
OF_AWS: Final = [
    "create-simple-success",
    "create-service-internal-exception",
    "create-resource-in-use-exception",
    "create-resource-limit-exceeded-exception",
    "create-validation-failure",
    "create-no-exception-message",
    "create-verify-stabilization-successful",
    "create-verify-stabilization-failed",
    "read-simple-success",
    "read-service-internal-exception",
    "read-client-error-exception",
    "read-resource-not-found-exception",
    "update-resource-success",
    "update-tags-success",
    "start-resource-success",
    "stop-resource-success",
    "stop-resource-promote-shadow-success",
    "stop-resource-remove-shadow-success",
    "update-resource-service-internal-exception",
    "start-resource-service-internal-exception",
    "stop-resource-service-internal-exception",
    "update-resource-resource-not-found-exception",
    "start-resource-resource-not-found-exception",
    "stop-resource-resource-not-found-exception",
    "update-read-resource-service-internal-exception",
    "update-read-resource-resource-not-found-exception",
    "update-resource-limit-exceeded-exception",
    "update-resource-verify-stabilization-successful",
    "update-resource-verify-stabilization-failed",
    "start-resource-verify-stabilization-successful",
    "start-resource-verify-stabilization-failed",
    "stop-resource-verify-stabilization-successful",
    "stop-resource-verify-stabilization-failed",
    "delete-simple-success",
    "stop-and-delete-resource-successful",
    "delete-stop-resource-verify-stabilization-successful",
    "delete-stop-resource-verify-stabilization-failed",
    "delete-resource-service-internal-exception",
    "delete-resource-resource-not-found-exception",
    "delete-stop-resource-service-internal-exception",
    "delete-stop-resource-resource-not-found-exception",
    "delete-read-resource-service-internal-exception",
    "delete-read-resource-resource-not-found-exception",
    "list-simple-success",
    "list-no-resource-exist",
    "list-service-internal-exception",
    "translator-unauthorized-operation",
    "translator-invalid-parameter",
    "translator-invalid-parameter-value",
    "translator-validation-error",
    "translator-internal-error",
    "translator-service-unavailable",
    "translator-resource-limit-exceeded",
    "translator-resource-not-found",
    "translator-throttling-exception",
    "translator-unknown",
    "translator-no-error-code",
    "translator-no-error-details",
]
# aws-facts 4.4, last line: what AWS's tests do not cover.
UNCOVERED: Final = [
    "update-while-updating",
    "update-while-stopping",
    "update-while-creating",
    "update-while-starting",
    "update-of-completed",
    "update-of-cancelled",
    "create-desired-state-completed",
    "conflict-that-lasts",
    "delete-conflict",
    "delete-while-starting",
    "delete-while-updating",
    "tags-add-fails",
    "tags-delete-throttled",
    "tags-list-denied",
    "list-of-several-pages",
    "re-entry-after-a-crash",
]
# What a rollback overtakes, and where the request is by then.
OVERTAKEN: Final = {
    f"{change}-{when}"
    for change in ("promotion", "start", "edit", "replacement")
    for when in ("waiting", "throttled", "at-the-same-time")
}
# What arrives once more, and what is known about it.
LATE: Final = [
    "create-redelivered-after-removal",
    "update-redelivered-after-the-next-update",
    "replacement-redelivered-after-the-next-replacement",
    "delete-redelivered-after-re-creation",
    "lost-answer",
    "cancelled-create",
    "promotion-repeated",
    "stack-cannot-be-asked",
    "no-signing-time",
    "delete-with-null-members",
    "rolling-back-does-not-promote",
    "rolling-back-does-not-start",
    "rolling-back-does-not-replace",
]
# Pitfalls of aws-facts 7 that have no scenario, and why.
WITHOUT_SCENARIO: Final = {
    19: "root logger: test_logs.py",
    28: "no rule, so no target",
    29: "no statement in the function's policy",
    30: "no rule, so no quota of rules",
    31: "no polling permissions: test_contract.py compares the role",
    32: "wiring of the template: a cfn-lint rule",
    33: "the CDK's provider framework is not used",
    34: "tests use the edge, not a patched sender",
    37: "the exact version is pinned in src/requirements.txt: test_requirements below",
}


def stems(folder: str) -> set[str]:
    return {path.stem for path in (FOLDER / folder).glob("*.yaml")}


def test_every_scenario_of_aws_has_its_file() -> None:
    assert len(OF_AWS) == len(set(OF_AWS)) == 58
    assert stems("aws") == set(OF_AWS)


def test_every_defect_has_its_file() -> None:
    numbers = sorted(int(stem[1:3]) for stem in stems("defects"))

    assert numbers == list(range(1, 29))
    for path in (FOLDER / "defects").glob("*.yaml"):
        assert read(path).why.startswith(f"D{int(path.stem[1:3])} - "), path.name


def test_what_aws_does_not_cover_has_its_file() -> None:
    assert set(UNCOVERED) <= stems("uncovered")


def test_every_order_of_events_has_its_file() -> None:
    assert stems("overtaken") >= OVERTAKEN
    assert set(LATE) <= stems("late")


def test_questions_about_the_stack_are_listed() -> None:
    """A scenario that lists the questions is compared with all that are asked."""
    for path in (*FOLDER.glob("overtaken/*.yaml"), *FOLDER.glob("late/*.yaml")):
        listed = {operation for request in read(path).requests for call in request.calls for operation in call}
        assert listed >= {"DescribeStacks", "DescribeStackResource"}, path.name


def test_every_pitfall_has_a_scenario_or_a_reason() -> None:
    whys = " ".join(read(path).why for folder in ("contract",) for path in (FOLDER / folder).glob("*.yaml"))
    mentioned = {number for number in range(1, 38) if f"C{number}," in whys or f"C{number} " in whys}

    assert mentioned | set(WITHOUT_SCENARIO) == set(range(1, 38))
    assert not mentioned & set(WITHOUT_SCENARIO)


def test_requirements() -> None:
    """Crhelper is subclassed at private hooks, so its version is exact (C37)."""
    assert "crhelper==2.0.12" in (ROOT / "src" / "requirements.txt").read_text().splitlines()


def test_operations_exist_in_the_sdk() -> None:
    """Every operation that the function can call is one of the installed boto3 (D27)."""
    operations = json.loads((ROOT / "src/inference_experiment/contract/operations.json").read_text())["operations"]
    session = botocore.session.get_session()

    for operation, facts in operations.items():
        assert operation in session.get_service_model(facts["service"]).operation_names


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("why: x\nrequests: [{send: Create, calls: [], respones: {}}]", r"requests/0: unknown keys \['respones'\]"),
        ("why: x\nrequest: []\nrequests: [{send: Create, calls: []}]", r"unknown keys \['request'\]"),
        ("why: x\nrequests: [{send: Create, calls: [], faults: [{on: X}]}]", r"faults/0: unknown keys \['True'\]"),
        ("why: x\nrequests: [{send: Create, calls: [], after: {x: 1}}]", r"after: unknown keys \['x'\]"),
        ("why: x\ngiven: {a: {state: Running}}\nrequests: [{send: Create, calls: []}]", r"given/a: unknown keys"),
        ("why: x\nrequests: []", "no requests"),
        ("requests: [{send: Create, calls: []}]", "why"),
        (
            "why: x\nrequests: [{send: Create, calls: [], response: {status: FAILED, id: x}}]",
            "must say words of its reason",
        ),
        ("- a", "must be a mapping"),
        ("why: x\nrequests: [a]", "must be a mapping"),
        ("why: x\nrequests: [{send: Create, calls: [], response: a}]", "must be a mapping"),
    ],
)
def test_wrong_scenario_files_fail_loudly(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "wrong.yaml").write_text(text)

    with pytest.raises(WrongScenarioError, match=message):
        read(tmp_path / "wrong.yaml")
