"""The one evaluator: what each function gives, in which scenarios, and that nothing makes it raise."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cfn_template.documents import parse
from cfn_template.evaluator import FUNCTIONS
from cfn_template.nodes import resolve
from cfn_template.scenarios import describe
from cfn_template.template import TemplateView
from cfn_template.values import ShortForm

TEMPLATE = """
Parameters:
  Text: {Type: String, Default: text}
  Number: {Type: Number, Default: 1.5}
  Flag: {Type: String, Default: true}
  Open: {Type: String}
  Names: {Type: CommaDelimitedList, Default: "one, two ,three"}
  Ports: {Type: List<Number>, Default: "80, 443"}
  Stored: {Type: "AWS::SSM::Parameter::Value<String>", Default: /path}
  StoredList: {Type: "AWS::SSM::Parameter::Value<List<String>>", Default: /path}
  Key: {Type: "AWS::SSM::Parameter::Name", Default: /path}
  Secret: {Type: String, NoEcho: true, Default: hidden}
Mappings:
  Sizes:
    small: {Type: ml.m5.large, Count: 1, List: [a, b]}
    "7": {Type: seven}
  Included: {"Fn::Transform": {Name: AWS::Include}}
Conditions:
  IsText: !Equals [!Ref Text, text]
  IsOther: !Not [!Condition IsText]
  Either: !Or [!Condition IsOther, !Equals [!Ref Open, x]]
  Both: !And [!Condition IsOther, !Equals [!Ref Open, x]]
  IsFlag: !Equals [!Ref Flag, true]
  Loop: !Not [!Condition Loop]
  Odd: {"Fn::Xor": [[a], a]}
Resources:
  R: {Type: T, Properties: {Value: VALUE}}
"""


def value_of(value: Any, parameters: dict[str, str] | None = None) -> Any:
    """Return a property's value in the deployment with these parameters."""
    template = parse(TEMPLATE)
    template["Resources"]["R"]["Properties"]["Value"] = parse(value) if isinstance(value, str) else value
    view = TemplateView(template)
    node = view.resource("R", view.deployment(parameters or {}))
    properties: Any = resolve(node).value
    return properties["Properties"].get("Value", "(no value)")


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("plain", "plain"),
        ("[1, {a: true}]", [1, {"a": True}]),
        ("a: ~", {"a": None}),
        ("!Ref Text", "text"),
        ("!Ref Number", "1.5"),
        ("!Ref Flag", "true"),
        ("!Ref Names", ["one", "two", "three"]),
        ("!Ref Ports", ["80", "443"]),
        ("!Ref Key", "/path"),
        ("!Ref AWS::NoValue", "(no value)"),
        ("[1, !Ref AWS::NoValue, {a: !Ref AWS::NoValue}]", [1, {}]),
        ("!Sub '${Text}-${!Text}-${ Number }'", "text-${Text}-1.5"),
        ("!Sub ['${a}${Text}', {a: !Ref Flag}]", "truetext"),
        ("!Join ['-', [a, !Ref Text, 1, true, !Ref AWS::NoValue]]", "a-text-1-true"),
        ("!Join ['', !Ref Names]", "onetwothree"),
        ("!Select [1, !Ref Names]", "two"),
        ("!Select ['0', [a, b]]", "a"),
        ("!Split [',', 'a,b']", ["a", "b"]),
        ("!Select [1, !Split ['.', !Sub 'x.${Text}']]", "text"),
        ("!FindInMap [Sizes, small, Type]", "ml.m5.large"),
        ("!FindInMap [Sizes, small, List]", ["a", "b"]),
        ("!FindInMap [Sizes, 7, Type]", "seven"),
        ("!FindInMap [Sizes, big, Type, {DefaultValue: !Ref Text}]", "text"),
        ("!If [IsText, a, b]", "a"),
        ("!If [IsOther, a, !If [IsText, c, d]]", "c"),
        ("!If [IsText, !Ref AWS::NoValue, b]", "(no value)"),
        ("!If [IsFlag, a, b]", "a"),
        ("!If [Both, a, b]", "b"),
        ("!Base64 'a'", "YQ=="),
        ("{'Fn::Length': !Ref Names}", 3),
        ("{'Fn::ToJsonString': {a: !Ref Text, b: [1, !Ref AWS::NoValue]}}", '{"a":"text","b":[1]}'),
    ],
)
def test_what_is_known_is_evaluated(written: str, value: Any) -> None:
    assert value_of(written) == value


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("!Ref Open", "!Ref Open"),
        ("!Ref Other", "!Ref Other"),
        ("!Ref Stored", "!Ref Stored"),
        ("!Ref Secret", "!Ref Secret"),
        ("!Ref AWS::AccountId", "!Ref AWS::AccountId"),
        ("!GetAtt Role.Arn", "!GetAtt Role.Arn"),
        ("{'Fn::GetAtt': Role.Arn}", "!GetAtt Role.Arn"),
        ("!ImportValue name", "!ImportValue name"),
        ("!ImportValue {'Fn::Sub': '${AWS::StackName}-x'}", "!ImportValue ${AWS::StackName}-x"),
        ("!Sub '${Text}-${Role.Arn}'", "!Sub text-${Role.Arn}"),
        ("!Sub '${Secret}'", "!Ref Secret"),
        ("!Join ['-', [a, !Ref R]]", "!Sub a-${R}"),
        ("!Sub '${Stored}-x'", "!Sub ${Stored}-x"),
        ("!Select [0, !Ref StoredList]", '!Select [0, {"Ref": "StoredList"}]'),
        ("!Select [9, [a]]", '!Select [9, ["a"]]'),
        ("!Select [0, !GetAZs '']", '!Select [0, {"Fn::GetAZs": ""}]'),
        ("!Split [',', !Ref Open]", '!Split [",", {"Ref": "Open"}]'),
        ("!FindInMap [Sizes, big, Type]", '!FindInMap ["Sizes", "big", "Type"]'),
        ("!FindInMap [Sizes, !Ref AWS::Region, Type]", '!FindInMap ["Sizes", {"Ref": "AWS::Region"}, "Type"]'),
        ("!FindInMap [Included, a, b, {DefaultValue: c}]", '!FindInMap ["Included", "a", "b", {"DefaultValue": "c"}]'),
        ("!If [Either, a, b]", '!If ["Either", "a", "b"]'),
        ("!If [Loop, a, b]", '!If ["Loop", "a", "b"]'),
        ("!If [Odd, a, b]", '!If ["Odd", "a", "b"]'),
        ("!If [Missing, a, b]", '!If ["Missing", "a", "b"]'),
        ("!Cidr [10.0.0.0/16, 2, 8]", '!Cidr ["10.0.0.0/16", 2, 8]'),
        ("!Base64 {Ref: Open}", '!Base64 {"Ref": "Open"}'),
        ("{'Fn::Length': !Ref StoredList}", '!Length {"Ref": "StoredList"}'),
        ("{'Fn::ToJsonString': {a: !Ref Open}}", '!ToJsonString {"a": {"Ref": "Open"}}'),
        ("!Transform {Name: AWS::Include}", '!Transform {"Name": "AWS::Include"}'),
        ("'{{resolve:ssm:/a}}'", "{{resolve:ssm:/a}}"),
        ("!Sub '{{resolve:ssm:/${Text}}}'", "{{resolve:ssm:/text}}"),
        ("!Sub '{{resolve:ssm:/${Secret}}}'", "{{resolve:ssm:/${Secret}}}"),
        ("!Sub 'a-{{resolve:ssm:/${Secret}}}-b-${Secret}'", "!Sub a-{{resolve:ssm:/${Secret}}}-b-${Secret}"),
        ("'s3://{{resolve:ssm:/a:1}}/x'", "s3://{{resolve:ssm:/a:1}}/x"),
        ("'{{resolve:ssm:/a'", "{{resolve:ssm:/a"),
    ],
)
def test_what_is_not_known_is_shown_as_it_is_written(written: str, shown: str) -> None:
    value = value_of(written)

    assert isinstance(value, ShortForm)
    assert value == shown


@pytest.mark.parametrize(
    ("written", "parameters", "value"),
    [
        ("!Ref Open", {"Open": "x"}, "x"),
        ("!Ref Names", {"Names": " a , b"}, ["a", "b"]),
        ("!If [Either, a, b]", {"Open": "x"}, "a"),
        ("!If [IsText, a, b]", {"Text": "other"}, "b"),
        ("!Sub '${AWS::AccountId}'", {"AWS::AccountId": "123456789012"}, "123456789012"),
        ("!Ref Stored", {"Stored": "/other"}, "!Ref Stored"),
        ("!Ref Secret", {"Secret": "password"}, "!Ref Secret"),
    ],
)
def test_given_values_come_before_defaults(written: str, parameters: dict[str, str], value: Any) -> None:
    assert value_of(written, parameters) == value


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize(
    "argument", [None, 3, "", [], {}, [1], ["a"], [[]], [{}, {}], [1, 2, 3], {"Ref": 3}, [None] * 4]
)
def test_malformed_functions_are_not_known(name: str, argument: Any) -> None:
    assert isinstance(value_of({name: argument}), ShortForm | str | list | int)


def test_a_text_that_grows_with_each_level_is_not_known() -> None:
    value: Any = "x" * 100
    for _ in range(30):
        value = {"Fn::Sub": ["${a}${a}${a}", {"a": value}]}

    assert isinstance(value_of(value), ShortForm)


SCENARIOS = """
Parameters:
  Open: {Type: String}
  Stage: {Type: String, Default: dev, AllowedValues: [dev, prod]}
  Stored: {Type: "AWS::SSM::Parameter::Value<String>"}
  Secret: {Type: String, NoEcho: true}
Conditions:
  C: CONDITION
Resources:
  R: {Type: T, Properties: {Value: !If [C, a, b]}}
"""


@pytest.mark.parametrize(
    ("condition", "values"),
    [
        ("!Equals [!Ref Open, x]", {"a", "b"}),
        ("!Equals [!Ref Stage, prod]", {"a", "b"}),
        ("!Equals [!Ref Stage, other]", {"b"}),
        ("!Equals [!Ref Stored, x]", {"a", "b"}),
        ("!Equals [!Ref Secret, x]", {"a", "b"}),
        ("!Equals [!Ref AWS::AccountId, '111122223333']", {"a", "b"}),
        ("!Equals [!Ref AWS::Partition, aws]", {"a", "b"}),
        ("!Equals [!Ref AWS::StackName, x]", {"a", "b"}),
        ("!Equals [!Ref AWS::Region, us-east-1]", {"a", "b"}),
        ("!Equals [!Ref AWS::Region, eu-west-1]", {"a", "b"}),
        ("!Equals [!Sub '${AWS::AccountId}-x', 1-x]", {"a", "b"}),
        ("!Equals [!GetAtt X.y, 1]", {"a", "b"}),
        ("!And [!Equals [!Ref AWS::AccountId, '1'], !Equals [!Ref AWS::AccountId, '2']]", {"b"}),
        ("!And [!Equals [!Ref Stored, x], !Equals [!Ref Stored, y]]", {"b"}),
        ("!Equals [a, a]", {"a"}),
    ],
)
def test_conditions_turn_out_each_way_that_they_can(condition: str, values: set[str]) -> None:
    view = TemplateView(parse(SCENARIOS.replace("CONDITION", condition)))

    scenarios = view.scenarios({"R"})

    nodes = [view.resource("R", scenario).at("Properties", "Value") for scenario in scenarios]
    assert {node.literal for node in nodes if node is not None} == values


@pytest.mark.parametrize(("given_value", "value"), [("x", "a"), ("y", "b")])
def test_a_given_secret_decides_conditions_and_is_not_in_the_scenario(given_value: str, value: str) -> None:
    text = SCENARIOS.replace("CONDITION", "!Equals [!Ref Secret, x]")
    view = TemplateView(parse(text), parameter_sets=[{"Secret": given_value}])

    (scenario,) = view.scenarios({"R"})

    node = view.resource("R", scenario).at("Properties", "Value")
    assert node is not None
    assert node.literal == value
    assert given_value not in scenario.parameters.values()


def test_the_scenario_of_a_finding_is_named_by_its_condition() -> None:
    view = TemplateView(parse(SCENARIOS.replace("CONDITION", "!Equals [!Ref AWS::AccountId, '1']")))
    scenarios = view.scenarios({"R"})

    texts = {describe([scenario], scenarios) for scenario in scenarios}

    assert texts == {" (when C is true)", " (when C is false)"}
    assert describe(scenarios, scenarios) == ""


def test_conditions_that_nothing_decides_can_be_assumed_to_fail() -> None:
    view = TemplateView(parse(SCENARIOS.replace("CONDITION", "!Equals [!Ref AWS::AccountId, '1']")))

    node = view.resource("R", view.deployment({}, ["C"])).at("Properties", "Value")

    assert node is not None
    assert node.literal == "b"


def test_a_transform_among_members_may_bring_any_other() -> None:
    view = TemplateView(parse("Resources: {R: {Type: T, Properties: {A: 1, 'Fn::Transform': {Name: AWS::Include}}}}"))
    node = view.resource("R", view.deployment({})).get("Properties")
    assert node is not None

    resolution = resolve(node)

    assert resolution.value == {"A": 1}
    assert list(resolution.unresolved) == [("Fn::Transform",)]
    assert node.get("B") is not None


def test_places_are_those_of_the_branches() -> None:
    view = TemplateView(parse(TEMPLATE.replace("VALUE", "!If [IsOther, a, [b, !Ref Text]]")))
    node = view.resource("R", view.deployment({})).get("Properties")
    assert node is not None

    places = resolve(node).places

    assert places["Value", 1] == ("Resources", "R", "Properties", "Value", "Fn::If", 2, 1)


NAMES = st.sampled_from([*FUNCTIONS, "Fn::Transform", "Fn::And", "Fn::Equals", "Fn::Not", "Condition", "a", "Type"])
SCALARS = st.sampled_from([None, True, 0, 1.5, "", "a", "Text", "C", "${a}", "${C.d}", "AWS::Region", "{{resolve:x}}"])
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=20
)
SECTIONS = st.dictionaries(st.sampled_from(["Text", "C", "a"]), VALUES, max_size=3) | VALUES


@settings(max_examples=3 * settings().max_examples, deadline=None)
@given(VALUES, SECTIONS, SECTIONS, SECTIONS)
def test_no_template_makes_it_raise(value: Any, parameters: Any, conditions: Any, mappings: Any) -> None:
    template = {"Parameters": parameters, "Conditions": conditions, "Mappings": mappings}
    view = TemplateView(
        {**template, "Resources": {"R": {"Type": "T", "Condition": "C", "Properties": {"Value": value}}}}
    )

    for scenario in [*view.scenarios({"R"}), view.deployment({"Text": "x"}), view.deployment({}, ["C"])]:
        resolution = resolve(view.resource("R", scenario))
        assert () in resolution.places
