"""Advice that can be pasted: statements and values in the notation of the file, and for the resource they go into.

In a template the stack's own resources are written as references, unless CloudFormation would have to create each
before the other, or they are in another stack. A name that nobody here knows is a placeholder.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import yaml

from cfn_template.forms import NAMES
from cfn_template.nested import SEPARATOR
from cfn_template.values import Raw
from iam_policy.match.arns import SEGMENTS, split
from iam_policy.match.symbols import ACCOUNT, PARTITION, REGION, Symbol, Text, fill, parts_of, text
from shadow_test_policies.generate import as_json
from shadow_test_policies.physical_names import PhysicalNames
from shadow_test_policies.requirements import Deployment, arn_forms, names_in
from shadow_test_policies.role_checks import RoleCheck

# Names in ARN forms that only the user knows; of every other one, any will do.
PLACEHOLDERS: Final[Mapping[str, Text]] = {
    "DeadLetterQueueName": "<QUEUE_NAME>",
    "FunctionName": "<FUNCTION_NAME>",
    "FunctionRoleName": "<ROLE_NAME>",
    "LogGroupName": "<LOG_GROUP_NAME>",
    "QueueName": "<QUEUE_NAME>",
    "RoleNameWithPath": "<ROLE_NAME>",
}
NO_VALUE: Final = {"Ref": "AWS::NoValue"}
# The parts of a role's name that CloudFormation generates, in physical_names.
GENERATED_PARTS: Final = (" of role", " suffix")
_SHORT: Final = {"Ref", "Fn::GetAtt", "Fn::If", "Fn::ImportValue", "Fn::Sub"}
_PLAIN: Final = re.compile(r"[A-Za-z][\w:./@+-]*")


class YamlStatement(dict[str, Any]):
    """A statement for a template in YAML."""


def in_one_line(statement: Mapping[str, Any]) -> str:
    """Return a statement in one line, in the notation of its file."""
    return flow(statement) if isinstance(statement, YamlStatement) else json.dumps(statement)


@dataclass(frozen=True)
class Paste:
    """Writes what is to be pasted into a policy of `owner`, a resource of the template (none: a JSON policy)."""

    check: RoleCheck
    owner: str = ""

    @property
    def names(self) -> PhysicalNames | None:
        """The names of the template's resources."""
        return self.check.names

    @property
    def is_yaml(self) -> bool:
        """Whether the file is a template in YAML: the first key of a JSON object comes after its brace."""
        if self.names is None:
            return False
        root = self.names.view.composition.original
        marks = [getattr(each, "start_mark", None) for each in (root, next(iter(root), None))]
        places = [(mark.line, mark.column) for mark in marks if mark is not None]
        return len(places) < len(marks) or places[0] == places[1]

    def show(self, value: Any) -> str:  # noqa: ANN401 - a statement nests as JSON does
        """Return a value as the file would have it, in one line."""
        return flow(value) if self.is_yaml else json.dumps(value)

    def show_member(self, key: str, value: Any) -> str:  # noqa: ANN401 - as above
        """Return a key and its value as the file would have them."""
        return f"{_key(key)}: {flow(value)}" if self.is_yaml else f"{json.dumps(key)}: {json.dumps(value)}"

    def value(self, written: Text) -> Any:  # noqa: ANN401 - a string or a function
        """Return a text as a value of the template, or of a JSON policy."""
        if self.names is None:
            document = as_json({"Version": "", "Statement": [{"Action": [], "Value": fill(written, PLACEHOLDERS)}]})
            return document["Statement"][0]["Value"]
        return self._reference(written) or self._substituted(_with_pseudo(written, self.check.deployment))

    def statement(self, statement: Mapping[str, Any], resource: Text | None) -> Mapping[str, Any]:
        """Return a statement on a resource; in a template only while all the resources that it names exist."""
        written = dict(statement)
        if resource is not None:
            written["Resource"] = self.value(resource)
        order = ("Effect", "Principal", "Action", "Resource", "Condition")
        written = {key: written[key] for key in order if key in written}
        condition = self._condition(resource) if resource is not None else ""
        if condition:
            written = {"Fn::If": [condition, written, NO_VALUE]}
        return YamlStatement(written) if self.is_yaml else written

    def _own(self, resource: Text) -> Iterator[tuple[str, str, Text]]:
        """Yield each reference to a resource that may be named here and is this one or contains it, and the rest."""
        for name, attribute, arn in self.names.arns if self.names is not None else ():
            rest = _after(resource, arn)
            if rest is not None and self._may_name(name):
                yield name, attribute, rest

    def _reference(self, resource: Text) -> Raw:
        for name, attribute, rest in self._own(resource):
            own = self._local(name)
            if rest == "":
                return {"Ref": own} if attribute == "Ref" else {"Fn::GetAtt": [own, attribute]}
            shown = own if attribute == "Ref" else f"{own}.{attribute}"
            return {"Fn::Sub": "${" + shown + "}" + "".join(self._part(part) for part in parts_of(rest))}
        return None

    def _condition(self, resource: Text) -> str:
        """Return the condition of the resource that a statement refers to, unless its own resource has the same."""
        names = self.names
        if names is None:
            return ""
        for name, _, _ in self._own(resource):
            conditions = [names.view.resources.get(each, {}).get("Condition") for each in (name, self.owner)]
            return self._local(str(conditions[0])) if conditions[0] and conditions[0] != conditions[1] else ""
        return ""

    def _local(self, name: str) -> str:
        """Return the name that a resource or a parameter has in the file of the owner."""
        return name.rpartition(SEPARATOR)[2]

    def _may_name(self, name: str) -> bool:
        """Tell whether the owner may refer to a resource: they are in one stack, and no circle would arise."""
        names = self.names
        if names is None or name.rpartition(SEPARATOR)[0] != self.owner.rpartition(SEPARATOR)[0]:
            return False
        view = names.view
        return name != self.owner and self.owner not in view.reachable(name) and view.exists(name, names.scenario)

    def _substituted(self, leaf: Text) -> Any:  # noqa: ANN401 - as value()
        parts = parts_of(leaf)
        if parts == (leaf,):
            return leaf
        only = parts[0]
        if len(parts) == 1 and isinstance(only, Symbol):
            function, _, argument = only.identity.partition(" ")
            if function == "Fn::ImportValue" and argument:
                return {function: argument}
            shown = self._part(only)
            if not shown.startswith("${"):
                return shown
            name, _, attribute = shown[2:-1].partition(".")
            return {"Fn::GetAtt": [name, attribute]} if attribute else {"Ref": name}
        return _sub("".join(self._part(part) for part in parts))

    def _part(self, part: str | Symbol) -> str:
        """Return a part of a text for Fn::Sub; what cannot be named there is a wildcard."""
        if isinstance(part, str):
            return part.replace("${", "${!")
        name, dot, attribute = part.identity.partition(".")
        if part.identity in _FREE and part.minimum and not part.literal:
            return str(PLACEHOLDERS.get(part.identity, "*"))
        if part.identity.startswith("AWS::"):
            return "*" if part.identity == "AWS::StackId" else str(part)
        if self.names is not None and name in self.names.view.resources:
            form = NAMES.get(self.names.view.type_of(name))
            if not attribute and form is not None and form.attribute != "Ref":
                attribute = form.attribute
            shown = self._local(name) + ("." if attribute else "") + attribute
            return "${" + shown + "}" if self._may_name(name) else "*"
        is_local = name.rpartition(SEPARATOR)[0] == self.owner.rpartition(SEPARATOR)[0]
        return "${" + self._local(name) + dot + attribute + "}" if is_local and _is_name(self._local(name)) else "*"


_FREE: Final = frozenset({name for form in arn_forms().values() for name in names_in(form)})


def _is_name(name: str) -> bool:
    return name.isalnum()


def _after(whole: Text, head: Text) -> Text | None:
    """Return what a resource has after the ARN of another that is the same or contains it; None if it does not."""
    mine, own = parts_of(whole), parts_of(head)
    last = own[-1]
    if isinstance(last, str) and last.endswith(":*"):  # of a log group, whose streams it covers
        rest = _after(whole, text(*own[:-1], last.removesuffix(":*")))
        return None if rest is None else ""
    count = len(own)
    if len(mine) < count or mine[: count - 1] != own[:-1]:
        return None
    end = mine[count - 1]
    if isinstance(last, str) and isinstance(end, str) and end.startswith(last):
        rest = text(end.removeprefix(last), *mine[count:])
    elif last == end:
        rest = text(*mine[count:])
    else:
        return None
    first = parts_of(rest)[0]
    return rest if rest == "" or (isinstance(first, str) and first[0] in "/:") else None


def _with_pseudo(resource: Text, deployment: Deployment) -> Text:
    """Return an ARN with pseudo parameters for its place, without the parts of generated names."""
    own = {deployment.account: ACCOUNT, deployment.region: REGION, deployment.partition: PARTITION}
    if resource in own:
        return text(own[resource])
    fields = split(resource)
    pieces: list[Text | Symbol] = [resource]
    if fields is not None and len(fields) == SEGMENTS:
        places = {
            1: (deployment.partition, PARTITION),
            3: (deployment.region, REGION),
            4: (deployment.account, ACCOUNT),
        }
        pieces = []
        for index, field in enumerate(fields):
            value, pseudo = places.get(index, (None, None))
            pieces += [":" if index else "", pseudo if pseudo is not None and field and field == value else field]
    parts: list[str | Symbol] = []
    for part in parts_of(text(*pieces)):
        if isinstance(part, Symbol) and part.identity.endswith(GENERATED_PARTS):
            parts[-1] = str(parts[-1]).removesuffix("-")
        else:
            parts.append(part)
    return text(*parts)


def _sub(written: str) -> Raw:
    return {"Fn::Sub": written} if "${" in written else written


def flow(value: Any) -> str:  # noqa: ANN401 - a statement nests as JSON does
    """Return a value as YAML in one line, functions in their short form."""
    if isinstance(value, Mapping):
        if len(value) == 1 and next(iter(value)) in _SHORT:
            return _function(*next(iter(value.items())))
        return "{" + ", ".join(f"{_key(key)}: {flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(inner) for inner in value) + "]"
    return _scalar(str(value))


def _function(name: str, argument: Any) -> str:  # noqa: ANN401 - as above
    tag = "!" + name.removeprefix("Fn::")
    if name == "Fn::GetAtt" and isinstance(argument, list):
        return f"{tag} {'.'.join(argument)}"
    return f"{tag} {json.dumps(argument) if name == 'Fn::Sub' else flow(argument)}"


def _key(key: str) -> str:
    return json.dumps(key) if ":" in key else _scalar(key)


@lru_cache(maxsize=4096)
def _scalar(string: str) -> str:
    """Return a string plain where YAML reads it as the same string, else in quotation marks."""
    is_plain = _PLAIN.fullmatch(string) and yaml.safe_load(f"[{string}]") == [string]
    return string if is_plain else json.dumps(string)
