from inference_experiment_rules.permissions._permission_rule import ROLES, PermissionRule


class MissingTrust(PermissionRule):
    """A service that cannot assume the role cannot use it: the function or the experiment is not created."""

    id = "E9805"
    shortdesc = "Role does not trust its service"
    description = (
        "The trust policy of the provider role does not let lambda.amazonaws.com assume it, or that of the experiment "
        "role does not let sagemaker.amazonaws.com."
    )
    source_url = ROLES
    tags = ["sagemaker", "iam", "trust"]

    kinds = frozenset({"missing-trust"})
