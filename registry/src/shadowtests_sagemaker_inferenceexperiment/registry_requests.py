"""The requests of CloudFormation's registry as those of the lifecycle. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from cloudformation_cli_python_lib.interface import BaseModel, BaseResourceHandlerRequest

from inference_experiment import identity
from inference_experiment.contract import read_only
from inference_experiment.event import Request
from inference_experiment.model import RequestType
from inference_experiment.observed_properties import tag_list

NO_STACK: Final = "registry"
"""In the owner tag in place of a stack's GUID: Cloud Control API has created the experiment."""


class Model(BaseModel):
    """The properties of an experiment, unchanged."""

    def __init__(self, properties: Mapping[str, Any]) -> None:
        self.properties = dict(properties)

    def _serialize(self) -> Mapping[str, Any]:
        return {key: value for key, value in self.properties.items() if value is not None}

    @classmethod
    def _deserialize(cls, json_data: Mapping[str, Any] | None) -> "Model | None":
        return None if json_data is None else cls(json_data)


def request_of(kind: RequestType, given: BaseResourceHandlerRequest) -> Request:
    """Return the lifecycle's request. The token that CloudFormation repeats makes a Create idempotent."""
    desired, previous = _settable(given.desiredResourceState), _settable(given.previousResourceState)
    request = Request(
        type=kind,
        response_url="",
        stack_id=given.stackId or NO_STACK,
        request_id=given.clientRequestToken,
        logical_id=given.logicalResourceIdentifier or "",
        properties=_with_stack_tags(desired, given.desiredResourceTags),
        old_properties=_with_stack_tags(previous, given.previousResourceTags),
    )
    if kind is RequestType.CREATE:
        return replace(request, properties={"Name": identity.derived_name(request), **request.properties})
    name = str(desired.get("Name") or previous.get("Name") or "")
    named = {"Name": name}
    old = {**request.old_properties, **named} if kind is RequestType.UPDATE else {}
    return replace(request, physical_id=name, properties={**request.properties, **named}, old_properties=old)


def _settable(model: BaseModel | None) -> dict[str, Any]:
    """Return the properties that a user can set: CloudFormation also sends the read-only ones of the last answer."""
    properties = model._serialize() if model else {}  # noqa: SLF001 - what the library's models have
    return {key: value for key, value in properties.items() if key not in read_only() and value is not None}


def _with_stack_tags(properties: Mapping[str, Any], tags: Mapping[str, str] | None) -> dict[str, Any]:
    """Return the properties with the stack's tags added; a tag of the resource takes precedence."""
    if not tags:
        return dict(properties)
    own = properties.get("Tags") or []
    keys = {tag.get("Key") for tag in own if isinstance(tag, Mapping)}
    return {**properties, "Tags": [*own, *(tag for tag in tag_list(tags) if tag["Key"] not in keys)]}
