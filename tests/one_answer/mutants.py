"""Invalid properties: valid ones with a value replaced, removed or written differently."""

import copy
import itertools
import json
import random
from collections.abc import Iterator
from pathlib import Path
from types import NoneType
from typing import Any

from one_answer.answers import mutation

COMPLETE: dict[str, Any] = {
    "Name": "fraud",
    "Type": "ShadowMode",
    "Description": "Is model 2 faster?",
    "RoleArn": "arn:aws:iam::123456789012:role/experiment",
    "EndpointName": "endpoint",
    "KmsKey": "1234abcd-12ab-34cd-56ef-1234567890ab",
    "ModelVariants": [
        {
            "ModelName": f"model-{number}",
            "VariantName": name,
            "InfrastructureConfig": {
                "InfrastructureType": "RealTimeInference",
                "RealTimeInferenceConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1},
            },
        }
        for number, name in enumerate(("production", "shadow"), 1)
    ],
    "ShadowModeConfig": {
        "SourceModelVariantName": "production",
        "ShadowModelVariants": [{"ShadowModelVariantName": "shadow", "SamplingPercentage": 50}],
    },
    "Schedule": {"StartTime": "2090-01-31T08:00:00Z", "EndTime": "2090-02-02T08:00:00Z"},
    "DataStorageConfig": {
        "Destination": "s3://bucket/prefix",
        "KmsKey": "alias/capture",
        "ContentType": {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]},
    },
    "DesiredState": "Running",
    "StatusReason": "good enough",
    "Tags": [{"Key": "team", "Value": "ml"}, {"Key": "stage", "Value": "test"}],
}
CUSTOM_ONLY: dict[str, Any] = {
    "ServiceToken": "arn:aws:lambda:us-east-1:123456789012:function:provider",
    "ServiceTimeout": 3600,
    "ModelVariantActions": {"production": "Remove", "shadow": "Promote"},
    "PromotionCriteria": {"MaxLatencyIncrease": "10%", "MaxErrorRate": "1%", "MinInvocations": 1000},
}
OPTIONAL = {"Description", "KmsKey", "Schedule", "DataStorageConfig", "DesiredState", "StatusReason", "Tags"} | {
    "ServiceTimeout",
    "ModelVariantActions",
    "PromotionCriteria",
}
# What a template can hold without a function. CloudFormation refuses null wherever it is; for the text AWS::NoValue
# cfn-lint has a warning of its own (W1054) instead of its errors.
LITERALS = [
    value
    for value in mutation.REPLACEMENTS
    if value in ([], {}, [[]], [{}]) or (not isinstance(value, dict | list | NoneType) and value != "AWS::NoValue")
]
TIMES = [
    "2090-01-31T08:30:00Z",
    "2090-01-31T09:00:00+00:00",
    "2090-01-31T09:00:00",
    "2090-01-31",
    "2090-03-31T08:00:00Z",
    "2090-01-31 09:00:00Z",
    "2090-02-02t08:00:00z",
    "20900202T080000Z",
    "2090-W05-2T08:00:00Z",
    "tomorrow",
    3792470400,
    "3792470400",
]
NUMBERS = [0, 1, 100, 101, -1, 0.5, 1.0, 50.5, "50", "50.0", "50.00", " 50", "5e1", "+5", "0x10", "٣", "1_0", True, ""]
ACTIONS = ["Retain", "Remove", "Promote", "promote"]
NAMES = ["production", "shadow", "Shadow", "other", "-shadow", "shadow-", "sha_dow", "a" * 63, "a" * 64]
PERCENTAGES = ["5%", "5", 5, "-5%", "5 %", "200%", "1.5%", "1e2%", "%", "0%", "1234567%"]


def mutants(count: int, seed: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what was changed and the properties, all of them different."""
    chance, seen = random.Random(seed), set()
    while len(seen) < count:
        native = chance.random() < 0.3
        properties = copy.deepcopy(COMPLETE if native else {**CUSTOM_ONLY, **COMPLETE})
        for name in chance.sample(sorted(properties), chance.randint(0, 6)):
            if name in OPTIONAL:
                del properties[name]
        changes = [_change(properties, chance) for _ in range(chance.choice((1, 1, 1, 2)))]
        text = repr(properties)
        if text not in seen:
            seen.add(text)
            yield f"{'native' if native else 'custom'}: {', '.join(changes)}", properties


def registered(count: int, seed: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield as many mutants of the registry type: those of the custom type, the provider's properties left out.

    In one of eight they are left where they are not allowed.
    """
    custom = (each for each in mutants(4 * count, seed) if each[0].startswith("custom") and "Service" not in each[0])
    for number, (changed, properties) in enumerate(itertools.islice(custom, count)):
        kept = {} if number % 8 else {"ServiceToken": CUSTOM_ONLY["ServiceToken"]}
        without = {name: value for name, value in properties.items() if not name.startswith("Service")}
        yield changed.replace("custom", "registry"), {**kept, **without}


def _change(properties: dict[str, Any], chance: random.Random) -> str:
    path = chance.choice(list(mutation.places(properties)))
    parent: Any = properties
    for key in path[:-1]:
        parent = parent[key]
    key, value = path[-1], parent[path[-1]]
    kind = chance.random()
    where = "/".join(map(str, path))
    if kind < 0.12:
        del parent[key]
        return f"{where} left out"
    if kind < 0.2 and isinstance(parent, dict):
        parent[f"{key}y"] = parent.pop(key) if chance.random() < 0.5 else value
        return f"{where}y"
    if kind < 0.27 and isinstance(parent, list):
        parent.append(copy.deepcopy(value))
        return f"{where} twice"
    parent[key] = new = copy.deepcopy(chance.choice(_choices(path, value)))
    return f"{where} is {str(new)[:40]!r}"


def _choices(path: tuple[Any, ...], value: Any) -> list[Any]:
    """Return replacements of a value, most of them almost valid.

    No number in a list: cfn-lint does not know its line.
    """
    if isinstance(path[-1], int):
        texts = [f"{value}\n", f"{value}/"] if isinstance(value, str) else []
        return texts + [one for one in LITERALS if isinstance(one, str | list | dict)]
    special = {
        "StartTime": TIMES,
        "EndTime": TIMES,
        "VariantName": NAMES,
        "SourceModelVariantName": NAMES,
        "ShadowModelVariantName": NAMES,
        "MaxLatencyIncrease": PERCENTAGES,
        "MaxErrorRate": PERCENTAGES,
        "DesiredState": ["Completed", "Cancelled", "running", "Created"],
        "Key": ["team", "aws:x", "AWS:x", "cfn-inference-experiment:owner", "a" * 128, "a" * 129, "ä", "a*b"],
    }
    if path[0] == "ModelVariantActions" and len(path) > 1:
        return ACTIONS
    if path[-1] in special:
        return special[path[-1]] * 2 + LITERALS
    if isinstance(value, str):
        edited = [f"{value}\n", f" {value}", value.upper(), value * 300, f"{value}ä", f"{value}/", f"{value}%"]
        return edited * 2 + LITERALS
    return (NUMBERS * 2 if isinstance(value, int) else []) + LITERALS


def template(properties: dict[str, Any], kind: str = "") -> dict[str, Any]:
    """Return a template with these properties, of the type that they are of if none is given."""
    native = "ServiceToken" not in properties and not any(name.startswith("Service") for name in properties)
    kind = kind or ("AWS::SageMaker::InferenceExperiment" if native else "Custom::SageMakerInferenceExperiment")
    return {"Resources": {"Experiment": {"Type": kind, "Properties": properties}}}


def write(folder: Path, number: int, properties: dict[str, Any], kind: str = "") -> Path:
    """Write a mutant as a JSON template, each value on a line of its own."""
    path = folder / f"mutant-{number}.json"
    path.write_text(json.dumps(template(properties, kind), indent=1, ensure_ascii=False), encoding="utf-8")
    return path
