"""The owner of an experiment (this command, a stack, or none), and requests to the lifecycle in its name.

The provider marks what it creates with a tag. The native type leaves no mark, so CloudFormation is asked for the stack
that has a resource of that physical id.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from inference_experiment import identity
from inference_experiment.contract import OWNER_TAG
from inference_experiment.event import Request
from inference_experiment.model import RequestType

if TYPE_CHECKING:
    import boto3

CLI_OWNER: Final = "command-line"
"""In the owner tag in place of a stack's GUID: this command created the experiment."""
OWNER_TAG_PARTS: Final = 3  # GUID, logical id, request id
STACK_TAGS: Final = ("aws:cloudformation:stack-name", "aws:cloudformation:logical-id")


@dataclass(frozen=True)
class Requester:
    """Who makes a request: a stack (its GUID or name) and logical id, or this command."""

    stack: str
    logical_id: str


def manual_request(
    kind: RequestType,
    requester: Requester,
    name: str,
    properties: Mapping[str, Any],
    old_properties: Mapping[str, Any] | None = None,
) -> Request:
    """Return a request about the experiment `name`."""
    return Request(
        type=kind,
        response_url="",
        stack_id=requester.stack,
        request_id=str(uuid.uuid4()),
        logical_id=requester.logical_id,
        physical_id="" if kind is RequestType.CREATE else name,
        properties=properties,
        old_properties=old_properties or {},
    )


def earlier_owner_tag(request: Request) -> str:
    """Return the owner tag's value of an experiment that an earlier request of the same resource created."""
    return identity.owner(request) + "earlier"


def creator_of(tags: Mapping[str, str]) -> Requester | None:
    """Return who created an experiment, by its owner tag."""
    parts = tags.get(OWNER_TAG, "").split("/")
    return Requester(parts[0], "/".join(parts[1:-1])) if len(parts) >= OWNER_TAG_PARTS else None


@dataclass(frozen=True)
class Owner:
    """An owner: `requester` is in whose name the lifecycle acts, `is_stack` means that --force is needed."""

    text: str
    requester: Requester
    is_stack: bool


def by_tags(name: str, tags: Mapping[str, str]) -> Owner | None:
    """Return the owner that the tags name, if they do."""
    creator = creator_of(tags)
    if creator and creator.stack == CLI_OWNER:
        return Owner("inference-experiment create", creator, is_stack=False)
    if all(tag in tags for tag in STACK_TAGS):
        text = f"resource {tags[STACK_TAGS[1]]} of stack {tags[STACK_TAGS[0]]}"
        return Owner(text, creator or Requester(CLI_OWNER, name), is_stack=True)
    if creator:
        return Owner(f"resource {creator.logical_id} of the stack with id {creator.stack}", creator, is_stack=True)
    return None


def find_owner(session: "boto3.Session", name: str, tags: Mapping[str, str]) -> Owner:
    """Return the owner of an experiment; while CloudFormation's answer is missing, a stack."""
    tagged = by_tags(name, tags)
    if tagged and not tagged.is_stack:
        return tagged
    requester = tagged.requester if tagged else Requester(CLI_OWNER, name)
    resource, problem = _stack_resource(session, name)
    if resource:
        text = f"resource {resource['LogicalResourceId']} of stack {resource['StackName']}"
    elif tagged:
        return tagged
    elif problem:
        text = f"possibly a stack: DescribeStackResources failed ({problem})"
    else:
        text = "unmanaged (no owner tag, not in any stack)"
    return Owner(text, requester, is_stack=bool(resource or problem))


def _stack_resource(session: "boto3.Session", name: str) -> tuple[Mapping[str, Any] | None, str]:
    """Return the stack resource with this physical id, or the problem in finding it."""
    # Only commands that use an account import botocore.
    from botocore.config import Config  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    config = Config(connect_timeout=3, read_timeout=8, retries={"mode": "standard", "total_max_attempts": 2})
    try:
        client = session.client("cloudformation", config=config)
        resources = client.describe_stack_resources(PhysicalResourceId=name)["StackResources"]
    except ClientError as error:
        details: Any = error.response.get("Error", {})
        # CloudFormation has no other answer for a physical id that is in no stack.
        missing = details.get("Code") == "ValidationError" and "does not exist" in details.get("Message", "")
        return None, "" if missing else str(details.get("Code", "no code"))
    except BotoCoreError as error:
        return None, str(error)
    return next((each for each in resources if _may_be_experiment(each["ResourceType"])), None), ""


def _may_be_experiment(kind: str) -> bool:
    """Tell whether a resource of this type may be an experiment: so may any private type, as ours has any name."""
    # With all about policies, which is slow to import; few commands ask.
    from shadow_test_policies.experiment import EXPERIMENT_TYPES, GENERIC_TYPE  # noqa: PLC0415
    from shadow_test_policies.registry_type import wrong_type_name  # noqa: PLC0415

    return kind in EXPERIMENT_TYPES | {GENERIC_TYPE} or not wrong_type_name(kind)
