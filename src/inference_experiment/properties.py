"""Raw resource properties -> Desired: restore numbers, validate by schema, run the checks.

CloudFormation sends every scalar as a string (aws-facts 6.1); the schema says which are numbers. All findings are
reported at once, each with its path.
"""

import difflib
import itertools
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final, cast

from inference_experiment import checks, contract, criteria, identity, payloads
from inference_experiment.conformity import conforms, resolved
from inference_experiment.errors import Finding, InvalidProperties
from inference_experiment.event import Request, scalar_text
from inference_experiment.model import Desired, DesiredState, RequestType, Status, StopRequest

if TYPE_CHECKING:
    from jsonschema import Draft7Validator, ValidationError

DESIRED_STATES: Final = {
    "": DesiredState.EXIST,
    "Running": DesiredState.RUN,
    "Completed": DesiredState.COMPLETE,
    "Cancelled": DesiredState.CANCEL,
}
MAX_UNKNOWN_PROPERTIES: Final = 20  # that are named one by one
MAX_SHOWN_CHARACTERS: Final = 60  # of an invalid value in a message


def _number(text: str) -> int | str:
    """Return the integer of a text such as 50 or 50.0; any other text as it is."""
    whole = text.strip().removesuffix(".0")
    digits = whole.removeprefix("-")
    if digits.isascii() and digits.isdigit() and len(digits) <= 18:  # noqa: PLR2004 - fits every integer of the API
        return int(whole)
    return text


def restore(value: Any, schema: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON value
    """Return a property value with the types of its schema.

    Excess members are cut to a few, which are still too many, so that validation is fast.
    """
    schema = resolved(schema)
    known = schema.get("properties")
    if isinstance(value, Mapping) and known:
        unknown = itertools.islice((key for key in value if key not in known), MAX_UNKNOWN_PROPERTIES)
        kept = [key for key in value if key in known] + list(unknown)
        return {key: restore(value[key], known.get(key, {})) for key in kept}
    if isinstance(value, list) and "items" in schema:
        return [restore(item, schema["items"]) for item in value[: schema["maxItems"] + 1]]
    if schema.get("type") == "integer" and isinstance(value, str | float):
        return _number(str(value))
    if schema.get("type") == "string" and isinstance(value, bool | int | float):
        return scalar_text(value)
    return value


@cache
def _restricted(names: frozenset[str], *, native: bool) -> dict[str, Any]:
    """Return the schema with some of the properties only."""
    schema = contract.exact_schema()
    writable = {key: value for key, value in schema["properties"].items() if key in names}
    if native:  # the 50th tag of the custom type is the owner tag
        writable["Tags"] = {**writable["Tags"], "maxItems": writable["Tags"]["maxItems"] + 1}
    required = [key for key in schema["required"] if key in names]
    kept = {key: schema[key] for key in ("definitions", "additionalProperties")}
    return {**kept, "type": "object", "properties": writable, "required": required}


@cache
def _validator(names: frozenset[str], *, native: bool) -> "Draft7Validator":
    # Imported on first use: valid properties do without it.
    from jsonschema import Draft7Validator, validators  # noqa: PLC0415

    extend = cast("Any", validators.extend)
    extended: Draft7Validator = extend(Draft7Validator, {"required": _required})(_restricted(names, native=native))
    return extended


def _shown(value: object) -> str:
    text = repr(value) if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= MAX_SHOWN_CHARACTERS else text[: MAX_SHOWN_CHARACTERS - 3] + "..."


def _unknown(error: "ValidationError") -> Iterator[Finding]:
    """Yield a finding per property that the schema does not know, with the nearest name."""
    known = cast("Mapping[str, Any]", error.schema).get("properties", {})
    allowed = re.compile("|".join(cast("Mapping[str, Any]", error.schema).get("patternProperties", {"(?!)": {}})))
    instance = cast("Mapping[str, Any]", error.instance)
    for key in sorted(key for key in instance if key not in known and not allowed.search(key)):
        place = (*error.absolute_path, key[:MAX_SHOWN_CHARACTERS])
        if not error.absolute_path and key in contract.read_only():
            yield Finding(place, "is set by SageMaker; remove it", of_name=True)
            continue
        near = difflib.get_close_matches(key, known, n=1)
        yield Finding(place, "is not a property" + (f"; did you mean {near[0]}?" if near else ""), of_name=True)


def _required(_: object, names: list[str], instance: object, __: object) -> Iterator["ValidationError"]:
    """Check `required`; jsonschema's own error has the missing name in its message only."""
    from jsonschema import ValidationError  # noqa: PLC0415 - see _validator

    missing = [name for name in names if name not in instance] if isinstance(instance, Mapping) else []
    yield from (ValidationError("is required", path=(name,)) for name in missing)


CONSTRAINT_TEXTS: Final = {
    "type": "must be of type {limit}",
    "enum": "must be one of {limit}",
    "pattern": "does not match {limit}",
    "minLength": "is shorter than {limit} characters",
    "maxLength": "is longer than {limit} characters",
    "minimum": "is less than {limit}",
    "maximum": "is more than {limit}",
    "minItems": "has fewer than {limit} items",
    "maxItems": "has more than {limit} items",
    "minProperties": "has fewer than {limit} members",
    "maxProperties": "has more than {limit} members",
}


def _translate(error: "ValidationError") -> Iterator[Finding]:
    if error.validator == "additionalProperties":
        yield from _unknown(error)
    elif error.validator == "required":
        yield Finding(tuple(error.absolute_path), error.message)
    else:
        limit = error.validator_value
        limit = ", ".join(limit) if isinstance(limit, list) else str(limit).replace(r"\Z", "$")
        text = CONSTRAINT_TEXTS[str(error.validator)].format(limit=limit)
        keys = tuple(error.absolute_path)
        shown = "the value" if keys[:1] == ("Tags",) and len(keys) > 1 else _shown(error.instance)
        yield Finding(keys, f"{shown} {text}")


def _restored(raw: Mapping[str, Any]) -> dict[str, Any]:
    stripped = {key: value for key, value in raw.items() if key not in contract.SERVICE_PROPERTIES}
    restored: dict[str, Any] = restore(stripped, contract.schema())
    return restored


def check_schema(properties: Mapping[str, Any], names: frozenset[str], *, native: bool = False) -> list[Finding]:
    """Return what the schema finds wrong with some of the properties, the others not being allowed."""
    if conforms(properties, _restricted(names, native=native)):
        return []
    errors = _validator(names, native=native).iter_errors(properties)
    ordered = sorted(errors, key=lambda error: list(map(str, error.absolute_path)))
    return [finding for error in ordered for finding in _translate(error)]


def validate(raw: Mapping[str, Any], *, native: bool = False) -> tuple[dict[str, Any], list[Finding]]:
    """Return the properties with their numbers restored, and every finding of schema and checks.

    `native`: of the native type, which has one tag more and no reserved prefix of ours.
    """
    restored = _restored(raw)
    names = contract.schema()["properties"].keys() - contract.read_only() - contract.SERVICE_PROPERTIES
    findings = check_schema(restored, frozenset(names), native=native)
    return restored, [*findings, *checks.check(restored, native=native)]


def _tag_keys(raw: Mapping[str, Any]) -> frozenset[str]:
    """Return the tag keys of properties that may be invalid: the previous ones of an update."""
    tags = raw.get("Tags")
    entries = tags if isinstance(tags, list) else []
    return frozenset(str(entry["Key"]) for entry in entries if isinstance(entry, Mapping) and "Key" in entry)


def _stop_request(valid: Mapping[str, Any], request: Request) -> StopRequest:
    state = valid.get("DesiredState")
    return StopRequest(
        state=Status.CANCELLED if state == Status.CANCELLED else Status.COMPLETED,
        actions=dict(valid.get("ModelVariantActions", {})),
        reason=valid.get("StatusReason") or f"{request.type} by CloudFormation request {request.request_id}",
        criteria=criteria.parse(valid["PromotionCriteria"]) if "PromotionCriteria" in valid else None,
        variants=tuple(filter(None, payloads.variant_names(request.properties))),
    )


def parse(request: Request) -> Desired:
    """Return the desired state of a Create or Update. Raises InvalidProperties with every finding."""
    valid, findings = validate(request.properties)
    if findings:
        raise InvalidProperties(findings)
    updated = request.type is RequestType.UPDATE
    name = valid.get("Name") or (request.physical_id if updated else identity.derived_name(request))
    return Desired(
        configuration=payloads.configuration(valid, name, valid["EndpointName"]),
        desired_state=DESIRED_STATES[valid.get("DesiredState", "")],
        stop=_stop_request(valid, request),
        tags={tag["Key"]: tag["Value"] for tag in valid.get("Tags", [])},
        previous_tags=_tag_keys(request.old_properties),
        explicit_name="Name" in valid,
    )


def parse_deletion(request: Request) -> tuple[str, StopRequest]:
    """Return the explicit Name, if any, and how to stop a running experiment. Accepts any properties."""
    restored = _restored(request.properties)
    name = restored.get("Name")
    name = name if isinstance(name, str) and identity.is_name(name) else ""
    return name, _stop_request({} if validate(request.properties)[1] else restored, request)
