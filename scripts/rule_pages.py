"""Generate docs/rules.md and docs/rules/*.md from the rules.

The examples of a rule are fragments. Merged into BASE they are complete templates, so that a page shows only the
relevant part and a test can lint it. `pytest tests/rules --update-docs` writes the pages; without the option the test
compares them.
"""

import json
from collections.abc import Mapping
from inspect import getdoc, getfile
from pathlib import Path
from typing import Any, Final, Protocol

import yaml
from cfnlint.decode import cfn_yaml

from inference_experiment import contract
from shadow_test_policies.experiment import EXPERIMENT_TYPES

BASE: Final = """\
AWSTemplateFormatVersion: "2010-09-09"
Parameters:
  ProviderArn: {Type: String, Description: The ServiceToken output of the provider's stack}
  ExperimentRoleArn: {Type: String}
Resources:
  Experiment:
    Type: Custom::SageMakerInferenceExperiment
    Properties:
      ServiceToken: {Ref: ProviderArn}
      ServiceTimeout: 3600
      Name: fraud-shadow-test
      Type: ShadowMode
      RoleArn: {Ref: ExperimentRoleArn}
      EndpointName: fraud-endpoint
      ModelVariants:
        - ModelName: fraud-model-1
          VariantName: production
          InfrastructureConfig:
            InfrastructureType: RealTimeInference
            RealTimeInferenceConfig: {InstanceType: ml.m5.large, InstanceCount: 1}
        - ModelName: fraud-model-2
          VariantName: shadow
          InfrastructureConfig:
            InfrastructureType: RealTimeInference
            RealTimeInferenceConfig: {InstanceType: ml.m5.large, InstanceCount: 1}
      ShadowModeConfig:
        SourceModelVariantName: production
        ShadowModelVariants: [{ShadowModelVariantName: shadow, SamplingPercentage: 50}]
"""

KINDS: Final = {"E": "error", "W": "warning", "I": "information"}
RANGES: Final = {
    "95": "The experiment's properties",
    "96": "Endpoint, endpoint configuration and models",
    "97": "Wiring of the custom resource",
    "98": "IAM permissions",
}


class Documented(Protocol):
    """The metadata of a rule; its docstring says why a finding matters."""

    id: str
    shortdesc: str
    description: str
    source_url: str
    config_definition: dict[str, Any]


def merge(base: Mapping[str, Any], fragment: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with the members of `fragment` added or replaced; None removes a member."""
    merged = dict(base)
    for key, value in fragment.items():
        current = merged.get(key)
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict) and isinstance(current, dict) and not is_function(value):
            merged[key] = merge(current, value)
        else:
            merged[key] = value
    return merged


def is_function(value: Mapping[str, Any]) -> bool:
    """Tell whether a mapping is an intrinsic function, which is replaced, not merged."""
    return len(value) == 1 and (next(iter(value)) == "Ref" or str(next(iter(value))).startswith("Fn::"))


def example(fragment: str) -> str:
    """Return the complete template of a fragment."""
    base = cfn_yaml.loads(BASE)
    changed = merge(base, cfn_yaml.loads(fragment))
    for name, resource in changed["Resources"].items():
        if resource.get("Type") in EXPERIMENT_TYPES and name not in base["Resources"]:
            changed["Resources"][name] = merge(base["Resources"]["Experiment"], resource)
        if resource.get("Type") == contract.NATIVE_TYPE:
            properties = changed["Resources"][name]["Properties"]
            changed["Resources"][name]["Properties"] = {
                key: value for key, value in properties.items() if key not in contract.SERVICE_PROPERTIES
            }
    used = yaml.dump(_plain(changed["Resources"]))
    for name in list(base["Parameters"]):
        if f"Ref: {name}\n" not in used:
            del changed["Parameters"][name]
    if not changed["Parameters"]:
        del changed["Parameters"]
    return yaml.dump(_plain(changed), sort_keys=False)


def _plain(value: Any) -> Any:  # noqa: ANN401 - any YAML value
    """Return a decoded template without cfn-lint's node classes, which yaml.dump does not support."""
    if isinstance(value, dict):
        return {str(key): _plain(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, str) else value


def fragments(rule: Documented) -> tuple[str, str]:
    """Return the wrong and the right fragment of a rule, from the YAML file of the same name."""
    bad, good = Path(getfile(type(rule))).with_suffix(".yaml").read_text(encoding="utf-8").split("\n---\n")
    return bad.strip(), good.strip()


def page(rule: Documented) -> str:
    """Return the page of one rule."""
    bad, good = fragments(rule)
    options = "".join(
        f"- `{name}` ({definition['type']}, default `{json.dumps(definition['default'])}`): `-x {rule.id}:{name}=...`\n"
        for name, definition in rule.config_definition.items()
    )
    parts = [
        f"# {rule.id}: {rule.shortdesc}",
        f"Severity: {KINDS[rule.id[0]]}" + ("; enabled with `-c I`" if rule.id[0] == "I" else ""),
        rule.description,
        f"**Why it matters.** {getdoc(rule)}",
        f"Wrong:\n\n```yaml\n{bad}\n```",
        f"Right:\n\n```yaml\n{good}\n```",
        "The fragments change the template in [rules.md](../rules.md#template-of-the-examples).",
        f"## Options\n\n{options.strip()}" if options else "",
        f"Source: <{rule.source_url}>",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def overview(rules: list[Documented]) -> str:
    """Return docs/rules.md."""
    lines = [
        "# Rules",
        "",
        "Generated by `pytest tests/rules --update-docs`. Usage: [linting.md](linting.md).",
    ]
    for number, title in RANGES.items():
        chosen = [rule for rule in rules if rule.id[1:3] == number]
        if chosen:
            lines += ["", f"## {title}", "", "| id | severity | title |", "|---|---|---|"]
        lines += [f"| [{rule.id}](rules/{rule.id}.md) | {KINDS[rule.id[0]]} | {rule.shortdesc} |" for rule in chosen]
    lines += ["", "## Template of the examples", "", f"```yaml\n{BASE.strip()}\n```"]
    return "\n".join(lines) + "\n"


def pages(rules: list[Documented]) -> dict[Path, str]:
    """Return every generated file, by its path in docs/."""
    ordered = sorted(rules, key=lambda rule: (rule.id[1:], rule.id[0]))
    return {Path("rules.md"): overview(ordered)} | {Path("rules") / f"{rule.id}.md": page(rule) for rule in ordered}
