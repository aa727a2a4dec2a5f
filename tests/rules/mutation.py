"""Broken templates: fixtures with values replaced, wrapped, moved or removed."""

import copy
import itertools
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cfnlint.decode import decode
from cfnlint.template import Template

REPLACEMENTS: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    10**30,
    "",
    "text",
    "²",
    "AWS::NoValue",
    [],
    {},
    [[]],
    [None],
    [{}],
    {"Ref": "AWS::NoValue"},
    {"Ref": "AWS::Region"},
    {"Ref": "Experiment"},
    {"Ref": "Nothing"},
    {"Ref": ["Experiment"]},
    {"Ref": None},
    {"Fn::If": ["IsProduction", "a", "b"]},
    {"Fn::If": ["IsProduction", {"Ref": "AWS::NoValue"}, ["a"]]},
    {"Fn::If": ["Nothing", 1]},
    {"Fn::If": [{"Fn::Equals": [1, 2]}, 1, 2]},
    {"Fn::If": "IsProduction"},
    {"Fn::GetAtt": "Experiment.Status"},
    {"Fn::GetAtt": ["Experiment"]},
    {"Fn::GetAtt": ["Extra", "Arn"]},
    {"Fn::GetAtt": ["Extra", "QueueName"]},
    {"Fn::GetAtt": ["ExtraRole", "Arn"]},
    {"Fn::GetAtt": ["ExtraNetwork", "CidrBlockAssociations"]},
    {"Fn::GetAtt": ["ExtraNetwork", "VpcId"]},
    {"Fn::GetAtt": ["ExtraStack", "Outputs.Name"]},
    {"Fn::If": ["IsProduction", "a", {"Fn::GetAtt": ["Extra", "QueueName"]}]},
    {"Fn::If": ["Always", "a", "b"]},
    {"Fn::If": ["IsProduction", {"Fn::If": ["IsProduction", "a", "b"]}, "c"]},
    {"Fn::ImportValue": "token"},
    {"Key": "team", "Value": {"Fn::If": ["IsProduction", "a", "b"]}},
    {"Fn::GetAtt": [{"Ref": "Stage"}, 1]},
    {"Fn::Sub": "${Stage}-${AWS::Region}-${Experiment.Arn}-${!Literal}-${"},
    {"Fn::Sub": "${Extra} ${ Extra.Arn }-${AWS::Region}"},
    {"Fn::Sub": "${Extra}${ExtraNetwork.CidrBlockAssociations}"},
    {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/${ExtraRole}"},
    {"Fn::Sub": ["${A}", {"A": {"Fn::If": []}}]},
    {"Fn::Sub": [1, 2, 3]},
    {"Fn::Join": ["", ["a", {"Ref": "Stage"}, None]]},
    {"Fn::Join": [{"Ref": "Stage"}, "a"]},
    {"Fn::Select": ["²", {"Fn::Split": [",", "a,b"]}]},
    {"Fn::Select": [-1, ["a"]]},
    {"Fn::Split": ["", "a"]},
    {"Fn::FindInMap": ["Map", {"Ref": "AWS::Region"}, {"Ref": "Stage"}]},
    {"Fn::FindInMap": [["Map"], {}, None]},
    {"Fn::FindInMap": ["Map", "a", "b", {"DefaultValue": {"Ref": "Stage"}}]},
    {"Fn::ImportValue": {1: 2, "a": 3}},
    {"Fn::Transform": {"Name": "AWS::Include"}},
    {"Fn::ForEach::X": ["A", ["b"], {}]},
    {"Fn::Unheard": 1},
    {1: 2},
    {"a": {"Ref": "Stage"}, "Fn::Transform": {}},
]
EXTRA = {
    "Conditions": {
        "IsProduction": {"Fn::Equals": [{"Ref": "Stage"}, "production"]},
        "Always": {"Fn::Equals": [{"Ref": "Only"}, "always"]},
    },
    "Parameters": {
        "Stage": {"Type": "String", "AllowedValues": ["production", "test"]},
        "Only": {"Type": "String", "AllowedValues": ["always"]},
    },
    "Resources": {
        "Extra": {"Type": "AWS::SQS::Queue", "Condition": "IsProduction"},
        "ExtraRole": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}}},
        "ExtraNetwork": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
        "ExtraStack": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "https://example.com/a"}},
    },
}


def seeds(paths: list[Path]) -> list[dict[str, Any]]:
    found = []
    for path in paths:
        template = decode(str(path))[0]
        for section, added in EXTRA.items():
            if isinstance(template.get(section, {}), dict):
                template[section] = {**added, **template.get(section, {})}
        found.append(template)
    return found


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in items:
        yield (*path, key)
        yield from places(member, (*path, key))


def mutants(originals: list[dict[str, Any]], count: int, seed: int) -> Iterator[Template]:
    """Yield broken templates that cfn-lint itself can load."""
    chance = random.Random(seed)
    made = 0
    for number in itertools.count():
        try:
            template = Template("mutant.yaml", mutate(originals[number % len(originals)], chance), ["us-east-1"])
            _ = template.context
        except Exception:  # noqa: BLE001 - cfn-lint's own, before any rule
            continue
        yield template
        made += 1
        if made == count:
            return


def mutate(template: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    mutant = copy.deepcopy(template)
    for _ in range(chance.randint(1, 3)):
        path = chance.choice(list(places(mutant)))
        parent = mutant
        for key in path[:-1]:
            parent = parent[key]
        change(parent, path[-1], chance)
    return mutant


def change(parent: Any, key: Any, chance: random.Random) -> None:
    kind = chance.random()
    if kind < 0.1:
        del parent[key]
    elif kind < 0.2:
        parent[key] = [parent[key]]
    elif kind < 0.3:
        parent[key] = {"Fn::If": ["IsProduction", parent[key], copy.deepcopy(chance.choice(REPLACEMENTS))]}
    elif kind < 0.35 and isinstance(parent, dict):
        parent[chance.choice([1, None, "Properties", "Extra"])] = parent.pop(key)
    elif kind < 0.4 and isinstance(parent, list):
        parent.append(parent[key])
    else:
        parent[key] = copy.deepcopy(chance.choice(REPLACEMENTS))
