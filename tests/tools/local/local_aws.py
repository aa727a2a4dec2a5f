"""A local AWS in the background as a user has it: commands, the exports of a shell, and clients that go by them."""

import os
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from command_line import Finished, run
from experiment_requests import creation

from inference_experiment_cli.local.place import VARIABLE
from inference_experiment_local.state_folder import StateFolder

ROLE = "arn:aws:iam::123456789012:role/experiment"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/fraud:1"


@dataclass
class LocalAws:
    """One state folder, and what a user does with it."""

    path: Path

    @property
    def folder(self) -> StateFolder:
        return StateFolder(self.path)

    @property
    def settings(self) -> dict[str, str]:
        return {VARIABLE: str(self.path)}

    def run(self, *arguments: str, **settings: str) -> Finished:
        """Run `inference-experiment local ...`."""
        return run("local", *arguments, settings={**self.settings, **settings})

    def ok(self, *arguments: str) -> Finished:
        finished = self.run(*arguments)
        assert finished.returncode == 0, finished.stderr
        return finished

    def exports(self) -> dict[str, str]:
        """Return the environment of a shell after `eval "$(inference-experiment local start)"`."""
        return exported(self.ok("start").stdout)

    def command(self, *arguments: str) -> Finished:
        """Run another command of inference-experiment in such a shell."""
        return run(*arguments, settings={**self.settings, **self.exports()})

    def client(self, service: str) -> Any:
        """Return a client of boto3 that knows no more than the configuration file of this local AWS."""
        running = self.folder.running()
        assert running is not None
        return boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1").client(
            service, endpoint_url=running.url, verify=str(self.folder.ca_file)
        )

    def seed(self, name: str = "test", shadow: dict[str, str] | None = None, **changes: Any) -> None:
        """Create two models, an endpoint and an experiment with boto3."""
        sagemaker = self.client("sagemaker")
        for model, environment in ((f"{name}-1", {}), (f"{name}-2", shadow or {})):
            container = {"Image": IMAGE, "Environment": environment}
            sagemaker.create_model(ModelName=model, ExecutionRoleArn=ROLE, PrimaryContainer=container)
        variant = {
            "VariantName": "production",
            "ModelName": f"{name}-1",
            "InstanceType": "ml.m5.xlarge",
            "InitialInstanceCount": 1,
        }
        sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
        sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name)
        request = creation(Name=name, EndpointName=name, **changes)
        for number, each in enumerate(request["ModelVariants"], start=1):
            each["ModelName"] = f"{name}-{number}"
        sagemaker.create_inference_experiment(**request)
        wait_until(lambda: sagemaker.describe_inference_experiment(Name=name)["Status"] == "Running")

    def kill(self, process: int) -> None:
        """Kill a process, and wait until the folder is not in use."""
        os.kill(process, signal.SIGKILL)
        wait_until(lambda: not self.folder.is_locked())

    def processes(self) -> list[str]:
        """Return the processes of this folder."""
        listed = subprocess.run(["ps", "-wweo", "stat,args"], capture_output=True, text=True, check=True).stdout
        return [line for line in listed.splitlines() if str(self.path) in line and not line.startswith("Z")]

    def ministack(self) -> int:
        """Return the process of ministack."""
        listed = subprocess.run(["ps", "-wweo", "pid,args"], capture_output=True, text=True, check=True).stdout
        [line] = [line for line in listed.splitlines() if str(self.path) in line and "ministack.launcher" in line]
        return int(line.split()[0])


def exported(text: str) -> dict[str, str]:
    """Return the variables that the lines export; nothing else may be there."""
    matches = [re.fullmatch(r"export ([A-Z_]+)=(.*)", line) for line in text.splitlines()]
    assert matches
    assert all(matches), text
    return {each[1]: shlex.split(each[2])[0] for each in matches if each}


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
