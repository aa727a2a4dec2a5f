"""Whose an experiment is: this command's, a stack's, or nobody's; and what may be done to it.

The provider marks what it makes with a tag. The native type leaves no mark, so CloudFormation is asked which stack
has a resource of that physical id.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from inference_experiment.contract import CUSTOM_TYPE, NATIVE_TYPE
from inference_experiment_cli.operate.request import DESK, Asker, maker_of
from inference_experiment_cli.output import fail

if TYPE_CHECKING:
    import boto3

RESOURCE_TYPES: Final = (CUSTOM_TYPE, NATIVE_TYPE, "AWS::CloudFormation::CustomResource")
STACK_TAGS: Final = ("aws:cloudformation:stack-name", "aws:cloudformation:logical-id")


@dataclass(frozen=True)
class Owner:
    """An owner: `asker` is in whose name the lifecycle acts, `stack_owned` says that --force is needed."""

    text: str
    asker: Asker
    stack_owned: bool


def by_tags(name: str, tags: Mapping[str, str]) -> Owner | None:
    """Return the owner that tags name, if they do."""
    maker = maker_of(tags)
    if maker and maker.stack == DESK:
        return Owner("inference-experiment create", maker, stack_owned=False)
    if all(tag in tags for tag in STACK_TAGS):
        text = f"resource {tags[STACK_TAGS[1]]} of stack {tags[STACK_TAGS[0]]}"
        return Owner(text, maker or Asker(DESK, name), stack_owned=True)
    if maker:
        return Owner(f"resource {maker.logical_id} of the stack with id {maker.stack}", maker, stack_owned=True)
    return None


def find_owner(session: "boto3.Session", name: str, tags: Mapping[str, str]) -> Owner:
    """Return whose an experiment is. One that CloudFormation cannot be asked about counts as a stack's."""
    tagged = by_tags(name, tags)
    if tagged and not tagged.stack_owned:
        return tagged
    asker = tagged.asker if tagged else Asker(DESK, name)
    resource, problem = _resource(session, name)
    if resource:
        text = f"resource {resource['LogicalResourceId']} of stack {resource['StackName']}"
        return Owner(text, asker, stack_owned=True)
    if tagged:
        return tagged
    if problem:
        text = f"perhaps a stack: CloudFormation could not be asked ({problem})"
        return Owner(text, asker, stack_owned=True)
    return Owner("nobody: it carries no owner tag and no stack has it", asker, stack_owned=False)


def _resource(session: "boto3.Session", name: str) -> tuple[Mapping[str, Any] | None, str]:
    """Return the stack resource with this physical id, or why that cannot be told."""
    from botocore.config import Config  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    config = Config(connect_timeout=3, read_timeout=8, retries={"mode": "standard", "total_max_attempts": 2})
    try:
        client = session.client("cloudformation", config=config)
        found = client.describe_stack_resources(PhysicalResourceId=name)["StackResources"]
    except ClientError as error:
        details: Any = error.response.get("Error", {})
        # "Stack for NAME does not exist" is the answer for what no stack has.
        missing = details.get("Code") == "ValidationError" and "does not exist" in details.get("Message", "")
        return None, "" if missing else str(details.get("Code", "no code"))
    except BotoCoreError as error:
        return None, str(error)
    mine = [one for one in found if one["ResourceType"] in RESOURCE_TYPES]
    return (mine[0] if mine else None), ""


def require(owner: Owner, name: str, *, force: bool) -> None:
    """End the command where a stack owns the experiment and --force was not given."""
    if owner.stack_owned and not force:
        fail(f"{name} belongs to {owner.text}; change it by its stack, or say --force to go behind the stack's back")
