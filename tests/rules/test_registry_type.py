"""The registry type: the findings of the custom type, without those about its provider."""

import re
from collections import Counter
from pathlib import Path

import pytest
from linting import Line, fixtures, lines_of, lint_text, runner
from test_fixtures import name_of

from inference_experiment.contract import CUSTOM_TYPE, SERVICE_PROPERTIES, attributes
from shadow_test_policies import registry_type
from shadow_test_policies.registry_type import REGISTRY_TYPE

OF_EXPERIMENTS = re.compile(r"[EWI]9[56]")
SERVICE_LINE = re.compile(rf"^( *)({'|'.join(sorted(SERVICE_PROPERTIES))}): .*$", re.MULTILINE)
# About what the registry type has not: a provider, its wiring and its permissions; W2001 is about parameters that only
# ServiceToken has used. E9608 is about attributes, of which the custom type has more.
OF_THE_PROVIDER = re.compile(r"[EWI]97|[EWI]98|W2001|E9608")


def is_about_properties(path: Path) -> bool:
    """Tell whether every ServiceToken of a fixture is on a line of its own, of an experiment of the custom type."""
    text = path.read_text(encoding="utf-8")
    tokens = re.findall(r"^ *ServiceToken: ", text, re.MULTILINE)
    return (
        path.suffix == ".yaml"
        and REGISTRY_TYPE not in text
        and 0 < len(tokens) == text.count("ServiceToken") == text.count(CUSTOM_TYPE)
    )


def as_registered(text: str) -> str:
    """Return a template with the registry type for the custom type, the lines as they were."""
    return SERVICE_LINE.sub("", text.replace(CUSTOM_TYPE, REGISTRY_TYPE))


def findings(text: str, without: set[int]) -> Counter[Line]:
    found = lines_of(lint_text(text)).items()
    return Counter(
        {line: count for line, count in found if not OF_THE_PROVIDER.match(line[1]) and line[0] not in without}
    )


@pytest.mark.parametrize(
    "path",
    [path for path in fixtures() if OF_EXPERIMENTS.match(path.parent.name) and is_about_properties(path)],
    ids=name_of,
)
def test_the_same_mistakes_have_the_same_findings(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    service = {number for number, line in enumerate(text.splitlines(), 1) if SERVICE_LINE.match(line)}
    assert findings(as_registered(text), service) == findings(text, service)


BRANCHES = """\
Parameters: {Env: {Type: String, AllowedValues: [a, b]}}
Conditions: {IsA: !Equals [!Ref Env, a], Never: !Equals [a, b]}
Resources:
  Never: {Type: Custom::SageMakerInferenceExperiment, Condition: Never, Properties: {Nam: x}}
  Unknown: {Type: Custom::SageMakerInferenceExperiment, Condition: Unknown, Properties: {Nam: x}}
  Branches:
    Type: Custom::SageMakerInferenceExperiment
    Properties: !If [IsA, {Type: ShadowMod}, {Name: a, Type: !If [IsA, x, ShadowMode]}]
  NoValue:
    Type: Custom::SageMakerInferenceExperiment
    Properties: !If [IsA, {Nam: x}, !Ref AWS::NoValue]
  Transformed:
    Type: Custom::SageMakerInferenceExperiment
    Properties: {Fn::Transform: {Name: X, Parameters: {A: b}}}
"""


def test_branches_of_the_properties_have_the_same_findings() -> None:
    custom = {(match.linenumber, match.rule.id, match.message) for match in lint_text(BRANCHES)}
    expected = {each for each in custom if "'ServiceToken'" not in each[2]}
    assert {line for line, *_ in expected} >= {4, 5, 8, 11}
    assert {
        (match.linenumber, match.rule.id, match.message) for match in lint_text(as_registered(BRANCHES))
    } == expected


def test_a_name_is_known_as_long_as_it_is_configured() -> None:
    """cfn-lint's table of registered types outlives a run: what one run configures is not known to the next."""
    template = "Resources: {{A: {{Type: {}}}}}"
    named = "# configure: E9501:registry_types=Acme-ML-ShadowTest\n" + template.format("Acme::ML::ShadowTest")
    for _ in range(2):
        assert {rule for _, rule in lines_of(lint_text(named))} == {"E3003"}
        assert {rule for _, rule in lines_of(lint_text(template.format("Acme::ML::ShadowTest")))} == {"E3006"}
        assert {rule for _, rule in lines_of(lint_text(template.format(REGISTRY_TYPE)))} == {"E3003"}


@pytest.mark.parametrize(
    "name", ["AWS::S3::Bucket", "Custom::Thing", "Acme::ML", "Custom::A::Test", "Acme::ML::MODULE-1"]
)
def test_what_cannot_be_a_private_type_is_not_taken_for_one(name: str) -> None:
    assert registry_type.registry_types([name]) == {REGISTRY_TYPE}


def test_attributes_and_required_properties_are_those_of_the_schema() -> None:
    made = registry_type.without_service(registry_type.contract.schema())
    assert set(made["required"]) == registry_type.required()
    assert not SERVICE_PROPERTIES & {*made["required"], *made["properties"]}
    assert {each.partition(".")[0] for each in registry_type.attributes()} == registry_type.contract.read_only()
    assert {each for each in attributes() if each.startswith("EndpointMetadata.")} < {*registry_type.attributes()}


def test_the_entry_rule_is_configurable() -> None:
    assert runner().rules["E9501"].config_definition["registry_types"]["type"] == "list"
