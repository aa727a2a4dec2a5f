from typing import ClassVar

from inference_experiment_rules.permissions._permission_rule import ROLES, AccessRule


class ExperimentRecommendations(AccessRule):
    """Nothing fails for sure without it, but AWS's own execution roles have it."""

    id = "I9817"
    shortdesc = "Experiment's role lacks a recommended permission"
    description = (
        "The role behind RoleArn has policies in this template, and they do not allow what is recommended: images "
        "and artifacts where the models use the same role, logs, clean-up of endpoint configurations."
    )
    source_url = ROLES
    tags: ClassVar[list[str]] = ["sagemaker", "iam", "permissions"]

    causes = frozenset({"recommended"})
    kinds = frozenset({"experiment"})
