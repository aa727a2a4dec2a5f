from collections.abc import Iterator
from typing import ClassVar

from cfn_template.values import Text
from inference_experiment_rules._base import CUSTOM_RESOURCES, Problem, Rule, problem
from shadow_test_policies.experiment import Experiment
from shadow_test_policies.experiment_template import FUNCTION_TYPES
from shadow_test_policies.references import NOT_CALLABLE, Reference, arn_fields, reference_of


class ServiceToken(Rule):
    """CloudFormation cannot call it: the create fails, and so does every update and delete that follows."""

    id = "E9701"
    shortdesc = "ServiceToken is not the ARN of a function"
    description = (
        "ServiceToken is the ARN of the provider's function, its alias or version, or of an SNS topic. Ref of a "
        "function gives its name; roles, buckets, queues and stacks cannot answer a custom resource."
    )
    source_url = CUSTOM_RESOURCES
    tags: ClassVar[list[str]] = ["sagemaker", "custom-resource", "servicetoken"]

    related_types = FUNCTION_TYPES

    def check(self, experiment: Experiment) -> Iterator[Problem]:
        """Yield a problem when the token certainly is something else."""
        node = experiment.at("ServiceToken")
        if not experiment.is_custom or node is None or not node.text:
            return
        reference = reference_of(experiment.view, node)
        wrong = self._wrong_reference(reference) if reference is not None else self._wrong_text(node.text)
        if wrong:
            yield problem(node, f"{wrong}; CloudFormation calls the ARN of the provider's function")

    @staticmethod
    def _wrong_reference(reference: Reference) -> str:
        if reference.type in FUNCTION_TYPES and not reference.attribute:
            return f"!Ref {reference.name} gives the function's name; write !GetAtt {reference.name}.Arn"
        if reference.type in NOT_CALLABLE and not reference.attribute.startswith("Outputs."):
            return f"{reference.name} is {reference.type}, which cannot answer a custom resource"
        return ""

    @staticmethod
    def _wrong_text(text: str | Text) -> str:
        fields = arn_fields(text)
        if fields and fields[2] not in ("lambda", "sns", "?"):
            return f"{text} is the ARN of another service ({fields[2]}), not of a Lambda function"
        # A text with holes may become an ARN; a literal one may not.
        return f"{text!r} is not an ARN" if isinstance(text, str) and not fields else ""
