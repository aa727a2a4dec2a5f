"""From files to roles: policy documents, dumps of the AWS CLI, and templates; JSON or YAML, `-` for stdin."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import iam_policy
from cfn_template.documents import looks_like_json
from cfn_template.json_items import members
from cfn_template.json_reader import parse_json
from cfn_template.located import START, DocumentError, ListNode, string_node
from cfn_template.values import Path as Keys
from cfn_template.yaml_reader import parse_yaml
from iam_policy.findings import shorten
from iam_policy.parse.embedded import documents_in, is_policy, is_resource_policy
from inference_experiment_cli.errors import UsageError
from inference_experiment_cli.inputs.documents import decode, read_bytes, syntax_error
from inference_experiment_cli.inputs.parameters import check_parameters
from inference_experiment_cli.output import note
from inference_experiment_cli.policy import other_files
from inference_experiment_cli.policy.beside import (
    SERVICE_CONTROL,
    SUBJECTS,
    Beside,
    BesideOptions,
    is_named_scp,
    level_of,
    looks_like_scp,
    of_resources,
    unwrapped,
)

if TYPE_CHECKING:
    from inference_experiment_cli.policy.checks import CheckOptions
    from inference_experiment_cli.policy.dumps import DumpFile
    from inference_experiment_cli.policy.from_template import TemplateInput

LARGE: Final = 1 << 20
"""From here on a file is looked through member by member."""
MAXIMUM_YAML: Final = 4 << 20
"""Larger YAML takes minutes; no template is as large."""

# What begins like this is meant as a policy, so that a fault in it is a finding.
_COMMENT: Final = r"//[^\n]*\n|/\*[^*]*(\*(?!/)[^*]*)*\*/"
_POLICY: Final = re.compile(rf"""\s*((?:{_COMMENT})\s*)*\{{\s*["']?(Version|Id|Statement)\b""")
# As IAM's API has documents; a directive of YAML begins with % as well.
_ENCODED: Final = re.compile(r"\s*%[0-9A-Fa-f]{2}")


@dataclass(frozen=True)
class RoleInput:
    """One role of a dump or of policy documents. `is_partial`: what was not given may exist all the same."""

    role: iam_policy.Role
    file: str
    is_partial: bool = True


@dataclass
class Inputs:
    """What was read: texts by file, for comments, and the roles."""

    texts: dict[str, str] = field(default_factory=dict)
    roles: list[RoleInput] = field(default_factory=list)
    templates: list["TemplateInput"] = field(default_factory=list)
    beside: Beside = field(default_factory=Beside)

    def add(self, label: str, text: str) -> None:
        """Keep a text if it may have comments: JSON has none."""
        self.texts[label] = "" if looks_like_json(text) else text


def read_inputs(
    paths: Sequence[Path], options: "CheckOptions", role: str = "", given: BesideOptions | None = None
) -> Inputs:
    """Read files for a role of the kind that the options name. Raises UsageError.

    Policy documents together are one role: permission policies, and at most one trust policy.
    """
    inputs = Inputs()
    inputs.beside = _read_beside(inputs, given or BesideOptions(), options)
    documents: list[iam_policy.Document] = []
    for path in paths:
        found = read_file(path, inputs)
        if isinstance(found, list):
            documents += map(_of_role, found)
        elif isinstance(found, TemplateText):
            # Half of the modules are about templates.
            from inference_experiment_cli.policy.from_template import read_template  # noqa: PLC0415

            inputs.templates.append(read_template(found.value, found.label, options, role, inputs.beside))
        else:
            inputs.roles.append(RoleInput(found.select(role, options.role_kind), found.label, is_partial=False))
    _check_parameters(inputs, options.parameters)
    as_roles(inputs, documents)
    return inputs


def _check_parameters(inputs: Inputs, given: Mapping[str, str]) -> None:
    """Raise UsageError for a parameter that no template has."""
    if given and not inputs.templates:
        raise UsageError(f"--parameter {next(iter(given))}: no FILE is a template")
    declared = {name: raw for each in inputs.templates for name, raw in each.analysis.view.declared.items()}
    check_parameters(declared, {name: value for name, value in given.items() if name not in declared})


def not_given(inputs: Inputs) -> Iterator[str]:
    """Yield the policies that would limit the roles, if they exist, with their options; a dump has the boundary."""
    if inputs.beside.boundary is None and any(each.is_partial for each in inputs.roles):
        yield "permissions boundary (--boundary)"
    if not any(limit.name.startswith(SERVICE_CONTROL) for limit in inputs.beside.limits):
        yield "service control policies (--scp)"


def _of_role(document: iam_policy.Document) -> iam_policy.Document:
    """Return a document that is one of the role's. Raises UsageError for one that says it is another's."""
    if looks_like_scp(document):
        if is_named_scp(document.name):
            raise UsageError(f"{document.name}: a service control policy grants nothing; give it with --scp")
        advice = "if it is a service control policy, which grants nothing, give it with --scp"
        allows = any(statement.effect == "Allow" for statement in document.statements)
        form = "allows everything, then denies" if allows else "denies only"
        note(f"{document.name}: {form}; {advice}")
    return document


def _read_beside(inputs: Inputs, given: BesideOptions, options: "CheckOptions") -> Beside:
    def read(path: Path, kind: iam_policy.DocumentKind) -> iam_policy.Document:
        return read_policy(path, inputs, kind)

    boundary = [read(path, iam_policy.DocumentKind.BOUNDARY) for path in given.boundary or []]
    levels = [[read(path, iam_policy.DocumentKind.SCP) for path in level] for level in given.levels()]
    session = tuple(read(path, iam_policy.DocumentKind.SESSION) for path in given.session or [])
    resources = {
        name: read(path, iam_policy.DocumentKind.RESOURCE) for name in SUBJECTS for path in getattr(given, name) or []
    }
    limits = [*map(level_of, levels), *([iam_policy.Limit("session policy", session)] if session else [])]
    policies = of_resources(resources, options.role_kind, options.deployment, given.bucket_account)
    return Beside(boundary[0] if boundary else None, tuple(limits), policies)


class TemplateText(NamedTuple):
    """A file with a template, decoded."""

    label: str
    value: Any


def read_file(path: Path, inputs: Inputs) -> "DumpFile | TemplateText | list[iam_policy.Document]":
    """Return what a file has: a dump, a template, or policy documents. Raises UsageError."""
    return read_data(*read_bytes(path), inputs)


def read_data(label: str, data: bytes, inputs: Inputs) -> "DumpFile | TemplateText | list[iam_policy.Document]":
    """Return what the content of a file is. Raises UsageError."""
    if len(data) > LARGE:
        from inference_experiment_cli.policy.dumps import large_dump  # noqa: PLC0415 - as below

        dump = large_dump(data, label)
        if dump is not None:
            inputs.texts[label] = ""
            return dump
    for head, what in other_files.ARCHIVES.items():
        if data.startswith(head):
            raise UsageError(f"{label}: {what}")
    text = decode(label, data)
    node = _parsed(text, label)
    if _is_template(node):
        inputs.texts[label] = text
        return TemplateText(label, node)
    inputs.add(label, text)
    if isinstance(node, DocumentError):
        position = iam_policy.Position(node.line, node.column)
        return [iam_policy.unreadable(node.message, position, label)]
    from inference_experiment_cli.policy.dumps import dump_in  # noqa: PLC0415 - for templates it is not needed

    return dump_in(node, label) or _documents(node, label, text)


def read_policy(path: Path, inputs: Inputs, kind: iam_policy.DocumentKind) -> iam_policy.Document:
    """Return the one policy document of a kind in a file. Raises UsageError."""
    label, data = read_bytes(path)
    text = decode(label, data)
    node = _parsed(text, label)
    inputs.add(label, text)
    if isinstance(node, DocumentError):
        return iam_policy.unreadable(node.message, iam_policy.Position(node.line, node.column), label, kind)
    found = () if _is_template(node) else tuple(documents_in(unwrapped(node)))
    if len(found) != 1:
        raise UsageError(f"{label}: is not one policy document")
    return iam_policy.read_node(found[0].node, label, kind)


def _documents(node: object, label: str, text: str) -> list[iam_policy.Document]:
    """Return the policy documents in a value. Raises UsageError if it is none."""
    found = documents_in(node)
    if not found:
        raise UsageError(f"{label}: {other_files.of_text(text) or other_files.of_value(node)}")
    if any(
        is_resource_policy(each.node.value if isinstance(each.node, iam_policy.Located) else each.node)
        for each in found
    ):
        form = "the policy of a resource such as a bucket or a key (it has Principal and Resource)"
        advice = "give one of these with --bucket-policy or --key-policy"
        if not is_policy(node):  # what the AWS CLI prints for the resource
            raise UsageError(f"{label}: is {form}: {advice}, and as FILE the policies of the role")
        note(f"{label}: has the form of {form}; {advice}")
    documents = [iam_policy.read_node(each.node, label, each.kind) for each in found]
    if looks_like_json(text) and is_policy(node):
        functions = tuple(_functions(node, label, (), iam_policy.Position(1, 1)))
        documents = [replace(each, problems=(*each.problems, *functions)) for each in documents]
    return documents


def _functions(node: object, label: str, path: Keys, around: iam_policy.Position) -> Iterator[iam_policy.Finding]:
    """Yield a finding for each function of CloudFormation: IAM refuses the document."""
    mark: Any = getattr(node, "start_mark", None)
    position = iam_policy.Position(mark.line + 1, mark.column + 1) if mark else around
    if isinstance(node, Mapping):
        name = str(next(iter(node), ""))
        if len(node) == 1 and (name == "Ref" or name.startswith("Fn::")):
            message = f"IAM does not know {name}: resolve it first, or give the template"
            yield iam_policy.Finding("wrong-type", shorten(message), path, position, label)
            return
        for key, value in node.items():
            yield from _functions(value, label, (*path, str(key)), position)
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _functions(value, label, (*path, index), position)


def _parsed(text: str, label: str) -> Any:  # noqa: ANN401 - any JSON value
    """Return what a text decodes to, a DocumentError for a policy that is not JSON. Raises UsageError."""
    try:
        if looks_like_json(text) or text.lstrip().startswith('"') or _ENCODED.match(text):
            return _json(text)
        if len(text) > MAXIMUM_YAML:
            raise UsageError(f"{label}: is too large to be read as YAML: print it with --output json")
        return parse_yaml(text)
    except DocumentError as error:
        other = other_files.of_text(text)
        if other:
            raise UsageError(f"{label}: {other}") from error
        if error.code == "invalid-json" and _POLICY.match(text):
            return error
        raise syntax_error(label, error) from error


def _json(text: str) -> Any:  # noqa: ANN401 - any JSON value
    """Parse JSON, values one after the other as a list, and text that encodes JSON. Raises DocumentError."""
    if _ENCODED.match(text):
        return string_node(text, START)
    try:
        return parse_json(text)
    except DocumentError as error:
        if error.code != "invalid-json":
            raise
        with suppress(DocumentError):
            return ListNode(each.slice.parse() for each in members(text.encode()))
        # A template in braces may be YAML; IAM takes a policy in braces as JSON only.
        with suppress(DocumentError):
            if _is_template(value := parse_yaml(text)):
                return value
        raise


def _is_template(node: object) -> bool:
    return isinstance(node, Mapping) and isinstance(node.get("Resources"), Mapping)


def as_roles(inputs: Inputs, documents: list[iam_policy.Document]) -> None:
    """Attach documents to the one role of a dump, or make a role of them."""
    trust = [each for each in documents if each.kind is iam_policy.DocumentKind.TRUST]
    identity = tuple(each for each in documents if each.kind is not iam_policy.DocumentKind.TRUST)
    if len(trust) > 1:
        raise UsageError(f"{trust[1].name}: a role has one trust policy, {trust[0].name} is another")
    if not documents:
        return
    if len(inputs.roles) > 1 or inputs.templates:
        raise UsageError("policy documents belong to one role of a dump: select it with --role")
    new = RoleInput(iam_policy.Role("the role"), documents[0].name)
    given = inputs.roles[0] if inputs.roles else new
    known = given.role.policies
    # Identity policies are what `aws iam get-role` does not show.
    unknown = () if identity else known.unknown
    policies = iam_policy.Policies((*known.identity, *identity), known.boundary, unknown)
    role = replace(given.role, policies=policies, trust=trust[0] if trust else given.role.trust)
    inputs.roles = [replace(given, role=role)]
