"""A template's experiments: the properties of one in one scenario that several rules use."""

import difflib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, TypeVar

from cfn_template.mentions import mentioned
from cfn_template.nested import Composition
from cfn_template.nodes import Node
from cfn_template.scenarios import Scenario
from cfn_template.template import TemplateView
from cfn_template.values import Path, Raw, SymbolicString, Unresolved
from inference_experiment import checks, contract
from shadow_test_policies.registry_type import REGISTRY_TYPE, REGISTRY_TYPES

EXPERIMENT_TYPES: Final = frozenset({contract.CUSTOM_TYPE, contract.NATIVE_TYPE, REGISTRY_TYPE})
GENERIC_TYPE: Final = "AWS::CloudFormation::CustomResource"
FUNCTION_TYPES: Final = frozenset({"AWS::Lambda::Function", "AWS::Serverless::Function"})
QUALIFIED_TYPES: Final = frozenset({"AWS::Lambda::Alias", "AWS::Lambda::Version"})
MAXIMUM_HOPS: Final = 3  # token, alias, version, function
OUR_HANDLER: Final = re.compile(r"(?:^|[./])inference_experiment\.")
OUR_EXPORT: Final = re.compile(r"inference-?experiment(?:(?!inference-?experiment).)*ServiceToken$", re.IGNORECASE)
SUBJECT: Final = "inference[-_]?experiment"  # in every template that has to do with experiments, in any case
OUR_CODE: Final = re.compile(r"inference[-_]experiment")
QUEUE_VARIABLE: Final = "WAIT_QUEUE_URL"
# Where the provider framework of the CDK has the function that it calls.
FRAMEWORK_TARGET: Final = ("Environment", "Variables", "USER_ON_EVENT_FUNCTION_ARN")
CUSTOM_PREFIX: Final = "Custom::"
ALLOWED_NAME: Final = re.compile(r"[A-Za-z0-9_@-]{1,60}")  # what may come after the prefix
OWN_PROPERTIES: Final = frozenset({"ModelVariants", "ShadowModeConfig"})
CUSTOM_TYPES: Final = re.compile(CUSTOM_PREFIX + ALLOWED_NAME.pattern)
ALIKE: Final = 0.965  # similarity to our type name from which a type counts as misspelled
Found = TypeVar("Found")


class ExperimentTemplate(TemplateView):
    """A template with its experiments.

    `composition` tells which of its resources are those of nested stacks, `registry_types` under which names the
    registry type is known.
    """

    composition = Composition("", {})
    registry_types = REGISTRY_TYPES

    @classmethod
    def of(
        cls,
        composition: Composition,
        registry_types: frozenset[str] = REGISTRY_TYPES,
        **options: Any,  # noqa: ANN401 - those of the class
    ) -> "ExperimentTemplate":
        """Return the view of a template with its nested stacks."""
        view = cls(composition.template, **options)
        view.composition = composition
        view.registry_types = registry_types
        return view

    def across(
        self, find: "Callable[[ExperimentTemplate], Iterable[Found]]", path_of: Callable[[Found], Path]
    ) -> "Iterator[tuple[Found, Path]]":
        """Yield what `find` finds, with the place in the template's own file.

        What is wrong in the file of a nested stack alone is reported there, not for each parent.
        """
        alone: dict[str, set[Path]] = {}
        for found in find(self):
            stack, inside = self.composition.inner(path_of(found))
            if stack and stack not in alone:
                alone[stack] = {path_of(each) for each in find(self.child(stack))}
            if not stack or inside not in alone[stack]:
                yield found, self.composition.place(path_of(found))

    def child(self, stack: str) -> "ExperimentTemplate":
        """Return the view of a nested stack alone."""
        key = "child", stack
        if key not in self.memo:
            self.memo[key] = ExperimentTemplate.of(
                self.composition.children[stack], self.registry_types, regions=self.regions
            )
        view: ExperimentTemplate = self.memo[key]
        return view

    @cached_property
    def experiments(self) -> list[str]:
        """The logical IDs of the experiments of any type, and of custom resources of other types that use ours."""
        known = EXPERIMENT_TYPES | self.registry_types
        kinds = {name: self.type_of(name) for name in self.resources}
        return [name for name, kind in kinds.items() if kind in known or self._has_our_provider(name, kind)]

    def is_custom(self, name: str) -> bool:
        """Tell whether a resource is of a type that is neither the native one nor registered: a custom resource."""
        return self.type_of(name) not in {contract.NATIVE_TYPE, *self.registry_types}

    def _has_our_provider(self, name: str, kind: str) -> bool:
        """Tell whether a custom resource certainly uses our function: by its handler, or by the token of our type."""
        is_custom = kind == GENERIC_TYPE or CUSTOM_TYPES.fullmatch(kind)
        token = self._token_of(name) if is_custom and not is_misspelt(kind) else None
        if token is None:
            return False
        serving = [self.is_ours(function, self._defaults) for function in self._functions_in(token)]
        text = Node(self._defaults, token, ()).text
        only = text.only_unresolved if isinstance(text, SymbolicString) else None
        if serving or (only and only.function == "Fn::ImportValue" and OUR_EXPORT.search(only.argument)):
            return all(serving)
        # A function may serve other resources too.
        alike = not OWN_PROPERTIES.isdisjoint(self.resources[name]["Properties"])
        return alike and any(token == self._token_of(other) for other in self.of_type(contract.CUSTOM_TYPE))

    @cached_property
    def _defaults(self) -> Scenario:
        return self.deployment({})

    def _functions_in(self, raw: Raw, depth: int = 0) -> Iterator[str]:
        """Yield the functions that a raw value names, by alias or version too, or that CDK's framework calls for it."""
        for name in {name for kind, name in mentioned(raw) if kind == "name"}:
            properties = self.resource(name, self._defaults).get("Properties") if name in self.resources else None
            inner = properties.at(*FRAMEWORK_TARGET) if properties is not None else None
            behind = properties.get("FunctionName") if properties and self.type_of(name) in QUALIFIED_TYPES else inner
            if behind is not None and depth < MAXIMUM_HOPS:
                yield from self._functions_in(behind.raw, depth + 1)
            elif self.type_of(name) in FUNCTION_TYPES:
                yield name

    def function_of(self, node: Node | None, depth: int = 0) -> str | None:
        """Return the function of this template behind an ARN or name: itself, its alias or its version."""
        text = node.text if node is not None and depth <= MAXIMUM_HOPS else None
        for part in text.parts if isinstance(text, SymbolicString) and node is not None else ():
            name = part.argument.partition(".")[0] if isinstance(part, Unresolved) else ""
            if self.type_of(name) in FUNCTION_TYPES:
                return name
            if self.type_of(name) in QUALIFIED_TYPES and node is not None:
                return self.function_of(self.resource(name, node.scenario).at("Properties", "FunctionName"), depth + 1)
        return None

    def provider_of(self, token: Node | None) -> str | None:
        """Return the function of this template behind a ServiceToken, unless it is certainly not ours."""
        name = self.function_of(token)
        foreign = name is None or token is None or self.is_ours(name, token.scenario) is False
        return None if foreign else name

    def is_ours(self, function: str, scenario: Scenario) -> bool | None:
        """Tell whether a function is our provider; None if it may be, such as one in a container image."""
        properties = self.resource(function, scenario).get("Properties")
        variables = properties.at("Environment", "Variables") if properties is not None else None
        handler = properties.get("Handler") if properties is not None else None
        # A wrapper of an agent has the handler that it calls in a variable.
        texts = [node.literal or "" for node in (handler, *(variables.members.values() if variables else ())) if node]
        if any(map(OUR_HANDLER.search, texts)):
            return True
        if handler is None or handler.literal is None or (variables and variables.get(QUEUE_VARIABLE)):
            return None
        code = [str(node.raw) for name in ("Code", "CodeUri") if (node := properties.get(name))] if properties else []
        return None if any(map(OUR_CODE.search, code)) else False

    @cached_property
    def provider_functions(self) -> list[str]:
        """The functions that are our provider, whether or not the template has an experiment."""
        return [name for name in self.of_type(*FUNCTION_TYPES) if self.is_ours(name, self._defaults)]

    @cached_property
    def serving_functions(self) -> list[str]:
        """The functions that are our provider, and those behind experiments that may be it."""
        tokens = [self._token_of(name) for name in self.experiments]
        behind = {function for token in tokens for function in self._functions_in(token)}
        found = {name for name in behind if self.is_ours(name, self._defaults) is not False}
        return [name for name in self.of_type(*FUNCTION_TYPES) if name in found or name in self.provider_functions]

    def _token_of(self, name: str) -> Raw:
        properties = self.resources[name].get("Properties")
        return properties.get("ServiceToken") if isinstance(properties, dict) else None


def is_misspelt(kind: str) -> bool:
    """Tell whether the name of a type is similar to that of our custom type, but is not the same."""
    matcher = difflib.SequenceMatcher(None, kind.lower(), contract.CUSTOM_TYPE.lower())
    return kind != contract.CUSTOM_TYPE and matcher.quick_ratio() > ALIKE and matcher.ratio() > ALIKE


FULL: Final = 100  # a SamplingPercentage


def experiment_in(view: ExperimentTemplate, name: str, scenario: Scenario) -> "Experiment":
    """Return an experiment in a scenario; rules share it, and what it caches."""
    experiment: Experiment = scenario.memo.setdefault(("experiment", name), Experiment(view, name, scenario))
    return experiment


@dataclass(frozen=True, eq=False)
class Experiment:
    """An experiment of any type. Unknown values are None."""

    view: ExperimentTemplate
    name: str
    scenario: Scenario

    @property
    def is_native(self) -> bool:
        """Whether it is of the native type, and has not the lifecycle of this project."""
        return self.view.type_of(self.name) == contract.NATIVE_TYPE

    @property
    def is_custom(self) -> bool:
        """Whether it is a custom resource, for which a function of the ServiceToken works."""
        return self.view.is_custom(self.name)

    @cached_property
    def resource(self) -> Node:
        """The whole resource."""
        return self.view.resource(self.name, self.scenario)

    def at(self, *keys: str | int) -> Node | None:
        """Return a property, by names and positions."""
        return self.resource.at("Properties", *keys)

    @cached_property
    def variants(self) -> list[Node] | None:
        """The elements of ModelVariants, when all of them are known."""
        listed = self.at("ModelVariants")
        return listed.items if listed else None

    @cached_property
    def variant_names(self) -> list[Node] | None:
        """The VariantNames of ModelVariants, when all of them are known texts."""
        names = [variant.get("VariantName") for variant in self.variants or []]
        known = [name for name in names if name is not None and name.text is not None]
        return known if known and len(known) == len(names) else None

    @cached_property
    def source(self) -> Node | None:
        """The name of the production variant."""
        return self.at("ShadowModeConfig", "SourceModelVariantName")

    @cached_property
    def shadow(self) -> Node | None:
        """The name of the shadow variant."""
        return self.at("ShadowModeConfig", "ShadowModelVariants", 0, "ShadowModelVariantName")

    @cached_property
    def desired_state(self) -> str | SymbolicString | None:
        """DesiredState; empty when it is left out, None when it is not known."""
        node = self.at("DesiredState")
        return "" if node is None else node.text

    @property
    def is_ending(self) -> bool:
        """Whether DesiredState ends the experiment."""
        return self.desired_state in checks.ENDING_STATES

    def variant(self, name: Node | None) -> Node | None:
        """Return the element of ModelVariants with a name."""
        named = zip(self.variant_names or [], self.variants or [], strict=False)
        return next((variant for each, variant in named if name is not None and each.text == name.text), None)

    @cached_property
    def instance_types(self) -> list[Node]:
        """The InstanceType of each variant that has one."""
        path = "InfrastructureConfig", "RealTimeInferenceConfig", "InstanceType"
        return [node for variant in self.variants or [] if (node := variant.at(*path)) is not None]

    @property
    def sampling(self) -> Node | None:
        """SamplingPercentage of the shadow variant."""
        return self.at("ShadowModeConfig", "ShadowModelVariants", 0, "SamplingPercentage")

    @property
    def has_actions(self) -> bool:
        """Whether ModelVariantActions is specified (or may be)."""
        return not self.is_native and self.at("ModelVariantActions") is not None

    @property
    def drops_production(self) -> bool:
        """Whether ending the experiment removes the production variant, which is left out of ModelVariants."""
        names = [name.text for name in self.variant_names or []]
        known = bool(names) and all(isinstance(name, str) for name in names)
        source, shadow = (node.literal if node else None for node in (self.source, self.shadow))
        return self.is_ending and known and source is not None and source not in names and shadow in names

    @property
    def promotes(self) -> bool:
        """Whether the template promotes the shadow variant."""
        if self.has_actions:
            shadow = self.shadow.literal if self.shadow else None
            action = self.at("ModelVariantActions", shadow) if shadow else None
            return action is not None and action.literal == "Promote"
        return self.drops_production
