"""What the documentation and the --help examples refer to: files, live experiments, metrics, captured data in S3."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
from captured_lines import line, write
from command_line import Finished, run
from desk import ROOT
from desk_files import properties
from every_command import name_of, options_of, words
from local_athena import CREDENTIALS, local_athena
from moto import mock_aws
from regional_sagemaker import add_experiment, environment
from stack_server import stack_server
from test_policy_inputs import DUMP, plan, resource

from inference_experiment_cli.demo.run import PARAMETERS, PROVIDER_PARAMETERS, PROVIDER_STACK
from inference_experiment_local.clock import Clock
from inference_experiment_local.sagemaker.metrics import Behaviour
from protocol_driver.controlled import ControlledCloud, ControlledMetrics, ControlledSageMaker

HOUR = 3600.0
LABELS = "\n".join(["id,target", *(f"request-{at},{at % 2}" for at in range(200))])
BUCKETS = ("bucket", "labels", "results")
SAMCONFIG = """\
version = 0.1
[prod.deploy.parameters]
stack_name = "shop"
parameter_overrides = "SamplingPercentage=50"
"""
STORAGE = {"Destination": "s3://bucket/captured/"}
LIVE = ("fraud", "fraud-2", "fraud-v2", "fraud-shadow-test-1", "shop-fraud-1")
FULL_ACCESS = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
RESOURCE_POLICY = {"Version": "2012-10-17", "Statement": {**FULL_ACCESS["Statement"], "Principal": "*"}}  # type: ignore[dict-item]
OTHER_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ](?!\d\d:\d\d:\d\dZ)\d\d?:\S*")
"""A time that is not ISO 8601 with seconds and Z."""
TRUST = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "sagemaker.amazonaws.com"}},
}
TERRAFORM = plan(
    resource("aws_iam_role", "test", name="test", assume_role_policy=json.dumps(TRUST)),
    resource("aws_iam_role_policy", "p", name="p", role="test", policy=json.dumps(FULL_ACCESS)),
)
"""A plan of Terraform with the role of the experiment."""
ANSWERS = ("lint", "plan", "validate", "policy check", "policy diff", "policy explain")
"""Commands whose exit code is an answer about a file."""


@dataclass
class DocumentedAccount:
    """An account, and the present folder. The stack `shop` is deployed when a command asks for a stack."""

    sagemaker: ControlledSageMaker
    metrics: ControlledMetrics
    settings: dict[str, str]
    stack: ExitStack = field(default_factory=ExitStack)

    @cached_property
    def of_stack(self) -> dict[str, str]:
        """The settings of a local AWS with the provider and the stack `shop`, which take some seconds to deploy."""
        cloud = self.stack.enter_context(ControlledCloud())
        for status in cloud.sagemaker.durations:
            cloud.sagemaker.durations[status] = 0.2
        cloud.deploy(PROVIDER_STACK, ROOT / "template.yaml", PROVIDER_PARAMETERS)
        cloud.deploy("shop", ROOT / "examples" / "shadow-test.yaml", PARAMETERS)
        own = {name: value for name, value in self.settings.items() if not name.startswith("AWS_ENDPOINT_URL")}
        urls = {"AWS_ENDPOINT_URL": cloud.url, "AWS_ENDPOINT_URL_SAGEMAKER": cloud.sagemaker.url}
        return {**own, **urls, "AWS_CA_BUNDLE": str(cloud.certificates.ca_file)}

    def start_over(self, names: Iterable[str], *, are_started: bool = True) -> None:
        """Have these experiments and no other."""
        self.sagemaker.reset()
        self.sagemaker.durations.update(dict.fromkeys(self.sagemaker.durations, 0.06))
        self.sagemaker.add_endpoint("endpoint", "production", "model-1")
        self.sagemaker.add_model("model-2")
        for name in names:
            self.add(name, is_started=are_started)

    def add(self, name: str, *, is_started: bool = True) -> None:
        """Add an experiment of five hours, with its metrics and its captured data, or one that waits for its start."""
        start = {} if is_started else {"Schedule": {"StartTime": self.sagemaker.clock.now() + HOUR}}
        add_experiment(self.sagemaker, name, DataStorageConfig=STORAGE, **start)
        self.sagemaker.clock.advance(60)
        self.sagemaker.wait_for(name, "Running" if is_started else "Created")
        endpoint = f"{name}-endpoint"
        for variant in ("production", "shadow"):
            self.metrics.behaviours[endpoint, variant] = Behaviour(requests_per_minute=600)
            upload_captured(f"captured/{endpoint}/{variant}")

    def run(self, text: str, code: int | None = None) -> Finished:
        """Run a line of a shell as it is written; with a code that is the one it has to end with."""
        arguments = words(text)[1:]
        target = ""
        if ">" in arguments:
            *arguments, _, target = arguments
        known = options_of(name_of(arguments))
        quick = ["--interval", "0.05"] if "--interval" in known else []
        confirmed = ["--yes"] if "--yes" in known else []
        settings = self.of_stack if arguments[0] == "plan" and "--stack" in arguments else self.settings
        answer = run(*arguments, *quick, *confirmed, settings=settings)
        assert not OTHER_TIME.findall(answer.stdout + answer.stderr), text
        errors = [each for each in answer.stderr.splitlines() if each.startswith("inference-experiment: ")]
        if code:
            assert answer.returncode == code, f"{text}: {answer.stderr}"
            return answer
        assert not errors, f"{text}: {errors}"
        is_answer = "--check" in arguments or name_of(arguments) in ANSWERS
        assert answer.returncode == 0 or is_answer, f"{text}: exit code {answer.returncode}"
        if target:
            Path(target).write_text(answer.stdout, encoding="utf-8")
        return answer


def upload_captured(prefix: str) -> None:
    moment = datetime.now(UTC) + timedelta(minutes=1)
    lines = [line(str(at % 2), f"request-{at}", event=f"{prefix}-{at}", time=f"{moment:%FT%TZ}") for at in range(200)]
    body = "\n".join(map(json.dumps, lines)).encode()
    boto3.client("s3", **CREDENTIALS).put_object(
        Bucket="bucket", Key=f"{prefix}/{moment:%Y/%m/%d/%H}/x.jsonl", Body=body
    )


def write_files(settings: dict[str, str], name: str, endpoint: str) -> None:
    """Write every file that a document names to the present folder; experiment.yaml is this experiment."""
    shutil.copytree(ROOT / "examples", "examples")
    for copy in ("new.yaml", "old.yaml", "shop.yaml", "template.yaml", "templates/template.yaml"):
        Path(copy).parent.mkdir(exist_ok=True)
        shutil.copyfile(ROOT / "examples" / "shadow-test.yaml", copy)
    shutil.copyfile(ROOT / "examples" / "promotion.yaml", "promotion.yaml")
    shutil.copyfile(ROOT / "examples" / "migration" / "1-native.yaml", "native.yaml")
    shutil.copyfile(ROOT / "examples" / "migration" / "2-custom.yaml", "custom.yaml")
    made = run("policy", "generate", "--for", "provider", settings=settings)
    Path("role.json").write_text(made.stdout, encoding="utf-8")
    documents: dict[str, Any] = {
        "account.json": DUMP,
        "plan.json": TERRAFORM,
        "experiment.yaml": properties(Name=name, EndpointName=endpoint, DataStorageConfig=STORAGE, Tags=None),
        "patch.json": [{"op": "add", "path": "/Description", "value": "Fraud model 2 against fraud model 1"}],
        **dict.fromkeys(("boundary.json", "root.json", "unit-a.json", "unit-b.json", "session.json"), FULL_ACCESS),
        **dict.fromkeys(("bucket.json", "key.json"), RESOURCE_POLICY),
    }
    for path, value in documents.items():
        Path(path).write_text(json.dumps(value), encoding="utf-8")
    statement = "SELECT name, status FROM inference_experiments WHERE name = '{{ name }}'"
    Path("statement.sql").write_text(statement, encoding="utf-8")
    Path("samconfig.toml").write_text(SAMCONFIG, encoding="utf-8")
    Path("labels.csv").write_text(LABELS, encoding="utf-8")
    for variant in ("AllTraffic", "Shadow-01"):
        lines = [line(str(at % 2), f"request-{at}", event=f"{variant}-{at}") for at in range(200)]
        write(Path("captured"), variant, lines)


@contextmanager
def documented_account(folder: Path) -> Iterator[DocumentedAccount]:
    """Run the services; moto answers for S3 and Athena."""
    with (
        mock_aws(),
        local_athena(folder),
        ControlledSageMaker(clock=Clock(ahead=-5 * HOUR)) as sagemaker,
        ControlledMetrics() as metrics,
        stack_server() as stacks,
    ):
        for name in BUCKETS:
            boto3.client("s3", **CREDENTIALS).create_bucket(Bucket=name)
        boto3.client("athena", **CREDENTIALS).create_work_group(Name="ml")
        urls = {"SAGEMAKER": sagemaker.url, "CLOUDWATCH": metrics.url, "CLOUDFORMATION": stacks.url}
        settings = environment("", **{f"AWS_ENDPOINT_URL_{name}": url for name, url in urls.items()})
        del settings["AWS_ENDPOINT_URL"]
        settings["XDG_CACHE_HOME"] = str(folder / "cache")
        for variant in ("AllTraffic", "Shadow-01"):
            upload_captured(f"captured/fraud/{variant}")
        boto3.client("s3", **CREDENTIALS).put_object(Bucket="labels", Key="fraud.csv", Body=LABELS.encode())
        account = DocumentedAccount(sagemaker, metrics, settings)
        with account.stack:
            yield account


def run_cfn_lint(text: str) -> None:
    """Run cfn-lint in the present folder; its exit code is about the template."""
    command = Path(sys.executable).with_name("cfn-lint")
    ended = subprocess.run([command, *words(text)[1:]], capture_output=True, text=True, check=False)
    assert ended.stderr == "", text
    assert ended.returncode in (0, 2, 4, 6, 8, 10, 12, 14), text
