"""cfn-lint, loaded once: lints one template after another and returns plain values.

Each template is linted as cfn-lint lints it alone. In a run over several, cfn-lint itself lets the configuration in
one template's Metadata decide whether the next one's E0000 is shown; that alone is not repeated here.
Everything that leans on cfn-lint beyond its public API is here and in experiments.py.
"""

import hashlib
import importlib.util
import io
import json
import os
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cache, partial
from pathlib import Path
from typing import Any, Final, Self, TypedDict

from cfnlint.api import lint_file
from cfnlint.config import ConfigMixIn, ManualArgs
from cfnlint.decode import cfn_json, cfn_yaml
from cfnlint.decode.decode import _decode
from cfnlint.exceptions import CfnLintExitException, ConfigFileError
from cfnlint.match import Match
from cfnlint.rules import Rules
from cfnlint.rules.errors import ConfigError, ParseError, RuleError
from cfnlint.runner import Runner
from cfnlint.runner.template.runner import _run_template

from inference_experiment_cli.errors import Place, UsageError
from inference_experiment_cli.lint.scout import SCOUT, Scout
from inference_experiment_rules._cfnlint import brief


class TemplateResult(TypedDict):
    """The result of one template: findings, rules that ran, number of experiments, and digests of what was read.

    `digest` is that of the template's content, "" where it could not be read or changed; `reads` has the other files.
    """

    findings: list[dict[str, Any]]
    used: list[str]
    experiments: int
    digest: str
    reads: dict[str, str]


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
    """cfn-lint with a configuration, its rules and ours.

    `contents` has the templates that can be read once only: standard input and pipes. `types` are further names of the
    registry type.
    """

    def __init__(self, arguments: Sequence[str], types: Collection[str] = ()) -> None:
        self.types = types
        self.contents: dict[str, bytes] = {}
        try:
            self.config = ConfigMixIn(list(arguments))
            self.rules: Rules = Runner(self.config).rules
            if OUR_FIRST_RULE not in self.rules:
                self.rules.update(Rules.create_from_module(RULES))
        except (CfnLintExitException, ConfigFileError, ValueError) as error:
            raise _usage_error(error) from error
        self.rules[OUR_FIRST_RULE].given = types
        self.scout = Scout()
        self._scouted = Rules({**self.rules, SCOUT: self.scout})
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

    def config_of(self, templates: list[str]) -> "RunConfig":
        """Return the configuration as a formatter of cfn-lint wants it, which counts the templates."""
        return RunConfig(self.config, templates)

    def configured_templates(self) -> list[str]:
        """Return the templates of the configuration. Raises UsageError."""
        try:
            return list(dict.fromkeys(self.config.templates or ()))
        except ValueError as error:
            raise _usage_error(error) from error

    def ignored_templates(self) -> Sequence[str]:
        """Return the templates that the configuration ignores."""
        return self.config._ignore_templates()  # type: ignore[no-any-return] # noqa: SLF001 - no public name exists

    def lint(self, path: str) -> TemplateResult:
        """Return what cfn-lint finds in one template."""
        return self.watched(self._with_all_rules, path)

    def _with_all_rules(self, template: "TemplateContent") -> list[Match]:
        matches = self.run(template, self._scouted)
        self.rules.used_rules.clear()
        self.rules.used_rules.update({name: None for name in self._scouted.used_rules if name != SCOUT})
        return matches

    def run(self, template: "TemplateContent", rules: Rules) -> list[Match]:
        """Return the matches of some rules, in cfn-lint's order."""
        self.config.set_template_args({})
        rules.used_rules.clear()
        try:
            return list(self._matches(template, rules))
        except CfnLintExitException as error:
            raise _usage_error(error) from error
        except Exception as error:  # noqa: BLE001 - one template on which cfn-lint crashes must not end the run
            message = f"Unknown exception while processing the template: {str(error)!r}"  # cfn-lint's own
            return [Match.create(message=message, filename=template.name, rule=RuleError())]

    def _matches(self, template: "TemplateContent", rules: Rules) -> Iterator[Match]:
        """Yield what cfn-lint's run_template_by_file_path does, of content that was read already."""
        decoded, faults = template.decoded()
        if not faults:
            yield from _run_template(template.name, decoded, self.config, rules)
        elif not (self._ignores_bad or any("E0000".startswith(each) for each in self.config.ignore_checks)):
            yield from faults

    def watched(self, work: "Callable[[TemplateContent], list[Match]]", path: str) -> TemplateResult:
        """Return what `work` finds in a template, which is read once, with the files that it opened beside it."""
        # cfn-lint crashes on a name that is not UTF-8.
        template = TemplateContent.of(path, self.contents.get(path), path.encode(errors="backslashreplace").decode())
        opened = _opened_files()
        opened.clear()
        self.scout.experiments = frozenset()
        matches = work(template)
        reads = {os.path.relpath(name): digest for name, digest in opened.items() if digest}
        # With some transforms our rules read the template once more.
        unchanged = reads.pop(os.path.relpath(path), template.digest) == template.digest
        result = {
            "findings": [plain(match) for match in matches],
            "used": list(self.rules.used_rules),
            "experiments": len(self.scout.experiments),
            "digest": template.digest if unchanged else "",
            "reads": reads,
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


class RunConfig:
    """cfn-lint's configuration with the templates that were linted; its own looks for files by their names."""

    def __init__(self, config: ConfigMixIn, templates: list[str]) -> None:
        self._config = config
        self.templates = templates

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - cfn-lint's
        """Return another setting."""
        return getattr(self._config, name)


@dataclass(frozen=True)
class TemplateContent:
    """What was read of a template: its text, or why there is none."""

    name: str
    text: str
    digest: str
    problem: str = ""
    line: int = 1

    @classmethod
    def of(cls, path: str, content: bytes | None, name: str) -> Self:
        """Return the content of a file, unless it was read before; `name` is that for findings."""
        try:
            content = Path(path).read_bytes() if content is None else content
        except FileNotFoundError:
            return cls(name, "", "", f"Template file not found: {name}")
        except (OSError, ValueError) as error:  # ValueError: a null byte in the name
            return cls(name, "", "", f"{name}: cannot be read: {getattr(error, 'strerror', None) or error}")
        digest = digest_of(content)
        try:
            text = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8").read()
        except UnicodeDecodeError as error:
            problem, line = _encoding_problem(content, error)
            return cls(name, "", digest, problem, line)
        return cls(name, text, digest)

    def decoded(self) -> tuple[Any, list[Match]]:
        """Return the template, or why it cannot be read."""
        if self.problem:
            return None, [
                Match.create(message=self.problem, filename=self.name, rule=ParseError(), linenumber=self.line)
            ]
        template, faults = _decode(partial(cfn_yaml.loads, fname=self.name), cfn_json.loads, self.text, self.name)
        return template, faults


def _encoding_problem(content: bytes, error: UnicodeDecodeError) -> tuple[str, int]:
    """Return what is wrong with the encoding, and the line."""
    encoding = json.detect_encoding(content)
    if not encoding.startswith("utf-8"):
        return f"is {encoding.upper()} text; CloudFormation takes UTF-8: save it as UTF-8", 1
    line = content[: error.start].count(b"\n") + 1
    return f"is not UTF-8 text (byte {error.start}: {error.reason}); save it as UTF-8", line


def plain(match: Match) -> dict[str, Any]:
    """Return a match as values that JSON has."""
    path = getattr(match, "path", None)
    members = {name: getattr(match, name) for name in _MEMBERS}
    members["message"] = brief(match.message)
    return {**members, "rule": match.rule.id, "path": None if path is None else list(path)}


@cache
def _opened_files() -> dict[str, str]:
    """Return a mapping that gets each file of the user's that is opened from now on, with the digest of its content.

    A file that fails to open is there too; other files have no digest.
    """
    digests: dict[str, str] = {}

    def audit(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[0], str) and arguments[0] not in digests:
            name = arguments[0]
            digests[name] = ""  # reading it opens it
            digests[name] = digest_of_file(Path(name)) if _is_input(name) else ""

    sys.addaudithook(audit)  # Python cannot remove it
    return digests


def digest_of(content: bytes) -> str:
    """Return a digest of content."""
    return hashlib.sha256(content).hexdigest()


def digest_of_file(path: Path) -> str:
    """Return a digest of a file's content; one that cannot be read counts as absent."""
    try:
        return digest_of(path.read_bytes()) if path.is_file() else "absent"
    except (OSError, ValueError):
        return "absent"


def _is_input(path: str) -> bool:
    """Return whether a file is the user's: not of the interpreter, of cfn-lint's data or of our packages."""
    folders = (Path(sys.prefix), Path(sys.base_prefix), *own_folders())
    return not any(Path.cwd().joinpath(path).is_relative_to(folder) for folder in folders)


@cache
def own_folders() -> tuple[Path, ...]:
    """Return the folders of our packages that a lint run imports."""
    specs = [importlib.util.find_spec(name) for name in OUR_PACKAGES]
    return tuple(Path(spec.origin).parent for spec in specs if spec is not None and spec.origin is not None)
