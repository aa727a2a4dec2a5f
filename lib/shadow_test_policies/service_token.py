"""The valid values of ServiceToken: the ARN of the provider's function, of its alias or of its version."""

from typing import Final

from cfn_template.nodes import Node
from cfn_template.values import SymbolicString
from shadow_test_policies.experiment import FRAMEWORK_TARGET, FUNCTION_TYPES, QUALIFIED_TYPES, ExperimentTemplate
from shadow_test_policies.references import Reference, arn_fields, reference_of

SERVERLESS_FUNCTION: Final = "AWS::Serverless::Function"
# Their attributes may hold the ARN of a function that was created elsewhere.
HOLDERS: Final = ("AWS::SSM::Parameter", "AWS::CloudFormation::CustomResource")
# What AutoPublishAlias of a function makes SAM generate, as `!Ref Function.Alias`.
PUBLISHED: Final = ("Alias", "Version")
FUNCTION_FIELDS: Final = ("function", "?")


def wrong_service_token(view: ExperimentTemplate, node: Node | None) -> str:
    """Return why a ServiceToken is certainly not such an ARN; empty if it is or may be."""
    if node is None or not node.text:
        return ""
    framework = _framework(view, node)
    if framework:
        return framework
    reference = reference_of(view, node)
    wrong = _wrong_reference(view, reference, node) if reference is not None else _wrong_text(node.text)
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


def _wrong_reference(view: ExperimentTemplate, reference: Reference, node: Node) -> str:
    name = reference.name
    if reference.type == SERVERLESS_FUNCTION and reference.function == "Ref" and reference.attribute in PUBLISHED:
        published = view.resource(name, node.scenario).at("Properties", "AutoPublishAlias")
        return "" if published is not None else f"{name} has no {reference.attribute} without AutoPublishAlias"
    if reference.type in FUNCTION_TYPES and reference.function == "Ref":
        return f"!Ref {name} returns the function's name, not its ARN (!GetAtt {name}.Arn)"
    is_callable = reference.type in FUNCTION_TYPES | QUALIFIED_TYPES or reference.type.startswith(HOLDERS)
    if is_callable or not reference.type.startswith("AWS::") or reference.attribute.startswith("Outputs."):
        return ""
    return f"{name} is an {reference.type}, not a Lambda function"


def _wrong_text(text: str | SymbolicString) -> str:
    fields = arn_fields(text)
    if fields and fields[2] not in ("lambda", "?"):
        return f"{text} is an ARN of {fields[2]}, not of a Lambda function"
    if fields and fields[2] == "lambda" and fields[5].startswith("function/"):
        return f"{text} separates the function's name by / instead of :"
    if fields and fields[2] == "lambda" and not fields[5].partition(":")[0].startswith(FUNCTION_FIELDS):
        return f"{text} is an ARN of a Lambda {fields[5].partition(':')[0]}, not of a function"
    # An unresolved text may become an ARN; a literal one may not.
    return f"'{text}' is not an ARN" if isinstance(text, str) and not fields else ""
