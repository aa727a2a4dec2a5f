from collections.abc import Iterator

from cfn_template.values import Text
from inference_experiment_rules._base import CUSTOM_RESOURCES, Problem, Rule, problem
from shadow_test_policies.experiment import FUNCTION_TYPES, Experiment
from shadow_test_policies.references import NOT_CALLABLE, Reference, arn_fields, reference_of


class ServiceToken(Rule):
    """CloudFormation cannot call it: the create fails, and so does every later update and delete."""

    id = "E9701"
    shortdesc = "ServiceToken is not a function ARN"
    description = (
        "ServiceToken must be the ARN of the provider's function, its alias or version, or of an SNS topic. Ref of a "
        "function returns its name; roles, buckets, queues and stacks cannot handle custom resource requests."
    )
    source_url = CUSTOM_RESOURCES
    tags = ["sagemaker", "custom-resource", "servicetoken"]

    related_types = FUNCTION_TYPES

    def check(self, experiment: Experiment) -> Iterator[Problem]:
        """Yield a problem when ServiceToken is certainly not such an ARN."""
        node = experiment.at("ServiceToken")
        if not experiment.is_custom or node is None or not node.text:
            return
        reference = reference_of(experiment.view, node)
        wrong = self._wrong_reference(reference) if reference is not None else self._wrong_text(node.text)
        if wrong:
            yield problem(node, f"{wrong}; specify the ARN of the provider's function")

    @staticmethod
    def _wrong_reference(reference: Reference) -> str:
        if reference.type in FUNCTION_TYPES and not reference.attribute:
            return f"!Ref {reference.name} returns the function's name, not its ARN (!GetAtt {reference.name}.Arn)"
        if reference.type in NOT_CALLABLE and not reference.attribute.startswith("Outputs."):
            return f"{reference.name} is of type {reference.type}, which cannot handle custom resource requests"
        return ""

    @staticmethod
    def _wrong_text(text: str | Text) -> str:
        fields = arn_fields(text)
        if fields and fields[2] not in ("lambda", "sns", "?"):
            return f"{text} is an ARN of {fields[2]}, not of a Lambda function"
        # An unresolved text may become an ARN; a literal one may not.
        return f"'{text}' is not an ARN" if isinstance(text, str) and not fields else ""
