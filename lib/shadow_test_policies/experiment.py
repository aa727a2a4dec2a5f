"""A template's experiments: the properties of one in one scenario that several rules use."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from cfn_template.mentions import mentioned
from cfn_template.nodes import Node
from cfn_template.scenarios import Scenario
from cfn_template.template import TemplateView
from cfn_template.values import Raw, SymbolicString
from inference_experiment import checks, contract

EXPERIMENT_TYPES: Final = frozenset({contract.CUSTOM_TYPE, contract.NATIVE_TYPE})
GENERIC_TYPE: Final = "AWS::CloudFormation::CustomResource"
FUNCTION_TYPES: Final = frozenset({"AWS::Lambda::Function", "AWS::Serverless::Function"})
OUR_HANDLER: Final = "inference_experiment."
CUSTOM_PREFIX: Final = "Custom::"
ALLOWED_NAME: Final = re.compile(r"[A-Za-z0-9_@-]{1,60}")  # what may come after the prefix
ALIKE: Final = 0.965  # similarity to our type name from which a type counts as misspelled


class ExperimentTemplate(TemplateView):
    """A template with its experiments."""

    @cached_property
    def experiments(self) -> list[str]:
        """The logical IDs of the experiments of either type."""
        named = self.of_type(*EXPERIMENT_TYPES, GENERIC_TYPE)
        return [name for name in named if self.type_of(name) != GENERIC_TYPE or self._has_our_provider(name)]

    def _has_our_provider(self, name: str) -> bool:
        """Tell whether a generic custom resource uses our function, by its handler or by the token of our type."""
        token = self._token_of(name)
        if token is None:
            return False
        if any(token == self._token_of(other) for other in self.of_type(contract.CUSTOM_TYPE)):
            return True
        targets = [target for kind, target in mentioned(token) if kind == "name" and target in self.resources]
        properties = [self.resources[target].get("Properties") for target in targets]
        return any(is_our_handler(raw) for raw in properties)

    @cached_property
    def provider_functions(self) -> list[str]:
        """The functions with our provider's handler, whether or not the template has an experiment."""
        functions = self.of_type(*FUNCTION_TYPES)
        return [name for name in functions if is_our_handler(self.resources[name].get("Properties"))]

    def _token_of(self, name: str) -> Raw:
        properties = self.resources[name].get("Properties")
        return properties.get("ServiceToken") if isinstance(properties, dict) else None


def is_our_handler(properties: Raw) -> bool:
    """Tell whether the properties of a function name our handler."""
    return isinstance(properties, dict) and str(properties.get("Handler", "")).startswith(OUR_HANDLER)


FULL: Final = 100  # a SamplingPercentage


def experiment_in(view: ExperimentTemplate, name: str, scenario: Scenario) -> "Experiment":
    """Return an experiment in a scenario; rules share it, and what it caches."""
    experiment: Experiment = scenario.memo.setdefault(("experiment", name), Experiment(view, name, scenario))
    return experiment


@dataclass(frozen=True, eq=False)
class Experiment:
    """An experiment of either type. Unknown values are None."""

    view: ExperimentTemplate
    name: str
    scenario: Scenario

    @property
    def is_custom(self) -> bool:
        """Whether it is of the custom type."""
        return self.view.type_of(self.name) != contract.NATIVE_TYPE

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
        return self.is_custom and self.at("ModelVariantActions") is not None

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
