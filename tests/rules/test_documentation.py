"""The examples of each rule: the wrong one has exactly this finding, the right one none."""

from pathlib import Path

import pytest
from cfnlint.rules import Match
from linting import OURS, SAM_SHAPE, lint_text, runner

from scripts.rule_pages import BASE, example, fragments, pages

DOCS = Path(__file__).parents[2] / "docs"
RULES = {rule: runner().rules[rule] for rule in sorted(runner().rules) if OURS.fullmatch(rule)}


def test_the_template_of_the_examples_has_no_finding() -> None:
    assert [str(match) for match in lint_text(BASE)] == []


@pytest.mark.parametrize("rule", RULES)
def test_the_wrong_example_finds_exactly_this_rule(rule: str) -> None:
    matches = found_in(rule, fragments(RULES[rule])[0])
    if rule == "E9813" and SAM_SHAPE == "translated":  # cfn-lint itself checks the transformed template
        assert {match.rule.id for match in matches} == {"E3510"}
        return

    # cfn-lint itself reports a type that is missing in a region; E9520 adds the alternative.
    others = {"E3006"} if rule == "E9520" else set()
    assert {match.rule.id for match in matches} - others == {rule}, [f"{m.rule.id} {m.message}" for m in matches]


@pytest.mark.parametrize("rule", RULES)
def test_the_right_example_finds_nothing(rule: str) -> None:
    matches = found_in(rule, fragments(RULES[rule])[1])

    assert [(match.rule.id, match.message) for match in matches] == []


def found_in(rule: str, fragment: str) -> list[Match]:
    """Lint an example, with the option in the comment on the first line of the wrong one, if any."""
    first = fragments(RULES[rule])[0].splitlines()[0]
    matches = lint_text((first + "\n" if first.startswith("# ") else "") + example(fragment))
    return [match for match in matches if match.rule.id[0] != "I" or rule[0] == "I"]


@pytest.mark.parametrize("rule", RULES)
def test_the_metadata_of_a_rule_is_complete(rule: str) -> None:
    metadata = RULES[rule]

    assert metadata.shortdesc
    assert not metadata.shortdesc.endswith(".")
    assert metadata.description.endswith(".")
    assert (metadata.__doc__ or "").endswith(".")
    assert metadata.source_url.startswith("https://")
    assert metadata.tags


def test_the_pages_are_those_of_the_rules(request: pytest.FixtureRequest) -> None:
    wanted = {DOCS / path: text for path, text in pages(list(RULES.values())).items()}
    if request.config.getoption("--update-docs", default=False):
        for path, text in wanted.items():
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")

    assert {path: path.read_text(encoding="utf-8") for path in wanted if path.exists()} == wanted
    listed = {path.name for path in (DOCS / "rules").glob("[EWI]9[5678]*.md")}
    assert listed == {f"{rule}.md" for rule in RULES}
