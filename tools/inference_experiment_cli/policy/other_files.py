"""Files that are no policy: what they are as far as is known, and what to give instead."""

import re
from collections.abc import Mapping
from typing import Final

from iam_policy.parse.embedded import is_statement

_DUMP: Final = "give aws iam get-account-authorization-details, or get-policy-version or get-role-policy for one policy"
_ROLE: Final = "give a dump of its role, as aws iam get-account-authorization-details prints it"
_TERRAFORM: Final = "give `terraform show -json` of the plan or state"
_DOCUMENT: Final = "give a policy document, a dump of aws iam or a template"
_CONFIGURATION: Final = ("a Terraform configuration", _TERRAFORM)
# Members that tell a file -> what it is and what to give instead; the first that has them all.
_KNOWN: Final[tuple[tuple[frozenset[str], str, str], ...]] = tuple(
    (frozenset(members.split()), what, advice)
    for members, what, advice in (
        ("apiVersion kind", "a Kubernetes manifest", _DOCUMENT),
        ("FunctionName Role", "the configuration of a function", _ROLE),
        ("Configuration Code", "the configuration of a function", _ROLE),
        ("Account Arn UserId", "the identity of a caller", _ROLE),
        ("TemplateBody", "the output of get-template", "give what `--query TemplateBody` prints"),
        ("Stacks", "the output of describe-stacks", "give the template"),
        ("version artifacts", "the manifest of a CDK assembly", "give a *.template.json beside it"),
        ("version files dockerImages", "the manifest of CDK's assets", "give a *.template.json beside it"),
        ("version tree", "CDK's construct tree", "give a *.template.json beside it"),
        ("app context", "the configuration of CDK", "give a cdk.out/*.template.json"),
        ("AWSTemplateFormatVersion", "a template without Resources", _DOCUMENT),
        ("Type Properties", "one resource of a template", "give the template"),
        ("PolicyNames", "a list of names of policies", "give aws iam get-role-policy for each"),
        ("AttachedPolicies", "a list of attached policies", _DUMP),
        ("Versions", "a list of versions of a policy", "give aws iam get-policy-version"),
        ("EvaluationResults", "the result of a simulation", _DOCUMENT),
        ("PolicyVersionList", "a policy without the text of its default version", "give aws iam get-policy-version"),
        ("PolicyVersion", "a version of a policy without its text", "give aws iam get-policy-version"),
        ("terraform_version", "a Terraform file without resources", _TERRAFORM),
        ("resource_changes", "a Terraform file of another version", _TERRAFORM),
        ("resource terraform", "a Terraform configuration", _TERRAFORM),
        ("resource provider", "a Terraform configuration", _TERRAFORM),
        ("deployment version", "the state of Pulumi", _DOCUMENT),
        ("$schema contentVersion", "a template of Azure", _DOCUMENT),
        ("name scripts", "a package.json", _DOCUMENT),
        ("name dependencies", "a package.json", _DOCUMENT),
        ("name version", "a package.json or the like", _DOCUMENT),
        ("services", "a Compose file", _DOCUMENT),
        ("on jobs", "a workflow of GitHub", _DOCUMENT),
        ("openapi", "an OpenAPI document", _DOCUMENT),
        ("swagger", "an OpenAPI document", _DOCUMENT),
        ("$schema runs", "a SARIF report", _DOCUMENT),
        ("roles findings", "a report of policy check", _DOCUMENT),
    )
)
_TEXTS: Final = (
    (re.compile(r"<(!doctype|html|\?xml|[a-z]+[ >])", re.IGNORECASE), "HTML or XML", _DOCUMENT),
    (re.compile(r"(\{\s*'|\[\s*(\{\s*)?'|OrderedDict\()"), "a Python value", "print it with json.dumps"),
    (re.compile(r"(aws: \[\w+\]: |aws: )?An error occurred \("), "an error message of the AWS CLI", _DUMP),
    (re.compile(r"^[^\n{\[\"]*STATEMENT\S*\t", re.MULTILINE), "printed with --output text", "use --output json"),
    (re.compile(r"(ROLE|POLICY|USER|GROUP)[A-Z]*\t"), "printed with --output text", "use --output json"),
    (re.compile(r"```"), "Markdown", "give the JSON in it alone"),
    (re.compile(r"-{8,}\n\|"), "printed with --output table", "use --output json"),
    (re.compile(r"^[ \t]*(resource|data|provider|module|variable|output) \"[^\n{=]*\{", re.MULTILINE), *_CONFIGURATION),
    (re.compile(r"^[ \t]*(terraform|locals)\s*\{", re.MULTILINE), *_CONFIGURATION),
    (re.compile(r"(#!|(import|from|const|let|export|def|class|package|function) )"), "a program", _DOCUMENT),
    (re.compile(r"^apiVersion: ", re.MULTILINE), "a Kubernetes manifest", _DOCUMENT),
    (re.compile(r"\[[A-Za-z][\w. -]*\]\s*\n"), "an INI or TOML file", _DOCUMENT),
)
# The first bytes of a file.
ARCHIVES: Final = {
    b"PK\x03\x04": "is a zip file, as a saved plan of Terraform is: give what `terraform show -json FILE` prints",
    b"\x1f\x8b": "is a gzip file: unpack it first",
}


def of_text(text: str) -> str:
    """Return what a text that is neither JSON nor YAML of a policy is, and what to give; empty if that is not known."""
    found = next(((what, advice) for form, what, advice in _TEXTS if form.search(text[:4096])), None)
    return f"is {found[0]}: {found[1]}" if found else ""


def of_value(value: object) -> str:
    """Return what a decoded value that is no policy is, and what to give instead."""
    statements = value if isinstance(value, list) else [value]
    if statements and all(map(is_statement, statements)):
        what = "a list of statements: write them" if isinstance(value, list) else "one statement: write it"
        return f'is {what} into a policy, {{"Version": "2012-10-17", "Statement": [...]}}'
    listed = value.get("Policies") if isinstance(value, Mapping) else value
    if "PolicyVersionList" in _first(listed):
        return "has managed policies and no role: give the roles too (RoleDetailList), or one policy"
    if isinstance(value, list) and value and isinstance(value[0], Mapping) and "@level" in value[0]:
        return f"is the log of `terraform plan -json`: {_TERRAFORM}"
    return _of_mapping(value) if isinstance(value, Mapping) else f"is not a policy but {_scalar(value)}: {_DOCUMENT}"


def _of_mapping(value: Mapping[str, object]) -> str:
    if isinstance(policy := value if "PolicySummary" in value else value.get("Policy"), Mapping):
        return _of_policy(policy)
    if "Policies" in value or {"PolicyName", "Arn"} <= value.keys():
        return f"has the names of policies and not their text: {_DUMP}"
    for members, what, advice in _KNOWN:
        if members <= value.keys():
            return f"is {what}: {advice}"
    names = ", ".join(str(name)[:30] for name in list(value)[:3])
    shown = f"an object with {names}" if names else "an empty object"
    return f"is not a policy but {shown}: {_DOCUMENT}"


def _of_policy(policy: Mapping[str, object]) -> str:
    summary = policy.get("PolicySummary")
    if isinstance(summary, Mapping):
        kind = str(summary.get("Type", "policy")).replace("_", " ").lower()[:40]
        return f"is a {kind} of an organization, no policy of a role: give it with --scp"
    return f"has the name of a policy and not its text: {_DUMP}"


def _first(listed: object) -> list[object]:
    """Return the members of the first item of a list."""
    return list(listed[0]) if isinstance(listed, list) and listed and isinstance(listed[0], Mapping) else []


def _scalar(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, list):
        kinds = {_kind(each) for each in value}
        return f"a list of {kinds.pop()}" if len(kinds) == 1 else "a list" if value else "an empty list"
    if isinstance(value, str):
        return "plain text" if value.strip() else "an empty text"
    return "a number" if not isinstance(value, bool) else str(value).lower()


def _kind(value: object) -> str:
    if isinstance(value, str):
        return "texts"
    if isinstance(value, Mapping):
        return "other objects"
    if isinstance(value, list):
        return "lists"
    return "numbers" if isinstance(value, int | float) and not isinstance(value, bool) else "other values"
