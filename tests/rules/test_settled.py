"""What cfn-lint need not walk: the findings are those of the whole walk, whatever a template looks like."""

import os
from collections.abc import Mapping
from typing import Any

import pytest
from cfnlint.decode.cfn_yaml import loads
from cfnlint.jsonschema import Validator
from cfnlint.rules import Match, Rules
from cfnlint.template import Template
from linting import OURS, fixtures, runner
from mutation import mutants, seeds

from inference_experiment import contract
from inference_experiment_rules._settled import Literals, Unsettled, is_literal
from inference_experiment_rules.properties.e9501_experiment_schema import ExperimentSchema

MUTANTS = int(os.environ.get("SETTLED_EXAMPLES", "120"))
PLACE = "Resources/AWS::SageMaker::InferenceExperiment/Properties"
INFRASTRUCTURE = {
    "InfrastructureType": "RealTimeInference",
    "RealTimeInferenceConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1},
}
PROPERTIES: dict[str, Any] = {
    "ServiceToken": {"Fn::ImportValue": "token"},
    "Type": "ShadowMode",
    "RoleArn": {"Ref": "Role"},
    "EndpointName": "fraud",
    "ModelVariants": [
        {"VariantName": "a", "ModelName": {"Ref": "Model"}, "InfrastructureConfig": INFRASTRUCTURE},
        {"VariantName": "b", "ModelName": "model-2", "InfrastructureConfig": INFRASTRUCTURE},
    ],
    "ShadowModeConfig": {
        "SourceModelVariantName": "a",
        "ShadowModelVariants": [{"ShadowModelVariantName": "b", "SamplingPercentage": 10}],
    },
}


LITERALS = Literals(contract.schema())
EVERYTHING = Unsettled(LITERALS, [PLACE], {"Unheard": 1}, PLACE)


class WholeWalk(ExperimentSchema):
    """The rule as it would be if it left nothing out."""

    def left_to_check(self, validator: Validator, instance: Mapping[str, Any]) -> Unsettled:  # noqa: ARG002
        return EVERYTHING


def rules_with(schema_rule: ExperimentSchema) -> Rules:
    rules = Rules()
    for name, rule in runner().rules.items():
        if not OURS.fullmatch(name):
            rules.register(rule)
    rules.register(schema_rule)
    return rules


def findings(rules: Rules, template: Template) -> list[tuple[str, int, int, str]]:
    def tell(match: Match) -> tuple[str, int, int, str]:
        return match.rule.id, match.linenumber, match.columnnumber, match.message

    return sorted(map(tell, rules.run("mutant.yaml", template, runner().config)))


@pytest.mark.timeout(600)
def test_the_findings_are_those_of_the_whole_walk() -> None:
    ours, whole = rules_with(ExperimentSchema()), rules_with(WholeWalk())
    seen: set[str] = set()
    originals = [seed for seed in seeds(fixtures()) if contract.CUSTOM_TYPE in str(seed)]
    for template in mutants(originals, MUTANTS, 7):
        found = findings(ours, template)
        assert found == findings(whole, template)
        seen.update(rule for rule, *_ in found)

    assert seen >= {"E3002", "E3003", "E3012", "E3030", "E3031", "E1020"}


def test_what_is_literal_and_valid_is_left_out() -> None:
    schema = Unsettled(LITERALS, [], PROPERTIES, PLACE).schema

    assert set(schema["properties"]) == {"RoleArn", "ModelVariants"}
    assert set(schema["properties"]["ModelVariants"]["items"]["properties"]) == {"ModelName"}
    assert not {"additionalProperties", "required"} & set(schema)


def test_what_a_rule_of_cfn_lint_watches_is_kept() -> None:
    watched = f"{PLACE}/ModelVariants/*/InfrastructureConfig/RealTimeInferenceConfig/InstanceType"

    left = Unsettled(LITERALS, [watched], PROPERTIES, PLACE)

    assert not left.unmarked
    schema = left.schema
    variant = schema["properties"]["ModelVariants"]["items"]["properties"]
    assert set(variant) == {"ModelName", "InfrastructureConfig"}
    infrastructure = variant["InfrastructureConfig"]["properties"]
    assert set(infrastructure) == {"RealTimeInferenceConfig"}
    instance = infrastructure["RealTimeInferenceConfig"]["properties"]
    assert set(instance) == {"InstanceType"}
    assert instance["InstanceType"]["cfnLint"] == [watched]


def test_where_a_function_hides_what_is_watched_everything_is_marked() -> None:
    watched = f"{PLACE}/ModelVariants/*/InfrastructureConfig/RealTimeInferenceConfig/InstanceType"
    variants = [{**PROPERTIES["ModelVariants"][0], "InfrastructureConfig": {"Fn::If": ["A", INFRASTRUCTURE, {}]}}]

    assert Unsettled(LITERALS, [watched], {**PROPERTIES, "ModelVariants": variants}, PLACE).unmarked
    assert EVERYTHING.unmarked
    assert EVERYTHING.schema == contract.schema()


@pytest.mark.parametrize(
    "value",
    [
        {"Ref": "A"},
        [{"a": {"Fn::Sub": "b"}}],
        "{{resolve:ssm:a}}",
        ["${A}"],
        "AWS::Region",
    ],
)
def test_functions_and_texts_that_stand_for_something_are_no_literals(value: object) -> None:
    assert not is_literal(value)
    assert is_literal([{"a": "b", "c": 1.5}, None, "production"])


FUNCTIONS = """
Parameters:
  Stage: {Type: String}
  Only: {Type: String, AllowedValues: [always]}
Conditions:
  IsProduction: !Equals [!Ref Stage, production]
  Always: !Equals [!Ref Only, always]
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties: {AssumeRolePolicyDocument: {}}
  Model:
    Type: AWS::SageMaker::Model
  Endpoint:
    Type: AWS::SageMaker::Endpoint
    Properties: {EndpointConfigName: configuration}
  {other}: {Type: "AWS::SQS::Queue"}
  Network:
    Type: AWS::EC2::VPC
    Properties: {CidrBlock: 10.0.0.0/16}
  Experiment:
    Type: Custom::SageMakerInferenceExperiment
    Properties:
      ServiceToken: !ImportValue token
      Name: {name}
      Type: ShadowMode
      Description: {description}
      RoleArn: {role}
      EndpointName: !GetAtt Endpoint.EndpointName
      ModelVariants:
        - VariantName: production
          ModelName: !GetAtt Model.ModelName
          InfrastructureConfig: &infrastructure
            InfrastructureType: RealTimeInference
            RealTimeInferenceConfig: {InstanceType: {instance}, InstanceCount: 1}
        - VariantName: shadow
          ModelName: model-2
          InfrastructureConfig: *infrastructure
      ShadowModeConfig:
        SourceModelVariantName: production
        ShadowModelVariants: [{ShadowModelVariantName: shadow, SamplingPercentage: 10}]
      Tags: {tags}
"""
GOOD = {
    "name": "experiment",
    "description": "!If [IsProduction, for all, for some]",
    "role": "!GetAtt Role.Arn",
    "instance": "ml.m5.xlarge",
    "other": "Other",
    "tags": "[{Key: team, Value: !If [IsProduction, fraud, test]}, {Key: stage, Value: live}]",
}


class Recorder(ExperimentSchema):
    """The rule, and what it left to cfn-lint."""

    def left_to_check(self, validator: Validator, instance: Mapping[str, Any]) -> Unsettled:
        self.left = super().left_to_check(validator, instance)
        return self.left


@pytest.mark.parametrize(
    ("changes", "left"),
    [
        ({}, set()),
        ({"name": '!Sub "${AWS::StackName}-1"'}, {"Name"}),
        ({"name": "!GetAtt Network.CidrBlockAssociations"}, {"Name"}),
        ({"name": "!GetAtt Network.Unheard"}, {"Name"}),
        ({"name": '!Sub "${AWS::Region}-${Model}-${Model.ModelName}"'}, set()),
        ({"name": '!Sub "${Model}-${Nothing}"'}, {"Name"}),
        ({"name": '!Sub "${Model}-${!Literal}"'}, {"Name"}),
        ({"name": '!Sub "${Model}-${Network.CidrBlockAssociations}"'}, {"Name"}),
        ({"name": '!Sub "{{resolve:ssm:${Model}}}"'}, {"Name"}),
        ({"name": "!GetAtt Nothing.Name"}, {"Name"}),
        ({"role": "!GetAtt Network.VpcId"}, {"RoleArn"}),
        ({"role": "arn:aws:iam::123456789012:role/of-a-format-that-cfn-lint-judges"}, {"RoleArn"}),
        ({"description": "!If [Always, for all, for some]"}, {"Description"}),
        ({"description": "!If [Unheard, for all, for some]"}, {"Description"}),
        ({"description": "!If [IsProduction, for all, !If [IsProduction, a, b]]"}, {"Description"}),
        ({"description": "!If [IsProduction, for all, []]"}, {"Description"}),
        ({"instance": "ml.unheard.xlarge"}, {"ModelVariants"}),
        ({"other": "1"}, {"RoleArn", "EndpointName", "ModelVariants"}),
        ({"tags": "[{Key: !Ref Stage, Value: live}]"}, {"Tags", "tagging"}),
        ({"tags": "[{Key: team, Value: live}, {Key: team, Value: test}]"}, {"tagging"}),
        ({"tags": "!If [IsProduction, [{Key: team, Value: live}], []]"}, {"tagging"}),
        ({"tags": "[!If [IsProduction, {Key: team, Value: live}, !Ref AWS::NoValue]]"}, {"Tags", "tagging"}),
    ],
)
def test_cfn_lint_walks_only_what_it_may_find_something_in(changes: dict[str, str], left: set[str]) -> None:
    text = FUNCTIONS
    for name, value in {**GOOD, **changes}.items():
        text = text.replace(f"{{{name}}}", value)
    rule = Recorder()

    findings(rules_with(rule), Template("template.yaml", loads(text), ["us-east-1"]))

    schema = rule.left.schema
    assert set(schema["properties"]) | ({"tagging"} & schema.keys()) == left
