from inference_experiment_rules.permissions._permission_rule import PermissionRule


class MisplacedPolicy(PermissionRule):
    """The permissions exist, but on another role: the handler fails with AccessDenied."""

    id = "E9814"
    shortdesc = "Policy is attached to the wrong role"
    description = (
        "The provider role lacks permissions that a policy of this template grants to another role, or to none."
    )
    source_url = "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_manage-attach-detach.html"
    tags = ["sagemaker", "iam", "permissions"]

    kinds = frozenset({"misplaced-policy"})
