"""What is known of a linted template, as values that JSON has."""

from typing import Any, Final, TypedDict

RULES: Final = "inference_experiment_rules"
"""The module of our rules, as cfn-lint's -a takes it."""


class TemplateResult(TypedDict):
    """The result of one template: findings, rules that ran, number of experiments, and digests of what was read.

    A finding has the members of cfn-lint's Match, and the id and severity of its rule. `digest` is that of the
    template's content, "" where it could not be read or changed; `reads` has the other files.
    """

    findings: list[dict[str, Any]]
    used: list[str]
    experiments: int
    digest: str
    reads: dict[str, str]
