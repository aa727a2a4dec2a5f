"""The CloudFormation registry type with the lifecycle of the custom type: its names and its schema.

A private type is registered under a name of its owner's choice, so every function here takes the names in use.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from inference_experiment import contract

REGISTRY_TYPE: Final = "ShadowTests::SageMaker::InferenceExperiment"
"""The name that the type has unless it is registered under another one."""
REGISTRY_TYPES: Final = frozenset({REGISTRY_TYPE})
TYPE_NAME: Final = re.compile(r"[A-Za-z0-9]{2,64}(?:::[A-Za-z0-9]{2,64}){2}")
# CloudFormation's own: no type of a user has a name in them.
RESERVED: Final = frozenset({"alexa", "amazon", "amzn", "aws", "custom", "dev"})


def wrong_type_name(name: str) -> str:
    """Return what is wrong with the name of a registry type, empty if it can be one."""
    if not TYPE_NAME.fullmatch(name):
        return "is not a type name: write Organization::Service::Resource, in letters and digits"
    namespace = name.partition("::")[0]
    return f"is not a private type: {namespace} is reserved" if namespace.lower() in RESERVED else ""


def registry_types(names: Iterable[str] = ()) -> frozenset[str]:
    """Return the names of the type: the usual one, and others; what cannot be a name is left out.

    A name may have the form that it has in an ARN, Organization-Service-Resource: cfn-lint's -x takes no colons.
    """
    return REGISTRY_TYPES | {name for each in names if not wrong_type_name(name := each.replace("-", "::"))}


def subject_with(subject: str, types: Collection[str]) -> str:
    """Return a pattern of texts that have to do with experiments, which finds the names of the type too."""
    return "|".join([subject, *map(re.escape, sorted(types))])


def required() -> frozenset[str]:
    """Return the properties that the type requires: CloudFormation itself finds the handlers."""
    return frozenset(contract.schema()["required"]) - contract.SERVICE_PROPERTIES


def without_service(schema: Mapping[str, Any], name: str = REGISTRY_TYPE) -> dict[str, Any]:
    """Return a schema of the custom type as one of the registry type: without ServiceToken and ServiceTimeout."""
    properties = {key: each for key, each in schema["properties"].items() if key not in contract.SERVICE_PROPERTIES}
    needed = [key for key in schema["required"] if key not in contract.SERVICE_PROPERTIES]
    return {**schema, "typeName": name, "properties": properties, "required": needed}


def attributes() -> tuple[str, ...]:
    """Return the names that Fn::GetAtt knows on the type: its read-only properties, and the members of those."""
    schema = contract.schema()
    found: list[str] = []
    for name in sorted(contract.read_only()):
        reference = schema["properties"][name].get("$ref", "")
        members = schema["definitions"][reference.rpartition("/")[2]]["properties"] if reference else {}
        found += [name, *(f"{name}.{member}" for member in members)]
    return tuple(found)
