"""Everything in rules/ that depends on undocumented parts of cfn-lint.

Tested with cfn-lint 1.52, 1.53 and 1.58 (reference: docs/cfn-lint.md). A missing part gives the value "unknown", never
an exception.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Final

import cfnlint.data.schemas.extensions.aws_sagemaker_hosting as hosting
from cfnlint.conditions import Conditions
from cfnlint.helpers import load_resource
from cfnlint.jsonschema import ValidationError, Validator
from cfnlint.rules import CloudFormationLintRule, Match
from cfnlint.rules.jsonschema.CfnLintJsonSchema import CfnLintJsonSchema
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from cfnlint.template.template import Template

from cfn_template.template import DEFAULT_REGIONS
from cfn_template.values import TRANSFORM
from inference_experiment import contract


def regions_of(cfn: Template) -> tuple[str, ...]:
    """Return the regions that the template is linted for."""
    return tuple(getattr(cfn, "regions", None) or DEFAULT_REGIONS)


def deployed_parameters(cfn: Template) -> list[Mapping[str, Any]]:
    """Return the parameter sets given with --parameters, parameter files or deployment files."""
    sets = getattr(cfn.context, "parameter_sets", None) or []
    return [each.parameters for each in sets if isinstance(getattr(each, "parameters", None), dict)]


def excluded_by_rules(template: Mapping[str, Any], known: Conditions, conditions: Mapping[str, bool | None]) -> bool:
    """Tell whether the template's Rules section excludes a combination of conditions."""
    decided = {name: {holds} for name, holds in conditions.items() if holds is not None}
    if not template.get("Rules") or not decided:
        return False
    return next(iter(known.build_scenarios(decided)), None) is None


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
def priced_regions() -> tuple[str, ...]:
    """Return the regions of the price list of hosting instances."""
    return tuple(name for name in load_resource(hosting, "instancetype_enum.json") if "-" in name)


@cache
def hosting_instance_types(region: str) -> frozenset[str]:
    """Return the instance types of SageMaker hosting in a region, from the price list; empty when unknown."""
    listed = load_resource(hosting, "instancetype_enum.json").get(region)
    return frozenset(listed.get("enum", ())) if isinstance(listed, dict) else frozenset()


class TemplateRule(CloudFormationLintRule):
    """Base of the rules that check a whole template."""

    def applies_to(self, cfn: Template) -> bool:  # noqa: ARG002 - the signature
        """Tell whether the rule has something to check in a template."""
        return True

    def matchall(self, filename: str, cfn: Template) -> Iterable[Match]:
        """Return the findings. cfn-lint's own method times and logs each call, also of a rule that does not apply."""
        matches: Iterable[Match] = super().matchall(filename, cfn) if self.applies_to(cfn) else ()
        return matches


class ReenteringRule(CfnLintJsonSchema):
    """Base of the rule that checks the properties of a type with another schema, as if it were another type.

    CfnLintJsonSchema.validate() skips every intrinsic function; this class does what E3002 does instead. Findings have
    the ids of cfn-lint's own rules, so that a suppression applies to both types; others have the id of this rule.
    """

    as_type = ""
    by_schema: Mapping[str, Any] = {}

    # cfn-lint instantiates every class that a rule's module imports, including this base: no argument is required.
    def __init__(self, types: tuple[str, ...] = ()) -> None:
        super().__init__(keywords=[f"Resources/{name}/Properties" for name in types], all_matches=True)
        self.rule_set = dict(CORE_IDS)
        self.child_rules = dict.fromkeys(CORE_IDS.values())  # filled by cfn-lint

    def is_target(self, cfn: Template, name: str) -> bool:  # noqa: ARG002 - the signature
        """Tell whether a resource of the keywords' types is checked."""
        return True

    def validate(self, validator: Validator, _: object, instance: Any, __: Any) -> Iterator[ValidationError]:  # noqa: ANN401
        """Yield the errors of the properties, checked as properties of `as_type`."""
        path = validator.context.path.path
        if not isinstance(instance, dict) or len(path) < 2 or not self.is_target(validator.cfn, path[1]):  # noqa: PLR2004
            return
        place = validator.context.path.evolve(cfn_path=deque(["Resources", self.as_type, "Properties"]))
        context = validator.context.evolve(strict_types=False, path=place)
        function_filter = validator.function_filter.evolve(add_cfn_lint_keyword=True)
        entered = self.extend_validator(validator.evolve(function_filter=function_filter), self.by_schema, context)
        for error in self._validate(entered, instance):
            # The message shows the pattern as the API's documentation has it.
            error.message = error.message.replace(r"\\Z'", "$'")
            if not _is_brought(error):
                yield error


def _is_brought(error: ValidationError) -> bool:
    """Tell whether an error is about a missing member of a mapping into which Fn::Transform may bring any."""
    return error.validator == "required" and isinstance(error.instance, dict) and TRANSFORM in error.instance


# JSON Schema keyword -> the cfn-lint rule that reports it, as in E3002.
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
