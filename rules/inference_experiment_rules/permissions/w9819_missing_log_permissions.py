from inference_experiment_rules.permissions._permission_rule import EVALUATION, PermissionRule


class MissingLogPermissions(PermissionRule):
    """Why a warning? Requests are carried out, but failures cannot be explained, and a rollback can get stuck."""

    id = "W9819"
    shortdesc = "Provider role cannot write logs or describe its stack"
    description = (
        "The provider role lacks permission to write to the log group of its function, or to check with "
        "CloudFormation whether the stack is rolling back."
    )
    source_url = EVALUATION
    tags = ["sagemaker", "iam", "permissions", "logs"]

    kinds = frozenset({"missing-auxiliary-permission"})
