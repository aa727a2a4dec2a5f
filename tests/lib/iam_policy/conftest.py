"""Fixtures of the policy library's tests."""

import iam_oracle
import pytest


@pytest.fixture(scope="session")
def oracle() -> iam_oracle.Ask:
    """Ask the independent evaluator, or skip with the reason why it cannot be installed."""
    return iam_oracle.oracle()
