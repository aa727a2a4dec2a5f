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
from cfnlint.context.conditions.exceptions import Unsatisfiable
from cfnlint.helpers import load_resource
from cfnlint.jsonschema import ValidationError, Validator
from cfnlint.rules.jsonschema.CfnLintJsonSchema import CfnLintJsonSchema
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from cfnlint.schema.resolver import RefResolver
from cfnlint.template.template import Template

from cfn_template.template import DEFAULT_REGIONS
from cfn_template.values import SUB_VARIABLE, Raw
from inference_experiment import contract
from inference_experiment_rules._settled import Answers, Literals, Unsettled

# Pseudo parameters that are one text.
PSEUDO: Final = {f"AWS::{name}" for name in ("AccountId", "Partition", "Region", "StackId", "StackName", "URLSuffix")}
# Types whose attributes are made up by templates or their transforms.
UNLIKE: Final = ("AWS::CloudFormation::", "AWS::Serverless::", "AWS::ServiceCatalog::")


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


@cache
def attribute_schema(kind: str, attribute: str, region: str) -> Mapping[str, Any]:
    """Return what cfn-lint knows of an attribute of a resource type, empty when that is nothing."""
    try:
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(region, kind)
        found: Mapping[str, Any] = schema.resolver.resolve_cfn_pointer(schema.get_atts[attribute])
    except Exception:  # noqa: BLE001 - whatever a type that is not known, or not in this region, leads to
        return {}
    return found


def _is_known(kind: str) -> bool:
    return kind.startswith("AWS::") and not kind.startswith(UNLIKE)


class WalkAnswers(Answers):
    """What cfn-lint's walk of the properties behind a validator would find in single values of them."""

    def __init__(self, validator: Validator, watching: Mapping[str, list[Any]]) -> None:
        self._validator = validator
        self._watching = watching
        self._regions = validator.context.regions
        # Where a logical id is no text cfn-lint fails at every Fn::GetAtt, and says so where it walks.
        self._sound = all(isinstance(name, str) for name in validator.context.resources)
        self._known: dict[tuple[str, object], bool] = {}

    def is_content(self, path: str, value: Raw, schema: Any) -> bool:  # noqa: ANN401 - a JSON Schema
        """Ask the rules that watch the property."""
        key = path, repr(value)
        if key not in self._known:
            self._known[key] = self._is_content(path, value, schema)
        return self._known[key]

    def _is_content(self, path: str, value: Raw, schema: Any) -> bool:  # noqa: ANN401
        context = self._validator.context
        there = context.path.evolve(cfn_path=deque(path.split("/")))
        validator = self._validator.evolve(
            context=context.evolve(strict_types=False, path=there),
            function_filter=self._validator.function_filter.evolve(add_cfn_lint_keyword=False),
        )
        try:
            return not any(True for rule in self._watching[path] for _ in rule.validate(validator, path, value, schema))
        except Exception:  # noqa: BLE001 - cfn-lint turns it into a finding where it walks
            return False

    def gives_text(self, argument: Raw, form: str | None) -> bool:
        """Look the attribute up where cfn-lint does."""
        texts = isinstance(argument, list) and len(argument) == 2 and all(isinstance(one, str) for one in argument)  # noqa: PLR2004
        resource = self._validator.context.resources.get(argument[0]) if texts else None
        kind = getattr(resource, "type", "")
        known = self._sound and _is_known(kind)
        found = [attribute_schema(kind, argument[1], region) for region in self._regions if known]
        return bool(found) and all(one.get("type") == "string" and form in (None, one.get("format")) for one in found)

    def fills(self, text: str) -> bool:
        """Look up what the variables stand for; with a resource among them cfn-lint tries no value."""
        variables = [name.strip() for name in SUB_VARIABLE.findall(text)]
        named = [name.partition(".") for name in variables if name not in PSEUDO]
        plain = "{{" not in text and text.count("${") == len(variables)
        return plain and bool(named) and all(self._is_text(name, attribute) for name, _, attribute in named)

    def _is_text(self, name: str, attribute: str) -> bool:
        return self.gives_text([name, attribute], None) if attribute else name in self._validator.context.resources

    def is_open(self, condition: Raw) -> bool:
        """Let cfn-lint assume a condition both ways."""
        key = "condition", repr(condition)
        if key not in self._known:
            conditions = self._validator.context.conditions
            self._known[key] = isinstance(condition, str) and condition in conditions.conditions
            try:
                for holds in (True, False) if self._known[key] else ():
                    conditions.evolve({condition: holds})
            except Unsatisfiable:
                self._known[key] = False
        return self._known[key]


class ReenteringRule(CfnLintJsonSchema):
    """Base of the rule that lets cfn-lint check a type by a schema of ours as if it were another type.

    CfnLintJsonSchema.validate() would skip every intrinsic function; this is what E3002 does instead. The findings
    keep the ids of cfn-lint's own rules, so one suppression serves both types; what has no core id gets ours.
    """

    as_type = ""
    literals = Literals({})

    # cfn-lint makes one of every class that it finds in a rule's file, this base included: no required argument.
    def __init__(self, types: tuple[str, ...] = ()) -> None:
        super().__init__(keywords=[f"Resources/{name}/Properties" for name in types], all_matches=True)
        self.rule_set = dict(CORE_IDS)
        self.child_rules = {GENERAL: None}

    def initialize(self, cfn: Template) -> None:
        """Get ready for a template: cfn-lint fills the child rules in next, and searches all rules for each."""
        super().initialize(cfn)
        self.child_rules = {GENERAL: None}

    def reenter(self, validator: Validator, instance: Mapping[str, Any]) -> Iterator[ValidationError]:
        """Yield the errors of the properties, checked as properties of `as_type`."""
        general = self.child_rules[GENERAL]
        self.child_rules = dict.fromkeys(CORE_IDS.values()) | (general.child_rules if general is not None else {})
        path = validator.context.path.evolve(cfn_path=deque(["Resources", self.as_type, "Properties"]))
        left = self.left_to_check(validator, instance)
        entered = validator.evolve(
            context=validator.context.evolve(strict_types=False, path=path),
            function_filter=validator.function_filter.evolve(add_cfn_lint_keyword=left.unmarked),
            schema=left.schema,
            resolver=RefResolver.from_schema(left.schema),
        )
        yield from self._validate(entered, instance)

    def left_to_check(self, validator: Validator, instance: Mapping[str, Any]) -> Unsettled:
        """Return what of the schema cfn-lint has to walk."""
        place = f"Resources/{self.as_type}/Properties"
        walking = self.child_rules.get(CORE_IDS["cfnLint"])
        watching: dict[str, list[Any]] = {}
        children: Mapping[str, Any] = walking.child_rules if walking is not None else {}
        for rule in children.values():
            for keyword in getattr(rule, "keywords", ()):
                if keyword.startswith(place):
                    watching.setdefault(keyword, []).append(rule)
        return Unsettled(self.literals, watching, instance, place, WalkAnswers(validator, watching))


# The core rule that has all of these for children, itself included.
GENERAL: Final = "E3002"
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
