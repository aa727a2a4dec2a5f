"""Deploys SAM templates to ministack as `sam deploy` would.

The SAM CLI itself pins a boto3 that ministack does not accept: both cannot be in one environment.
"""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from botocore.exceptions import ClientError

from inference_experiment_local.errors import LocalAwsError, StackFailed
from inference_experiment_local.packaging import package

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackEventTypeDef

CAPABILITIES = ("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")
BUCKET = "local-deployment-artifacts"
_POLL_SECONDS = 0.1
_TIMEOUT_SECONDS = 300.0
_DONE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE", "IMPORT_COMPLETE")


EventCallback: TypeAlias = Callable[["StackEventTypeDef"], None]


class Stacks:
    """Operations on the stacks of one cloud, which is a subclass and has the clients of boto3."""

    client: Callable[[str], Any]

    def deploy(
        self,
        stack_name: str,
        template_path: Path,
        parameters: Mapping[str, str] | None = None,
        *,
        on_event: EventCallback | None = None,
    ) -> dict[str, str]:
        """Package, create or update a stack, and wait; returns its outputs.

        `on_event` gets each new stack event. Raises StackFailed with the reasons of the events that failed,
        also when it is not done in time; LocalAwsError for what cannot be packaged.
        """
        request: dict[str, Any] = {
            "StackName": stack_name,
            "TemplateBody": json.dumps(self._packaged(template_path)),
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in (parameters or {}).items()],
            "Capabilities": CAPABILITIES,
        }
        existing = self._stack(stack_name)
        if existing is not None and existing["StackStatus"] == "ROLLBACK_COMPLETE":
            # As sam does: a stack whose creation failed can only be deleted.
            self.delete_stack(stack_name, on_event=on_event)
            existing = None
        seen = {event["EventId"] for event in self.stack_events(stack_name)} if existing else set()
        cloudformation = self._cloudformation()
        operation = cloudformation.update_stack if existing else cloudformation.create_stack
        try:
            operation(**request)
        except ClientError as error:
            if "No updates are to be performed" not in str(error):
                raise StackFailed(stack_name, "no operation", [str(error)]) from error
        else:
            self._wait(stack_name, seen, on_event)
        return self.stack_outputs(stack_name)

    def delete_stack(self, stack_name: str, *, on_event: EventCallback | None = None) -> None:
        """Delete a stack and wait; a missing one is not an error. Raises StackFailed."""
        existing = self._stack(stack_name)
        if existing is None:
            return
        seen = {event["EventId"] for event in self.stack_events(existing["StackId"])}
        self._cloudformation().delete_stack(StackName=stack_name)
        # By its id: a deleted stack is not found by its name.
        self._wait(existing["StackId"], seen, on_event)

    def stack_outputs(self, stack_name: str) -> dict[str, str]:
        """Return the outputs of a stack; raises LocalAwsError if there is none of that name."""
        stack = self._stack(stack_name)
        if stack is None:
            raise LocalAwsError(f"there is no stack {stack_name}")
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def stack_events(self, stack_name: str) -> list["StackEventTypeDef"]:
        """Return the events of a stack, oldest first; for a deleted stack give its id."""
        pages = self._cloudformation().get_paginator("describe_stack_events").paginate(StackName=stack_name)
        return [event for page in pages for event in page["StackEvents"]][::-1]

    def _cloudformation(self) -> "CloudFormationClient":
        client: CloudFormationClient = self.client("cloudformation")
        return client

    def _stack(self, stack_name: str) -> Any:  # noqa: ANN401 - a Stack of botocore, or None
        try:
            stack = self._cloudformation().describe_stacks(StackName=stack_name)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        return None if stack["StackStatus"] == "DELETE_COMPLETE" and stack["StackId"] != stack_name else stack

    def _wait(self, stack_name: str, seen: set[str], on_event: EventCallback | None) -> None:
        failures: list[str] = []
        deadline = time.monotonic() + _TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            stack = self._stack(stack_name)
            for event in self.stack_events(stack_name):
                if event["EventId"] not in seen:
                    seen.add(event["EventId"])
                    if event["ResourceStatus"].endswith("_FAILED") and event.get("ResourceStatusReason"):
                        failures.append(f"{event['LogicalResourceId']}: {event['ResourceStatusReason']}")
                    if on_event is not None:
                        on_event(event)
            status = stack["StackStatus"]
            if not status.endswith("_IN_PROGRESS"):
                if status not in _DONE:
                    raise StackFailed(stack_name, status, failures)
                return
            time.sleep(_POLL_SECONDS)
        raise StackFailed(stack_name, "no final status", [f"still not done after {_TIMEOUT_SECONDS:g} seconds"])

    def _packaged(self, template_path: Path) -> Any:  # noqa: ANN401 - a parsed template
        """Return the template with local code folders replaced by S3 URIs; the file itself is not touched."""
        template = _decoded(template_path)
        for resource in template.get("Resources", {}).values():
            properties = resource.get("Properties") or {}
            code = properties.get("CodeUri")
            is_function = resource.get("Type") == "AWS::Serverless::Function"
            if is_function and isinstance(code, str) and not code.startswith("s3://"):
                properties["CodeUri"] = self._uploaded((template_path.parent / code).resolve())
        return template

    def _uploaded(self, folder: Path) -> str:
        archive = package(folder)
        key = f"{hashlib.sha256(archive).hexdigest()}.zip"
        self.client("s3").create_bucket(Bucket=BUCKET)
        self.client("s3").put_object(Bucket=BUCKET, Key=key, Body=archive)
        return f"s3://{BUCKET}/{key}"


def _decoded(template_path: Path) -> Any:  # noqa: ANN401 - a parsed template
    """Parse a template with CloudFormation's short tags into plain values; raises LocalAwsError."""
    from cfnlint.decode import decode  # noqa: PLC0415 - half a second, which only a deployment needs

    template, problems = decode(str(template_path))
    if problems or template is None:
        raise LocalAwsError(f"cannot read {template_path}: " + "; ".join(str(each.message) for each in problems))
    return json.loads(json.dumps(template))
