"""Checking the dump of a large account: seconds and memory for one role, roles per second for all."""

import json
import random
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from benchmarks.decisions import policy
from benchmarks.measure import Figure, Results

ACCOUNT: Final = "123456789012"
ROLES: Final = 2_000
POLICIES: Final = 5_000
VERSIONS: Final = 3
MAX_SECONDS: Final = 3.0
MAX_MEGABYTES: Final = 200.0
MIN_ROLES_PER_SECOND: Final = 50.0
# The resource usage of a process has the memory of its parent too; the peak in /proc is its own.
PROGRAM: Final = """
import atexit, pathlib, re, sys, time
from inference_experiment_cli.main import main
peak = lambda: re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1]
atexit.register(lambda: print(time.process_time(), peak(), file=sys.stderr))
main()
"""


class Run(NamedTuple):
    """What a process used: seconds of a core, and megabytes at most."""

    seconds: float
    megabytes: float


def measure(scratch: Path, rounds: int) -> Results:
    """Check one role of a dump, then all."""
    path = scratch / "dump.json"
    write_dump(path)
    results = Results(
        "Dump of an account",
        f"`inference-experiment policy check` of a dump of {path.stat().st_size / 1e6:.0f} MB, {ROLES:,} roles and "
        f"{POLICIES:,} policies: CPU seconds of the process with its start, and its greatest resident memory.",
    )
    runs = [_run(path, "--role", f"role-{number * 401}") for number in range(rounds)]
    seconds, megabytes = (statistics.median(column) for column in zip(*runs, strict=True))
    everybody = _run(path, "--all-roles")
    rate = ROLES / everybody.seconds
    limit = f"share of {MAX_SECONDS:g} s"
    results.figures += [
        Figure("one role", seconds, None, "s", ratio=seconds / MAX_SECONDS, floor=1, rounds=rounds, remark=limit),
        Figure(
            "memory for one role",
            megabytes,
            None,
            "MB",
            ratio=megabytes / MAX_MEGABYTES,
            floor=1,
            remark=f"share of {MAX_MEGABYTES:g} MB",
        ),
        Figure(
            "all roles",
            rate,
            None,
            "per s",
            ratio=rate / MIN_ROLES_PER_SECOND,
            floor=1,
            at_least=True,
            remark=f"multiple of {MIN_ROLES_PER_SECOND:g} per s",
        ),
        Figure("memory for all roles", everybody.megabytes, None, "MB"),
    ]
    return results


def _run(path: Path, *arguments: str) -> Run:
    command = [sys.executable, "-c", PROGRAM, "policy", "check", str(path), "--for", "provider", *arguments]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if finished.returncode not in {0, 1}:
        raise RuntimeError(f"{' '.join(command)} ended with {finished.returncode}: {finished.stderr}")
    seconds, kilobytes = finished.stderr.splitlines()[-1].split()
    return Run(float(seconds), int(kilobytes) / 1000)


def write_dump(path: Path, roles: int = ROLES, policies: int = POLICIES) -> None:
    """Write what `aws iam get-account-authorization-details` prints, item by item."""
    with path.open("w", encoding="utf-8") as file:
        file.write('{\n    "UserDetailList": [],\n    "GroupDetailList": [],\n    "RoleDetailList": [\n')
        file.writelines(_listed(_role(number, policies) for number in range(roles)))
        file.write('    ],\n    "Policies": [\n')
        file.writelines(_listed(map(_managed, range(policies))))
        file.write("    ]\n}\n")


def _listed(values: Iterator[dict[str, Any]]) -> Iterator[str]:
    separator = ""
    for value in values:
        yield separator + "\n".join(f"        {line}" for line in json.dumps(value, indent=4).splitlines())
        separator = ",\n"
    yield "\n"


def _arn(number: int) -> str:
    return f"arn:aws:iam::{ACCOUNT}:policy/policy-{number}"


def _role(number: int, policies: int) -> dict[str, Any]:
    chance = random.Random(number)  # noqa: S311 - the same roles in every run
    service = ("lambda", "sagemaker", "ec2", "ecs-tasks")[number % 4]
    trust = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
    attached = chance.sample(range(policies), min(policies, 2 + number % 3))
    return {
        "Path": "/",
        "RoleName": f"role-{number}",
        "RoleId": f"AROA{number:017}",
        "Arn": f"arn:aws:iam::{ACCOUNT}:role/role-{number}",
        "CreateDate": "2026-01-01T00:00:00+00:00",
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
        "InstanceProfileList": [],
        "RolePolicyList": [{"PolicyName": "inline", "PolicyDocument": policy(number, 3)}],
        "AttachedManagedPolicies": [{"PolicyName": f"policy-{each}", "PolicyArn": _arn(each)} for each in attached],
        "Tags": [{"Key": "team", "Value": f"team-{number % 40}"}],
        "RoleLastUsed": {"LastUsedDate": "2026-10-01T00:00:00+00:00", "Region": "us-east-1"},
    }


def _managed(number: int) -> dict[str, Any]:
    versions = [
        {
            "Document": policy(number + version, 8),
            "VersionId": f"v{VERSIONS - version}",
            "IsDefaultVersion": version == 0,
            "CreateDate": "2026-01-01T00:00:00+00:00",
        }
        for version in range(VERSIONS)
    ]
    return {
        "PolicyName": f"policy-{number}",
        "PolicyId": f"ANPA{number:017}",
        "Arn": _arn(number),
        "Path": "/",
        "DefaultVersionId": f"v{VERSIONS}",
        "AttachmentCount": 1,
        "PermissionsBoundaryUsageCount": 0,
        "IsAttachable": True,
        "CreateDate": "2026-01-01T00:00:00+00:00",
        "UpdateDate": "2026-01-01T00:00:00+00:00",
        "PolicyVersionList": versions,
    }
