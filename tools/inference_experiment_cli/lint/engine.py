"""cfn-lint, loaded once: lints one template after another and returns plain values.

Each template is linted as cfn-lint lints it alone. In a run over several, cfn-lint itself lets the configuration in
one template's Metadata decide whether the next one's E0000 is shown; that alone is not repeated here.
Everything that leans on cfn-lint beyond its public API is here and in experiments.py.
"""

import importlib.util
import json
import os
import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any, Final, TypedDict

from cfnlint.api import lint_file
from cfnlint.config import ConfigMixIn, ManualArgs
from cfnlint.exceptions import CfnLintExitException, ConfigFileError
from cfnlint.match import Match
from cfnlint.rules import Rules
from cfnlint.rules.errors import ConfigError, ParseError, RuleError
from cfnlint.runner import Runner
from cfnlint.runner.template.runner import run_template_by_file_path

from inference_experiment_cli.errors import Place, UsageError
from inference_experiment_rules._cfnlint import brief


class TemplateResult(TypedDict):
    """The result of one template: findings, the rules that ran, and the other files that were read."""

    findings: list[dict[str, Any]]
    used: list[str]
    reads: list[str]


RULES: Final = "inference_experiment_rules"
OUR_FIRST_RULE: Final = "E9501"
OUR_PACKAGES: Final = (
    "cfn_template",
    "iam_policy",
    "inference_experiment",
    "inference_experiment_rules",
    "shadow_test_policies",
)
_MEMBERS: Final = [each.name for each in fields(Match) if each.init and each.name != "rule"]


def _usage_error(error: Exception) -> UsageError:
    """Return an error of cfn-lint's, without the brackets and quotes of Python's lists."""
    return UsageError("cfn-lint: " + str(error).replace("['", "").replace("', '", ", ").replace("']", ""))


def lint(path: Path, regions: Sequence[str] = ("us-east-1",)) -> list[Match]:
    """Return the findings of cfn-lint with our rules in one template, in file order. Raises UsageError."""
    if not path.is_file():
        raise UsageError("no such file", Place(str(path)))
    matches = lint_file(path, config=ManualArgs(append_rules=[RULES], regions=list(regions)))
    return sorted(matches, key=lambda match: (match.linenumber, match.columnnumber, match.rule.id))


class Engine:
    """cfn-lint with a configuration, its rules and ours; `types` are further names of the registry type."""

    def __init__(self, arguments: Sequence[str], types: Collection[str] = ()) -> None:
        self.types = types
        try:
            self.config = ConfigMixIn(list(arguments))
            self.rules: Rules = Runner(self.config).rules
            if OUR_FIRST_RULE not in self.rules:
                self.rules.update(Rules.create_from_module(RULES))
        except (CfnLintExitException, ConfigFileError, ValueError) as error:
            raise _usage_error(error) from error
        self.rules[OUR_FIRST_RULE].given = types
        self._ignores_bad = self.config.ignore_bad_template or not ParseError().is_enabled(
            include_experimental=False,
            ignore_rules=self.config.ignore_checks,
            include_rules=self.config.include_checks,
            mandatory_rules=self.config.mandatory_checks,
        )

    @property
    def is_serial(self) -> bool:
        """Whether the configuration pairs templates with parameters, which cfn-lint does for one run as a whole."""
        config = self.config
        return bool(config.deployment_files or config.parameter_files or config.parameters)

    def lint(self, path: str) -> TemplateResult:
        """Return what cfn-lint finds in one template."""
        return self.watched(lambda: self.run(path, self.rules), path)

    def run(self, path: str, rules: Rules) -> list[Match]:
        """Return the matches of some rules, in cfn-lint's order."""
        self.config.set_template_args({})
        rules.used_rules.clear()
        try:
            return list(run_template_by_file_path(path, self.config, rules, self._ignores_bad))
        except CfnLintExitException as error:
            raise _usage_error(error) from error
        except Exception as error:  # noqa: BLE001 - one template on which cfn-lint crashes must not end the run
            message = f"Unknown exception while processing the template: {str(error)!r}"  # cfn-lint's own
            return [Match.create(message=message, filename=path, rule=RuleError())]

    def watched(self, work: Callable[[], list[Match]], path: str) -> TemplateResult:
        """Return what `work` finds, with the files that it opened beside the template."""
        opened = _opened_files()
        opened.clear()
        matches = work()
        others = sorted({os.path.relpath(each) for each in opened.copy() if _is_input(each)} - {os.path.relpath(path)})
        result = {
            "findings": [plain(match) for match in matches],
            "used": list(self.rules.used_rules),
            "reads": others,
        }
        # Strings of a template are cfn-lint's own kind, which cannot be sent to another process.
        copy: TemplateResult = json.loads(json.dumps(result))
        return copy

    def matches(self, result: TemplateResult) -> list[Match]:
        """Return the findings as cfn-lint's own objects, and note which rules ran."""
        self.rules.used_rules.update(dict.fromkeys(result["used"], None))
        return [self._match(finding) for finding in result["findings"]]

    def _match(self, finding: dict[str, Any]) -> Match:
        match = Match(rule=self._rule(finding["rule"]), **{name: finding[name] for name in _MEMBERS})
        if finding["path"] is not None:
            object.__setattr__(match, "path", finding["path"])  # as cfn-lint does: the class is frozen
        return match

    def _rule(self, name: str) -> Any:  # noqa: ANN401 - a rule of cfn-lint
        known = {rule.id: rule for rule in (ParseError(), RuleError(), ConfigError())}
        return self.rules[name] if name in self.rules else known[name]


def plain(match: Match) -> dict[str, Any]:
    """Return a match as values that JSON has."""
    path = getattr(match, "path", None)
    members = {name: getattr(match, name) for name in _MEMBERS}
    members["message"] = brief(match.message)
    return {**members, "rule": match.rule.id, "path": None if path is None else list(path)}


@cache
def _opened_files() -> set[str]:
    """Return a set that gets the name of each file that is opened, or fails to open, from now on."""
    names: set[str] = set()

    def audit(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[0], str):
            names.add(arguments[0])

    sys.addaudithook(audit)  # Python cannot remove it
    return names


def _is_input(path: str) -> bool:
    """Return whether a file is the user's: not of the interpreter, of cfn-lint's data or of our packages."""
    folders = (Path(sys.prefix), Path(sys.base_prefix), *own_folders())
    return not any(Path.cwd().joinpath(path).is_relative_to(folder) for folder in folders)


@cache
def own_folders() -> tuple[Path, ...]:
    """Return the folders of our packages that a lint run imports."""
    specs = [importlib.util.find_spec(name) for name in OUR_PACKAGES]
    return tuple(Path(spec.origin).parent for spec in specs if spec is not None and spec.origin is not None)
