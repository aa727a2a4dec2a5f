"""Generate the smallest documents that satisfy requirements.

Documents are plain dicts whose strings may contain symbols; `as_json` fills them for a JSON policy, `as_template`
writes them as Fn::Sub for CloudFormation and SAM. Statements have no Sid, to keep the documents short.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from itertools import groupby
from typing import Any, Final

from iam_policy.match.symbols import Symbol, Symbolic, Text, fill, parts_of
from iam_policy.parse.document import VARIABLES_VERSION
from shadow_test_policies.requirements import Deployment, Level, Requirement, arn_forms, names_in, resource_of

# Defaults of a JSON policy: any region and account, names by convention.
DEFAULTS: Final[dict[str, Text]] = {
    "AWS::Partition": "aws",
    "AWS::Region": "*",
    "AWS::AccountId": "*",
    "InferenceExperimentName": "*",
    "RoleNameWithPath": "inference-experiment-*",
    "DeadLetterQueueName": "inference-experiment-*",
    "QueueName": "inference-experiment-*",
    "LogGroupName": "/aws/lambda/inference-experiment-*",
    "FunctionName": "inference-experiment-*",
    "FunctionRoleName": "inference-experiment-*",
}


def generate(requirements: Iterable[Requirement], deployment: Deployment | None = None) -> dict[str, Any]:
    """Return the smallest identity policy: one statement for each kind of resource and condition.

    What is required, and of the function's own calls also what is recommended; trust requirements are left to
    `generate_trust`.
    """
    place = deployment or Deployment()
    needed = [each for each in requirements if each.level is Level.REQUIRED or each.handlers]
    required = [each for each in needed if not each.service]
    required.sort(key=lambda each: (each.subject, _condition(each) is not None, each.action))
    statements = []
    for (subject, _), group in groupby(required, key=lambda each: (each.subject, _condition(each) is not None)):
        members = list(group)
        statement: dict[str, Any] = {
            "Effect": "Allow",
            "Action": sorted({member.action for member in members}),
            "Resource": resource_of(subject, place)[0],
        }
        condition = _condition(members[0])
        if condition:
            statement["Condition"] = condition
        statements.append(statement)
    return {"Version": VARIABLES_VERSION, "Statement": statements}


def generate_trust(requirements: Iterable[Requirement], deployment: Deployment | None = None) -> dict[str, Any]:
    """Return the trust policy: the services that must assume the role, for this account only (confused deputy)."""
    place = deployment or Deployment()
    services = sorted({each.service for each in requirements if each.service})
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": _one_or_many(services)},
        "Action": ["sts:AssumeRole"],
        "Condition": {"StringEquals": {"aws:SourceAccount": place.account}},
    }
    return {"Version": VARIABLES_VERSION, "Statement": [statement]}


def _condition(requirement: Requirement) -> Mapping[str, Any] | None:
    service = requirement.context.get("iam:PassedToService")
    return None if service is None else {"StringEquals": {"iam:PassedToService": service}}


def _one_or_many(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else values


def _changed(node: Any, change: Callable[[Text], object]) -> Any:  # noqa: ANN401 - documents nest as JSON does
    """Return a document with each text changed."""
    if isinstance(node, Mapping):
        return {key: _changed(value, change) for key, value in node.items()}
    if isinstance(node, list | tuple):
        return [_changed(value, change) for value in node]
    return change(node)


def leaves(node: Any) -> Iterator[Text]:  # noqa: ANN401 - documents nest as JSON does
    """Yield the texts of a document."""
    if isinstance(node, Mapping | list | tuple):
        for each in node.values() if isinstance(node, Mapping) else node:
            yield from leaves(each)
    else:
        yield node


def as_json(document: Mapping[str, Any], names: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return a document without symbols: the given names by symbol, the defaults, then `*`."""
    known = {**DEFAULTS, **(names or {})}
    filled: dict[str, Any] = _changed(document, lambda leaf: _close(fill(leaf, known)))
    filled["Statement"] = _merge(filled["Statement"])
    # An account is compared literally: with * the condition could never be true.
    for statement in filled["Statement"]:
        if statement.get("Condition") == {"StringEquals": {"aws:SourceAccount": "*"}}:
            del statement["Condition"]
    return filled


def _merge(statements: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Merge statements that differ only in their actions, after the resources have been named."""
    merged: dict[str, dict[str, Any]] = {}
    for statement in statements:
        rest = {key: value for key, value in statement.items() if key != "Action"}
        known = merged.setdefault(json.dumps(rest, sort_keys=True), {**statement, "Action": []})
        known["Action"] += statement["Action"]
    return [{**each, "Action": _one_or_many(sorted(set(each["Action"])))} for each in merged.values()]


def _close(leaf: Text) -> str:
    return "".join("*" if isinstance(part, Symbol) else part for part in parts_of(leaf))


def as_template(document: Mapping[str, Any], names: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return a document for CloudFormation or SAM: pseudo parameters and other symbols become Fn::Sub."""
    known = {**_template_names(), **(names or {})}
    written: dict[str, Any] = _changed(document, lambda leaf: _substitute(fill(leaf, known)))
    written["Statement"] = _merge(written["Statement"])
    return written


@cache
def _template_names() -> dict[str, Text]:
    """Return what a template has for the names in ARN forms: the convention, else any."""
    any_name = {name: "*" for form in arn_forms().values() for name in names_in(form)}
    conventions = {name: value for name, value in DEFAULTS.items() if not name.startswith("AWS::")}
    return {**any_name, "AWS::StackId": "*", **conventions}


def _substitute(leaf: Text) -> str | dict[str, str]:
    if not isinstance(leaf, Symbolic):
        return leaf
    parts = leaf.parts
    if len(parts) == 1 and isinstance(parts[0], Symbol):
        return {"Ref": parts[0].identity} if "." not in parts[0].identity else {"Fn::Sub": str(parts[0])}
    return {"Fn::Sub": "".join(_sub_part(part) for part in parts)}


def _sub_part(part: str | Symbol) -> str:
    if isinstance(part, str):
        return part.replace("${", "${!")
    known = part.identity.startswith("AWS::") or part.identity.replace(".", "").isalnum()
    return str(part) if known else "*"
