"""cfn-lint, loaded once: lints one template after another and returns plain values.

Each template is linted as cfn-lint lints it alone. In a run over several, cfn-lint itself lets the configuration in
one template's Metadata decide whether the next one's E0000 is shown; that alone is not repeated here.
Everything that leans on cfn-lint beyond its public API is here and in experiments.py.
"""

import io
import json
import os
import site
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache, partial
from importlib.util import source_from_cache
from pathlib import Path
from typing import Any, Final, Self

from cfnlint import helpers
from cfnlint.api import lint_file
from cfnlint.config import ConfigMixIn, ManualArgs
from cfnlint.decode import cfn_json, cfn_yaml
from cfnlint.decode.decode import _decode
from cfnlint.exceptions import CfnLintExitException, ConfigFileError
from cfnlint.match import Match
from cfnlint.rules import Rules
from cfnlint.rules.errors import ConfigError, ParseError, RuleError
from cfnlint.runner import Runner
from cfnlint.runner.cli import get_formatter
from cfnlint.runner.template.runner import _run_template
from yaml import YAMLError

from inference_experiment_cli.errors import Place, UsageError
from inference_experiment_cli.lint.configuration import Configuration, configuration_files, matches_of
from inference_experiment_cli.lint.files import digest_of, digest_of_file, own_folders
from inference_experiment_cli.lint.results import RULES, TemplateResult
from inference_experiment_cli.lint.scout import SCOUT, Scout
from inference_experiment_cli.terminal import visible
from inference_experiment_rules._cfnlint import brief

OUR_FIRST_RULE: Final = "E9501"
SETTINGS: Final = (
    "configure_rules",
    "ignore_bad_template",
    "ignore_checks",
    "include_checks",
    "include_experimental",
    "mandatory_checks",
    "merge_configs",
    "regions",
)
"""The configuration that findings depend on, beside files."""
_MEMBERS: Final = [each.name for each in fields(Match) if each.init and each.name != "rule"]


def _usage_error(error: Exception) -> UsageError:
    """Return an error of cfn-lint without Python's notation: list brackets and quotes, function names."""
    text = str(error).replace("could not be processed by glob.glob", "matches no file")
    return UsageError("cfn-lint: " + text.replace("['", "").replace("', '", ", ").replace("']", ""))


def _configuration_error(error: YAMLError, opened: Sequence[str]) -> UsageError:
    """Return the error in cfn-lint's configuration file, which is the file opened last."""
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    place = Place(os.path.relpath(opened[-1]), mark.line + 1 if mark else 0) if opened else None
    return UsageError(f"is not valid YAML: {problem}", place)


def _check_files(config: ConfigMixIn) -> None:
    """Raise UsageError for missing files for which cfn-lint would exit, or which it would ignore."""
    for path in (config.custom_rules, config.override_spec, *(config.registry_schemas or ())):
        if path and not Path(path).exists():
            raise UsageError("no such file", Place(path))
    _ = config.templates  # ValueError where a pattern matches nothing


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
        self.contents: dict[str, bytes] = {}
        accessed = _accessed()
        accessed.clear()
        try:
            self.config = ConfigMixIn(list(arguments))
            _check_files(self.config)
            self.rules: Rules = Runner(self.config).rules
            if OUR_FIRST_RULE not in self.rules:
                self.rules.update(Rules.create_from_module(RULES))
        except YAMLError as error:
            raise _configuration_error(error, [name for name, digest in accessed.opened.items() if digest]) from error
        except (CfnLintExitException, ConfigFileError, ValueError) as error:
            raise _usage_error(error) from error
        self._rule_files = _sources(accessed.opened, arguments)
        self.rules[OUR_FIRST_RULE].given = types
        self.scout = Scout()
        self._scouted = Rules({**self.rules, SCOUT: self.scout})
        self._ignores_bad = self.config.ignore_bad_template or not ParseError().is_enabled(
            include_experimental=False,
            ignore_rules=self.config.ignore_checks,
            include_rules=self.config.include_checks,
            mandatory_rules=self.config.mandatory_checks,
        )

    def configuration(self) -> Configuration:
        """Return the configuration as values of JSON. Raises UsageError."""
        config = self.config
        if config.deployment_files or config.parameter_files or config.parameters:
            raise UsageError(
                "cfn-lint lints templates with parameter or deployment files together; run cfn-lint itself"
            )
        patterns = _accessed().patterns
        patterns.clear()
        try:
            templates = list(dict.fromkeys(config.templates or ()))
        except ValueError as error:
            raise _usage_error(error) from error
        values = {
            "settings": {name: getattr(config, name, None) for name in SETTINGS},
            "append_rules": config.append_rules[1:],  # the first is cfn-lint's own
            "custom_rules": config.custom_rules or "",
            "override_spec": config.override_spec or "",
            "registry_schemas": config.registry_schemas or [],
            "schemas": getattr(helpers, "get_cache_dir", str)(),  # cfn-lint 1.52 has none
            "rule_files": self._rule_files,
            "format": config.format or "",
            "output_file": config.output_file or "",
            "non_zero_exit_code": config.non_zero_exit_code,
            "templates": templates,
            "ignored_templates": config._ignore_templates(),  # noqa: SLF001 - no public name exists
            "matched": {each: matches_of(each) for each in list(patterns)},
        }
        # .cfnlintrc may have times, and texts of cfn-lint's own kind.
        return Configuration(**json.loads(json.dumps(values, default=str)))

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
        opened = _accessed().opened
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

    def report(self, results: Mapping[str, TemplateResult]) -> str:
        """Return the report on some templates as cfn-lint's formatter writes it."""
        used = self.rules.used_rules
        used.clear()
        used.update(dict.fromkeys((name for result in results.values() for name in result["used"]), None))
        matches = [self._match(finding) for result in results.values() for finding in result["findings"]]
        matches.sort(key=lambda match: (match.filename, match.linenumber, match.rule.id))
        if self.config.format == "pretty":  # it has control characters of its own
            for match in matches:
                for name in ("filename", "message"):
                    object.__setattr__(match, name, visible(getattr(match, name), keep="\n"))
        config = RunConfig(self.config, [*results])
        return get_formatter(config).print_matches(matches, self.rules, config=config) or ""

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
    rule = {"rule": match.rule.id, "severity": match.rule.severity}
    return {**members, **rule, "path": None if path is None else list(path)}


@dataclass
class Accessed:
    """What was looked for in the file system from now on.

    `opened` has each file of the user's, with the digest of its content; one that fails to open is there too, and other
    files have no digest. `patterns` has the patterns of file names.
    """

    opened: dict[str, str] = field(default_factory=dict)
    patterns: dict[str, None] = field(default_factory=dict)

    def clear(self) -> None:
        """Forget what was accessed."""
        self.opened.clear()
        self.patterns.clear()

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Note an event of the interpreter."""
        if event == "glob.glob":
            self.patterns[arguments[0]] = None
        elif event == "open" and isinstance(arguments[0], str) and arguments[0] not in self.opened:
            name = arguments[0]
            self.opened[name] = ""  # reading it opens it
            self.opened[name] = digest_of_file(Path(name)) if _is_input(name) else ""


@cache
def _accessed() -> Accessed:
    """Return the record of all accesses from now on."""
    accessed = Accessed()
    sys.addaudithook(accessed.audit)  # Python cannot remove it
    return accessed


def _is_input(path: str) -> bool:
    """Return whether a file is the user's: not of the interpreter, of cfn-lint's data or of our packages."""
    return not _absolute(path).startswith(_other_folders())


def _absolute(path: str) -> str:
    return os.path.abspath(path)  # noqa: PTH100 - links stay links, and it is fast enough for hundreds of files


@cache
def _other_folders() -> tuple[str, ...]:
    folders = (sys.prefix, sys.base_prefix, site.getusersitepackages(), *own_folders())
    return tuple(f"{folder}{os.sep}" for folder in folders)


def _sources(opened: Mapping[str, str], arguments: Sequence[str]) -> list[str]:
    """Return the user's files that rules were loaded from: of bytecode the source, and not the configuration."""
    configuration = {_absolute(name) for name in (*arguments, *map(str, configuration_files()))}
    names = set()
    for name, digest in opened.items():
        if digest and _absolute(name) not in configuration:
            is_bytecode = name.endswith(".pyc") and Path(name).parent.name == "__pycache__"
            names.add(os.path.relpath(source_from_cache(name) if is_bytecode else name))
    return sorted(names)
