from inference_experiment_rules.permissions._permission_rule import PermissionRule


class BoundaryPermissions(PermissionRule):
    """A role has no permission that its permissions boundary does not allow, whatever its policies allow."""

    id = "E9803"
    shortdesc = "Permissions boundary of the provider role lacks a permission"
    description = (
        "The policies of the provider role allow an action that the handlers call, and the permissions boundary, "
        "which is in this template or managed by AWS, does not."
    )
    source_url = "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html"
    tags = ["sagemaker", "iam", "permissions", "boundary"]

    kinds = frozenset({"boundary-denies"})
