"""Everything in rules/ that depends on undocumented parts of cfn-lint.

Tested with cfn-lint 1.52, 1.53 and 1.58 (reference: docs/cfn-lint.md). A missing part gives the value "unknown", never
an exception.
"""

import difflib
import re
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from typing import Any, Final

import cfnlint.data.schemas.extensions.aws_sagemaker_hosting as hosting
from cfnlint.helpers import FUNCTIONS, load_resource
from cfnlint.jsonschema import ValidationError, Validator
from cfnlint.rules.jsonschema.CfnLintJsonSchema import CfnLintJsonSchema
from cfnlint.rules.resources.properties.Properties import Properties
from cfnlint.schema import Schema
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from cfnlint.template.template import Template

from cfn_template.template import DEFAULT_REGIONS
from cfn_template.values import TRANSFORM
from inference_experiment import contract
from shadow_test_policies.registry_type import without_service

_RESOURCE: Final = "Resources/*"
LONGEST: Final = 1000  # characters of a message that is left as it is


def regions_of(cfn: Template) -> tuple[str, ...]:
    """Return the regions that the template is linted for."""
    return tuple(getattr(cfn, "regions", None) or DEFAULT_REGIONS)


def deployed_parameters(cfn: Template) -> list[Mapping[str, Any]]:
    """Return the parameter sets given with --parameters, parameter files or deployment files."""
    sets = getattr(cfn.context, "parameter_sets", None) or []
    return [each.parameters for each in sets if isinstance(getattr(each, "parameters", None), dict)]


@cache
def native_schema() -> Mapping[str, Any]:
    """Return cfn-lint's schema of the native type in us-east-1; 17 regions have none."""
    schema: Mapping[str, Any] = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", contract.NATIVE_TYPE).schema
    return schema


@cache
def native_type_exists(region: str) -> bool:
    """Tell whether CloudFormation has the native type in a region; true for a region unknown to cfn-lint."""
    try:
        return contract.NATIVE_TYPE in PROVIDER_SCHEMA_MANAGER.get_resource_types(region)
    except ImportError:
        return True


@cache
def hosting_instance_types() -> frozenset[str]:
    """Return the instance types of SageMaker hosting in any region, from the price list; empty when unknown."""
    listed = load_resource(hosting, "instancetype_enum.json")
    regions = (entry for name, entry in listed.items() if "-" in name and isinstance(entry, dict))
    return frozenset(name for entry in regions for name in entry.get("enum", ()))


_REGISTERED: Final[dict[str, Schema]] = {}  # the schemas that were registered with cfn-lint, by type


def register_types(types: Collection[str]) -> None:
    """Register the registry type with cfn-lint, as --registry-schemas does, for E3006 and Fn::GetAtt.

    A schema that the user registers takes precedence. A name of an earlier run that is not among these is forgotten.
    """
    registered = getattr(PROVIDER_SCHEMA_MANAGER, "_registry_schemas", None)
    if registered is None or types == _REGISTERED.keys():
        return
    for name in [name for name in _REGISTERED if name not in types]:
        if registered.get(name) is _REGISTERED.pop(name):
            del registered[name]
            for schemas in getattr(PROVIDER_SCHEMA_MANAGER, "_schemas", {}).values():
                schemas.pop(name, None)
    for name in types - _REGISTERED.keys():
        _REGISTERED[name] = Schema(without_service(contract.schema(), name))
        registered.setdefault(name, _REGISTERED[name])
    for name in ("get_resource_schema", "get_resource_types", "get_type_getatts", "get_type_ref"):
        getattr(getattr(PROVIDER_SCHEMA_MANAGER, name, None), "cache_clear", dict)()


class ReenteringRule(CfnLintJsonSchema):
    """Base of the rule that checks experiments with the provider's schema, as if they were of the native type.

    CfnLintJsonSchema.validate() skips every intrinsic function; this class does what E3002 does instead. Findings have
    the ids of cfn-lint's own rules, so that a suppression applies to all types; others have the id of this rule.
    """

    def __init__(self) -> None:
        super().__init__(keywords=[f"Resources/{contract.CUSTOM_TYPE}/Properties"], all_matches=True)
        self.rule_set = Properties().rule_set  # JSON Schema keyword -> the rule that reports it

    def initialize(self, cfn: Template) -> None:
        """Note the types of the resources to check: cfn-lint calls this for each template, and a keyword per type.

        E3002 does not enter the properties of a registered type, so its resources are the keyword.
        """
        super().initialize(cfn)
        types = {str(cfn.template["Resources"][name]["Type"]) for name in self.targets(cfn)} - {contract.NATIVE_TYPE}
        self.keywords = [f"Resources/{name}/Properties" for name in sorted(types)]
        self.keywords += [_RESOURCE] if types & self.registry_types else []
        # cfn-lint fills them next, and searches all rules for each.
        self.child_rules = dict.fromkeys(self.rule_set.values()) if types else {}

    @property
    def registry_types(self) -> frozenset[str]:
        """The names of the registry type."""
        raise NotImplementedError

    def targets(self, cfn: Template) -> list[str]:
        """Return the logical ids of the resources to check."""
        raise NotImplementedError

    def validate(self, validator: Validator, keyword: object, instance: Any, _: object) -> Iterator[ValidationError]:  # noqa: ANN401
        """Yield the errors of the properties, checked as those of the native type."""
        path = validator.context.path.path
        if not isinstance(instance, dict) or len(path) < 2 or path[1] not in self.targets(validator.cfn):  # noqa: PLR2004
            return
        registered = validator.cfn.template["Resources"][path[1]]["Type"] in self.registry_types
        if keyword != _RESOURCE:
            yield from self._errors(validator, instance, _registry_schema() if registered else contract.exact_schema())
        elif registered:
            yield from self._enter(validator, instance)

    def _enter(self, validator: Validator, resource: dict[str, Any]) -> Iterator[ValidationError]:
        """Yield the errors of a resource of a registered type, entering its properties as E3002 does."""
        condition, properties = resource.get("Condition"), resource.get("Properties", {})
        if not isinstance(properties, dict) or properties == {"Ref": "AWS::NoValue"}:
            return  # E3002 says so of any type
        place = validator.context.path.evolve(cfn_path=deque(["Resources", resource["Type"], "Properties"]))
        context = validator.context.evolve(
            functions=list(FUNCTIONS),
            strict_types=False,
            conditions=validator.context.conditions.evolve({condition: True} if isinstance(condition, str) else {}),
            path=place.descend(path="Properties"),
        )
        function_filter = validator.function_filter.evolve(add_cfn_lint_keyword=True)
        entered = self.extend_validator(
            validator.evolve(context=context, function_filter=function_filter), {"type": "object"}, context
        )
        for error in self._validate(entered, properties):
            error.path.appendleft("Properties")
            yield error

    def _errors(
        self, validator: Validator, properties: dict[str, Any], schema: Mapping[str, Any]
    ) -> Iterator[ValidationError]:
        place = validator.context.path.evolve(cfn_path=deque(["Resources", contract.NATIVE_TYPE, "Properties"]))
        context = validator.context.evolve(strict_types=False, path=place)
        function_filter = validator.function_filter.evolve(add_cfn_lint_keyword=True)
        entered = self.extend_validator(validator.evolve(function_filter=function_filter), schema, context)
        for error in self._validate(entered, properties):
            # The message shows the pattern as the API's documentation has it.
            error.message = brief(error.message, error.instance).replace(r"\\Z'", "$'")
            if not _is_brought(error):
                yield error


@cache
def _registry_schema() -> dict[str, Any]:
    return without_service(contract.exact_schema())


_LIST = re.compile(r"is not one of (\[.*\])", re.DOTALL)


def brief(message: str, value: object = None) -> str:
    """Return cfn-lint's message with the names nearest to a value instead of a list of hundreds.

    Without `value` it is the one that the message begins with; of a function cfn-lint says only that it is one.
    """
    match = _LIST.search(message) if len(message) > LONGEST else None
    if match is None:
        return message
    listed = re.findall(r"'([^']*)'", match[1])
    words = message[: match.start()].strip()
    wrong = value if isinstance(value, str) else words.strip("'")
    near = difflib.get_close_matches(wrong, listed, 3)
    advice = f"; did you mean {' or '.join(near)}?" if near else ""
    return f"{words} is not one of the {len(listed)} allowed values{message[match.end() :]}{advice}"


def _is_brought(error: ValidationError) -> bool:
    """Tell whether an error is about a missing member of a mapping into which Fn::Transform may bring any."""
    return error.validator == "required" and isinstance(error.instance, dict) and TRANSFORM in error.instance
