from inference_experiment_rules.permissions._permission_rule import PermissionRule


class TrustNeverMatches(PermissionRule):
    """A confused-deputy condition that is never true locks out the service as well."""

    id = "E9806"
    shortdesc = "Trust statement can never match"
    description = (
        "The trust policy names the right service under a condition (aws:SourceArn, aws:SourceAccount and others) "
        "that no call of this service for this account satisfies."
    )
    source_url = "https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html"
    tags = ["sagemaker", "iam", "trust", "confused-deputy"]

    kinds = frozenset({"source-never-matches"})
