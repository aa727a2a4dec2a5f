"""Known differences, by reason. An entry whose case agrees again fails the test and has to be removed."""

from collections.abc import Mapping

PROPERTIES: Mapping[str, tuple[str, ...]] = {}
PERMISSIONS: Mapping[str, tuple[str, ...]] = {}
# Cases whose correct result, in expected.py, no command returns yet.
WRONG = frozenset({})
PLANS: Mapping[str, tuple[str, ...]] = {}


def reason_of(case: str, known: Mapping[str, tuple[str, ...]]) -> str:
    """Return why a case is known to differ; empty where it is not."""
    return next((reason for reason, cases in known.items() if case in cases), "")
