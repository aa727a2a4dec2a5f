"""What leans on parts of cfn-lint that it does not promise to keep; nothing else in rules/ does.

Measured on cfn-lint 1.52, 1.53 and 1.58 (reference: docs/cfn-lint.md). A part that is not
there gives the answer "unknown", never an exception.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

import cfnlint.data.schemas.extensions.aws_sagemaker_hosting as hosting
from cfnlint.conditions import Conditions
from cfnlint.helpers import load_resource
from cfnlint.jsonschema import ValidationError, Validator
from cfnlint.rules.jsonschema.CfnLintJsonSchema import CfnLintJsonSchema
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from cfnlint.template.template import Template

from cfn_template.template import DEFAULT_REGIONS
from inference_experiment import contract


def regions_of(cfn: Template) -> tuple[str, ...]:
    """Return the regions that the template is linted for."""
    return tuple(getattr(cfn, "regions", None) or DEFAULT_REGIONS)


def deployed_parameters(cfn: Template) -> list[Mapping[str, Any]]:
    """Return the parameter sets given with --parameters, parameter files or deployment files."""
    sets = getattr(cfn.context, "parameter_sets", None) or []
    return [given.parameters for given in sets if isinstance(getattr(given, "parameters", None), dict)]


def excluded_by_rules(template: Mapping[str, Any], known: Conditions, conditions: Mapping[str, bool | None]) -> bool:
    """Tell whether the template's Rules section rules a combination of conditions out."""
    decided = {name: {holds} for name, holds in conditions.items() if holds is not None}
    if not template.get("Rules") or not decided:
        return False
    return next(iter(known.build_scenarios(decided)), None) is None


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
    """Base of the rule that has cfn-lint check the properties of a type by our schema, as if it were another type.

    CfnLintJsonSchema.validate() skips every intrinsic function; this is what E3002 does instead. Findings have the ids
    of cfn-lint's own rules, so that one suppression serves both types; what has no core id gets the rule's own.
    """

    as_type = ""
    by_schema: Mapping[str, Any] = {}

    # cfn-lint instantiates every class that a rule's file imports, also this base: no argument is required.
    def __init__(self, types: tuple[str, ...] = ()) -> None:
        super().__init__(keywords=[f"Resources/{name}/Properties" for name in types], all_matches=True)
        self.rule_set = dict(CORE_IDS)
        self.child_rules = dict.fromkeys(CORE_IDS.values())  # cfn-lint fills in the rules

    def applies_to(self, cfn: Template, name: str) -> bool:  # noqa: ARG002 - the signature
        """Tell whether a resource of the keywords' types is checked."""
        return True

    def validate(self, validator: Validator, _: object, instance: Any, __: Any) -> Iterator[ValidationError]:  # noqa: ANN401
        """Yield the errors of the properties, checked as properties of `as_type`."""
        path = validator.context.path.path
        if not isinstance(instance, dict) or len(path) < 2 or not self.applies_to(validator.cfn, path[1]):  # noqa: PLR2004
            return
        place = validator.context.path.evolve(cfn_path=deque(["Resources", self.as_type, "Properties"]))
        context = validator.context.evolve(strict_types=False, path=place)
        function_filter = validator.function_filter.evolve(add_cfn_lint_keyword=True)
        entered = self.extend_validator(validator.evolve(function_filter=function_filter), self.by_schema, context)
        yield from self._validate(entered, instance)


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
