from typing import ClassVar

from inference_experiment_rules.permissions._permission_rule import ROLES, AccessRule


class WrongTrust(AccessRule):
    """A service that may not assume the role cannot do anything with it: the function or experiment is not created."""

    id = "E9805"
    shortdesc = "Role does not trust the service that works with it"
    description = (
        "The trust policy of the provider's role does not let lambda.amazonaws.com assume it, or that of the "
        "experiment's role does not let sagemaker.amazonaws.com."
    )
    source_url = ROLES
    tags: ClassVar[list[str]] = ["sagemaker", "iam", "trust"]

    causes = frozenset({"trust"})
