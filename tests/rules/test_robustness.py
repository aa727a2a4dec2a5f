"""No rule raises on a broken template."""

from collections import Counter

import pytest
from cfnlint.rules import Rules
from linting import OURS, fixtures, runner
from mutation import mutants, seeds

# Our findings come through these rules of cfn-lint: the walk over the schema and the functions within.
WALK = ("E1001", "E1101", "E3001", "E3002", "E3003", "E3012", "E3030", "E3031", "E3032", "E3033", "E3034")
MUTANTS = 5000
WALKED = 300


def reduced_rules() -> Rules:
    rules = Rules()
    for rule, found in runner().rules.items():
        if OURS.fullmatch(rule) or rule in WALK or rule.startswith(("E10", "W103")):
            rules.register(found)
    return rules


@pytest.mark.timeout(600)
def test_no_rule_crashes_on_a_broken_template() -> None:
    """Rules are called directly, so that cfn-lint does not hide exceptions and its own do not count."""
    ours = [found for rule, found in runner().rules.items() if OURS.fullmatch(rule)]
    findings: Counter[str] = Counter()
    for mutant in mutants(seeds(fixtures()), MUTANTS, 4):
        for rule in ours:
            for match in rule.match(mutant):
                findings[rule.id] += 1
                assert len(match.message) <= 300
                mutant.get_location_yaml(mutant.template, match.path)

    # Regions, the walk, off, and the name of the file.
    classic = {rule.id for rule in ours} - {"E9501", "W9702", "E9520", "W9810", "E9713"}
    assert set(findings) >= classic - {"W9505"}


@pytest.mark.timeout(600)
def test_the_walk_reports_no_exception_of_ours() -> None:
    rules = reduced_rules()
    for mutant in mutants(seeds(fixtures()), WALKED, 5):
        for match in rules.run("mutant.yaml", mutant, runner().config):
            assert not (match.rule.id == "E0002" and OURS.search(match.message)), match.message
            assert "inference_experiment" not in match.message or match.rule.id != "E1101"
