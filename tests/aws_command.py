"""The commands of the AWS CLI that our scripts use, on boto3: the CLI pins another botocore than the local AWS.

`deploy` keeps the values of parameters that are not given, as the CLI does. An option that a command does not have is
an error.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import boto3
import jmespath
from botocore import xform_name

from inference_experiment_local.ministack.stacks import Stacks


class Account(Stacks):
    """The stacks of the account that the environment names."""

    def __init__(self) -> None:
        self.client = boto3.client

    def parameters(self, stack_name: str) -> dict[str, str]:
        """Return the parameters that a stack has."""
        stack = self._stack(stack_name) or {}
        return {each["ParameterKey"]: each["ParameterValue"] for each in stack.get("Parameters", ())}


def deploy(arguments: list[str]) -> None:
    """Do as `aws cloudformation deploy`."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--stack-name", required=True)
    parser.add_argument("--template-file", type=Path, required=True)
    parser.add_argument("--no-fail-on-empty-changeset", action="store_true")
    parser.add_argument("--parameter-overrides", nargs="*", default=[])
    options = parser.parse_args(arguments)
    account = Account()
    given = dict(each.split("=", 1) for each in options.parameter_overrides)
    account.deploy(options.stack_name, options.template_file, account.parameters(options.stack_name) | given)


def call(service: str, operation: str, arguments: list[str]) -> None:
    """Do as `aws SERVICE OPERATION`, for members that are texts."""
    client = boto3.client(service)  # type: ignore[call-overload]
    name = operation.replace("-", "_")
    (api_name,) = [each for each in client.meta.service_model.operation_names if xform_name(each) == name]
    members = client.meta.service_model.operation_model(api_name).input_shape.members
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for member in members:
        parser.add_argument(f"--{xform_name(member, '-')}", dest=member)
    parser.add_argument("--query", required=True)
    parser.add_argument("--output", choices=["text"], required=True)
    options = vars(parser.parse_args(arguments))
    answer: Any = getattr(client, name)(**{member: options[member] for member in members if options[member]})
    found = jmespath.search(options["query"], answer)
    sys.stdout.write("\t".join(found if isinstance(found, list) else [str(found)]) + "\n")


if __name__ == "__main__":
    if sys.argv[1:3] == ["cloudformation", "deploy"]:
        deploy(sys.argv[3:])
    else:
        call(*sys.argv[1:3], sys.argv[3:])
