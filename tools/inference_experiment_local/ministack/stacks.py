"""Deploys SAM templates to ministack as `sam deploy` would.

The SAM CLI itself pins a boto3 that ministack does not accept: both cannot be in one environment.
"""

import hashlib
import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard

from botocore.exceptions import ClientError

from inference_experiment_local.errors import LocalAwsError, StackFailed, UnusableInput
from inference_experiment_local.native import HEADER_BYTES, foreign_build
from inference_experiment_local.packaging import package

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackEventTypeDef

CAPABILITIES = ("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")
BUCKET = "local-deployment-artifacts"
_POLL_SECONDS = 0.1
_TIMEOUT_SECONDS = 300.0
_DONE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE", "IMPORT_COMPLETE")


# Type -> the property with its code, and of nested stacks with their template; `aws cloudformation package` has more.
_CODE: Mapping[str, str] = {
    "AWS::Serverless::Function": "CodeUri",
    "AWS::Serverless::LayerVersion": "ContentUri",
    "AWS::Lambda::Function": "Code",
    "AWS::Lambda::LayerVersion": "Content",
}
_NESTED: Mapping[str, str] = {"AWS::CloudFormation::Stack": "TemplateURL", "AWS::Serverless::Application": "Location"}
_BODY_BYTES = 51_200
"""How long a template in a request may be."""

EventCallback: TypeAlias = Callable[["StackEventTypeDef"], None]


class Stacks:
    """Operations on the stacks of one cloud, which is a subclass and has the clients of boto3."""

    client: Callable[[str], Any]
    on_foreign_build: Callable[[str, str], None] | None = None
    """Called with the logical ID of a function whose code was built for another Python or processor, and for which."""

    def deploy(
        self,
        stack_name: str,
        template_path: Path,
        parameters: Mapping[str, str] | None = None,
        *,
        keep_parameters: bool = False,
        on_event: EventCallback | None = None,
    ) -> dict[str, str]:
        """Package, create or update a stack, and wait; returns its outputs.

        With `keep_parameters` an update leaves the parameters that are not given as they are, as `sam deploy` does.
        `on_event` gets each new stack event. Raises StackFailed with the reasons of the events that failed,
        also when it is not done in time; LocalAwsError for what cannot be packaged.
        """
        template = self._packaged(template_path)
        request: dict[str, Any] = {
            "StackName": stack_name,
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in (parameters or {}).items()],
            "Capabilities": CAPABILITIES,
            **self._template_members(template),
        }
        existing = self._stack(stack_name)
        if existing is not None and existing["StackStatus"] == "ROLLBACK_COMPLETE":
            # As sam does: a stack whose creation failed can only be deleted.
            self.delete_stack(stack_name, on_event=on_event)
            existing = None
        if existing is not None and keep_parameters:
            present = {each["ParameterKey"] for each in existing.get("Parameters", ())}
            others = present & (template.get("Parameters") or {}).keys() - (parameters or {}).keys()
            request["Parameters"] += [{"ParameterKey": key, "UsePreviousValue": True} for key in sorted(others)]
        seen = {event["EventId"] for event in self.stack_events(stack_name)} if existing else set()
        cloudformation = self._cloudformation()
        operation = cloudformation.update_stack if existing else cloudformation.create_stack
        try:
            operation(**request)
        except ClientError as error:
            if "No updates are to be performed" not in str(error):
                raise StackFailed(stack_name, "", [error.response["Error"]["Message"]]) from error
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
        status = ""
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
        raise StackFailed(stack_name, status, [f"still not done after {_TIMEOUT_SECONDS:g} seconds"])

    def _packaged(self, template_path: Path) -> Any:  # noqa: ANN401 - a parsed template
        """Return the template with what it has in files and folders replaced by S3 URIs; no file is touched."""
        template = decoded(template_path)
        folder = template_path.parent
        defaults = ((template.get("Globals") or {}).get("Function") or {}).get("CodeUri")
        for logical_id, kind, properties in _resources(template):
            name = _CODE.get(kind, "")
            code = properties.get(name, defaults if kind == "AWS::Serverless::Function" else None)
            inner = properties.get(_NESTED.get(kind, ""))
            if _is_local(inner):
                nested = self._packaged(folder / inner)
                properties[_NESTED[kind]] = self._stored(json.dumps(nested).encode(), "template")
            elif _is_local(code):
                uri = self._stored(self._code(logical_id, (folder / code).resolve()), "zip")
                properties[name] = uri if kind.startswith("AWS::Serverless") else _bucket_and_key(uri)
        return template

    def _code(self, logical_id: str, path: Path) -> bytes:
        """Return the zip of a folder or, as it is, a zip file; tells `on_foreign_build` what cannot run here."""
        archive = path.read_bytes() if path.is_file() else package(path)
        built = foreign_build(_heads(archive))
        if built is not None and self.on_foreign_build is not None:
            self.on_foreign_build(logical_id, built)
        return archive

    def _template_members(self, template: Any) -> dict[str, str]:  # noqa: ANN401 - a parsed template
        """Return the members of a request with a template: one that is too long for the body is in S3."""
        text = json.dumps(template)
        if len(text) <= _BODY_BYTES:
            return {"TemplateBody": text}
        return {"TemplateURL": self._stored(text.encode(), "template")}

    def _stored(self, content: bytes, suffix: str) -> str:
        key = f"{hashlib.sha256(content).hexdigest()}.{suffix}"
        self.client("s3").create_bucket(Bucket=BUCKET)
        self.client("s3").put_object(Bucket=BUCKET, Key=key, Body=content)
        return f"https://s3.amazonaws.com/{BUCKET}/{key}" if suffix == "template" else f"s3://{BUCKET}/{key}"


def _resources(template: Any) -> Iterator[tuple[str, str, dict[str, Any]]]:  # noqa: ANN401 - a parsed template
    """Yield logical ID, type and properties of each resource. Raises UnusableInput for what is none."""
    resources = template["Resources"]
    if not isinstance(resources, dict):
        raise UnusableInput("Resources is not a mapping")
    for logical_id, resource in resources.items():
        if logical_id.startswith("Fn::ForEach"):
            continue
        # ministack would not end such a stack.
        if not isinstance(resource, dict) or not isinstance(resource.get("Type"), str):
            raise UnusableInput(f"Resources/{logical_id}: is not a resource with a Type")
        resource["Properties"] = properties = resource.get("Properties") or {}
        if isinstance(properties, dict):
            yield logical_id, resource["Type"], properties


def _is_local(value: object) -> TypeGuard[str]:
    """Whether the value names a file or a folder: a text that is no URL."""
    return isinstance(value, str) and "://" not in value


def _bucket_and_key(uri: str) -> dict[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return {"S3Bucket": bucket, "S3Key": key}


def _heads(archive: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the paths of a zip with the first bytes of each file."""
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        for name in files.namelist():
            with files.open(name) as file:
                yield name, file.read(HEADER_BYTES)


def decoded(template_path: Path) -> Any:  # noqa: ANN401 - a parsed template
    """Parse a template with CloudFormation's short tags into plain values; raises UnusableInput."""
    from cfnlint.decode import decode  # noqa: PLC0415 - half a second, which only a deployment needs

    template, problems = decode(str(template_path))
    if problems or template is None:
        first = problems[0] if problems else None
        where = f"{template_path}:{first.linenumber}" if first else f"{template_path}"
        raise UnusableInput(f"{where}: {first.message if first else 'is empty'}")
    if not isinstance(template, dict) or "Resources" not in template:
        raise UnusableInput(f"{template_path}: is not a template: it has no Resources")
    return json.loads(json.dumps(template))
