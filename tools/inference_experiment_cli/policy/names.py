"""The names that a generated policy assumes, and the options that replace them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, NamedTuple

import typer

from iam_policy.match.symbols import Text, symbols_of
from inference_experiment_cli.errors import UsageError
from shadow_test_policies.generate import DEFAULTS, leaves
from shadow_test_policies.requirements import Deployment

_NAME: Final = re.compile(r"[\w+=,.@/*-]+", re.ASCII)
_FUNCTION_LOGS: Final = "/aws/lambda/"


class Name(NamedTuple):
    """What a name is of, in words, and the option that gives it."""

    words: str
    option: str


# Symbol of a generated document -> the name; what has no symbol here is an ID that AWS makes.
NAMES: Final = {
    "InferenceExperimentName": Name("experiment", "--experiment"),
    "RoleNameWithPath": Name("role of experiments", "--experiment-role"),
    "QueueName": Name("wait queue", "--queue"),
    "DeadLetterQueueName": Name("dead-letter queue", "--dead-letter-queue"),
    "LogGroupName": Name("log group", "--log-group"),
    "StackName": Name("stack", "--stack"),
    "EndpointName": Name("endpoint", "--endpoint"),
    "EndpointConfigName": Name("endpoint configuration", "--endpoint-config"),
    "ModelName": Name("model", "--model"),
    "FunctionName": Name("function", "--function"),
    "FunctionRoleName": Name("role of the function", "--function-role"),
    "AlarmName": Name("alarm", "--alarm"),
    "DeploymentBucketAndKey": Name("object for the deployment", "--deployment-bucket"),
    "AWS::Partition": Name("partition", "--partition"),
    "AWS::Region": Name("region", "--region"),
    "AWS::AccountId": Name("account", "--account"),
}
_OPTIONS: Final = {name.option: symbol for symbol, name in NAMES.items()}
# Nothing is granted for these where they are not given: field of a deployment -> the name.
_LEFT_OUT: Final = {
    "capture_uri": Name("capture bucket", "--capture"),
    "volume_key": Name("KMS key of the storage", "--volume-key"),
}


@dataclass(frozen=True)
class NameOptions:
    """The names of resources in a generated policy; each may have wildcards."""

    queue: Annotated[str, typer.Option(metavar="NAME", help="Name of the wait queue, such as shadow-*.")] = ""
    dead_letter_queue: Annotated[str, typer.Option(metavar="NAME", help="Name of the dead-letter queue.")] = ""
    log_group: Annotated[str, typer.Option(metavar="NAME", help="Name of the function's log group.")] = ""
    stack: Annotated[str, typer.Option(metavar="NAME", help="Name of the stack. May have wildcards.")] = ""
    endpoint: Annotated[str, typer.Option(metavar="NAME", help="Name of the endpoint.")] = ""
    endpoint_config: Annotated[str, typer.Option(metavar="NAME", help="Name of the endpoint's configurations.")] = ""
    model: Annotated[str, typer.Option(metavar="NAME", help="Name of the models.")] = ""
    function: Annotated[str, typer.Option(metavar="NAME", help="Name of the provider's function.")] = ""
    function_role: Annotated[str, typer.Option(metavar="NAME", help="Name of the role of that function.")] = ""
    alarm: Annotated[str, typer.Option(metavar="NAME", help="Name of the provider's alarms.")] = ""
    deployment_bucket: Annotated[str, typer.Option(metavar="NAME", help="Bucket of the code to deploy.")] = ""

    def names(self) -> dict[str, str]:
        """Return the given names by symbol. Raises UsageError for what is no name."""
        given = {f"--{field.replace('_', '-')}": value for field, value in vars(self).items() if value}
        for option, value in given.items():
            if not _NAME.fullmatch(value):
                raise UsageError(f"{option} {value}: is not a name; write the name, which may have *")
        names = {_OPTIONS[option]: value for option, value in given.items()}
        if self.deployment_bucket:
            names["DeploymentBucketAndKey"] = f"{self.deployment_bucket}/*"
        if self.function:
            names.setdefault("LogGroupName", _FUNCTION_LOGS + self.function)
        return names


def check_used(names: Mapping[str, str], document: Mapping[str, Any], role_kind: str) -> None:
    """Raise UsageError for the name of something that the policy does not mention."""
    used = _open(document)
    for symbol, value in names.items():
        if symbol not in used and not (symbol == "LogGroupName" and "FunctionName" in names):
            raise UsageError(f"{NAMES[symbol].option} {value}: the policy of the {role_kind} names no such resource")


def assumptions(
    document: Mapping[str, Any], names: Mapping[str, str], deployment: Deployment, *, in_template: bool
) -> Iterator[str]:
    """Yield what a policy assumes beyond what was given, each with its option."""
    symbols = _open(document)
    for symbol in symbols:
        name = NAMES.get(symbol)
        if name is None or symbol in names or (in_template and symbol.startswith("AWS::")):
            continue
        default = DEFAULTS.get(symbol, "*")
        yield f"{f'any {name.words}' if default == '*' else f'{name.words} {default}'} ({name.option})"
    for field, name in _LEFT_OUT.items():
        if "EndpointConfigName" in symbols and getattr(deployment, field) is None:
            yield f"no {name.words} ({name.option})"


def _open(document: Mapping[str, Any]) -> list[str]:
    """Return the symbols of a document, each once."""
    texts: Iterator[Text] = leaves(document)
    return list(dict.fromkeys(symbol.identity for one in texts for symbol in symbols_of(one)))
