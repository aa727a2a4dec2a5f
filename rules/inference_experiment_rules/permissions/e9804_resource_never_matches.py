from inference_experiment_rules.permissions._permission_rule import PermissionRule


class ResourceNeverMatches(PermissionRule):
    """The statement looks right, and the handler still fails with AccessDenied."""

    id = "E9804"
    shortdesc = "Permission is granted on another resource"
    description = (
        "A statement of the provider role has an action that the handlers call, but its Resource is of another type, "
        "account, region or name than the resources that they use, and no other statement grants it."
    )
    source_url = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html"
    tags = ["sagemaker", "iam", "permissions", "resource"]

    kinds = frozenset({"resource-never-matches"})
