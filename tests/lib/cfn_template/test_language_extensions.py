"""Fn::ForEach: what is expanded, with its lines, and what stays."""

from typing import Any

import pytest

from cfn_template.documents import parse
from cfn_template.language_extensions import expand
from cfn_template.located import mark_of
from cfn_template.template import TemplateView


def expanded(text: str) -> Any:
    """Return a template with its loops expanded."""
    template = parse("Transform: AWS::LanguageExtensions\n" + text)
    view = TemplateView(template)
    return expand(template, view.deployment({}).evaluator.evaluate)


LOOP = """\
Parameters: {Names: {Type: CommaDelimitedList, Default: "a, b-c"}}
Resources:
  Fn::ForEach::Loop:
    - Name
    - ITEMS
    - "R&{Name}":
        Type: T
        Properties:
          Name: !Sub "x-${Name}"
          Plain: "${Name}"
          Own: !Ref Name
          Other: !Ref Names
"""


@pytest.mark.parametrize("items", ["[a, b-c]", "!Ref Names"])
def test_a_loop_gives_a_member_for_each_item(items: str) -> None:
    resources = expanded(LOOP.replace("ITEMS", items))["Resources"]

    assert list(resources) == ["Ra", "Rbc"]
    assert resources["Rbc"]["Properties"] == {
        "Name": {"Fn::Sub": "x-b-c"},
        "Plain": "b-c",
        "Own": "b-c",
        "Other": {"Ref": "Names"},
    }


def test_lines_are_those_of_the_body() -> None:
    template = expanded(LOOP.replace("ITEMS", "[a, b]"))

    assert mark_of(template, ("Resources", "Rb", "Properties", "Name")).line == 9


def test_loops_nest() -> None:
    text = """\
Resources:
  Fn::ForEach::Outer: [X, [a, b], {"Fn::ForEach::Inner": [Y, [1, 2], {"R${X}${Y}": {Type: T}}]}]
"""
    assert list(expanded(text)["Resources"]) == ["Ra1", "Ra2", "Rb1", "Rb2"]


@pytest.mark.parametrize("items", ["!Ref Other", "3", "[{a: b}]", "~"])
def test_a_loop_over_what_is_not_known_stays(items: str) -> None:
    assert list(expanded(LOOP.replace("ITEMS", items))["Resources"]) == ["Fn::ForEach::Loop"]


@pytest.mark.parametrize("loop", ["3", "[a]", "[a, [b], c]"])
def test_a_malformed_loop_stays(loop: str) -> None:
    assert list(expanded(f"Resources: {{'Fn::ForEach::L': {loop}}}")["Resources"]) == ["Fn::ForEach::L"]


@pytest.mark.slow
def test_loops_that_multiply_come_to_an_end() -> None:
    loop = '{"${A}${B}${C}${D}${E}${F}": 1}'
    for name in "FEDCBA":
        loop = f'{{"Fn::ForEach::{name}": [{name}, [1, 2, 3, 4, 5, 6, 7, 8, 9, 0], {loop}]}}'

    assert len(expanded(f"Resources: {loop}")["Resources"]) < 300_000


def test_without_the_transform_nothing_is_expanded() -> None:
    template = parse(LOOP.replace("ITEMS", "[a]"))
    assert expand(template, lambda _: ["a"]) is template
