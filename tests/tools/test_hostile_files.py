"""Files that nobody should write: any of them ends in an exit code, never in a traceback."""

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from desk import Desk
from desk_files import properties

ODD: list[Any] = [
    None,
    [],
    {},
    "",
    0,
    -1,
    1.5,
    True,
    "x",
    10**30,
    [None],
    [[]],
    {"": ""},
    {"Ref": "X"},
    {"Ref": 3},
    {"Ref": "AWS::NoValue"},
    {"Fn::If": ["C", 1, 2]},
    {"Fn::If": 1},
    {"Fn::Sub": [1]},
    {"Fn::GetAtt": ["A", "b"]},
    {"Fn::Select": [9, ["a"]]},
    {"Fn::FindInMap": ["a", "b", "c"]},
    {"Fn::Join": [1, 2]},
    {"Fn::Split": ["", ""]},
    {"Fn::Transform": {}},
]
TEMPLATE = {
    "Parameters": {"X": {"Type": "String", "Default": "1"}},
    "Conditions": {"C": {"Fn::Equals": [{"Ref": "X"}, "1"]}},
    "Resources": {
        "A": {
            "Type": "Custom::SageMakerInferenceExperiment",
            "Properties": properties(
                ServiceToken="token",
                Schedule={"StartTime": "2030-01-31T08:00:00Z", "EndTime": "2030-02-01T08:00:00Z"},
                DataStorageConfig={"Destination": "s3://bucket"},
                ModelVariantActions={"shadow": "Remove"},
            ),
        }
    },
    "Outputs": {"O": {"Value": {"Fn::GetAtt": ["A", "Name"]}}},
}


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield from places(item, (*path, key))


def spoiled(choice: random.Random) -> Any:
    made = copy.deepcopy(TEMPLATE)
    for _ in range(choice.choice([1, 1, 2, 3])):
        *way, last = choice.choice([path for path in places(made) if path])
        inner: Any = made
        for key in way:
            inner = inner[key]
        inner[last] = copy.deepcopy(choice.choice(ODD))
    return made


@pytest.mark.parametrize("seed", range(20))
def test_spoiled_templates_end_in_an_exit_code(desk: Desk, seed: int) -> None:
    choice = random.Random(seed)
    desk.write("whole.json", json.dumps(TEMPLATE))
    for _ in range(5):
        desk.write("t.json", json.dumps(spoiled(choice)))
        for arguments in (
            ("validate", "t.json"),
            ("plan", "t.json"),
            ("plan", "t.json", "--previous", "whole.json"),
            ("plan", "whole.json", "--previous", "t.json"),
            ("convert", "t.json", "--to", "native"),
        ):
            assert desk.run(*arguments).returncode in (0, 1, 2, 3)
