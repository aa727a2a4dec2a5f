"""Soundness of whole decisions: what is decided with symbols stays so under every filling of them."""

import itertools
import random
from collections import Counter
from typing import Any

import pytest
from random_policies import ACCOUNT, Case, random_case

from iam_policy import Outcome, Policies, Request, decide, read_node
from iam_policy.match.symbols import ACCOUNT as ACCOUNT_SYMBOL
from iam_policy.match.symbols import NAME_CHARACTERS, REGION, Symbol, Text, fill, text

SEED = 20261122
PARTS = 15
CASES = 100
"""Random cases of one part."""
TEAM = Symbol("Team", NAME_CHARACTERS)
SYMBOLS: dict[str, Symbol] = {ACCOUNT: ACCOUNT_SYMBOL, "us-east-1": REGION, "shadow": TEAM}
FILLINGS: list[dict[str, Text]] = [
    {ACCOUNT_SYMBOL.identity: account, REGION.identity: region, TEAM.identity: team}
    for account, region, team in itertools.product(
        (ACCOUNT, "999999999999"), ("us-east-1", "eu-west-1"), ("shadow", "", "Shadow", "other")
    )
]


def with_symbols(node: Any) -> Any:
    """Return a document or a value whose account, region and names are symbols."""
    if isinstance(node, dict):
        return {key: with_symbols(value) for key, value in node.items()}
    if isinstance(node, list):
        return [with_symbols(value) for value in node]
    if not isinstance(node, str) or "${" in node:
        return node
    pieces: list[str | Symbol] = [node]
    for word, symbol in SYMBOLS.items():
        pieces = [part for piece in pieces for part in _replaced(piece, word, symbol)]
    return text(*pieces)


def _replaced(piece: str | Symbol, word: str, symbol: Symbol) -> list[str | Symbol]:
    if isinstance(piece, Symbol):
        return [piece]
    parts: list[str | Symbol] = []
    for index, literal in enumerate(piece.split(word)):
        parts += [symbol, literal] if index else [literal]
    return parts


def filled(node: Any, filling: dict[str, Text]) -> Any:
    """Return a document with its symbols filled."""
    if isinstance(node, dict):
        return {key: filled(value, filling) for key, value in node.items()}
    if isinstance(node, list):
        return [filled(value, filling) for value in node]
    return node if isinstance(node, str) else fill(node, filling)


def outcome(policies: list[Any], case: Case, resource: Text) -> Outcome:
    """Decide a case's action by some policies."""
    context = {key: tuple(value) if isinstance(value, list) else value for key, value in case.context.items()}
    request = Request(case.action, resource, context, complete=True)
    return decide(Policies(tuple(map(read_node, policies))), request).outcome


@pytest.mark.parametrize("part", range(PARTS))
def test_no_decision_is_wrong_under_any_filling(part: int) -> None:
    """Promise: allowed, implicit and explicit deny hold whatever account, region and names turn out to be."""
    source = random.Random(SEED + part)
    counts: Counter[bool] = Counter()
    for _ in range(CASES):
        case = random_case(source)
        policies = with_symbols(case.policies)
        resource = with_symbols(case.resource) if source.random() < 0.7 else case.resource

        before = outcome(policies, case, resource)

        counts[before is Outcome.UNKNOWN] += 1
        if before is Outcome.UNKNOWN:
            continue
        for filling in FILLINGS:
            after = outcome(filled(policies, filling), case, fill(resource, filling))
            # An implicit deny may turn out to be an explicit one: what no Allow can grant is denied either way.
            promised = {before, Outcome.EXPLICIT_DENY} if before is Outcome.IMPLICIT_DENY else {before}
            assert after in promised, (policies, case.action, resource, filling)
    print(f"seed {SEED + part}: {counts[False]} decided, {counts[True]} unknown")  # noqa: T201
    assert counts[False] > CASES / 2
