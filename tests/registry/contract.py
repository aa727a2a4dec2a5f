"""AWS's contract tests of the registry type (cfn test, unpatched) on the local AWS: make contract.

The function is the package that `cfn submit` would upload, in ministack's Lambda; SageMaker shows old statuses for a
while, and deleted experiments too. Then broken handlers, which the tests have to find.
"""

import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

import botocore

from inference_experiment_local.cloud import LocalCloud
from inference_experiment_local.sagemaker.local_sagemaker import REGION
from inference_experiment_local.sessions import isolated_environment

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from registry.build import ENVIRONMENT, build  # noqa: E402 - not an installed package
from registry.generate import TYPE_NAME, files, package_of  # noqa: E402

INPUTS: Final = ROOT / "registry" / "inputs"
BROKEN: Final = ROOT / "tests" / "registry" / "broken"
HANDLER: Final = f"{package_of(TYPE_NAME)}.handlers.resource"
ROLE: Final = "handlers"
TRUST: Final = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
STALENESS_SECONDS: Final = 0.4
DELETION_LAG_SECONDS: Final = 0.8
TRANSITION_SECONDS: Final = 0.3
TESTS: Final = 15


@dataclass(frozen=True)
class Outcome:
    """What the tests of one set of inputs said: test -> passed, failed or skipped."""

    results: Mapping[str, str]
    output: str

    @property
    def passed(self) -> bool:
        """Whether all tests ran and passed."""
        return len(self.results) == TESTS and set(self.results.values()) == {"passed"}


class ContractTests:
    """The local AWS with the type's function, and the CloudFormation CLI."""

    def __init__(self, cloud: LocalCloud, folder: Path) -> None:
        self._cloud = cloud
        self._folder = folder
        with zipfile.ZipFile(build(folder / "package")) as outer:
            self._code = outer.read("ResourceProvider.zip")
        role = cloud.client("iam").create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(TRUST))
        self._role = role["Role"]["Arn"]
        self._environment = {**os.environ, **isolated_environment(REGION), **self._home()}

    def _home(self) -> dict[str, str]:
        """Return the environment in which the CLI finds STS: it asks botocore's list of endpoints, and nothing else."""
        endpoints = json.loads((Path(botocore.__file__).parent / "data" / "endpoints.json").read_text(encoding="utf-8"))
        host = self._cloud.url.removeprefix("https://")
        endpoints["partitions"][0]["services"]["sts"]["endpoints"] = {REGION: {"hostname": host}}
        models = self._folder / "home" / ".aws" / "models"
        models.mkdir(parents=True)
        (models / "endpoints.json").write_text(json.dumps(endpoints), encoding="utf-8")
        path = f"{ENVIRONMENT / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
        # Without AWS_DATA_PATH the list that botocore brings comes first.
        return {
            "HOME": str(self._folder / "home"),
            "AWS_DATA_PATH": str(models),
            "AWS_CA_BUNDLE": str(self._cloud.certificates.ca_file),
            "PATH": path,
        }

    def deploy(self, function: str, broken: Path | None = None) -> None:
        """Make the function, with the handlers of a broken adapter instead of ours."""
        code = self._code
        if broken:
            content = io.BytesIO(code)
            with zipfile.ZipFile(content, "a") as archive:
                archive.write(broken, broken.name)
            code = content.getvalue()
        self._cloud.client("lambda").create_function(
            FunctionName=function,
            Runtime="python3.12",
            Role=self._role,
            Handler=f"{broken.stem}.resource" if broken else HANDLER,
            Code={"ZipFile": code},
            Timeout=60,
            MemorySize=256,
            Environment={"Variables": {"POLL_SECONDS": "0.2", "INVOCATION_SECONDS": "1.5"}},
        )

    def run(self, function: str, inputs: int) -> Outcome:
        """Run all tests with one set of inputs."""
        project = self._folder / f"{function}-{inputs}"
        (project / "inputs").mkdir(parents=True)
        for name, text in files().items():
            (project / name).write_text(text, encoding="utf-8")
        for path in INPUTS.glob(f"inputs_{inputs}_*.json"):
            shutil.copy(path, project / "inputs" / path.name.replace(f"inputs_{inputs}_", "inputs_1_"))
        report = project / "report.xml"
        command = ["cfn", "test", "--endpoint", self._cloud.url, "--function-name", function, "--region", REGION]
        finished = subprocess.run(
            [*command, "--", f"--junitxml={report}", "-p", "no:cacheprovider"],
            cwd=project,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return Outcome(_results(report), finished.stdout + finished.stderr)


def _results(report: Path) -> dict[str, str]:
    if not report.is_file():
        return {}
    found: dict[str, str] = {}
    for case in ET.parse(report).getroot().iter("testcase"):
        kinds = {child.tag for child in case}
        name = case.get("name", "").removeprefix("contract_")
        failed = kinds & {"failure", "error"} or found.get(name) == "failed"
        found[name] = "failed" if failed else "skipped" if "skipped" in kinds else "passed"
    return found


def set_names() -> dict[int, str]:
    """Return the sets of inputs: number -> the name of their experiment."""
    created: dict[int, Any] = {
        int(path.name.split("_")[1]): json.loads(path.read_text(encoding="utf-8"))
        for path in INPUTS.glob("inputs_*_create.json")
    }
    return {number: re.sub("^contract-", "", created[number]["Name"]) for number in sorted(created)}


def prepare(cloud: LocalCloud) -> None:
    """Make the endpoint and the models of the inputs, and a SageMaker that takes its time."""
    sagemaker = cloud.sagemaker
    sagemaker.add_endpoint("endpoint", "production", "model-1")
    for name in ("model-2", "model-3"):
        sagemaker.add_model(name)
    operations = sagemaker.operations
    operations.staleness, operations.deletion_lag = STALENESS_SECONDS, DELETION_LAG_SECONDS
    operations.life.durations.update(dict.fromkeys(operations.life.durations, TRANSITION_SECONDS))


def main() -> int:
    """Print the table of tests and inputs; return 1 where one fails, or a broken adapter passes."""
    began, names = time.monotonic(), set_names()
    with tempfile.TemporaryDirectory(prefix="contract-") as scratch, LocalCloud() as cloud:
        prepare(cloud)
        tests = ContractTests(cloud, Path(scratch))
        tests.deploy("TypeFunction")
        outcomes = {name: tests.run("TypeFunction", number) for number, name in names.items()}
        _print_table(outcomes)
        unnoticed = [path.stem for path in sorted(BROKEN.glob("*.py")) if not _is_noticed(tests, path)]
    failed = [name for name, outcome in outcomes.items() if not outcome.passed]
    for name in failed:
        sys.stdout.write(f"\n{name}:\n{outcomes[name].output[-6000:]}\n")
    sys.stdout.write(f"\n{len(outcomes) - len(failed)} of {len(outcomes)} sets of inputs passed all {TESTS} tests; ")
    sys.stdout.write(f"{time.monotonic() - began:.0f} s\n")
    return 1 if failed or unnoticed else 0


def _is_noticed(tests: ContractTests, broken: Path) -> bool:
    function = broken.stem.replace("_", "-")
    tests.deploy(function, broken)
    outcome = tests.run(function, 1)
    failed = [name for name, result in outcome.results.items() if result == "failed"]
    said = f"failed {', '.join(failed)}" if failed else f"NOT NOTICED\n{outcome.output[-3000:]}"
    sys.stdout.write(f"negative control {broken.stem}: {said}\n")
    return bool(failed)


def _print_table(outcomes: Mapping[str, Outcome]) -> None:
    tests = sorted({name for outcome in outcomes.values() for name in outcome.results})
    width = max(map(len, tests), default=4)
    sys.stdout.write(f"{'TEST'.ljust(width)}  {'  '.join(outcomes)}\n")
    for test in tests:
        cells = (outcome.results.get(test, "missing").ljust(len(name)) for name, outcome in outcomes.items())
        sys.stdout.write(f"{test.ljust(width)}  {'  '.join(cells).rstrip()}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
