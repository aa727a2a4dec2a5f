"""Known differences, by reason. An entry whose case agrees again fails the test and has to be removed."""

from collections.abc import Mapping

PROPERTIES: Mapping[str, tuple[str, ...]] = {}
PERMISSIONS: Mapping[str, tuple[str, ...]] = {}
# Cases whose correct result, in expected.py, no command returns yet.
WRONG = frozenset(
    {
        "short_arn_deny.json",
        "short_arn_notresource.json",
        "short_arn_allow.json",
        "get-policy-version.json",
        "terraform-plan.json",
        "dump-with-users.json",
        "utf16.json",
        "scp.json",
        "key-of-another-account.json",
        "deny-old-sessions.json",
        "multivalued-keys.json",
    }
)
PLANS: Mapping[str, tuple[str, ...]] = {}


def reason_of(case: str, known: Mapping[str, tuple[str, ...]]) -> str:
    """Return why a case is known to differ; empty where it is not."""
    return next((reason for reason, cases in known.items() if case in cases), "")
