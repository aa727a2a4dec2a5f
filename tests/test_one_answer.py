"""Every question has one answer: lint, validate, plan, policy check and the function say the same of one file."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from one_answer import comparison, corpus, deployments, known, mutants, pairs

PAIRS = {pair.name: pair for pair in (*pairs.creations(), *pairs.updates())}
MUTANTS = dict(enumerate(mutants.mutants(350, seed=3)))


def settle(case: str, found: list[str], expected: Mapping[str, tuple[str, ...]]) -> None:
    """Accept no difference but a known one, and no known one that is none any more."""
    reason = known.reason_of(case, expected)
    if reason:
        assert found, f"the answers agree on {case}: take it out of known.py ({reason})"
    else:
        assert not found, "\n".join(found)


@pytest.mark.parametrize("path", corpus.templates(), ids=corpus.name_of)
def test_property_findings_of_files(path: Path) -> None:
    settle(corpus.name_of(path), comparison.differences(path, corpus.load(path)), known.PROPERTIES)


@pytest.mark.parametrize("number", MUTANTS)
def test_property_findings_of_mutants(number: int, tmp_path: Path) -> None:
    changed, properties = MUTANTS[number]
    found = comparison.differences(mutants.write(tmp_path, number, properties), mutants.template(properties))
    settle(f"mutant {number}", [f"{changed}: {one}" for one in found], known.PROPERTIES)


def test_known_differences_are_of_cases_that_there_are() -> None:
    cases: set[Any] = {corpus.name_of(path) for path in corpus.templates()} | {f"mutant {one}" for one in MUTANTS}
    assert {case for listed in known.PROPERTIES.values() for case in listed} <= cases


@pytest.fixture(scope="module")
def metrics(protocol_cloud: deployments.ProtocolCloud) -> Iterator[deployments.LocalMetrics]:
    with deployments.with_metrics(protocol_cloud) as running:
        yield running


@pytest.mark.parametrize("name", PAIRS)
def test_plan_predicts_what_the_function_does(
    name: str,
    cloud: deployments.ProtocolCloud,
    metrics: deployments.LocalMetrics,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    deployment = deployments.Deployment(cloud, metrics, PAIRS[name])
    planned = deployment.planned()
    settle(name, deployments.differences(planned, deployment.done()), known.PLANS)
