"""A template with the experiments and the provider functions in it."""

import re
from functools import cached_property
from typing import Final

from cfn_template.mentions import mentioned
from cfn_template.template import TemplateView
from cfn_template.values import Raw
from inference_experiment import contract

EXPERIMENT_TYPES: Final = frozenset({contract.CUSTOM_TYPE, contract.NATIVE_TYPE})
GENERIC_TYPE: Final = "AWS::CloudFormation::CustomResource"
FUNCTION_TYPES: Final = frozenset({"AWS::Lambda::Function", "AWS::Serverless::Function"})
OUR_HANDLER: Final = "inference_experiment."
CUSTOM_PREFIX: Final = "Custom::"
ALLOWED_NAME: Final = re.compile(r"[A-Za-z0-9_@-]{1,60}")  # what may come after the prefix
ALIKE: Final = 0.965  # how like ours a type name must be to be taken for a slip


class ExperimentTemplate(TemplateView):
    """A template read for its experiments."""

    @cached_property
    def experiments(self) -> list[str]:
        """The logical IDs of the experiments of either type."""
        return [name for name in self.resources if self._is_experiment(name)]

    def _is_experiment(self, name: str) -> bool:
        kind = self.type_of(name)
        return kind in EXPERIMENT_TYPES or (kind == GENERIC_TYPE and self._has_our_provider(name))

    def _has_our_provider(self, name: str) -> bool:
        """Tell whether a generic custom resource asks our function: its handler, or the token of our type, says so."""
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
        """The functions that are our provider by their handler, whether or not the template has an experiment."""
        functions = self.of_type(*FUNCTION_TYPES)
        return [name for name in functions if is_our_handler(self.resources[name].get("Properties"))]

    def _token_of(self, name: str) -> Raw:
        properties = self.resources[name].get("Properties")
        return properties.get("ServiceToken") if isinstance(properties, dict) else None


def is_our_handler(properties: Raw) -> bool:
    """Tell whether the properties of a function name our handler."""
    return isinstance(properties, dict) and str(properties.get("Handler", "")).startswith(OUR_HANDLER)
