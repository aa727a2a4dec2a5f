from collections.abc import Iterator
from typing import Any, ClassVar

from cfnlint.jsonschema import ValidationError, Validator

from inference_experiment import contract
from inference_experiment_rules._base import CUSTOM_RESOURCES
from inference_experiment_rules._cfnlint import ReenteringRule
from inference_experiment_rules._settled import Literals
from inference_experiment_rules._view import view_of
from shadow_test_policies.experiment_template import GENERIC_TYPE


class ExperimentSchema(ReenteringRule):
    """The function refuses such properties, so the stack operation fails and rolls back."""

    id = "E9501"
    shortdesc = "Properties of the custom experiment are invalid"
    description = (
        "Checks Custom::SageMakerInferenceExperiment against the provider's schema, in every region. Most "
        "findings carry the id of cfn-lint's own rule for the same mistake (E3002, E3003, E3012, E3030 ...), so "
        "the suppressions that people have for the native type work; this id is left for constraints that cfn- "
        "lint has no rule for."
    )
    source_url = CUSTOM_RESOURCES
    tags: ClassVar[list[str]] = ["sagemaker", "custom-resource", "schema"]
    as_type = contract.NATIVE_TYPE

    def __init__(self) -> None:
        super().__init__((contract.CUSTOM_TYPE, GENERIC_TYPE))
        self.literals = Literals(contract.schema())

    def validate(
        self,
        validator: Validator,
        _: object,
        instance: object,
        schema: Any,  # noqa: ANN401, ARG002 - cfn-lint's signature
    ) -> Iterator[ValidationError]:
        """Yield the errors of a resource that our provider makes."""
        path = validator.context.path.path
        if isinstance(instance, dict) and len(path) > 1 and path[1] in view_of(validator.cfn).experiments:
            yield from self.reenter(validator, instance)
