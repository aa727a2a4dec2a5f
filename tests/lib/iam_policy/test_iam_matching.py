"""Matching: wildcards, ARNs segment by segment, and soundness where parts are unknown."""

import itertools
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iam_policy.match.arns import compile_resource
from iam_policy.match.patterns import Truth, _characters, _definite, _possible, _without_shared_ends, compile_pattern
from iam_policy.match.symbols import (
    ACCOUNT,
    ANY,
    NAME_CHARACTERS,
    PARTITION,
    REGION,
    Charset,
    Symbol,
    Symbolic,
    Text,
    fill,
    parts_of,
    symbols_of,
    text,
)

SYMBOLS = (
    Symbol("anything", ANY),
    Symbol("some", Charset(frozenset("ab")), minimum=1),
    Symbol("two", Charset(frozenset("b/")), minimum=2, exact=True),
    Symbol("listed", values=("a", "b*", "")),
)
EXPERIMENT = "arn:aws:sagemaker:us-east-1:123456789012:inference-experiment/shadow-1"


def naive(pattern: str, target: str) -> bool:
    """Match by the definition of the wildcards, as slowly as it takes."""

    @cache
    def rest(i: int, j: int) -> bool:
        if i == len(pattern):
            return j == len(target)
        if pattern[i] == "*":
            return rest(i + 1, j) or (j < len(target) and rest(i, j + 1))
        return j < len(target) and pattern[i] in {"?", target[j]} and rest(i + 1, j + 1)

    return rest(0, 0)


def filling(symbol: Symbol, draw: st.DrawFn) -> str:
    """Draw a filling that the symbol allows."""
    if symbol.values:
        return draw(st.sampled_from(symbol.values))
    alphabet = "ab/*?" if symbol.charset.characters is None else "".join(sorted(symbol.charset.characters))
    most = symbol.minimum if symbol.exact else symbol.minimum + 3
    return draw(st.text(alphabet, min_size=symbol.minimum, max_size=most))


@st.composite
def texts(draw: st.DrawFn, alphabet: str) -> Text:
    """Draw a text with symbols."""
    pieces = draw(st.lists(st.one_of(st.sampled_from(alphabet), st.sampled_from(SYMBOLS)), max_size=6))
    return text(*pieces)


@settings(max_examples=8 * settings().max_examples, deadline=None)
@given(st.data(), texts("ab/*?"), texts("ab/"))
def test_no_definite_match_is_wrong_under_any_filling(data: st.DataObject, pattern: Text, target: Text) -> None:
    """Promise: True means that every filling matches, False that none does."""
    answer = compile_pattern(pattern).match(target)

    fillings = [{symbol.identity: filling(symbol, data.draw) for symbol in SYMBOLS} for _ in range(4)]
    outcomes = [naive(str(fill(pattern, one)), str(fill(target, one))) for one in fillings]

    assert answer is None or set(outcomes) == {answer}, (pattern, target, fillings)


@settings(max_examples=8 * settings().max_examples, deadline=None)
@given(texts("abA/*?"), texts("aB/"), st.booleans())
def test_what_both_begin_and_end_with_decides_nothing(pattern: Text, target: Text, fold: bool) -> None:  # noqa: FBT001
    """Promise: the table without shared ends gives the answers of the whole table, or a definite no for a perhaps."""
    tokens, parts = (_characters(whole, fold=fold) for whole in (compile_pattern(pattern).tokens, parts_of(target)))

    left = _without_shared_ends(tokens, parts)

    assert not _possible(*left, fold=fold) or _possible(tokens, parts, fold=fold)
    assert _definite(*left) is _definite(tokens, parts)


@settings(max_examples=8 * settings().max_examples, deadline=None)
@given(st.text("ab*?", max_size=10), st.text("ab*?", max_size=10))
def test_plain_patterns_match_by_the_definition(pattern: str, target: str) -> None:
    """Promise: the fast path agrees with the definition of `*` and `?`."""
    assert compile_pattern(pattern).match(target) is naive(pattern, target)


def test_a_pattern_of_many_stars_is_fast() -> None:
    """Promise: no pattern backtracks without end."""
    assert compile_pattern("*a" * 60 + "b").match("a" * 5000) is False


def test_brackets_are_plain_characters() -> None:
    """Promise: character classes, which IAM does not have, are not invented."""
    assert compile_pattern("Describe[A-I]*").match("DescribeEndpoint") is False


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*", True),
        ("arn:aws:sagemaker:*", True),
        ("arn:aws:sagemaker:*:*", True),
        ("arn:aws:sagemaker:us-*", True),
        ("arn:aws:sagemaker:eu-*", False),
        # Five parts: the oracle denies, IAM's documentation can be read either way.
        ("arn:aws:sagemaker:*:inference-experiment/*", None),
        ("arn:aws:sagemaker::123456789012:inference-experiment/*", False),
        ("arn:aws:sagemaker:US-EAST-1:123456789012:inference-experiment/*", True),
        ("arn:AWS:sagemaker:us-east-1:123456789012:inference-experiment/*", True),
        ("arn:aws:sagemaker:us-east-1:123456789012:Inference-Experiment/*", False),
        ("arn:aws:sagemaker:us-east-1:123456789012:inference-experiment/Shadow-*", False),
        ("arn:aws:sagemaker:us-east-1:123456789012:inference-experiment/${*}shadow-1", False),
        ("arn:aws:sagemaker:us-east-1:123456789012:inference-experiment/sh?dow-1", True),
        ("arn:aws:sagemaker:us-east-1:123456789012:inference-exp*", True),
        ("arn:aws:sagemaker:us-east-1:123456789012:inference-*/shadow-1", None),
        ("arn:aws:sagemaker:*:*:*/*", None),
        ("arn:aws:sagemaker:*:*:endpoint/*", False),
        ("arn:aws:s3:::*", False),
        ("arn:aws:sagemaker", True),
        ("arn:aws:sagemaker:us-east-1", True),
        ("arn:aws:sagemaker:us-east-1:123456789012", True),
        ("arn:aws:SageMaker:us-east-?", True),
        ("arn:aws:sagemaker:eu-west-1", False),
        ("arn:aws:sagemaker:", False),  # the region is not missing but empty
        ("arn:aws:sage", False),
        ("arn:aws:iam", False),
        ("arn:aws:sagemaker:us-*:inference-experiment/*", None),
    ],
)
def test_the_answers_of_the_survey_are_pinned(pattern: str, expected: Truth) -> None:
    """Promise: resources match as measured; where evaluators and documentation disagree nobody is told a guess."""
    resource = compile_resource(pattern, variables=True)
    resolved = resource.pattern.resolve(lambda _: None)
    assert resolved is not None

    assert resource.match(EXPERIMENT) is expected


PLACE = ("arn:", PARTITION, ":sagemaker:", REGION, ":", ACCOUNT, ":inference-experiment/")
NAME = Symbol("Name", NAME_CHARACTERS, minimum=1)
PREFIX = Symbol("Prefix", NAME_CHARACTERS)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (text(*PLACE, "*"), True),
        (text(*PLACE, NAME), True),
        (text(*PLACE, PREFIX, "*"), None),
        (text(*PLACE, "shadow-*"), None),
        ("arn:*:sagemaker:*:*:inference-experiment/*", True),
        ("arn:aws:sagemaker:*:*:inference-experiment/*", None),
        ("arn:*:sagemaker:*:12345:inference-experiment/*", False),
        ("arn:*:iam::*:role/*", False),
        (text(Symbol("whole ARN")), None),
        (text(Symbol("whole ARN"), "*"), None),
    ],
)
def test_pseudo_parameters_are_equal_to_themselves(pattern: Text, expected: Truth) -> None:
    """Promise: what is not known before deployment decides nothing, unless it is the same on both sides."""
    assert compile_resource(pattern, variables=True).match(text(*PLACE, NAME)) is expected


def test_the_same_arn_of_which_nothing_is_known_matches() -> None:
    """Promise: `Fn::GetAtt Queue.Arn` on both sides is a match, and so is what lies beneath a bucket's ARN."""
    queue, bucket = Symbol("Queue.Arn"), Symbol("Bucket.Arn")

    assert compile_resource(text(queue), variables=True).match(text(queue)) is True
    assert compile_resource(text(bucket, "/*"), variables=True).match(text(bucket, "/capture/x")) is True
    assert compile_resource(text(bucket, "/*"), variables=True).match(text(queue)) is None


def test_an_empty_resource_does_not_match_what_is_not_known() -> None:
    """Promise: an empty pattern is compared like any other, also with a text that cannot be split into segments."""
    assert compile_resource("", variables=True).match(text(Symbol("x", minimum=1))) is False


def test_finite_symbols_are_tried_one_by_one() -> None:
    """Promise: AllowedValues decide what a free parameter would leave open."""
    stage = Symbol("Stage", values=("shadow-a", "shadow-b"))

    assert compile_pattern("shadow-?").match(Symbolic((stage,))) is True
    assert compile_pattern("shadow-a").match(Symbolic((stage,))) is None
    assert compile_pattern("live-*").match(Symbolic((stage,))) is False
    assert symbols_of(text("a", stage, "b", stage)) == (stage,)


def test_region_partition_and_account_are_never_equal() -> None:
    """Promise: their forms differ, whatever the deployment."""
    for one, other in itertools.permutations((ACCOUNT, PARTITION, REGION), 2):
        assert compile_pattern(text(one), wildcards=False).match(text(other)) is False
        assert compile_pattern(text(one)).match(text("x-", other)) is False


@pytest.mark.parametrize(
    ("symbol", "name"),
    [
        *((REGION, name) for name in ("us-east-1", "us-gov-west-1", "us-isob-east-1", "eusc-de-east-1", "cn-north-1")),
        *((PARTITION, name) for name in ("aws", "aws-cn", "aws-us-gov", "aws-iso-b", "aws-eusc")),
        (ACCOUNT, "123456789012"),
    ],
)
def test_a_symbol_may_be_each_of_its_names(symbol: Symbol, name: str) -> None:
    assert compile_pattern(name).match(text(symbol)) is None
    assert compile_pattern(text(symbol), wildcards=False).match(name) is None
