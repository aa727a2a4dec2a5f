"""Invalid ARNs, resources that the actions do not support, and resources in another place."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from iam_policy.findings import Finding
from iam_policy.lint.scope import Scope, listed
from iam_policy.match.arns import RESOURCE, SEGMENTS, compile_resource, may_overlap
from iam_policy.match.symbols import Symbol, Text, parts_of
from iam_policy.parse.document import COMPLETED, Item, Selector, Unknown
from iam_policy.place import Place
from iam_policy.service_data import actions

_ACCOUNT: Final = re.compile(r"\d{12}|aws|aws-managed|cloudfront|")
_SERVICE_END: Final = 3  # parts up to the service
_REGION: Final = 3
# Their ARNs have no region (and no account) in them.
GLOBAL_SERVICES: Final = frozenset({"iam", "s3", "route53", "cloudfront", "organizations"})
# Resources of our roles are in the account and region of the deployment; buckets, images and keys need not be.
LOCAL_TYPES: Final = ("inference-experiment/", "endpoint/", "endpoint-config/")


def lint_resources(scope: Scope) -> Iterator[Finding]:
    """Yield findings about Resource and NotResource."""
    selector = scope.statement.resources
    if selector is None:
        return
    if selector.negated and scope.allows:
        message = "Allow with NotResource grants every other resource; list the required resources in Resource"
        yield scope.finding("allow-not-resource", message, selector)
    for item, name in scope.items(selector):
        yield from _lint_arn(scope, item, name)
    if scope.allows and not selector.negated:
        yield from _lint_types(scope, selector)


def _lint_arn(scope: Scope, item: Item, name: str) -> Iterator[Finding]:
    if name == "*":
        return
    fault = _fault(name)
    if fault:
        yield scope.finding("invalid-arn", f'"{name}" is not an ARN: {fault}', item)
        return
    segments = compile_resource(name, variables=scope.statement.variables).segments or ()
    if len(segments) < SEGMENTS:
        yield _short(scope, item, name, len(segments))
        return
    if "*" in str(segments[2]) or "?" in str(segments[2]):
        message = f'write the service of "{name}" in full: IAM does not document wildcards there'
        yield scope.finding("wildcard-in-service", message, item)
    elif compile_resource(name, variables=scope.statement.variables).wild_type and str(segments[2]) != "s3":
        message = f'write the resource type of "{name}" in full: IAM does not document wildcards there'
        yield scope.finding("wildcard-in-type", message, item)


def _short(scope: Scope, item: Item, name: str, parts: int) -> Finding:
    problem, whole = f'"{name}" has {parts} of 6 parts', "arn:partition:service:region:account:resource"
    if scope.document.kind not in COMPLETED:
        advice = f"a {scope.document.kind} policy needs all of them; write {whole}"
        return scope.finding("invalid-arn", f"{problem}: {advice}", item)
    completed = name + ":*" * (SEGMENTS - parts)
    return scope.finding("short-arn", f"{problem}: IAM reads it as {completed}; write {whole}", item)


def _fault(name: str) -> str:
    if not name.lower().startswith("arn:"):
        return 'an ARN begins with "arn:" (every resource is "*")'
    parts = re.sub(r"\$\{[^}]*\}", "*", name).split(":", RESOURCE)
    if not all(parts[1:_SERVICE_END]) or (len(parts) < _SERVICE_END and not name.endswith("*")):
        return "partition and service must not be empty"
    if len(parts) < SEGMENTS:
        return ""
    _, _, service, region, account, resource = parts
    if "*" not in account and "?" not in account and not _ACCOUNT.fullmatch(account):
        return f'an account has 12 digits, not "{account}"'
    if service in GLOBAL_SERVICES and region not in {"", "*"} and not _is_regional(service, resource):
        return f'ARNs of {service} have no region; remove "{region}"'
    return ""


@cache
def _is_regional(service: str, resource: str) -> bool:
    """Whether the service has regional resources of that form too: `accesspoint/models`, of S3."""
    forms = (form.split(":", RESOURCE) for form in actions.resource_forms(service))
    return any(form[_REGION] and may_overlap(f"arn:*:x:::{form[RESOURCE]}", f"arn:*:x:::{resource}") for form in forms)


def _lint_types(scope: Scope, resources: Selector) -> Iterator[Finding]:
    known = [name for name in scope.actions() if actions.action(name)]
    texts = resources.texts
    if len(texts) < len(resources.items) or "*" in texts:
        return
    single = [name for name in known if not actions.resource_patterns(name)]
    if single:
        message = f'{listed(single)} does not support resource ARNs: write "Resource": "*" in a separate statement'
        yield scope.finding("resource-needs-star", message, scope.statement)
    wrong = [name for name in known if actions.resource_patterns(name) and not _fits(name, texts)]
    if wrong:
        form = actions.resource_patterns(wrong[0])[-1]
        message = f"the resources of this statement are of the wrong type for {listed(wrong)}: write {form}"
        yield scope.finding("resource-mismatch", message, resources)


def _fits(name: str, resources: tuple[Text, ...]) -> bool:
    forms = actions.resource_patterns(name)
    return any(may_overlap(form, resource) for resource in resources for form in forms)


def lint_places(scope: Scope) -> Iterator[Finding]:
    """Yield findings about resources in a partition, account or region other than the deployment's."""
    selector = scope.statement.resources
    if selector is None or selector.negated or scope.place is None or not scope.allows:
        return
    for item in selector.items:
        if not isinstance(item.text, Unknown) and not (isinstance(item.text, str) and _fault(item.text)):
            yield from _lint_place(scope, scope.place, item, item.text)


def _lint_place(scope: Scope, place: Place, item: Item, resource: Text) -> Iterator[Finding]:
    if isinstance(parts_of(resource)[0], Symbol):
        return
    segments = compile_resource(resource, variables=True).segments or ()
    if len(segments) < SEGMENTS:
        return
    places = [("partition", 1, place.partition)]
    if str(segments[2]) == "sagemaker" and str(segments[RESOURCE]).startswith(LOCAL_TYPES):
        places += [("region", 3, place.region), ("account", 4, place.account)]
    if str(segments[2]) == "iam" and str(segments[4]) != "aws":
        places.append(("account", 4, place.account))
    for name, index, expected in places:
        if segments[index].match(expected, fold=True) is False:
            message = f'"{resource}" is in {name} {segments[index]}, not in {expected}'
            yield scope.finding(f"other-{name}", message, item)
