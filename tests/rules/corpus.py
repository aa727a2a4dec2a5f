"""Lint many templates with our rules and count findings, unexpected findings and crashes.

    python tests/rules/corpus.py [--generated 1000] [--download] [folder ...]

The templates are those of installed packages, of this repository and of further folders, each also with a shadow test
of either type put into it, the correct ones of tests/recall, and generated ones. Wheels contain few, so --download
unpacks the source distributions of the packages in SOURCES with their test templates. Fails on a crash of our rules and
on a finding of our rules in a template without known mistakes.
"""

import argparse
import random
import subprocess
import sys
import sysconfig
import tarfile
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml
from cfnlint.decode import cfn_yaml, decode
from cfnlint.rules import Match
from cfnlint.runner.template.runner import _run_template
from linting import OURS, expected_in, fixtures, lines_of, lint_file, runner
from mutation import mutate, seeds

from inference_experiment import contract

ROOT = Path(__file__).parents[2]
SUFFIXES = {".yaml", ".yml", ".json", ".template"}
SOURCES = ("cfn-lint", "aws-sam-translator", "moto")
# What is put into every template: nothing is wrong with it, whatever is around it.
SHADOW_TEST = """
Type: {type}
Properties:
  {token}
  Name: put-in-{number}
  Type: ShadowMode
  RoleArn: arn:aws:iam::123456789012:role/put-in-experiment
  EndpointName: put-in-endpoint-{number}
  ModelVariants:
    - VariantName: production
      ModelName: put-in-model-1
      InfrastructureConfig:
        InfrastructureType: RealTimeInference
        RealTimeInferenceConfig: {{InstanceType: ml.m5.large, InstanceCount: 1}}
    - VariantName: shadow
      ModelName: put-in-model-2
      InfrastructureConfig:
        InfrastructureType: RealTimeInference
        RealTimeInferenceConfig: {{InstanceType: ml.m5.large, InstanceCount: 1}}
  ShadowModeConfig:
    SourceModelVariantName: production
    ShadowModelVariants: [{{ShadowModelVariantName: shadow, SamplingPercentage: 50}}]
"""
TOKEN = "{ServiceToken: 'arn:aws:lambda:us-east-1:123456789012:function:put-in', ServiceTimeout: 3600}"
MAX_BYTES = 500_000  # larger files are data


def templates_in(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.suffix in SUFFIXES and path.is_file() and path.stat().st_size < MAX_BYTES:
            text = path.read_text(encoding="utf-8", errors="ignore")
            if "Resources" in text and ("AWS::" in text or "Custom::" in text):
                yield path


def download(folder: Path) -> Path:
    """Fetch and unpack the source distributions of the installed versions."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [f"{name}=={version(name)}" for name in SOURCES]
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--no-binary",
        ":all:",
    ]
    subprocess.run([*command, "--dest", str(folder), *wanted], check=True)
    for archive in folder.glob("*.tar.gz"):
        with tarfile.open(archive) as packed:
            packed.extractall(folder, filter="data")
    return folder


def lint_template(path: Path) -> list[Match] | None:
    """Return our findings and all crashes; None when the file is not a template."""
    try:
        template, problems = decode(str(path))
    except Exception:  # noqa: BLE001 - any error of the decoder
        return None
    if problems or not isinstance(template, dict) or not isinstance(template.get("Resources"), dict):
        return None
    return lint_decoded(str(path), template)


def lint_decoded(name: str, template: dict[str, Any]) -> list[Match]:
    run = runner()
    try:
        return list(_run_template(name, template, run.config, run.rules))
    except Exception as error:  # cfn-lint's own error on some broken templates
        if "inference_experiment" in repr(error.__traceback__):
            raise
        return []


def with_shadow_tests(template: dict[str, Any]) -> dict[str, Any]:
    """Return a template with a shadow test of either type."""
    put_in = {
        f"PutIn{number}": cfn_yaml.loads(SHADOW_TEST.format(type=kind, number=number, token=f"<<: {token}"))
        for number, (kind, token) in enumerate([(contract.CUSTOM_TYPE, TOKEN), (contract.NATIVE_TYPE, "{}")])
    }
    template["Resources"].update(put_in)
    return template


def is_crash(match: Match) -> bool:
    """Tell whether one of our rules raised: cfn-lint names the rule in its E0002."""
    return match.rule.id == "E0002" and OURS.search(match.message) is not None


class Tally:
    """Counts of templates, findings and crashes."""

    def __init__(self) -> None:
        self.templates: Counter[str] = Counter()
        self.findings: Counter[str] = Counter()
        self.crashes = 0
        self.unexpected: list[str] = []

    def add(self, origin: str, name: str, matches: list[Match], *, clean: bool) -> None:
        self.templates[origin] += 1
        self.crashes += sum(map(is_crash, matches))
        for match in matches:
            if OURS.fullmatch(match.rule.id):
                self.findings[match.rule.id] += 1
                if clean and match.rule.id[0] != "I":
                    self.unexpected.append(f"{name}:{match.linenumber} {match.rule.id} {match.message}")


def correct_templates() -> Iterator[Path]:
    """Yield the correct templates of tests/recall, twins included."""
    for index in sorted((ROOT / "tests" / "recall").glob("*/index.yaml")):
        for entry in yaml.safe_load(index.read_text(encoding="utf-8")):
            if not entry.get("regions") and not entry.get("parameters"):
                yield index.parent / (entry["file"] if entry["kind"] == "correct" else entry["twin"])


def collect_real(tally: Tally, folders: list[Path]) -> None:
    """Lint templates of other packages and the examples of this repository: no findings are expected."""
    installed = Path(sysconfig.get_path("purelib"))
    for origin, folder in [("installed packages", installed), *((str(each), each) for each in folders)]:
        for path in templates_in(folder):
            matches = lint_template(path)
            if matches is not None:
                tally.add(origin, str(path), matches, clean=True)
                matches = lint_decoded(str(path), with_shadow_tests(decode(str(path))[0]))
                tally.add(f"{origin}, with shadow tests", str(path), matches, clean=True)
    for path in correct_templates():
        tally.add("correct ones of tests/recall", str(path), lint_template(path) or [], clean=True)
    for path in [ROOT / "template.yaml", *sorted((ROOT / "examples").rglob("*.yaml"))]:
        if "broken" not in path.parts:
            tally.add("this repository", str(path), lint_template(path) or [], clean=True)


def collect_generated(tally: Tally, generated: int) -> None:
    """Lint the fixtures, which declare their findings, and mutations of them, which must not crash."""
    for path in fixtures():
        matches = lint_file(path)
        tally.add("fixtures", str(path), matches, clean=False)
        if lines_of(matches) != expected_in(path):
            tally.unexpected.append(f"{path}: findings differ from the expected ones")
    originals, chance = seeds(fixtures()), random.Random(7)
    for number in range(generated):
        mutant = mutate(originals[number % len(originals)], chance)
        tally.add("generated", f"generated {number}", lint_decoded("generated.yaml", mutant), clean=False)


def report(tally: Tally) -> str:
    lines = [f"{count:6} templates: {origin}" for origin, count in tally.templates.items()]
    lines.append(f"{tally.templates.total():6} templates in total")
    lines += [f"{count:6} {rule}" for rule, count in sorted(tally.findings.items(), key=lambda item: item[0][1:])]
    lines.append(f"{tally.crashes:6} crashes, {len(tally.unexpected)} unexpected findings")
    return "\n".join([*lines, *tally.unexpected]) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--generated", type=int, default=1000, help="how many templates to generate")
    parser.add_argument("--download", action="store_true", help="download source distributions into build/corpus")
    parser.add_argument("folders", nargs="*", type=Path)
    arguments = parser.parse_args()
    fetched = [download(ROOT / "build" / "corpus")] if arguments.download else []
    tally = Tally()
    collect_real(tally, [*arguments.folders, *fetched])
    collect_generated(tally, arguments.generated)
    sys.stdout.write(report(tally))
    return 1 if tally.crashes or tally.unexpected else 0


if __name__ == "__main__":
    raise SystemExit(main())
