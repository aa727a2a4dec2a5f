"""Principals of trust policies: their form, their actions, and conditions that restrict who may assume the role."""

import re
from collections.abc import Iterator
from typing import Final

from iam_policy.evaluate.operators import parse_operator
from iam_policy.findings import Finding
from iam_policy.lint.scope import Scope, listed
from iam_policy.match.patterns import compile_pattern
from iam_policy.parse.document import Condition, Principal, Principals
from iam_policy.service_data import actions

_ARN: Final = r"arn:[\w-]+:"
# Users, roles and sessions, but no groups, policies or providers. Source: IAM User Guide, "AWS JSON policy elements:
# Principal", which also writes sessions with the service iam.
_AWS: Final = re.compile(
    rf"\*|\d{{12}}|A[A-Z0-9]{{15,}}"
    rf"|{_ARN}(iam|sts)::\d{{12}}:(root|(user|role)/.+|assumed-role/[^/]+/.+|federated-user/.+|self)"
)
SERVICE: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com(\.cn)?|[a-z0-9.-]+\.aws\.internal")
# The services that roles of this project are for; suggested for misspelt ones.
_DOMAIN: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+(/[\w./-]+)?", re.IGNORECASE)
_PROVIDER: Final = re.compile(rf"{_ARN}iam::\d{{12}}:(saml|oidc)-provider/(?P<name>.+)")
# Prefixes of unique IDs. Source: IAM User Guide, "IAM identifiers".
_UNIQUE_IDS: Final = {"AROA": "role", "AIDA": "user"}
_SESSION: Final = re.compile(rf"{_ARN}(sts|iam)::(?P<account>\d{{12}}):assumed-role/(?P<role>[^/]+)/.+")
_ROLE: Final = re.compile(rf"{_ARN}iam::(?P<account>\d{{12}}):role/(.*/)?(?P<role>[^/]+)")

_ASSUME, _SAML, _OIDC = "sts:assumerole", "sts:assumerolewithsaml", "sts:assumerolewithwebidentity"
_WRITTEN: Final = {
    _ASSUME: "sts:AssumeRole",
    _SAML: "sts:AssumeRoleWithSAML",
    _OIDC: "sts:AssumeRoleWithWebIdentity",
}
# A key that sets something of the session -> the action that allows setting it.
_SESSION_KEYS: Final = {
    "sts:sourceidentity": "sts:SetSourceIdentity",
    "sts:transitivetagkeys": "sts:TagSession",
    "aws:requesttag": "sts:TagSession",
    "aws:tagkeys": "sts:TagSession",
    "sts:requestcontext": "sts:SetContext",
    "sts:requestcontextproviders": "sts:SetContext",
}
_ROLES_ANYWHERE: Final = "rolesanywhere.amazonaws.com"
_ROLES_ANYWHERE_ACTIONS: Final = ("sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession")
_SOURCE_KEYS: Final = frozenset({"aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths"})
# They say where a request comes from, but not on behalf of whom a service makes it.
_WEAK_SOURCE_KEYS: Final = frozenset(
    {
        *(
            "aws:principalservicename",
            "aws:principalservicenameslist",
            "aws:referer",
            "aws:sourceip",
            "aws:sourceowner",
        ),
        *("aws:sourcevpc", "aws:sourcevpce", "aws:useragent"),
    }
)
# Of the caller's identity in an account; requests of service principals have none of them, except that IAM Roles
# Anywhere has the attributes of the certificate as aws:PrincipalTag.
_PRINCIPAL_KEYS: Final = (
    *("aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:principalorgpaths"),
    *("aws:principaltag/", "aws:principaltype", "aws:username", "aws:federatedprovider", "aws:multifactorauth"),
)
# These services assume a role only for what runs in the role's own account, where iam:PassRole allowed it.
_OWN_ACCOUNT_SERVICES: Final = frozenset(
    {"ec2.amazonaws.com", "ec2.amazonaws.com.cn", "ecs-tasks.amazonaws.com", "lambda.amazonaws.com", _ROLES_ANYWHERE}
)
# Keys of the resource that the caller asks for: here that is always the role itself.
_IRRELEVANT: Final = frozenset({"aws:resourceaccount", "aws:resourceorgid", "aws:resourceorgpaths"})
_GITHUB: Final = "token.actions.githubusercontent.com"


def lint_principals(scope: Scope) -> Iterator[Finding]:
    """Yield findings about Principal and NotPrincipal of a trust policy."""
    principals = scope.statement.principals
    if principals is None:
        return
    if principals.negated:
        message = "a trust policy cannot have NotPrincipal; name who may assume the role in Principal"
        yield scope.report("Role trust policy syntax error notprincipal", message, principals)
        if scope.allows:
            message = "Allow with NotPrincipal lets every other principal assume the role; use Principal"
            yield scope.report("Allow with NotPrincipal", message, scope.statement)
    for entry in principals.entries:
        if isinstance(entry.item.text, str) and "${" not in entry.item.text:
            yield from _lint_principal(scope, entry, entry.item.text)
    yield from _lint_sessions(scope, principals)


def _lint_principal(scope: Scope, entry: Principal, name: str) -> Iterator[Finding]:
    if name == "*" and entry.type in {"*", "AWS"}:
        yield from _lint_everybody(scope, entry)
    elif "*" in name or "?" in name:
        message = f'"{name}" is not a principal: wildcards are not supported here; list each principal'
        yield scope.report("Unsupported wildcard in principal", message, entry.item)
    elif entry.type == "Service" and not SERVICE.fullmatch(name):
        near = actions.nearest(name.partition(".")[0], actions.services(), 1)
        advice = f"did you mean {near[0]}.amazonaws.com?" if near else "write it as service.amazonaws.com"
        message = f'"{name}" is not a service principal; {advice}'
        yield scope.finding("invalid-principal", message, entry.item, "Invalid service principal format")
    elif entry.type == "AWS":
        yield from _lint_aws(scope, entry, name)
    elif entry.type == "Federated" and not _is_provider(name):
        message = f'"{name}" is not an identity provider; write its domain or the ARN of a SAML or OIDC provider'
        yield scope.report("Invalid federated principal syntax in role trust policy", message, entry.item)


def _lint_everybody(scope: Scope, entry: Principal) -> Iterator[Finding]:
    if entry.type == "*":
        message = '"Principal": "*" is not accepted in a trust policy; name the service or the account'
        yield scope.report("Role trust policy unsupported wildcard in principal", message, entry.item)
    if scope.allows and not scope.statement.conditions:
        message = "every principal can assume the role; name the service or the account"
        yield scope.finding("open-trust", message, entry.item)


def _lint_aws(scope: Scope, entry: Principal, name: str) -> Iterator[Finding]:
    if not _AWS.fullmatch(name):
        message = f'"{name}" is not an AWS principal; write an account, or the ARN of a role or user'
        yield scope.finding("invalid-principal", message, entry.item)
    elif name[:4] in _UNIQUE_IDS:
        kind = _UNIQUE_IDS[name[:4]]
        message = f'"{name}" is the unique ID of a {kind} that may be deleted; write the ARN of the {kind}'
        yield scope.report(f"Invalid {kind} reference", message, entry.item)


def _is_provider(name: str) -> bool:
    return bool(_PROVIDER.fullmatch(name) or _DOMAIN.fullmatch(name))


def _lint_sessions(scope: Scope, principals: Principals) -> Iterator[Finding]:
    """Yield sessions of roles that are principals themselves."""
    names = [(entry.item, entry.item.text) for entry in principals.entries if isinstance(entry.item.text, str)]
    roles = {(found["account"], found["role"]) for _, name in names if (found := _ROLE.fullmatch(name))}
    for item, name in names:
        session = _SESSION.fullmatch(name)
        if session and (session["account"], session["role"]) in roles:
            message = f'remove "{name}": the principal role/{session["role"]} includes all its sessions'
            yield scope.report("Redundant principal in role trust policy", message, item)


def lint_trust(scope: Scope) -> Iterator[Finding]:
    """Yield findings about the actions and conditions of a statement of a trust policy."""
    principals = scope.statement.principals
    if principals is None or principals.unknown is not None or principals.negated:
        return
    known = [(entry, entry.item.text) for entry in principals.entries if isinstance(entry.item.text, str)]
    if len(known) == len(principals.entries):
        yield from _lint_actions(scope, known)
        if scope.allows:
            yield from _lint_services(scope, [name for entry, name in known if entry.type == "Service"])
            yield from _lint_providers(scope, [name for entry, name in known if entry.type == "Federated"])
    yield from _lint_keys(scope)


def _lint_actions(scope: Scope, principals: list[tuple[Principal, str]]) -> Iterator[Finding]:
    names = [name.lower() for name in scope.actions()]
    selector = scope.statement.actions
    if selector is None or selector.negated or len(names) < len(selector.items) or not scope.allows:
        return
    possible = {written for written in _WRITTEN if any(compile_pattern(name).match(written) for name in names)}
    fitting = {written for entry, name in principals for written in _usable(entry, name)}
    unused = [written for written in _WRITTEN if written in set(names) - fitting]
    excluded = [name for entry, name in principals if _usable(entry, name) and not _usable(entry, name) & possible]
    if fitting and unused:
        shown = listed([name for _, name in principals])
        message = f"{_WRITTEN[unused[0]]} is not for {shown}: {_advice(fitting)}"
        yield scope.report("Mismatched action for principal", message, selector)
    elif excluded and possible:
        expected = {written for entry, name in principals if name in excluded for written in _usable(entry, name)}
        message = f"{listed(excluded)} cannot use {_WRITTEN[min(possible)]}: {_advice(expected)}"
        yield scope.report("Mismatched action for principal", message, selector)
    yield from _lint_missing_actions(scope, names, [name for entry, name in principals if entry.type == "Service"])


def _usable(entry: Principal, name: str) -> set[str]:
    """Return the actions by which a principal can assume a role; empty if it is not clear."""
    if entry.type in {"AWS", "Service"}:
        return {_ASSUME}
    if entry.type != "Federated" or not _is_provider(name):
        return set()
    return {_SAML} if ":saml-provider/" in name else {_OIDC}


def _advice(usable: set[str]) -> str:
    return "write " + " or ".join(_WRITTEN[name] for name in _WRITTEN if name in usable)


def _lint_missing_actions(scope: Scope, names: list[str], services: list[str]) -> Iterator[Finding]:
    selector = scope.statement.actions
    if selector is None:
        return

    def missing(action: str) -> bool:
        return not any(compile_pattern(name).match(action.lower()) for name in names)

    if _ROLES_ANYWHERE in services:
        needed = [action for action in _ROLES_ANYWHERE_ACTIONS if missing(action)]
        if needed:
            message = f"IAM Roles Anywhere also needs {listed(needed)}; add it to Action"
            yield scope.report("Missing action for roles anywhere trust policy", message, selector)
    for condition in scope.statement.conditions:
        action = _SESSION_KEYS.get(condition.key.lower().partition("/")[0])
        if action and missing(action):
            message = f"{condition.key} is never set without {action}; add {action} to Action"
            yield scope.report("Missing action for condition key", message, condition)


def _lint_services(scope: Scope, services: list[str]) -> Iterator[Finding]:
    statement = scope.statement
    if not services or any(condition.unknown is not None for condition in statement.conditions):
        return
    keys = {condition.key.lower() for condition in statement.conditions}
    for condition in statement.conditions if _ROLES_ANYWHERE not in services else ():
        if condition.key.lower().startswith(_PRINCIPAL_KEYS) and _requires(condition):
            message = (
                f"{listed(services)} never has {condition.key}, so it cannot assume the role; use aws:SourceAccount"
            )
            yield scope.report("Unsupported condition key for service principal", message, condition)
    open_services = [name for name in services if name not in _OWN_ACCOUNT_SERVICES]
    if not open_services or keys & _SOURCE_KEYS:
        return
    weak = [condition for condition in statement.conditions if condition.key.lower() in _WEAK_SOURCE_KEYS]
    for condition in weak:
        message = f"{condition.key} does not restrict {listed(services)}; use aws:SourceArn or aws:SourceAccount"
        yield scope.report("Recommended condition key for service principal", message, condition)
    if not weak:
        advice = "add a condition on aws:SourceArn or aws:SourceAccount"
        message = f"{listed(open_services)} can assume the role for anyone; {advice}"
        yield scope.report("Restrict access to service principal", message, statement)


def _requires(condition: Condition) -> bool:
    """Tell whether a condition is false for a request without the key."""
    operator = parse_operator(condition.operator)
    if operator is None or operator.if_exists or operator.quantifier == "ForAllValues":
        return False
    if operator.comparison is None:
        return [item.text for item in condition.values] == ["false"]
    return not operator.comparison.negated


def _lint_providers(scope: Scope, providers: list[str]) -> Iterator[Finding]:
    statement = scope.statement
    if any(condition.unknown is not None for condition in statement.conditions):
        return
    keys = {condition.key.lower() for condition in statement.conditions}
    for name in providers:
        found = _PROVIDER.fullmatch(name)
        domain = (found["name"] if found else name).lower()
        if ":saml-provider/" in name or not _is_provider(name):
            continue
        if not any(key.startswith(f"{domain}:") for key in keys):
            message = f"every identity of {domain} can assume the role; add a condition on {domain}:aud or {domain}:sub"
            yield scope.report("Missing condition key for oidc principal", message, statement)
        if domain.partition("/")[0] == _GITHUB:
            yield from _lint_github(scope, domain)


def _lint_github(scope: Scope, domain: str) -> Iterator[Finding]:
    conditions = scope.statement.conditions
    subjects = [condition for condition in conditions if condition.key.lower() == f"{domain}:sub"]
    if not subjects:
        message = (
            f'every repository on GitHub can assume the role; add a condition on {domain}:sub, as "repo:ORG/REPO:*"'
        )
        yield scope.report("Missing github repo condition key", message, scope.statement)
    has_branch = any(condition.key.lower() == f"{domain}:ref" for condition in conditions)
    for condition in subjects:
        operator = parse_operator(condition.operator)
        if operator is None or operator.comparison is None or operator.comparison.negated:
            continue
        for item in condition.values:
            text = item.text if isinstance(item.text, str) else ""
            repository = re.fullmatch(r"repo:[^*?/]+/[^*?:/]+:.*", text)
            if re.search("[*?]", text) and not (repository and has_branch):
                advice = "write the repository and branch, as repo:ORG/REPO:ref:refs/heads/main"
                message = f'"{text}" includes other sources; {advice}'
                yield scope.report("Specific github repo and branch recommended", message, item)


def _lint_keys(scope: Scope) -> Iterator[Finding]:
    for condition in scope.statement.conditions:
        key = condition.key.lower()
        service = key.partition(":")[0]
        of_other = service in actions.services() - {"sts"} and key not in actions.session_keys()
        if key in _IRRELEVANT or of_other:
            message = f"{condition.key} does not depend on who assumes the role; use it in the policies of the caller"
            yield scope.report("Irrelevant condition key in policy", message, condition)
        operator = parse_operator(condition.operator)
        if operator and operator.quantifier and key.endswith(":aud"):
            message = f"{condition.key} is usually one value: write {condition.operator.rpartition(':')[2]}"
            yield scope.report("Confirm audience claim type", message, condition)
