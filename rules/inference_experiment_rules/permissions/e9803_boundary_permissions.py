from typing import ClassVar

from inference_experiment_rules.permissions._permission_rule import AccessRule


class BoundaryPermissions(AccessRule):
    """What a permissions boundary does not allow the role may not do, whatever its policies say."""

    id = "E9803"
    shortdesc = "Permissions boundary of the provider does not allow what is needed"
    description = (
        "The policies of the provider's role allow an action that the handlers call and the permissions boundary, "
        "which is in this template or managed by AWS, does not."
    )
    source_url = "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html"
    tags: ClassVar[list[str]] = ["sagemaker", "iam", "permissions", "boundary"]

    causes = frozenset({"boundary"})
    kinds = frozenset({"provider"})
