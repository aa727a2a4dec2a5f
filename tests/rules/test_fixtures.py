"""Every fixture has exactly the findings that it declares, on the same lines, however the rules are loaded."""

from pathlib import Path

import pytest
from linting import DIRECTORY, FIXTURES, OURS, SAM_SHAPE, expected_in, fixtures, lines_of, lint_file, runner
from no_repr import assert_no_repr

IDS = sorted(rule for rule in runner().rules if OURS.fullmatch(rule))


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize("path", fixtures(), ids=name_of)
def test_a_fixture_has_the_findings_that_it_declares(path: Path) -> None:
    matches = lint_file(path)

    assert lines_of(matches) == expected_in(path), [f"{m.linenumber} {m.rule.id} {m.message}" for m in matches]
    for match in matches:
        assert len(match.message) <= 300 or not OURS.fullmatch(match.rule.id)
        if OURS.fullmatch(match.rule.id):
            assert_no_repr(match.message)


@pytest.mark.parametrize("rule", IDS)
def test_every_rule_has_fixtures_that_pass_and_that_fail(rule: str) -> None:
    passing = sorted((FIXTURES / rule).glob("pass-*"))
    failing = sorted((FIXTURES / rule).glob("fail-*"))

    assert passing
    assert not any(expected_in(path) for path in passing)
    assert failing
    # These are reported by other rules: core rules always, or where cfn-lint still translates SAM.
    by_others = rule == "E9501" or (rule in {"E9712", "E9813"} and SAM_SHAPE == "translated")
    assert all(rule in {found for _, found in expected_in(path)} or by_others for path in failing)


def test_every_fixture_belongs_to_a_rule() -> None:
    assert {path.parent.name for path in fixtures()} == set(IDS)


@pytest.mark.parametrize("rule", IDS)
def test_directory_and_module_give_the_same_findings(rule: str) -> None:
    """Compared on a failing and a passing fixture of each rule."""
    assert {rule for rule in runner(DIRECTORY).rules if OURS.fullmatch(rule)} == set(IDS)
    found = set()
    for path in (min((FIXTURES / rule).glob(kind)) for kind in ("fail-*", "pass-*")):
        by_module = sorted((m.linenumber, m.rule.id, m.message) for m in lint_file(path))
        by_directory = sorted((m.linenumber, m.rule.id, m.message) for m in lint_file(path, DIRECTORY))
        assert by_module == by_directory
        found |= {rule for _, rule, _ in by_directory}
    assert rule in found or rule in {"E9501", "E9813"}  # reported by other rules, see above
