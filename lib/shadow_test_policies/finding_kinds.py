"""The kinds of findings about what a role requires; those about the text of policies are the IAM library's."""

from typing import Final

from iam_policy.findings import Kind, Severity

_E, _W, _I = Severity.ERROR, Severity.WARNING, Severity.INFO

# In the order of reports.
DECIDED: Final[dict[str, Kind]] = {
    "explicit-deny": Kind(_E, "A Deny takes a required permission away"),
    "boundary-denies": Kind(_E, "The permissions boundary does not allow a required permission"),
    "limit-denies": Kind(
        _E, "A service control or session policy does not allow a required permission", documents_only=True
    ),
    "resource-never-matches": Kind(_E, "A required permission is granted on another resource"),
    "condition-never-true": Kind(_E, "A required permission is granted under a condition that is never true"),
    "source-never-matches": Kind(_E, "The trust statement for a service can never match"),
    "misplaced-policy": Kind(_E, "The policy with a required permission is attached to another role"),
    "missing-permission": Kind(_E, "A required permission is not allowed"),
    "missing-trust": Kind(_E, "The service cannot assume the role"),
    "missing-experiment-permission": Kind(_W, "The role of the experiment lacks a derived permission"),
    "resource-policy-denies": Kind(_W, "The policy of a bucket or key does not allow what the role needs"),
    "missing-auxiliary-permission": Kind(_W, "A permission for logs or for the status of the stack is not allowed"),
    "missing-recommended": Kind(_I, "A recommended permission is not allowed"),
    "undecided": Kind(_I, "Whether a required permission is allowed cannot be decided statically"),
    "key-policy-not-given": Kind(_I, "The policy of a key decides too, and is not given"),
    "excess-permission": Kind(_W, "More is granted than required"),
}
