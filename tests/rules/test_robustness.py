"""No rule raises on a broken template."""

from collections import Counter

import pytest
from cfnlint.rules import Rules
from linting import OURS, fixtures, runner
from mutation import mutants, seeds

# Our findings come through these rules of cfn-lint: the walk over the schema and the functions within.
WALK = ("E1001", "E1101", "E3001", "E3002", "E3003", "E3012", "E3030", "E3031", "E3032", "E3033", "E3034")
PARTS = 50
# Mutants of one part.
MUTANTS = 100
WALKED = 6


def reduced_rules() -> Rules:
    rules = Rules()
    for rule, found in runner().rules.items():
        if OURS.fullmatch(rule) or rule in WALK or rule.startswith(("E10", "W103")):
            rules.register(found)
    return rules


@pytest.mark.parametrize("part", range(PARTS))
def test_no_rule_crashes_on_a_broken_template(part: int) -> None:
    """Rules are called directly, so that cfn-lint does not hide exceptions and its own do not count."""
    chosen = fixtures()[part::PARTS]
    ours = [found for rule, found in runner().rules.items() if OURS.fullmatch(rule)]
    findings: Counter[str] = Counter()
    for mutant in mutants(seeds(chosen), MUTANTS, part):
        for rule in ours:
            for match in rule.match(mutant):
                findings[rule.id] += 1
                assert len(match.message) <= 300
                mutant.get_location_yaml(mutant.template, match.path)

    # Most mutants still have the mistake of their fixture. Not about regions, the walk, off, the name of the file.
    made_for = {path.parent.name for path in chosen if path.name.startswith("fail-")}
    assert len(made_for - {"E9501", "W9505", "W9702", "E9520", "W9810", "E9713"} - set(findings)) <= 2


@pytest.mark.parametrize("part", range(PARTS))
def test_the_walk_reports_no_exception_of_ours(part: int) -> None:
    rules = reduced_rules()
    for mutant in mutants(seeds(fixtures()[part::PARTS]), WALKED, part):
        for match in rules.run("mutant.yaml", mutant, runner().config):
            assert not (match.rule.id == "E0002" and OURS.search(match.message)), match.message
            assert "inference_experiment" not in match.message or match.rule.id != "E1101"
