"""The valid values of ServiceToken: the ARN of a function, its alias or version, or of an SNS topic."""

from cfn_template.nodes import Node
from cfn_template.values import SymbolicString
from shadow_test_policies.experiment import FRAMEWORK_TARGET, FUNCTION_TYPES, ExperimentTemplate
from shadow_test_policies.references import NOT_CALLABLE, Reference, arn_fields, reference_of


def wrong_service_token(view: ExperimentTemplate, node: Node | None) -> str:
    """Return why a ServiceToken is certainly not such an ARN; empty if it is or may be."""
    if node is None or not node.text:
        return ""
    framework = _framework(view, node)
    if framework:
        return framework
    reference = reference_of(view, node)
    wrong = _wrong_reference(reference) if reference is not None else _wrong_text(node.text)
    return f"{wrong}; specify the ARN of the provider's function" if wrong else ""


def _framework(view: ExperimentTemplate, node: Node) -> str:
    """Return a message if the token is the CDK provider framework's, which answers as soon as its function returns."""
    name = view.function_of(node)
    target = view.resource(name, node.scenario).at("Properties", *FRAMEWORK_TARGET) if name else None
    inner = view.function_of(target)
    if target is None or (inner is not None and view.is_ours(inner, node.scenario) is False):
        return ""
    return (
        f"{name} is the CDK provider framework, which answers CloudFormation before the experiment is ready; specify "
        f"the ARN of {f'{inner}, the function that it calls' if inner else 'the function that it calls'}"
    )


def _wrong_reference(reference: Reference) -> str:
    if reference.type in FUNCTION_TYPES and not reference.attribute:
        return f"!Ref {reference.name} returns the function's name, not its ARN (!GetAtt {reference.name}.Arn)"
    if reference.type in NOT_CALLABLE and not reference.attribute.startswith("Outputs."):
        return f"{reference.name} is of type {reference.type}, which cannot handle custom resource requests"
    return ""


def _wrong_text(text: str | SymbolicString) -> str:
    fields = arn_fields(text)
    if fields and fields[2] not in ("lambda", "sns", "?"):
        return f"{text} is an ARN of {fields[2]}, not of a Lambda function"
    # An unresolved text may become an ARN; a literal one may not.
    return f"'{text}' is not an ARN" if isinstance(text, str) and not fields else ""
