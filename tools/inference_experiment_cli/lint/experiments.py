"""--only-experiments: our rules, and the findings of cfn-lint's own walk about experiments.

Our rules run first, alone: they take a fraction of the time. If there is an experiment, cfn-lint's walk through the
template follows with the rules that it consists of, without its findings about other resources. The findings are those
of all rules about experiments; a test compares them.
"""

import re
from collections.abc import Collection
from typing import Final

from cfnlint.match import Match
from cfnlint.rules import CloudFormationLintRule, Rules

from inference_experiment.contract import NATIVE_TYPE
from inference_experiment_cli.lint.engine import Engine, TemplateContent
from inference_experiment_cli.lint.results import TemplateResult
from inference_experiment_cli.lint.scout import SCOUT

OURS: Final = re.compile(r"[EWI]9[5-8]\d\d")
# Unreadable template, failed transform, crash of a rule, wrong configuration.
ALWAYS: Final = frozenset({"E0000", "E0001", "E0002", "E0003"})
CRASHED: Final = re.compile(r"while processing rule (\w+):")  # as cfn-lint words its E0002
# The walk, intrinsic functions and formats; E3002 brings the keywords of JSON schema.
WALK: Final = re.compile(r"E10\d\d|E11\d\d|W10\d\d|E300[12]")
ROOT: Final = "E1001"  # starts the walk


class ExperimentsOnly:
    """Lints by an engine, with the fewest rules that report on experiments."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.scout = engine.scout
        rules, keywords = engine.rules.items(), engine.rules["E3002"].child_rules
        self._ours = Rules({name: rule for name, rule in rules if OURS.fullmatch(name)})
        self.walk = Rules({name: rule for name, rule in rules if _belongs(rule, keywords)})
        self._ours[SCOUT] = self.scout

    def lint(self, path: str) -> TemplateResult:
        """Return the findings about experiments in one template."""
        return self._engine.watched(self._matches, path)

    def _matches(self, template: TemplateContent) -> list[Match]:
        matches = self._engine.run(template, self._ours)
        if self.scout.experiments:
            matches = self._engine.run(template, self.walk)
        kept = [match for match in matches if concerns(match, self.scout.experiments, self.walk)]
        self._engine.rules.used_rules.clear()
        ran = self.walk if self.scout.experiments else self._ours
        self._engine.rules.used_rules.update({name: None for name in ran.used_rules if name != SCOUT})
        return kept


def concerns(match: Match, experiments: Collection[str], walk: Collection[str]) -> bool:
    """Return whether --only-experiments shows a finding of all rules."""
    name = match.rule.id
    crashed = CRASHED.search(match.message) if name == "E0002" else None
    if OURS.fullmatch(name) or name in ALWAYS:
        return crashed is None or crashed[1] in walk
    path = list(getattr(match, "path", None) or ())
    return name in walk and len(path) > 1 and path[0] == "Resources" and path[1] in experiments


def _belongs(rule: CloudFormationLintRule, keywords_of_schema: Collection[str]) -> bool:
    if OURS.fullmatch(rule.id):
        return True
    about_experiments = any(NATIVE_TYPE in keyword for keyword in getattr(rule, "keywords", ()))
    chosen = WALK.fullmatch(rule.id) or rule.id in keywords_of_schema or about_experiments
    return rule.id == ROOT or (bool(chosen) and not _walks_alone(rule))


def _walks_alone(rule: CloudFormationLintRule) -> bool:
    """Return whether a rule goes through the template on its own, beside the walk."""
    own = type(rule)
    base = CloudFormationLintRule
    return own.match is not base.match or own.match_resource_properties is not base.match_resource_properties
