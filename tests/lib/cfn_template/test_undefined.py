"""What functions refer to and the template does not have."""

from typing import Any

import pytest

from cfn_template.template import TemplateView
from cfn_template.undefined import undefined

TEMPLATE: dict[str, Any] = {
    "Parameters": {"Stage": {"Type": "String"}},
    "Conditions": {"IsLive": {"Fn::Equals": [{"Ref": "Stage"}, "live"]}},
    "Mappings": {"Stages": {"live": {"percentage": 50}}},
    "Resources": {
        "Provider": {"Type": "AWS::Serverless::Function"},
        "Endpoint": {"Type": "AWS::SageMaker::Endpoint"},
        "Untyped": {},
        "Shared": {"Type": "Acme::Serving::Shared::MODULE"},
    },
}
WRONG: list[tuple[Any, str]] = [
    ({"Ref": "Endpoynt"}, "the template has no parameter or resource Endpoynt; did you mean Endpoint?"),
    ({"Ref": "AWS::Account"}, "the template has no parameter or resource AWS::Account; did you mean AWS::AccountId?"),
    ({"Fn::GetAtt": ["Role", "Arn"]}, "the template has no resource Role"),
    ({"Fn::GetAtt": "Stage.Arn"}, "the template has no resource Stage"),
    ({"Fn::Sub": "${Stag}"}, "the template has no parameter or resource Stag; did you mean Stage?"),
    ({"Fn::Sub": ["${A}", {"A": {"Ref": "Nothing"}}]}, "the template has no parameter or resource Nothing"),
    ({"Fn::If": ["isLive", "a", "b"]}, "the template has no condition isLive; did you mean IsLive?"),
    ({"Fn::FindInMap": ["Stage", "live", "percentage"]}, "the template has no mapping Stage; did you mean Stages?"),
    ({"Fn::Join": ["", [{"Ref": "Nothing"}]]}, "the template has no parameter or resource Nothing"),
]
RIGHT: list[Any] = [
    {"Ref": "Stage"},
    {"Ref": "AWS::NoValue"},
    {"Ref": "Untyped"},
    {"Ref": "ProviderRole"},
    {"Ref": "ServerlessRestApi"},
    {"Ref": "SharedBucket"},
    {"Fn::GetAtt": ["Shared", "Role.Arn"]},
    {"Ref": "Provider.Alias"},
    {"Ref": {"Fn::Sub": "Stage"}},
    {"Fn::GetAtt": ["Endpoint", "EndpointName"]},
    {"Fn::Sub": "${Stage} ${!Literal} ${AWS::Region} ${ Endpoint.EndpointName }"},
    {"Fn::Sub": ["${A.B}", {"A.B": "c"}]},
    {"Fn::If": ["IsLive", "a", "b"]},
    {"Fn::FindInMap": ["Nothing", "a", "b", {"DefaultValue": "c"}]},
    {"Fn::ForEach::Loop": ["Item", ["a", "b"], {"${Item}": {"Ref": "Item"}}]},
]


@pytest.mark.parametrize(("raw", "message"), WRONG)
def test_undefined_name(raw: object, message: str) -> None:
    assert list(undefined(TemplateView(TEMPLATE), raw)) == [message]


@pytest.mark.parametrize("raw", RIGHT)
def test_defined_name(raw: object) -> None:
    assert not list(undefined(TemplateView(TEMPLATE), raw))


@pytest.mark.parametrize(
    "changed",
    [
        {"Transform": ["AWS::LanguageExtensions", "Company::Names"]},
        {"Parameters": {"Fn::Transform": {"Name": "AWS::Include"}}},
        {"Resources": {"Fn::ForEach::Stages": ["Stage", {"Ref": "Stage"}, {}]}},
    ],
)
def test_name_that_a_macro_or_a_loop_may_bring(changed: dict[str, Any]) -> None:
    assert not list(undefined(TemplateView({**TEMPLATE, **changed}), {"Ref": "Nothing"}))


@pytest.mark.parametrize("section", [None, 1, "text", ["Nothing"]])
def test_malformed_section(section: object) -> None:
    template = {**TEMPLATE, "Parameters": section, "Resources": section}
    assert list(undefined(TemplateView(template), {"Ref": "Nothing"}))
