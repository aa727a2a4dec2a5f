"""Reading: places of every element, what is unknown, what is wrong; nothing makes it crash."""

import json
from typing import Any

import cfnlint.decode.cfn_json
import cfnlint.decode.cfn_yaml
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iam_policy import (
    Document,
    DocumentKind,
    Policies,
    Request,
    Symbolic,
    Unknown,
    decide,
    lint_policy,
    read_json,
    read_node,
)
from iam_policy.match.symbols import ACCOUNT, text
from iam_policy.parse.json_source import JsonError, parse_json
from iam_policy.parse.reading import read_source
from iam_policy.parse.yaml_source import parse_yaml
from shadow_test_policies.deployment import Deployment

SOURCE = """{
  "Version": "2012-10-17",
  "Statement": [
    {"Sid": "One", "Effect": "Allow",
     "Action": ["s3:GetObject",
                "s3:PutObject"],
     "Resource": "*",
     "Condition": {"StringEquals": {"aws:PrincipalTag/team": ["ml",
        "ops"]}}}
  ]
}"""


def test_every_element_knows_its_place() -> None:
    """Promise: statements, actions, resources, keys and values carry line and column, counted from 1."""
    statement = read_json(SOURCE).statements[0]

    assert statement.position == (4, 5)
    assert statement.actions is not None
    assert [item.position for item in statement.actions.items] == [(5, 17), (6, 17)]
    assert statement.resources is not None
    assert statement.resources.items[0].position == (7, 18)
    assert statement.conditions[0].position == (8, 37)
    assert statement.conditions[0].values[1].position == (9, 9)
    assert statement.conditions[0].values[1].path[-2:] == ("aws:PrincipalTag/team", 1)


@pytest.mark.parametrize("decode", [cfnlint.decode.cfn_json.loads, cfnlint.decode.cfn_yaml.loads])
def test_nodes_of_cfn_lint_give_the_same_places(decode: Any) -> None:
    """Promise: the rules can pass cfn-lint's nodes as they are."""
    mine, theirs = read_json(SOURCE), read_node(decode(SOURCE))

    # cfn-lint's JSON decoder gives the items of a list the place of the list, so that is what all agree on.
    assert _actions(mine) == [("s3:GetObject", 5), ("s3:PutObject", 6)]
    assert _actions(theirs)[0] == ("s3:GetObject", 5)
    assert theirs.statements[0].position.line == mine.statements[0].position.line


def _actions(document: Document) -> list[tuple[str, int]]:
    selector = document.statements[0].actions
    return [(str(item.text), item.position.line) for item in selector.items] if selector else []


@pytest.mark.parametrize(
    ("source", "message", "mark"),
    [
        ('{"a": 1,}', "remove the comma", (0, 8)),
        ('{"a": [1,]}', "remove the comma", (0, 9)),
        ('{"a" 1}', 'expected ":"', (0, 5)),
        ('{"a": 1\n "b": 2}', 'expected ","', (1, 1)),
        ('{"a": tru}', "expecting value", (0, 6)),
        ('{"a": NaN}', "expected a value", (0, 6)),
        ('{"a', "unterminated string", (0, 1)),
        ("{} {}", "text after the end", (0, 3)),
        ("", "ends too early", (0, 0)),
        ("[" * 200, "levels deep", (0, 101)),
    ],
)
def test_faults_of_json_say_where(source: str, message: str, mark: tuple[int, int]) -> None:
    """Promise: a document that is not JSON is reported at the place of the fault."""
    with pytest.raises(JsonError, match=message) as caught:
        parse_json(source)

    assert caught.value.mark == mark


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(JSON, st.sampled_from([None, 1]))
def test_json_is_read_as_the_standard_library_reads_it(value: Any, indent: int | None) -> None:
    """Promise: places are all that the parser adds."""
    assert parse_json(json.dumps(value, indent=indent)) == value


@given(JSON)
def test_yaml_reads_json_too(value: Any) -> None:
    """Promise: a JSON policy given as YAML is the same policy."""
    source = json.dumps(value, ensure_ascii=True)
    if "\\u" not in source and "\\/" not in source and not isinstance(value, float):
        try:
            read = parse_yaml(source)
        except JsonError:
            return  # YAML refuses some characters that JSON allows
        assert json.dumps(read)[:1] == json.dumps(value)[:1] or isinstance(value, int | float)


ELEMENTS = st.sampled_from(
    [
        *("Version", "Statement", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"),
        *("Principal", "NotPrincipal", "Sid", "AWS", "Service", "StringLike", "Null", "aws:TagKeys", "Fn::If", "Ref"),
    ]
)
VALUES = st.sampled_from(
    [
        *("Allow", "Deny", "*", "2012-10-17", "sagemaker:Create*", "iam:PassRole", "arn:aws:iam::*:role/x", "${a}"),
        *("true", None, 1, True, [], {}, "arn:", ":", "", "arn:aws:sagemaker:*"),
        Unknown("drawn"),
        Symbolic((ACCOUNT,)),
    ]
)
NODES = st.recursive(
    VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ELEMENTS, inner, max_size=5), max_leaves=25
)


@settings(max_examples=500, deadline=None)
@given(st.fixed_dictionaries({"Version": VALUES, "Statement": NODES}) | NODES, st.sampled_from(list(DocumentKind)))
def test_no_document_makes_it_crash(node: Any, kind: DocumentKind) -> None:
    """Promise: whatever stands in a document, it is read, linted and decided."""
    document = read_node(node, "drawn", kind)

    findings = lint_policy(document, Deployment())
    decision = decide(Policies((document,), document), Request("iam:PassRole", "arn:aws:iam::1:role/x"))

    assert all(finding.message and len(finding.message) <= 300 for finding in findings)
    assert decision.outcome


def test_what_cannot_be_known_is_kept_as_unknown() -> None:
    """Promise: unresolved functions and the caller's own unknowns end up in the places where they stand."""
    node = {
        "Version": "2012-10-17",
        "Statement": [
            {"Fn::If": ["IsBroad", {}, {"Ref": "AWS::NoValue"}]},
            {
                "Effect": {"Ref": "Effect"},
                "Action": [{"Fn::Sub": "sagemaker:*"}, "iam:PassRole"],
                "Resource": text("arn:aws:iam::", ACCOUNT, ":role/x"),
                "Condition": {"Fn::If": ["A", {}, {}]},
            },
        ],
    }

    first, second = read_node(node).statements

    assert first.unknown is not None
    assert second.effect is None
    assert second.actions is not None
    assert isinstance(second.actions.items[0].text, Unknown)
    assert second.conditions[0].unknown is not None
    assert not read_node(node).problems


def test_yaml_keeps_places_and_short_forms() -> None:
    """Promise: YAML policies have lines as well, `Version` stays a text and `!Sub` is a function."""
    source = (
        "Version: 2012-10-17\nStatement:\n  - Effect: Allow\n    Action: s3:GetObject\n    Resource: !Sub 'arn:x'\n"
    )

    document = read_source(source, parse_yaml)

    assert document.version == "2012-10-17"
    assert document.statements[0].position.line == 3
    assert document.statements[0].resources is not None
    assert isinstance(document.statements[0].resources.items[0].text, Unknown)
    assert read_source("a: [", parse_yaml).problems[0].kind == "invalid-json"
