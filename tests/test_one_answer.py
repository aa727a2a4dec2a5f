"""One result for each question: lint, validate, plan, policy check and the function agree about every file."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from one_answer import answers, comparison, corpus, deployments, expected, known, mutants, pairs

from shadow_test_policies.registry_type import REGISTRY_TYPE

PAIRS = {pair.name: pair for pair in (*pairs.creations(), *pairs.updates())}
MUTANTS = dict(enumerate(mutants.mutants(350, seed=3)))
REGISTERED = dict(enumerate(mutants.registered(120, seed=5)))


def settle(case: str, found: list[str], expected: Mapping[str, tuple[str, ...]]) -> None:
    """Accept only known differences, and fail for a known one that no longer exists."""
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


@pytest.mark.parametrize("number", REGISTERED)
def test_property_findings_of_mutants_of_the_registry_type(number: int, tmp_path: Path) -> None:
    """They are found by all, or missed by the same as on the custom type."""
    changed, properties = REGISTERED[number]
    path = mutants.write(tmp_path, number, properties, REGISTRY_TYPE)
    found = comparison.differences(path, mutants.template(properties, REGISTRY_TYPE))
    if found:
        custom = {**properties, "ServiceToken": mutants.CUSTOM_ONLY["ServiceToken"]}
        expected = comparison.differences(mutants.write(tmp_path, -1, custom), mutants.template(custom))
        assert without_lines(found) == without_lines(expected), changed


def without_lines(differences: list[str]) -> list[str]:
    """Return differences without the lines, which ServiceToken moves."""
    return [re.sub(r"\bline=\d+", "", one) for one in differences]


@pytest.mark.parametrize("path", corpus.templates_with_roles(), ids=corpus.name_of)
def test_permissions(path: Path) -> None:
    settle(corpus.name_of(path), comparison.permission_differences(path), known.PERMISSIONS)


def expect_failure(file: str, request: pytest.FixtureRequest) -> None:
    """Mark a case whose answer is known to be wrong: it fails the test when it is right."""
    if file in known.WRONG:
        request.applymarker(pytest.mark.xfail(strict=True, reason="the right answer is still to come"))


@pytest.mark.parametrize("case", expected.LINTED, ids=lambda case: case.file)
def test_lint_of_cases(case: expected.Linted, request: pytest.FixtureRequest) -> None:
    expect_failure(case.file, request)
    findings = answers.lint(corpus.CASES / "templates" / case.file)
    reported = {one.rule for one in findings}
    assert not case.rules or any(rule.startswith(case.rules) for rule in reported), reported
    assert not any(rule.startswith(case.silent) for rule in reported if case.silent), reported
    for word in case.words:
        assert any(word in one.message for one in findings), word


@pytest.mark.parametrize("case", expected.CHECKED, ids=lambda case: case.file)
def test_policy_commands_on_cases(case: expected.Checked, request: pytest.FixtureRequest) -> None:
    expect_failure(case.file, request)
    code, printed = answers.policy_output(corpus.CASES / "policies" / case.file, case.command)
    assert code == case.code, printed
    assert all(word in printed for word in case.words), printed
    assert not any(word in printed for word in case.without), printed


def test_known_differences_are_of_cases_that_there_are() -> None:
    cases: set[Any] = {corpus.name_of(path) for path in corpus.templates()} | {f"mutant {one}" for one in MUTANTS}
    for differences in (known.PROPERTIES, known.PERMISSIONS, known.PLANS):
        assert {case for listed in differences.values() for case in listed} <= cases | PAIRS.keys()


@pytest.fixture(scope="module")
def metrics(protocol_cloud: deployments.ProtocolCloud) -> Iterator[deployments.ControlledMetrics]:
    with deployments.with_metrics(protocol_cloud) as running:
        yield running


@pytest.mark.parametrize("name", PAIRS)
def test_plan_predicts_what_the_function_does(
    name: str,
    cloud: deployments.ProtocolCloud,
    metrics: deployments.ControlledMetrics,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    deployment = deployments.Deployment(cloud, metrics, PAIRS[name])
    planned = deployment.planned()
    settle(name, deployments.differences(planned, deployment.done()), known.PLANS)


def test_removed_name_is_a_replacement_by_a_derived_name() -> None:
    folder = corpus.CASES / "agreement"
    files = str(folder / "name-removed.after.json"), "--previous", str(folder / "name-removed.before.json")
    plan = answers.run("plan", *files, "--status", "Completed", "--format", "json").data()
    assert plan["verdict"] == "replacement"
