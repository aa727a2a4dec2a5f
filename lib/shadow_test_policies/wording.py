"""The messages of permission findings: what is missing, why, and the statement to add.

Each function takes the check first and the maximum length last. A list of actions is cut between two
actions; the advice at the end is kept.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import iam_policy
from cfn_template.scenarios import shorten
from iam_policy import Outcome
from iam_policy.evaluate.decision import BOUNDARY, Step
from iam_policy.match.arns import SEGMENTS, split
from iam_policy.match.symbols import ACCOUNT, PARTITION, REGION, Symbol, Text, parts_of, text
from shadow_test_policies.decisions import Result
from shadow_test_policies.generate import as_json, as_template
from shadow_test_policies.requirements import Deployment
from shadow_test_policies.resource_policies import ResourcePolicy
from shadow_test_policies.role_checks import RoleCheck

# The same for all resources of a stack.
HOME: Final = re.compile(
    r"arn:(\$\{AWS::Partition\}|aws[a-z-]*):[a-z0-9]+:(\$\{AWS::Region\})?:(\$\{AWS::AccountId\})?:"
)
# The form of a role name that CloudFormation generates, in physical_names.
GENERATED: Final = re.compile(r"(\$\{\w+\})-\$\{\w+ of role\}-\$\{\w+ suffix\}")
GENERATED_PARTS: Final = (" of role", " suffix")


def not_here(check: RoleCheck, limit: int) -> str:
    """Return the message for a role or policies outside the template."""
    problem = f"{check.role_name} is not in this template"
    if check.role:
        problem = f"no policy in this template is attached to {check.role_name}"
    dump = "`aws iam get-account-authorization-details`"
    command = f"`inference-experiment policy check --for {check.kind}`"
    return shorten(f"{problem}; check a dump of {dump} with {command}", limit)


def undecided(results: Sequence[Result], check: RoleCheck, limit: int) -> str:
    """Return the message for undecidable requirements, with what would decide them."""
    first = results[0]
    ways = dict.fromkeys(way for result in results for way in iam_policy.settles(result.decision))
    settled_by = readable("; ".join(ways)) or "the policies that are not given here"
    if any(step.limit == BOUNDARY and step.statement.unknown for step in first.decision.steps):
        settled_by += "; give the boundary with `inference-experiment policy check --boundary`"

    def form(actions: str) -> str:
        what = f"{check.role_name} is allowed {actions}"
        if len({result.resource for result in results}) == 1:
            what += readable(f" on {first.resource}")
        if first.requirement.service:
            what = f"{first.requirement.service} can assume {check.role_name}"
        return f"cannot decide whether {what}: settled by {settled_by}"

    return _fit_actions(results, limit, form)


def foreign_key(results: Sequence[Result], check: RoleCheck, limit: int) -> str:
    """Return the message for a key in another account whose policy is not known."""
    key = results[0].resource
    return _fit_actions(
        results,
        limit,
        lambda actions: (
            f"cannot decide whether {check.role_name} is allowed {actions}: the key policy of {key}, "
            "which is in another account, must allow it too; give it with --key-policy"
        ),
    )


def no_key_policy(results: Sequence[Result], check: RoleCheck, limit: int) -> str:
    """Return the message for a key whose policy is not known."""
    key = readable(str(results[0].resource))
    return _fit_actions(
        results,
        limit,
        lambda actions: (
            f"{check.role_name} is allowed {actions} by its own policies, but only if the key policy of "
            f"{key} names it or its account; give it with `inference-experiment policy check --key-policy`"
        ),
    )


def misplaced(results: Sequence[Result], policy: str, check: RoleCheck, limit: int) -> str:
    """Return the message for a policy with the missing permissions on another role."""
    role = check.role_name
    return _fit_actions(
        results, limit, lambda actions: f"{policy} grants {actions} but is not attached to {role}; attach it to {role}"
    )


def denied_by_resource(results: Sequence[Result], policy: ResourcePolicy, check: RoleCheck, limit: int) -> str:
    """Return the message for what the policy of a bucket or key takes away."""
    role, what = check.role_name, "key policy" if policy.is_of_key else "bucket policy"
    explicit = any(result.decision.outcome is Outcome.EXPLICIT_DENY for result in results)
    verb, advice = "does not allow", f"add a statement with the ARN of {role} as principal, or with the account's root"
    if explicit:
        verb, advice = "denies", "narrow the Deny"
    return _fit_actions(
        results, limit, lambda actions: f"the {what} of {policy.resource} {verb} {role} {actions}; {advice}"
    )


def grants_itself(policy: str, check: RoleCheck, limit: int) -> str:
    """Return the message for a policy that lets a role change the policies of every role."""
    message = f"{policy} lets {check.role_name} change the policies of every role, so give itself every permission"
    return shorten(f"{message}; grant the required actions only", limit)


def open_to_everybody(resource: str, check: RoleCheck, limit: int) -> str:  # noqa: ARG001 - as the others
    """Return the message for a bucket or key policy that lets every principal in."""
    return shorten(f"every principal can use {resource}; name the principals, or add a condition", limit)


def too_long_together(length: int, most: int, check: RoleCheck, limit: int) -> str:
    """Return the message for inline policies that are too long in total."""
    message = f"the inline policies of {check.role_name} have {length:,} characters in total, {most:,} are allowed"
    return shorten(f"{message}: move statements to managed policies", limit)


def of_cause(reason: str, results: Sequence[Result], step: Step | None, check: RoleCheck, limit: int) -> str:
    """Return the message for missing permissions on one kind of resource."""
    role, first = check.role_name, results[0]
    label = step.statement.label if step else ""
    why = readable(f"{label}: {iam_policy.why(step, first.decision.request)}") if step else ""
    target = readable(str(first.resource))
    on_target = f" on {target}" if len({str(result.resource) for result in results}) == 1 else ""
    if reason in {"source-never-matches", "missing-trust"}:
        return shorten(_trust(reason, why, first, check), limit)
    if reason == "explicit-deny":
        return _fit_actions(
            results, limit, lambda actions: f"{label} denies {role} {actions}{on_target}; narrow the Deny"
        )
    if reason == "boundary-denies":
        boundary = f"the permissions boundary of {role} does not allow"
        return _fit_actions(results, limit, lambda actions: f"{boundary} {actions}{on_target}; add it there")
    if reason == "limit-denies":
        name = first.decision.exceeded
        return _fit_actions(
            results, limit, lambda actions: f"{name} does not allow {role} {actions}{on_target}; add it there"
        )
    if reason == "missing-permission":
        return _missing(results, target, check, limit)
    statement = statement_for(results, check)
    advice = f"write {_shown(statement.get('Resource'), check)}"
    if reason == "condition-never-true":
        advice = f"move {'it' if len(results) == 1 else 'them'} to a statement without that condition"
        if "Condition" in statement:
            advice = f"write Condition: {_shown(statement['Condition'], check)}"
    return _fit_actions(
        results,
        limit,
        lambda actions: f"{why}: {role} lacks {actions}; {advice}",
        lambda actions: f"{label}: {role} lacks {actions}; {advice}",
    )


def _trust(reason: str, why: str, result: Result, check: RoleCheck) -> str:
    service = result.requirement.service
    if reason == "source-never-matches":
        return f"trust statement for {service} can never match: {why}; correct the condition"
    statement = _shown(statement_for([result], check), check)
    return f"{service} cannot assume {check.role_name}{': ' + why if why else ''}; add to its trust policy: {statement}"


def _missing(results: Sequence[Result], target: str, check: RoleCheck, limit: int) -> str:
    style = "cloudformation" if check.names else "json"
    hint = f"`inference-experiment policy generate --for {check.kind} --format {style}` prints what to add"
    statement = _shown(statement_for(results, check), check)
    role = check.role_name
    whole = f"{role} lacks {brief(_actions(results))} on {target}; add {statement}"
    if len(whole) <= limit:
        return whole
    return _fit_actions(
        results,
        limit,
        lambda actions: f"{role} lacks {actions} on {target}; {hint}",
        lambda actions: f"{role} lacks {actions}; {hint}",
    )


def _fit_actions(results: Sequence[Result], limit: int, *forms: Callable[[str], str]) -> str:
    """Return the first form that fits, with as many actions as possible."""
    names = _actions(results)
    message = ""
    for form in forms:
        for count in range(len(names), 0, -1):
            rest = f" and {len(names) - count} more" if count < len(names) else ""
            message = form(brief(names[:count]) + rest)
            if len(message) <= limit:
                return message
    return shorten(message, limit)


def _actions(results: Sequence[Result]) -> list[str]:
    return sorted({result.requirement.action for result in results})


def brief(actions: Sequence[str]) -> str:
    """Return actions with each service once: sagemaker:AddTags, CreateInferenceExperiment."""
    shown: list[str] = []
    last = ""
    for action in actions:
        service, _, name = action.partition(":")
        shown.append(name if service == last else action)
        last = service
    return ", ".join(shown)


def readable(message: str) -> str:
    """Return a text with ARNs of the stack's own resources cut to their distinctive part."""
    return HOME.sub("", GENERATED.sub(r"\1", message))


def statement_for(results: Sequence[Result], check: RoleCheck) -> Mapping[str, Any]:
    """Return the statement that allows exactly the missing actions.

    For a template it has pseudo parameters and references, for a policy document the values of the deployment.
    """
    requirement, resource = results[0].requirement, results[0].resource
    statement: dict[str, Any] = {"Effect": "Allow", "Action": _actions(results), "Resource": resource}
    if requirement.service:
        principal = {"Service": requirement.service}
        statement = {"Effect": "Allow", "Principal": principal, "Action": ["sts:AssumeRole"]}
    elif "iam:PassedToService" in requirement.context:
        service = requirement.context["iam:PassedToService"]
        statement["Condition"] = {"StringEquals": {"iam:PassedToService": service}}
    if check.names is None:
        document = as_json({"Version": "", "Statement": [statement]})
    else:
        if "Resource" in statement:
            statement["Resource"] = _for_template(resource, check.deployment)
        document = as_template({"Version": "", "Statement": [statement]})
    written: Mapping[str, Any] = document["Statement"][0]
    return written


def _for_template(resource: Text, deployment: Deployment) -> Text:
    """Return a resource with pseudo parameters for its place, and references for generated names."""
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


def _shown(value: Any, check: RoleCheck) -> str:  # noqa: ANN401
    """Return a value as it is written in a policy document (JSON) or in a template (YAML in one line)."""
    return _flow(value) if check.names is not None else json.dumps(value)


def _flow(value: Any) -> str:  # noqa: ANN401 - a statement nests as JSON does
    """Return a value as YAML in one line, functions in their short form."""
    if isinstance(value, Mapping):
        if len(value) == 1 and next(iter(value)) in {"Ref", "Fn::Sub"}:
            name, argument = next(iter(value.items()))
            return f'!{name.removeprefix("Fn::")} "{argument}"'
        return "{" + ", ".join(f"{_key(key)}: {_flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(inner) for inner in value) + "]"
    return json.dumps(value) if "*" in str(value) else str(value)


def _key(key: str) -> str:
    return f'"{key}"' if ":" in key else key
