"""Given parameters: what CloudFormation refuses is refused, with a message that never shows a secret."""

from typing import Any

import pytest

from cfn_template.parameters import ParameterError, check_given, domain_of, value_of
from cfn_template.values import UNKNOWN, unresolved

ANYTHING = unresolved("Ref", "P")


@pytest.mark.parametrize(
    ("declared", "given", "message"),
    [
        ({"Stage": {}}, {"Stag": "x"}, "Stag: the template has no such parameter; did you mean Stage?"),
        ({"Stage": {}}, {"Other": "x"}, "Other: the template has no such parameter; it has Stage"),
        ({}, {"Other": "x"}, "Other: the template has no such parameter; it has none"),
        (None, {"Other": "x"}, "Other: the template has no such parameter; it has none"),
        (
            {"P": {"AllowedValues": ["dev", "prod"]}},
            {"P": "prd"},
            'P: "prd" is not an allowed value; did you mean prod?',
        ),
        ({"P": {"AllowedValues": [1, True]}}, {"P": "x"}, 'P: "x" is not one of 1, true'),
        ({"P": {"AllowedPattern": "[a-z]+"}}, {"P": "a1"}, 'P: "a1" does not match [a-z]+'),
        (
            {"P": {"AllowedPattern": "a", "ConstraintDescription": "one a"}},
            {"P": "b"},
            'P: "b" does not match a (one a)',
        ),
        ({"P": {"MinLength": 3}}, {"P": "ab"}, 'P: "ab" has fewer than 3 characters'),
        ({"P": {"MaxLength": "1"}}, {"P": "ab"}, 'P: "ab" has more than 1 characters'),
        ({"P": {"Type": "Number", "MinValue": 2}}, {"P": "1.5"}, 'P: "1.5" is less than 2'),
        ({"P": {"Type": "Number", "MaxValue": "2"}}, {"P": "3"}, 'P: "3" is more than 2'),
        ({"P": {"Type": "Number"}}, {"P": "x"}, 'P: "x" is not a number'),
        ({"P": {"Type": "List<Number>"}}, {"P": "1, x"}, 'P: "x" is not a number'),
        ({"P": {"Type": "CommaDelimitedList", "AllowedValues": ["a"]}}, {"P": "a,b"}, 'P: "b" is not one of a'),
        ({"P": {"NoEcho": True, "MinLength": 9}}, {"P": "secret"}, "P: the value has fewer than 9 characters"),
    ],
)
def test_a_value_that_cloudformation_refuses_is_refused(declared: Any, given: dict[str, str], message: str) -> None:
    with pytest.raises(ParameterError) as caught:
        check_given(declared, given)

    assert str(caught.value) == message
    assert caught.value.name in given


@pytest.mark.parametrize(
    ("declared", "given"),
    [
        ({"P": {"AllowedValues": [1, True]}}, {"P": "true"}),
        ({"P": {"AllowedPattern": "[a-z]+"}}, {"P": "ab"}),
        ({"P": {"AllowedPattern": r"\p{Alpha}("}}, {"P": "a"}),
        ({"P": {"Type": "Number", "MinValue": 1, "MaxValue": 1, "MinLength": 1}}, {"P": "1"}),
        ({"P": {"Type": "List<Number>"}}, {"P": "1, 2"}),
        ({"P": {"MinLength": "x", "AllowedValues": "y"}}, {"P": "z"}),
        ({"P": 3}, {"P": "z"}),
        ({}, {"AWS::AccountId": "123456789012"}),
    ],
)
def test_a_value_that_cloudformation_takes_is_taken(declared: Any, given: dict[str, str]) -> None:
    check_given(declared, given)


@pytest.mark.parametrize(
    ("raw", "sets", "compared", "values"),
    [
        ({"Type": "String"}, [], [], (ANYTHING,)),
        ({"Type": "String", "Default": "a"}, [], None, ("a",)),
        ({"Type": "String", "Default": "a"}, [], [], ("a", ANYTHING)),
        ({"Type": "String", "Default": "a"}, [], ["b"], ("a", "b", ANYTHING)),
        ({"Type": "String", "Default": True, "AllowedValues": [True, False]}, [], [], ("true", "false")),
        ({"Type": "Number", "Default": 1}, [{"P": "2"}, {"P": "2"}, {"P": 3}, {}], ["1"], ("2", "3")),
        ({"Type": "CommaDelimitedList", "Default": "a, b"}, [], None, (["a", "b"],)),
        ({"Type": "CommaDelimitedList", "Default": "a, b"}, [], ["a"], (["a", "b"], ANYTHING)),
        ({"Type": "CommaDelimitedList", "AllowedValues": ["a"]}, [], [], (ANYTHING,)),
        ({"Type": "List<String>"}, [{"P": ["a", 1]}], [], (["a", "1"],)),
        ({"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/a"}, [], ["b"], ("b", ANYTHING)),
        ({"Type": "AWS::SSM::Parameter::Value<String>"}, [{"P": "/b"}], [], (ANYTHING,)),
        ({"Type": "AWS::SSM::Parameter::Name", "Default": "/a"}, [], None, ("/a",)),
        (3, [], ["b"], ("b", ANYTHING)),
    ],
)
def test_the_values_of_ref(raw: Any, sets: Any, compared: list[str] | None, values: tuple[object, ...]) -> None:
    assert domain_of("P", raw, sets, compared) == values


@pytest.mark.parametrize(
    ("raw", "compared", "values"),
    [
        ({"Type": "String", "Default": "a"}, None, ("a", "k")),
        ({"Type": "String"}, None, ("k",)),
        ({"Type": "String"}, ["b"], ("b", "k", ANYTHING)),
        ({"Type": "String", "AllowedValues": ["a"]}, None, ("a",)),
        ({"Type": "AWS::SSM::Parameter::Value<String>"}, None, ("k", ANYTHING)),
    ],
)
def test_the_keys_of_a_mapping_are_values_of_ref(raw: Any, compared: list[str] | None, values: Any) -> None:
    assert domain_of("P", raw, [], compared, ["k"]) == values


@pytest.mark.parametrize(
    ("raw", "value"),
    [({"Type": "String"}, UNKNOWN), ({"Default": {}}, UNKNOWN), ({"Default": 1.5}, "1.5"), (None, UNKNOWN)],
)
def test_the_value_of_a_deployment(raw: Any, value: object) -> None:
    assert value_of("P", raw, {}) == value
