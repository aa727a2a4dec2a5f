from typing import ClassVar

from inference_experiment_rules.permissions._permission_rule import AccessRule


class ImpossibleSource(AccessRule):
    """A condition against the confused deputy that never holds shuts the service out as well."""

    id = "E9806"
    shortdesc = "Trust policy has a condition that never holds"
    description = (
        "The trust policy names the right service, under a condition (aws:SourceArn, aws:SourceAccount and "
        "others) that no call of this service for this account satisfies."
    )
    source_url = "https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html"
    tags: ClassVar[list[str]] = ["sagemaker", "iam", "trust", "confused-deputy"]

    causes = frozenset({"source"})
