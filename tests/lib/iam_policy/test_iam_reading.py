"""Reading: places of every element, what is unknown, what is wrong; nothing makes it crash."""

from typing import Any

import cfnlint.decode.cfn_json
import cfnlint.decode.cfn_yaml
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cfn_template.documents import parse
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
from shadow_test_policies.requirements import Deployment

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
    statement = read_node(parse(SOURCE)).statements[0]

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
    mine, theirs = read_node(parse(SOURCE)), read_node(decode(SOURCE))

    # cfn-lint's JSON decoder gives the items of a list the place of the list, so that is what all agree on.
    assert _actions(mine) == [("s3:GetObject", 5), ("s3:PutObject", 6)]
    assert _actions(theirs)[0] == ("s3:GetObject", 5)
    assert theirs.statements[0].position.line == mine.statements[0].position.line


def _actions(document: Document) -> list[tuple[str, int]]:
    selector = document.statements[0].actions
    return [(str(item.text), item.position.line) for item in selector.items] if selector else []


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


@settings(max_examples=5 * settings().max_examples, deadline=None)
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

    document = read_node(parse(source))

    assert document.version == "2012-10-17"
    assert document.statements[0].position.line == 3
    assert document.statements[0].resources is not None
    assert isinstance(document.statements[0].resources.items[0].text, Unknown)


@pytest.mark.parametrize(
    ("source", "position"),
    [('{\n"a": 1,}', (2, 8)), ("[" * 100_000, (0, 0)), ("9" * 5000, (0, 0)), ("", (1, 1))],
)
def test_text_that_is_not_json_is_a_finding(source: str, position: tuple[int, int]) -> None:
    document = read_json(source, "p.json", DocumentKind.TRUST)

    (problem,) = document.problems
    assert (problem.kind, problem.position, problem.document) == ("invalid-json", position, "p.json")
    assert document.kind is DocumentKind.TRUST
    assert document.statements[0].unknown is not None


def test_json_text_keeps_its_repeated_keys() -> None:
    (problem,) = read_json('{"Version": "2012-10-17", "Statement": [], "Statement": []}').problems

    assert (problem.kind, problem.path) == ("duplicate-key", ("Statement",))


def test_a_document_with_unknown_parts_has_at_least_the_length_of_the_known_ones() -> None:
    known = read_node({"Statement": [{"Sid": "", "Resource": "arn::"}]}).length

    assert read_node({"Statement": [{"Sid": Unknown("why"), "Resource": text("arn:", ACCOUNT, ":")}]}).length == known
