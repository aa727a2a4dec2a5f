"""Run the real cfn-lint with our rules, loaded once per way of loading."""

import json
import os
import re
from collections import Counter
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from cfnlint.config import ConfigMixIn
from cfnlint.decode import cfn_yaml
from cfnlint.rules import Match, Rules
from cfnlint.runner import Runner
from cfnlint.runner.template.runner import _run_template, run_template_by_file_path

FIXTURES = Path(__file__).parent
MODULE = "inference_experiment_rules"
DIRECTORY = str(FIXTURES.parents[1] / "rules")
OURS = re.compile(r"[EWI]9[5678]\d\d")
# Informational rules are off by default; only ours are asked for, I98 (any role of another stack) by `# include:`.
ALWAYS = ("-c", "I95", "I96", "I97")

# cfn-lint translates SAM before 1.54, and the numbers of the translated template have lost their lines: a fixture may
# say `# expect-sam:` where the finding lands now and `# expect-translated:` where it landed before.
VERSION = tuple(int(part) for part in version("cfn-lint").split(".")[:2])
SAM_SHAPE = "translated" if VERSION < (1, 54) else "sam"

Line = tuple[int, str]


class Configured(NamedTuple):
    """The rules, and a configuration to run them with: cfn-lint configures each rule anew at the start of a run."""

    config: ConfigMixIn
    rules: Rules


@cache
def _rules(source: str) -> Rules:
    return Runner(ConfigMixIn(["-a", source, "-t", __file__])).rules


@cache
def runner(
    source: str = MODULE,
    regions: tuple[str, ...] = (),
    configured: tuple[str, ...] = (),
    included: tuple[str, ...] = (),
) -> Configured:
    arguments = ["-a", source, *ALWAYS, *included]
    arguments += ["-r", *regions] if regions else []
    arguments += ["-x", *configured] if configured else []
    return Configured(ConfigMixIn([*arguments, "-t", __file__]), _rules(source))  # requires a file, which is not read


def options_of(text: str) -> dict[str, tuple[str, ...]]:
    """Return the options of the `# regions:`, `# configure:` and `# include:` lines."""
    found = dict(re.findall(r"^# (regions|configure|include): *(.+)$", text, re.MULTILINE))
    return {
        "regions": tuple(re.split(r"[, ]+", found["regions"].strip())) if "regions" in found else (),
        "included": tuple(re.split(r"[, ]+", found["include"].strip())) if "include" in found else (),
        "configured": tuple(re.split(r"[, ]+", found["configure"].strip())) if "configure" in found else (),
    }


def _forget_region() -> None:
    # Before 1.54 cfn-lint sets it to the first region of a run where it is not set, and translates SAM with it.
    os.environ.pop("AWS_DEFAULT_REGION", None)


@cache
def lint_file(path: Path, source: str = MODULE) -> list[Match]:
    run = runner(source, **options_of(path.read_text(encoding="utf-8")))
    _forget_region()
    return list(run_template_by_file_path(str(path), run.config, run.rules, ignore_bad_template=False))


def lint_text(text: str, source: str = MODULE) -> list[Match]:
    run = runner(source, **options_of(text))
    _forget_region()
    return list(_run_template("template.yaml", cfn_yaml.loads(text), run.config, run.rules))


def lines_of(matches: list[Match]) -> Counter[Line]:
    return Counter((match.linenumber, match.rule.id) for match in matches)


def expected_in(path: Path) -> Counter[Line]:
    """Return the declared findings of a fixture: comments in YAML, a list in the Metadata of JSON."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        listed: Any = json.loads(text)["Metadata"].get("Expect", [])
        return Counter((int(line), rule) for line, rule in (entry.split() for entry in listed))
    return Counter(
        (number, rule)
        for number, line in enumerate(text.splitlines(), start=1)
        for found in re.findall(rf"# expect(?:-{SAM_SHAPE})?: *([EWI0-9, ]+)", line)
        for rule in re.split(r"[, ]+", found.strip())
    )


def fixtures(pattern: str = "*") -> list[Path]:
    found = [*FIXTURES.glob(f"[EWI]9*/{pattern}.yaml"), *FIXTURES.glob(f"[EWI]9*/{pattern}.json")]
    return sorted(found)
