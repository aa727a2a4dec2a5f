"""The permissions that a shadow test needs, the roles of a template, and reports on both."""

from iam_policy.findings import add_kinds
from shadow_test_policies.finding_kinds import DECIDED

# Here, since every module of the package may report them.
add_kinds(DECIDED)
