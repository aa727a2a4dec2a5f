"""Invalid ARNs, resources that the actions do not support, and resources in another place."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from iam_policy.findings import Finding
from iam_policy.lint.scope import Scope, listed, suggestion
from iam_policy.match.arns import RESOURCE, SEGMENTS, compile_resource, may_overlap, split
from iam_policy.match.symbols import Symbol, Text, parts_of
from iam_policy.parse.document import COMPLETED, Item, Selector, Unknown
from iam_policy.place import Place
from iam_policy.service_data import actions
from iam_policy.service_data.regions import partitions, regions

_ACCOUNT: Final = re.compile(r"\d{12}|aws|aws-managed|cloudfront|")
# IAM itself accepts no region in ARNs of these, and only these resources of IAM. Seen in moto's recorded answers.
_REGIONLESS: Final = frozenset({"iam", "s3"})
_REGIONAL_PREFIXES: Final = ("accesspoint/", "job/", "storage-lens", "access-grants")
_VARIABLE: Final = re.compile(r"\$\{[^{}]*\}")


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


def lint_refused_resources(scope: Scope) -> Iterator[Finding]:
    """Yield the findings about Resource and NotResource for which IAM rejects the document."""
    for item, name in scope.items(scope.statement.resources):
        found = _malformed(scope, item, name)
        if found is not None and found.refused:
            yield found


def _malformed(scope: Scope, item: Item, name: str) -> Finding | None:
    """Return the finding about an entry that is no ARN, or not a whole one."""
    if name == "*":
        return None
    refused = _refusal(name)
    if refused:
        check, fault = refused
        return scope.finding("invalid-arn", f'"{name}" is not an ARN: {fault}', item, check)
    parts = _parts(name)
    return _short(scope, item, name, len(parts)) if len(parts) < SEGMENTS else None


def _lint_arn(scope: Scope, item: Item, name: str) -> Iterator[Finding]:
    malformed = _malformed(scope, item, name)
    if malformed is not None or name == "*":
        yield from [] if malformed is None else [malformed]
        return
    parts = _parts(name)
    if set(parts[2]) & set("*?"):
        message = f'write the service of "{name}" in full: IAM does not document wildcards there'
        yield scope.report("Wildcard in service name", message, item)
        return
    if compile_resource(name, variables=scope.statement.variables).wild_type and parts[2] != "s3":
        message = f'write the resource type of "{name}" in full: IAM does not document wildcards there'
        yield scope.finding("wildcard-in-type", message, item)
    for check, fault in _misfits(tuple(parts)):
        yield scope.report(check, f'"{name}": {fault}', item)


def _short(scope: Scope, item: Item, name: str, parts: int) -> Finding:
    problem, whole = f'"{name}" has {parts} of 6 parts', "arn:partition:service:region:account:resource"
    if scope.document.kind not in COMPLETED:
        advice = f"a {scope.document.kind} policy needs all of them; write {whole}"
        return scope.finding("invalid-arn", f"{problem}: {advice}", item, "Missing ARN field")
    completed = name + ":*" * (SEGMENTS - parts)
    return scope.report("Missing ARN field", f"{problem}: IAM reads it as {completed}; write {whole}", item)


def _parts(name: str) -> list[str]:
    return _VARIABLE.sub("*", name).split(":", RESOURCE)


def _refusal(name: str) -> tuple[str, str] | None:
    """Return Access Analyzer's check and the fault of a resource for which IAM refuses the policy."""
    parts = _parts(name)
    if parts[0].lower() != "arn" or len(parts) == 1:
        return "Invalid ARN prefix", 'an ARN begins with "arn:" (every resource is "*")'
    partition, service = [*parts[1:3], "", ""][:2]
    if not _is_wild(partition) and partition not in partitions():
        return "Invalid partition", f'"{partition}" is not a partition; use one of {", ".join(sorted(partitions()))}'
    if not service:
        return "Missing ARN field", "partition and service must not be empty"
    if len(parts) < SEGMENTS:
        fault = "write all six parts, arn:partition:service:region:account:resource"
        return ("Missing ARN field", fault) if "::" in name else None
    return _refused_place(service, parts)


def _refused_place(service: str, parts: list[str]) -> tuple[str, str] | None:
    region, account, resource = parts[3:]
    if re.fullmatch(r"\d+", account) and not _ACCOUNT.fullmatch(account):
        return "Invalid ARN account", f'an account has 12 digits, not "{account}"'
    if service in _REGIONLESS and not _is_wild(region) and region and not resource.startswith(_REGIONAL_PREFIXES):
        return "ARN Region not allowed", f'ARNs of {service} have no region; remove "{region}"'
    head, slash, _ = resource.partition("/")
    types = {form.split(":", RESOURCE)[RESOURCE].partition("/")[0] for form in actions.arn_forms("iam")}
    # Newer types than the data are possible, so a path with an unknown first part is not refused.
    if service == "iam" and not slash and not _is_wild(head) and head not in types:
        return "Invalid ARN resource", f'a resource of IAM is "*" or begins with its type, as in role/{head or "NAME"}'
    return None


def _is_wild(text: str) -> bool:
    return "*" in text or "?" in text


@lru_cache(maxsize=65536)
def _misfits(parts: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Return Access Analyzer's checks that an ARN fails, each with the fault."""
    _, _, service, region, account, resource = parts
    if service != service.lower() and service.lower() in actions.arn_services():
        return (("Invalid ARN service case", f'write the service as "{service.lower()}"'),)
    faults = [] if resource else [("Missing ARN field", "the resource is empty; write its name, or *")]
    if region and not _is_wild(region) and region not in regions():
        near = actions.nearest(region, regions(), 1)
        faults.append(("Invalid ARN Region", f'unknown region "{region}"{suggestion(near)}'))
    if account and not _is_wild(account) and not _ACCOUNT.fullmatch(account):
        faults.append(("Invalid ARN account", f'an account has 12 digits, not "{account}"'))
    if service not in actions.arn_services():
        near = actions.nearest(service, actions.arn_services(), 1)
        return (*faults, ("Invalid service", f'unknown service "{service}"{suggestion(near)}'))
    return (*faults, *_form_misfits(service, region, account, resource))


def _form_misfits(service: str, region: str, account: str, resource: str) -> Iterator[tuple[str, str]]:
    forms = [form.split(":", RESOURCE) for form in actions.arn_forms(service)]
    fitting = [form for form in forms if _same_resource(form[RESOURCE], resource)]
    # Services whose resources are paths of an API do not list all of them.
    if forms and not fitting and not any(form[RESOURCE].startswith("/") for form in forms):
        example = ":".join(forms[0])
        yield "Invalid ARN resource", f"{service} has no such type of resource; a valid form is {example}"
    if not fitting:
        return
    if region and not _is_wild(region) and not any(form[3] for form in fitting):
        yield "ARN Region not allowed", f'such ARNs of {service} have no region; remove "{region}"'
    if not region and all(form[3] for form in fitting):
        yield "Missing ARN Region", f"such ARNs of {service} have a region; write it, or *"
    if account and not _is_wild(account) and not any(form[4] for form in fitting):
        yield "ARN account not allowed", f'such ARNs of {service} have no account; remove "{account}"'


def _same_resource(form: str, resource: str) -> bool:
    mine, others = form.partition("*")[0], re.split(r"[*?]", resource, maxsplit=1)[0]
    if not (mine.startswith(others) or others.startswith(mine)):  # nearly always, and much faster
        return False
    return may_overlap(f"arn:aws:x:::{form}", f"arn:aws:x:::{resource}")


def _is_every(name: str, texts: Iterable[Text]) -> bool:
    """Tell whether a resource covers the ARN that requests of an action have which works on no single resource."""
    every = split(actions.every_resource(name.lower())) or ()
    return len(every) == SEGMENTS and any((split(one) or ())[2:] == every[2:] for one in texts)


def _lint_types(scope: Scope, resources: Selector) -> Iterator[Finding]:
    known = [name for name in scope.actions() if actions.action(name)]
    texts = resources.texts
    if len(texts) < len(resources.items) or "*" in texts:
        return
    single = [name for name in known if not actions.resource_patterns(name) and not _is_every(name, texts)]
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
        if not isinstance(item.text, Unknown) and not (isinstance(item.text, str) and _refusal(item.text)):
            yield from _lint_place(scope, scope.place, item, item.text)


def _lint_place(scope: Scope, place: Place, item: Item, resource: Text) -> Iterator[Finding]:
    if isinstance(parts_of(resource)[0], Symbol):
        return
    segments = compile_resource(resource, variables=True).segments or ()
    if len(segments) < SEGMENTS:
        return
    places = [("partition", 1, place.partition)]
    if f"{segments[2]}:{segments[RESOURCE]}".startswith(place.local_types):
        places += [("region", 3, place.region), ("account", 4, place.account)]
    if str(segments[2]) == "iam" and str(segments[4]) != "aws":
        places.append(("account", 4, place.account))
    for name, index, expected in places:
        if segments[index].match(expected, fold=True) is False:
            message = f'"{resource}" is in {name} {segments[index]}, not in {expected}'
            yield scope.finding(f"other-{name}", message, item)
