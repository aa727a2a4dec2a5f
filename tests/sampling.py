"""The sample of tests that `make test` runs: every test function that is not slow, with a few of its cases.

A case is chosen by a digest of its name, so the sample is the same everywhere and a new case changes little of it.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

import pytest

CASES: Final = 2
"""Number of cases per test function in the sample."""
SLOW: Final = "slow"
"""The marker of tests that the sample leaves out."""

Case = TypeVar("Case")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --sample."""
    parser.addoption(
        "--sample", action="store_true", help=f"Run a sample: {CASES} cases of each test function, no slow ones."
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect tests that are not in the sample, if --sample is given."""
    if not config.getoption("--sample"):
        return
    quick = [item for item in items if item.get_closest_marker(SLOW) is None]
    chosen = set(sample(quick, lambda item: item.nodeid))
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = [item for item in items if item in chosen]


def sample(cases: Iterable[Case], name: Callable[[Case], str]) -> list[Case]:
    """Return up to CASES cases of each function; a name is the function's, with the case in brackets."""
    functions = defaultdict(list)
    for case in cases:
        functions[name(case).partition("[")[0]].append(case)

    def digest(case: Case) -> bytes:
        return hashlib.sha256(name(case).encode()).digest()

    return [case for those in functions.values() for case in sorted(those, key=digest)[:CASES]]
