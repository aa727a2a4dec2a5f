"""Parents and their nested stacks: findings land where the mistake is, and each file reports its own only."""

from pathlib import Path

import pytest
from linting import expected_in, lines_of, lint_file

FOLDER = Path(__file__).parent / "nested"
PARENTS = sorted([*FOLDER.glob("*.yaml"), *FOLDER.glob("*.json")])


@pytest.mark.parametrize("path", [*PARENTS, *sorted(FOLDER.glob("children/*"))], ids=lambda path: path.stem)
def test_a_file_has_the_findings_that_it_declares(path: Path) -> None:
    matches = lint_file(path)

    assert lines_of(matches) == expected_in(path), [f"{m.linenumber} {m.rule.id} {m.message}" for m in matches]
    assert all(len(match.message) <= 300 for match in matches)


def test_every_mistake_has_a_right_twin() -> None:
    named = {path.stem for path in PARENTS}

    assert {f"pass-{name.removeprefix('fail-')}" for name in named if name.startswith("fail-")} <= named
    assert not any(expected_in(path) for path in PARENTS if path.stem.startswith("pass-"))


def test_a_message_names_the_resource_and_the_file_of_the_nested_stack() -> None:
    (match,) = lint_file(FOLDER / "fail-endpoint-reference.yaml")

    assert match.message == (
        "!Ref Endpoint returns an ARN, not a name; write !GetAtt Endpoint.EndpointName "
        "(Experiment in children/experiment.yaml)"
    )
