"""What leans on parts of cfn-lint that it does not promise to keep; nothing else in rules/ does.

Measured on cfn-lint 1.52, 1.53 and 1.58 (reference: docs/cfn-lint.md). A part that is not
there gives the answer "unknown", never an exception.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

import cfnlint.data.schemas.extensions.aws_sagemaker_hosting as hosting
from cfnlint.helpers import load_resource
from cfnlint.jsonschema import ValidationError, Validator
from cfnlint.rules.jsonschema.CfnLintJsonSchema import CfnLintJsonSchema
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from cfnlint.schema.resolver import RefResolver
from cfnlint.template.template import Template

from inference_experiment import contract
from inference_experiment_rules._settled import Unsettled

# With no region given on the command line cfn-lint lints for this one; it says nothing about where people deploy.
DEFAULT_REGIONS: Final = ("us-east-1",)


def regions_of(cfn: Template) -> tuple[str, ...]:
    """Return the regions that the template is linted for."""
    return tuple(getattr(cfn, "regions", None) or DEFAULT_REGIONS)


def deployed_parameters(cfn: Template) -> list[Mapping[str, Any]]:
    """Return the parameter sets given with --parameters, parameter files or deployment files."""
    sets = getattr(cfn.context, "parameter_sets", None) or []
    return [given.parameters for given in sets if isinstance(getattr(given, "parameters", None), dict)]


def excluded_by_rules(cfn: Template, conditions: Mapping[str, bool | None]) -> bool:
    """Tell whether the template's Rules section rules a combination of conditions out."""
    decided = {name: {holds} for name, holds in conditions.items() if holds is not None}
    if not cfn.template.get("Rules") or not decided:
        return False
    return next(iter(cfn.conditions.build_scenarios(decided)), None) is None


@cache
def native_schema() -> Mapping[str, Any]:
    """Return cfn-lint's schema of the native type; us-east-1's, since 17 regions have none."""
    schema: Mapping[str, Any] = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", contract.NATIVE_TYPE).schema
    return schema


@cache
def native_type_exists(region: str) -> bool:
    """Tell whether CloudFormation has the native type in a region; a region that cfn-lint does not know has it."""
    try:
        return contract.NATIVE_TYPE in PROVIDER_SCHEMA_MANAGER.get_resource_types(region)
    except ImportError:
        return True


@cache
def priced_regions() -> tuple[str, ...]:
    """Return the regions that the price list of hosting instances knows."""
    return tuple(name for name in load_resource(hosting, "instancetype_enum.json") if "-" in name)


@cache
def hosting_instance_types(region: str) -> frozenset[str]:
    """Return the instance types that SageMaker hosting has in a region (prices), empty when unknown."""
    listed = load_resource(hosting, "instancetype_enum.json").get(region)
    return frozenset(listed.get("enum", ())) if isinstance(listed, dict) else frozenset()


class ReenteringRule(CfnLintJsonSchema):
    """Base of the rule that lets cfn-lint check a type by a schema of ours as if it were another type.

    CfnLintJsonSchema.validate() would skip every intrinsic function; this is what E3002 does instead. The findings
    keep the ids of cfn-lint's own rules, so one suppression serves both types; what has no core id gets ours.
    """

    as_type = ""
    own_schema: Mapping[str, Any] = {}

    # cfn-lint makes one of every class that it finds in a rule's file, this base included: no required argument.
    def __init__(self, types: tuple[str, ...] = ()) -> None:
        super().__init__(keywords=[f"Resources/{name}/Properties" for name in types], all_matches=True)
        self.rule_set = dict(CORE_IDS)
        self.child_rules = dict.fromkeys(CORE_IDS.values())  # the rules themselves are filled in by cfn-lint

    def reenter(self, validator: Validator, instance: Mapping[str, Any]) -> Iterator[ValidationError]:
        """Yield the errors of the properties, checked as properties of `as_type`."""
        path = validator.context.path.evolve(cfn_path=deque(["Resources", self.as_type, "Properties"]))
        left = self.left_to_check(instance)
        entered = validator.evolve(
            context=validator.context.evolve(strict_types=False, path=path),
            function_filter=validator.function_filter.evolve(add_cfn_lint_keyword=left.unmarked),
            schema=left.schema,
            resolver=RefResolver.from_schema(left.schema),
        )
        yield from self._validate(entered, instance)

    def left_to_check(self, instance: Mapping[str, Any]) -> Unsettled:
        """Return what of the schema cfn-lint has to walk."""
        place = f"Resources/{self.as_type}/Properties"
        walking = self.child_rules.get(CORE_IDS["cfnLint"])
        children = walking.child_rules.values() if walking is not None else ()
        keywords = (keyword for rule in children for keyword in getattr(rule, "keywords", ()))
        watched = [keyword for keyword in keywords if keyword.startswith(place)]
        return Unsettled(self.own_schema, watched, instance, place)


# JSON Schema keyword -> the core rule that reports it, as in cfn-lint's own E3002.
CORE_IDS: Final = {
    "additionalProperties": "E3002",
    "cfnLint": "E1101",
    "enum": "E3030",
    "maxItems": "E3032",
    "maxLength": "E3033",
    "maximum": "E3034",
    "minItems": "E3032",
    "minLength": "E3033",
    "minimum": "E3034",
    "pattern": "E3031",
    "properties": "E3002",
    "required": "E3003",
    "tagging": "E3024",
    "type": "E3012",
}
