"""The pipeline of examples/gated-promotion: its script and the steps of its workflow, on the local AWS."""

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from inference_experiment_cli.demo.run import PROVIDER_PARAMETERS, PROVIDER_STACK
from inference_experiment_local.sagemaker.metrics import Behaviour
from inference_experiment_local.sessions import isolated_environment
from protocol_driver.controlled import ControlledCloud, ControlledMetrics

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent
PIPELINE = ROOT / "examples" / "gated-promotion"
STACK = "shop-shadow-test"
GOOD = Behaviour(requests_per_minute=1e6)
SLOW = replace(GOOD, latency_ms=80.0)
PARAMETERS = {
    "EndpointName": "endpoint",
    "ProductionModelName": "model-1",
    "ShadowModelName": "model-2",
    "ExperimentRoleArn": "arn:aws:iam::123456789012:role/experiment",
}


@dataclass
class Account:
    """A local AWS with the provider, an endpoint and metrics, and the commands that a pipeline has."""

    cloud: ControlledCloud
    metrics: ControlledMetrics
    programs: Path

    def behave(self, production: Behaviour | None, shadow: Behaviour | None) -> None:
        both = {"production": production, "shadow": shadow}
        self.metrics.behaviours = {("endpoint", name): each for name, each in both.items() if each}

    def environment(self, **more: str) -> dict[str, str]:
        path = [str(self.programs), str(Path(sys.executable).parent), os.environ["PATH"]]
        return {
            **isolated_environment("us-east-1"),
            "PATH": os.pathsep.join(path),
            "AWS_ENDPOINT_URL": self.cloud.url,
            "AWS_ENDPOINT_URL_SAGEMAKER": self.cloud.sagemaker.url,
            "AWS_ENDPOINT_URL_CLOUDWATCH": self.metrics.url,
            "AWS_CA_BUNDLE": str(self.cloud.certificates.ca_file),
            **more,
        }

    def shell(self, text: str, **more: str) -> subprocess.CompletedProcess[str]:
        command = ["sh", "-e", "-c", text]
        return subprocess.run(
            command, cwd=ROOT, env=self.environment(**more), capture_output=True, text=True, check=False, timeout=120
        )

    def pipeline(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return self.shell(" ".join([str(PIPELINE / "pipeline.sh"), *(f"'{each}'" for each in arguments)]), **more)

    def start(self, **parameters: str) -> None:
        given = (f"{key}={value}" for key, value in (PARAMETERS | parameters).items())
        finished = self.pipeline("start", STACK, *given)
        assert finished.returncode == 0, finished.stdout + finished.stderr

    def state(self, name: str = f"{STACK}-1") -> tuple[str | None, dict[str, str]]:
        """Return the status of the experiment, and the endpoint's variants with their models."""
        variants = self.cloud.sagemaker.endpoint_variants("endpoint")
        return self.cloud.sagemaker.status(name), {name: each.model_name for name, each in variants.items()}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    programs = tmp_path_factory.mktemp("programs")
    command = programs / "aws"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} {ROOT / "tests" / "aws_command.py"} "$@"\n')
    command.chmod(0o755)
    with ControlledCloud() as cloud, ControlledMetrics() as metrics:
        cloud.deploy(PROVIDER_STACK, ROOT / "template.yaml", PROVIDER_PARAMETERS)
        yield Account(cloud, metrics, programs)


@pytest.fixture
def account(running: Account) -> Iterator[Account]:
    """An account with an endpoint and three models; its stack is deleted afterwards."""
    sagemaker = running.cloud.sagemaker
    sagemaker.reset()
    running.metrics.reset()
    sagemaker.add_endpoint("endpoint", "production", "model-1")
    for name in ("model-2", "model-3"):
        sagemaker.add_model(name)
    sagemaker.durations.update(dict.fromkeys(sagemaker.durations, 0.2))
    yield running
    running.cloud.delete_stack(STACK)


TESTED = {"production": "model-1", "shadow": "model-2"}


@pytest.mark.parametrize(
    ("production", "shadow", "code", "status", "variants"),
    [
        (GOOD, GOOD, 0, "Completed", {"shadow": "model-2"}),
        (GOOD, SLOW, 1, "Completed", {"production": "model-1"}),
        (GOOD, replace(GOOD, error_rate=0.01), 1, "Completed", {"production": "model-1"}),
        (None, None, 3, "Running", TESTED),
        (GOOD, replace(GOOD, requests_per_minute=100), 3, "Running", TESTED),
    ],
)
def test_the_verdict_decides(
    account: Account,
    production: Behaviour | None,
    shadow: Behaviour | None,
    code: int,
    status: str,
    variants: dict[str, str],
) -> None:
    account.start()
    account.behave(production, shadow)
    finished = account.pipeline("decide", STACK)

    assert finished.returncode == code, finished.stdout + finished.stderr
    assert account.state() == (status, variants)


def test_a_job_that_broke_is_not_a_shadow_that_lost(account: Account) -> None:
    account.start()
    account.behave(GOOD, GOOD)
    account.metrics.fail_next("GetMetricData", "AccessDenied", times=9)
    finished = account.pipeline("decide", STACK)

    assert finished.returncode == 4, finished.stdout + finished.stderr
    assert account.state() == ("Running", TESTED)


def test_without_a_stack_nothing_is_decided(account: Account) -> None:
    finished = account.pipeline("decide", STACK)

    assert finished.returncode not in (0, 3)
    assert account.state() == (None, {"production": "model-1"})


@pytest.mark.parametrize("shadow", [GOOD, SLOW])
def test_what_has_been_decided_stays_decided(account: Account, shadow: Behaviour) -> None:
    account.start()
    account.behave(GOOD, shadow)
    account.pipeline("decide", STACK)
    before = account.state()
    account.behave(GOOD, SLOW if shadow is GOOD else GOOD)
    finished = account.pipeline("decide", STACK)

    assert finished.returncode == 5
    assert "Completed, so there is nothing to decide" in finished.stdout
    assert account.state() == before


def test_waiting_ends_with_the_verdict(account: Account) -> None:
    account.start()
    account.behave(None, None)
    assert account.pipeline("decide", STACK).returncode == 3
    asked = len(account.metrics.calls_of("GetMetricData"))

    def traffic_begins() -> None:
        # The first report has nothing to judge; a second one has begun.
        while len(account.metrics.calls_of("GetMetricData")) <= 2 * asked:
            time.sleep(0.05)
        account.behave(GOOD, GOOD)

    later = threading.Thread(target=traffic_begins, daemon=True)
    later.start()
    finished = account.pipeline("wait", STACK, CHECK_SECONDS="0.5")
    later.join()

    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert finished.stdout.count("Not enough data") >= 1
    assert account.state() == ("Completed", {"shadow": "model-2"})


def test_waiting_for_a_test_that_has_ended_is_no_promotion(account: Account) -> None:
    account.start()
    client = account.cloud.sagemaker.client()
    client.stop_inference_experiment(
        Name=f"{STACK}-1", ModelVariantActions={"production": "Retain", "shadow": "Remove"}
    )
    account.cloud.sagemaker.wait_for(f"{STACK}-1", "Completed")
    finished = account.pipeline("wait", STACK)

    assert finished.returncode == 5, finished.stdout + finished.stderr
    assert account.state() == ("Completed", {"production": "model-1"})


def test_the_next_round_after_a_promotion(account: Account) -> None:
    """The promoted variant keeps its name, so that both names are exchanged."""
    account.start()
    account.behave(GOOD, GOOD)
    account.pipeline("decide", STACK)
    account.start(Round="2", ProductionVariantName="shadow", ProductionModelName="model-2", ShadowModelName="model-3")
    second = f"{STACK}-2"
    between = account.state(second)
    finished = account.pipeline("decide", STACK)

    assert between == ("Running", {"shadow": "model-2", "production": "model-3"})
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert account.state(second) == ("Completed", {"production": "model-3"})


def test_a_wrong_command_is_refused(account: Account) -> None:
    finished = account.pipeline("promote", STACK)

    assert finished.returncode == 2
    assert "unknown command promote" in finished.stderr


def steps_of(job: str) -> list[Any]:
    workflow = yaml.safe_load((PIPELINE / "workflow.yml").read_text(encoding="utf-8"))
    return [step["run"] for step in workflow["jobs"][job]["steps"] if "pipeline.sh" in step.get("run", "")]


def test_the_steps_of_the_workflow(account: Account) -> None:
    """As the runner runs them, with the variables of the repository."""
    variables = {
        "STACK": STACK,
        "ROUND": "1",
        "ENDPOINT": "endpoint",
        "PRODUCTION_VARIANT": "production",
        "PRODUCTION_MODEL": "model-1",
        "SHADOW_MODEL": "model-2",
        "EXPERIMENT_ROLE": PARAMETERS["ExperimentRoleArn"],
    }
    (start,), (decide,) = steps_of("start"), steps_of("decide")

    assert account.shell(start, **variables).returncode == 0
    account.behave(None, None)
    early = account.shell(decide, **variables)
    account.behave(GOOD, GOOD)
    late, afterwards = (account.shell(decide, **variables) for _ in range(2))

    assert [each.returncode for each in (early, late, afterwards)] == [0, 0, 0], early.stderr + late.stderr
    assert "::notice::no test is running" in afterwards.stdout
    assert "::notice::not enough data yet" in early.stdout
    assert account.state() == ("Completed", {"shadow": "model-2"})


@pytest.mark.parametrize(("shadow", "code"), [(SLOW, 1), (None, 0)])
def test_the_workflow_fails_for_a_shadow_that_lost_only(account: Account, shadow: Behaviour | None, code: int) -> None:
    account.start()
    account.behave(GOOD, shadow)
    (decide,) = steps_of("decide")

    assert account.shell(decide, STACK=STACK).returncode == code


def test_no_step_interpolates_an_expression() -> None:
    """A value of an expression in a script would be run as part of it."""
    assert [step for job in ("start", "decide") for step in steps_of(job) if re.search(r"\$\{\{", step)] == []
