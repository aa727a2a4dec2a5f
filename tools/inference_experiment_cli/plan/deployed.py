"""A deployed stack as CloudFormation returns it: template, parameters, physical ids, and what references give there."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from cfn_template.forms import values_of
from cfn_template.mentions import mentioned
from cfn_template.parameters import PSEUDO, is_secret
from cfn_template.values import UNKNOWN, Raw, Unresolved, function_of, values_beneath
from inference_experiment_cli.errors import NotPossibleError, describe_aws_error
from inference_experiment_cli.inputs.documents import Document, parse_document
from inference_experiment_cli.inputs.experiments import parameters_of
from inference_experiment_cli.inventory.describe import CONFIG

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

STACK_ID: Final = re.compile(r"arn:(?P<partition>[^:]+):cloudformation:(?P<region>[^:]+):(?P<account>[^:]*):stack/.+")
NESTED: Final = "AWS::CloudFormation::Stack"
DEPLOYED: Final = re.compile("(CREATE|UPDATE|IMPORT|UPDATE_ROLLBACK|IMPORT_ROLLBACK)_COMPLETE")
"""Statuses of a stack that can be updated."""
ADVICE: Final = {
    "ROLLBACK_COMPLETE": "its creation failed; delete it, then deploy it again",
    "ROLLBACK_FAILED": "its creation failed; delete it, then deploy it again",
    "CREATE_FAILED": "its creation failed; delete it, then deploy it again",
    "UPDATE_ROLLBACK_FAILED": "continue its rollback first (aws cloudformation continue-update-rollback)",
}
# Transforms that leave an experiment's properties as the author has written them.
PLAIN_TRANSFORMS: Final = re.compile(r"AWS::(Serverless-.+|LanguageExtensions|CodeDeployBlueGreen|SecretsManager-.+)")


@dataclass(frozen=True)
class StackResource:
    """A resource of a deployed stack."""

    physical_id: str
    kind: str
    status: str


@dataclass
class DeployedStack:
    """A deployed stack. A parameter whose value CloudFormation hides is UNKNOWN; `remarks` are for the user."""

    name: str
    id: str
    status: str
    document: Document = field(repr=False)
    parameters: Mapping[str, Any]
    resources: Mapping[str, StackResource]
    imported: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # of nested stacks
    remarks: list[str] = field(default_factory=list)

    @property
    def pseudo(self) -> dict[str, str]:
        """The values of the pseudo parameters."""
        match = STACK_ID.fullmatch(self.id)
        parts = match.groupdict() if match else {}
        named = {"Partition": "partition", "Region": "region", "AccountId": "account"}
        known = {f"AWS::{name}": parts[part] for name, part in named.items() if parts.get(part)}
        return {**known, "AWS::StackId": self.id, "AWS::StackName": self.name}

    def values(self, template: Mapping[str, Raw]) -> dict[Unresolved, str]:
        """Return what references of a template to the deployed resources and to imports give."""
        known = {Unresolved("Fn::ImportValue", name): value for name, value in self.imported.items()}
        for name, resource in self.resources.items():
            path = role_path(template, name)
            known |= dict(values_of(name, resource.kind, resource.physical_id, self.pseudo, path))
            outputs = self.outputs.get(name, {}).items()
            known |= {Unresolved("Fn::GetAtt", f"{name}.Outputs.{key}"): value for key, value in outputs}
        return known


def role_path(template: Mapping[str, Raw], name: str) -> str | None:
    """Return the path of a role of a template, None where only a deployment knows it."""
    resource = template["Resources"].get(name)
    properties = resource.get("Properties") if isinstance(resource, Mapping) else None
    path = properties.get("Path", "/") if isinstance(properties, Mapping) else "/"
    return path if isinstance(path, str) else None


def read_stack(session: boto3.Session, name: str) -> DeployedStack:
    """Return a deployed stack. Raises NotPossibleError where it is missing or cannot be updated, ClientError."""
    client = session.client("cloudformation", config=CONFIG)
    try:
        described: Any = client.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            text = f"no stack {name} in {session.region_name}; for the plan of a creation pass --stack-name {name}"
            raise NotPossibleError(text) from error
        raise
    status = str(described["StackStatus"])
    if status == "REVIEW_IN_PROGRESS":
        raise NotPossibleError(f"stack {name} is not deployed yet; for the plan of a creation pass --stack-name {name}")
    if not (DEPLOYED.fullmatch(status) or status.endswith("_IN_PROGRESS")) or status.startswith("DELETE"):
        raise NotPossibleError(f"stack {name} is {status}; {ADVICE.get(status, 'it cannot be updated')}")
    document = _template(client, described)
    stack = DeployedStack(
        described["StackName"],
        described["StackId"],
        status,
        document,
        _parameters(described, document),
        _resources(client, described["StackId"]),
    )
    if status.endswith("_IN_PROGRESS"):
        stack.remarks.append(f"stack {name} is {status}; the plan is for what is deployed now")
    _read_outputs(client, stack)
    return stack


def _template(client: "CloudFormationClient", described: Mapping[str, Any]) -> Document:
    """Return the template as it was sent, or processed where a transform may bring properties."""
    label = f"stack {described['StackName']}"
    original = _body(client, described["StackId"], "Original")
    document = parse_document(original, label)
    value = document.value if isinstance(document.value, Mapping) else {}
    declared = value.get("Transform", [])
    transforms = [str(one) for one in (declared if isinstance(declared, list) else [declared])]
    if "Fn::Transform" in original or not all(map(PLAIN_TRANSFORMS.fullmatch, transforms)):
        return parse_document(_body(client, described["StackId"], "Processed"), label)
    return document


def _body(client: "CloudFormationClient", name: str, stage: Any) -> str:  # noqa: ANN401 - a literal of the stubs
    body: Any = client.get_template(StackName=name, TemplateStage=stage)["TemplateBody"]
    # boto3 parses a template in JSON.
    return body if isinstance(body, str) else json.dumps(body, indent=2)


def _parameters(described: Mapping[str, Any], document: Document) -> dict[str, Any]:
    """Return the values of the deployed parameters."""
    declared = parameters_of(document)
    hidden = {name for name, raw in declared.items() if is_secret(raw)}
    pairs = {each["ParameterKey"]: each.get("ParameterValue", "") for each in described.get("Parameters", [])}
    return {name: UNKNOWN if name in hidden or name not in declared else value for name, value in pairs.items()}


def _resources(client: "CloudFormationClient", name: str) -> dict[str, StackResource]:
    pages = client.get_paginator("list_stack_resources").paginate(StackName=name)
    return {
        each["LogicalResourceId"]: StackResource(
            each.get("PhysicalResourceId", ""), each["ResourceType"], each["ResourceStatus"]
        )
        for page in pages
        for each in page["StackResourceSummaries"]
        if each["ResourceStatus"] != "DELETE_COMPLETE"
    }


def _read_outputs(client: "CloudFormationClient", stack: DeployedStack) -> None:
    """Read the outputs of the nested stacks that the template refers to."""
    used = {name for kind, name in mentioned(stack.document.value) if kind == "name"}
    for name, resource in stack.resources.items():
        if resource.kind == NESTED:
            stack.remarks.append(
                f"nested stack {name} is not read: pass --stack {resource.physical_id} for its experiments"
            )
        if resource.kind != NESTED or name not in used:
            continue
        try:
            nested: Any = client.describe_stacks(StackName=resource.physical_id)["Stacks"][0]
        except (ClientError, BotoCoreError) as error:
            stack.remarks.append(
                f"the outputs of nested stack {name} are assumed unchanged: {describe_aws_error(error)}"
            )
            continue
        outputs = {each["OutputKey"]: each["OutputValue"] for each in nested.get("Outputs", [])}
        stack.outputs = {**stack.outputs, name: outputs}


def read_imports(session: boto3.Session, stack: DeployedStack, templates: list[Raw]) -> None:
    """Read the exports of the account where a template imports one."""
    if not any(_imports(template) for template in templates):
        return
    client = session.client("cloudformation", config=CONFIG)
    try:
        pages = client.get_paginator("list_exports").paginate()
        stack.imported = {each["Name"]: each["Value"] for page in pages for each in page.get("Exports", [])}
    except (ClientError, BotoCoreError) as error:
        stack.remarks.append(f"imports are assumed unchanged: {describe_aws_error(error)}")


def _imports(template: Raw) -> bool:
    return any(name == "Fn::ImportValue" for name, _ in _functions(template))


def _functions(template: Raw) -> Iterator[tuple[str, Raw]]:
    for value in values_beneath(template):
        function = function_of(value)
        if function:
            yield function


def passed_on(stack: DeployedStack, document: Document) -> dict[str, Any]:
    """Return the deployed values that an update with a template keeps: of the parameters that it still declares."""
    declared = parameters_of(document)
    return {name: value for name, value in stack.parameters.items() if name in declared and name not in PSEUDO}
