"""The messages of permission findings: what is missing, why, and the statement to add.

Each function takes the check first and the maximum length last. A list of actions is cut between two
actions; the advice at the end is kept.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

import iam_policy
from cfn_template.scenarios import shorten
from iam_policy import DocumentKind, Outcome
from iam_policy.evaluate.decision import BOUNDARY, Step
from iam_policy.evaluate.operators import parse_operator
from iam_policy.lint.scope import listed
from iam_policy.match.symbols import fill
from iam_policy.parse.document import Condition
from shadow_test_policies.decisions import Result, failed_condition, pinned_condition
from shadow_test_policies.located_documents import LocatedDocument
from shadow_test_policies.pasting import Paste
from shadow_test_policies.requirements import CAPTURED, TAGGING
from shadow_test_policies.resource_policies import ResourcePolicy
from shadow_test_policies.role_checks import RoleCheck

# The same for all resources of a stack.
HOME: Final = re.compile(
    r"arn:(\$\{AWS::Partition\}|aws[a-z-]*):[a-z0-9]+:(\$\{AWS::Region\})?:(\$\{AWS::AccountId\})?:"
)
# The form of a role name that CloudFormation generates, in physical_names.
GENERATED: Final = re.compile(r"(\$\{\w+\})-\$\{\w+ of role\}-\$\{\w+ suffix\}")
TAG_KEY: Final = re.compile(r"(?:aws|sagemaker):(RequestTag|ResourceTag)/(.+)", re.IGNORECASE)
TAG_KEYS: Final = "aws:tagkeys"


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
    ways = list(dict.fromkeys(readable(way) for result in results for way in iam_policy.settles(result.decision)))
    settled = ["; ".join(ways[:count]) + _and_more(len(ways) - count, "; ") for count in range(len(ways), 0, -1)]
    settled.append("values that this template does not have" if check.names else "the policies that are not given here")
    bounded = any(step.limit == BOUNDARY and step.statement.unknown for step in first.decision.steps)
    hint = "; give the boundary with `inference-experiment policy check --boundary`" if bounded else ""

    def sentence(settled_by: str, actions: str) -> str:
        what = f"{check.role_name} is allowed {actions}"
        if len({result.resource for result in results}) == 1:
            what += readable(f" on {first.resource}")
        if first.requirement.service:
            what = f"{first.requirement.service} can assume {check.role_name}"
        return f"cannot decide whether {what}: settled by {settled_by}{hint}"

    return _fit_actions(results, limit, *(partial(sentence, each) for each in settled))


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


def escalating(policy: str, ways: list[str], check: RoleCheck, limit: int) -> str:
    """Return the message for what lets a role gain permissions that it was not given."""
    message = f"{policy} lets {check.role_name} {listed(ways, 2)}, and so gain permissions that it was not given"
    return shorten(f"{message}; grant the required actions only", limit)


def beyond(policy: str, actions: Sequence[str], check: RoleCheck, limit: int) -> str:
    """Return the message for an AWS managed policy that grants more than required."""
    message = f"{policy} grants {check.role_name} {len(actions):,} actions that are not required, such as {actions[0]}"
    advice = f"replace it with what `inference-experiment policy generate --for {check.kind}` prints"
    return shorten(f"{message}; {advice}", limit)


def open_to_everybody(resource: str, beside: str, check: RoleCheck, limit: int) -> str:  # noqa: ARG001 - as the others
    """Return the message for a bucket or key policy that lets every principal in, or every one beside some."""
    who = "every principal" + (f" but {beside}" if beside else "")
    return shorten(f"{who} can use {resource}; name the principals, or add a condition", limit)


def too_long_together(length: int, most: int, check: RoleCheck, limit: int) -> str:
    """Return the message for inline policies that are too long in total."""
    message = f"the inline policies of {check.role_name} have {length:,} characters in total, {most:,} are allowed"
    return shorten(f"{message}: move statements to managed policies", limit)


def of_cause(
    reason: str, results: Sequence[Result], step: Step | None, owner: str, check: RoleCheck, limit: int
) -> str:
    """Return the message for missing permissions on one kind of resource, with advice for a policy of `owner`."""
    role, first, paste = check.role_name, results[0], Paste(check, owner)
    label = step.statement.label if step else ""
    why = readable(f"{label}: {iam_policy.why(step, first.decision.request)}") if step else ""
    # The advice has the same wildcard for the key of captured data.
    whole = fill(first.resource, {CAPTURED: "*"}) if first.requirement.captured_key else first.resource
    target = readable(str(whole))
    if reason == "source-names-one-resource" and step is not None:
        return _pinned(pinned_condition(step, first.decision.request), first, paste, limit)
    on_target = f" on {target}" if len({str(result.resource) for result in results}) == 1 else ""
    if reason in {"source-never-matches", "missing-trust"}:
        return _trust(why, first, step if reason == "source-never-matches" else None, paste, limit)
    if reason == "explicit-deny":
        undenied = _undenied(results, step, paste)
        return _fit_actions(results, limit, lambda actions: f"{label} denies {role} {actions}{on_target}; {undenied}")
    if reason in {"boundary-denies", "limit-denies"}:
        return _fit_actions(results, limit, _limited(reason, first, on_target, check))
    if reason == "missing-permission":
        return _missing(results, target, paste, limit)
    advice = f"write {paste.show(paste.value(first.resource))}"
    if reason == "condition-never-true" and step is not None:
        advice = _true_condition(results, step, paste)
    return _fit_actions(
        results,
        limit,
        lambda actions: f"{why}: {role} lacks {actions}; {advice}",
        lambda actions: f"{label}: {role} lacks {actions}; {advice}",
        lambda actions: f"{role} lacks {actions}; {advice}",
    )


def _limited(reason: str, result: Result, on_target: str, check: RoleCheck) -> Callable[[str], str]:
    """Return the form of the message for what a boundary or another limit does not allow."""
    limit, end = f"{result.decision.exceeded} does not allow {check.role_name}", "add it there"
    if reason == "boundary-denies":
        limit = f"the permissions boundary of {check.role_name} does not allow"
        boundary = check.role.boundary if check.role else None
        if isinstance(boundary, LocatedDocument) and boundary.document.kind is DocumentKind.AWS:
            end = f"{boundary.document.name.partition(' ')[0]} cannot be changed: use a boundary of your own"
    return lambda actions: f"{limit} {actions}{on_target}; {end}"


def misspelt(entry: str, results: Sequence[Result], check: RoleCheck, limit: int) -> str:
    """Return the message for a permission that a misspelt action should have granted."""
    action = results[0].requirement.action
    message = f'{check.role_name} lacks {action}: there is no action "{entry}"; write {action}'
    return _fitting(limit, message, f'there is no action "{entry}"; write {action}')


def _trust(why: str, result: Result, step: Step | None, paste: Paste, limit: int) -> str:
    service, role = result.requirement.service, paste.check.role_name
    if step is not None:
        never = f"trust statement for {service} can never match"
        advice = _correction(failed_condition(step, result.decision.request), result, paste)
        return _fitting(limit, f"{never}: {why}; {advice}", f"{never}; {advice}")
    statement = paste.show(statement_for([result], paste.check, paste.owner))
    advice = f"add to its trust policy: {statement}"
    refused = f"{service} cannot assume {role}"
    return _fitting(limit, f"{refused}{': ' + why if why else ''}; {advice}", f"{refused}; {advice}")


def _pinned(condition: Condition | None, result: Result, paste: Paste, limit: int) -> str:
    named = readable(str(condition.values[0].text)) if condition else ""
    problem = f"{result.requirement.service} can assume {paste.check.role_name} for {named} only"
    advice = f"SageMaker may call for the experiment too; {_correction(condition, result, paste)}"
    return _fitting(limit, f"{problem}: {advice}", advice)


def _correction(condition: Condition | None, result: Result, paste: Paste) -> str:
    """Return what to write for a condition that a request never meets: what the request has."""
    if condition is None:
        return "correct the condition"
    value = result.decision.request.value_of(condition.key.lower())
    if not isinstance(value, str | iam_policy.Symbolic):
        return f"remove {condition.key}"
    written = paste.value(value)
    operator = condition.operator
    if "*" in str(written):
        operator = "ArnLike" if condition.key.lower().endswith("arn") else "StringLike"
    return f"write {paste.show_member(operator, {condition.key: written})}"


def _true_condition(results: Sequence[Result], step: Step, paste: Paste) -> str:
    """Return how to meet a condition: by a tag where it asks for one."""
    first = results[0]
    condition = failed_condition(step, first.decision.request)
    service = first.requirement.context.get("iam:PassedToService")
    if service is not None:
        return f"write {paste.show_member('Condition', {'StringEquals': {'iam:PassedToService': service}})}"
    if condition is not None and tag_of(condition):
        return _tag_advice(results, condition, paste)
    value = first.decision.request.value_of(condition.key.lower()) if condition else None
    if isinstance(value, str | iam_policy.Symbolic):
        return _correction(condition, first, paste)
    return f"move {'it' if len(results) == 1 else 'them'} to a statement without that condition"


def tag_of(condition: Condition) -> str:
    """Return the tag that a condition asks for, empty for none."""
    match, operator = TAG_KEY.fullmatch(condition.key), parse_operator(condition.operator)
    is_present = [item.text for item in condition.values] == ["false"]
    if operator is None or (operator.comparison.negated if operator.comparison else not is_present):
        return ""
    if match:
        return match[2]
    if condition.key.lower() != TAG_KEYS or not operator.comparison or operator.quantifier != "ForAnyValue":
        return ""
    literals = (item.text for item in condition.values if isinstance(item.text, str))
    return next((text for text in literals if not set(text) & set("*?")), "")


def _undenied(results: Sequence[Result], step: Step | None, paste: Paste) -> str:
    """Return how to escape a Deny: by the tag without which it denies the creation."""
    conditions = step.statement.conditions if step and {*_actions(results)} <= {*TAGGING} else ()
    demanding = next((each for each in conditions if _demanded_tag(each)), None)
    return _tag_to_write(_demanded_tag(demanding), demanding, paste) if demanding else "narrow the Deny"


def _demanded_tag(condition: Condition) -> str:
    """Return the tag of requests that a condition of a Deny is about if it is true without the tag."""
    match, operator = TAG_KEY.fullmatch(condition.key), parse_operator(condition.operator)
    if operator is None or match is None or _is_of_resource(condition):
        return ""
    is_absent = [item.text for item in condition.values] == ["true"]
    return match[2] if (operator.comparison.negated if operator.comparison else is_absent) else ""


def _tag_to_write(key: str, condition: Condition, paste: Paste) -> str:
    has_tag = key in (paste.check.deployment.tags or {})
    tag = paste.show({"Key": key, "Value": _tag_value(condition, paste)})
    return f"{'write' if has_tag else 'add'} {tag} {'in' if has_tag else 'to'} Tags of the experiment"


def _tag_advice(results: Sequence[Result], condition: Condition, paste: Paste) -> str:
    key = tag_of(condition)
    value = _tag_value(condition, paste)
    has_tag, tag = key in (paste.check.deployment.tags or {}), _tag_to_write(key, condition, paste)
    if _is_of_resource(condition):
        written = paste.show_member("Condition", {"StringEquals": {f"aws:RequestTag/{key}": value}})
        advice = f"allow {brief(_actions(results))} in a statement with {written}"
        return advice if has_tag else f"{advice}, and {tag}"
    others = [result for result in results if result.requirement.action not in TAGGING]
    if len(others) == len(results):
        return f"move {'it' if len(results) == 1 else 'them'} to a statement without that condition"
    moved = f", and move {_some(_actions(others))} to a statement without that condition" if others else ""
    return tag + moved


def _is_of_resource(condition: Condition) -> bool:
    return ":resourcetag/" in condition.key.lower()


def _tag_value(condition: Condition, paste: Paste) -> Any:  # noqa: ANN401 - a string or a function
    """Return the value that the tag must have, as far as the condition says one."""
    wanted = [item.text for item in condition.values if isinstance(item.text, str | iam_policy.Symbolic)]
    known = [text for text in wanted if not set(str(text)) & set("*?")]
    operator = parse_operator(condition.operator)
    is_valued = TAG_KEY.fullmatch(condition.key) and operator is not None and operator.comparison is not None
    return paste.value(known[0]) if known and is_valued else "<VALUE>"


def _some(actions: Sequence[str]) -> str:
    return brief(actions) if len(actions) < 3 else "the actions without request tags"  # noqa: PLR2004 - a short list


def _missing(results: Sequence[Result], target: str, paste: Paste, limit: int) -> str:
    check, role = paste.check, paste.check.role_name
    style = "cloudformation" if check.names else "json"
    hint = f"`inference-experiment policy generate --for {check.kind} --format {style}` prints what to add"
    statement = paste.show(statement_for(results, check, paste.owner))
    for whole in (
        f"{role} lacks {brief(_actions(results))} on {target}; add {statement}",
        f"{role} lacks {brief(_actions(results))}; add {statement}",
    ):
        if len(whole) <= limit:
            return whole
    return _fit_actions(
        results,
        limit,
        lambda actions: f"{role} lacks {actions} on {target}; {hint}",
        lambda actions: f"{role} lacks {actions}; {hint}",
    )


def _fitting(limit: int, *messages: str) -> str:
    """Return the first message that fits; the last has the advice that must stay whole."""
    return next((message for message in messages if len(message) <= limit), shorten(messages[-1], limit))


def _and_more(count: int, before: str) -> str:
    return f"{before}and {count} more" if count else ""


def _fit_actions(results: Sequence[Result], limit: int, *forms: Callable[[str], str]) -> str:
    """Return the first form that fits, with as many actions as possible."""
    names = _actions(results)
    message = ""
    for form in forms:
        for count in range(len(names), 0, -1):
            message = form(brief(names[:count]) + _and_more(len(names) - count, " "))
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


def conditional_statement(
    results: Sequence[Result], step: Step, owner: str, check: RoleCheck
) -> Mapping[str, Any] | None:
    """Return the statement to add where a condition is never true; a tag that the experiment lacks is no statement."""
    condition = failed_condition(step, results[0].decision.request)
    if condition is None or not tag_of(condition):
        return statement_for(results, check, owner)
    if _is_of_resource(condition):
        tags = {f"aws:RequestTag/{tag_of(condition)}": _tag_value(condition, Paste(check, owner))}
        return statement_for(results, check, owner, {"StringEquals": tags})
    others = [result for result in results if result.requirement.action not in TAGGING]
    return statement_for(others, check, owner) if others else None


def statement_for(
    results: Sequence[Result], check: RoleCheck, owner: str, condition: Mapping[str, Any] | None = None
) -> Mapping[str, Any]:
    """Return the statement that allows exactly the missing actions, for a policy of the resource `owner`.

    For a template it has pseudo parameters and references, for a policy document the values of the deployment.
    """
    requirement, resource = results[0].requirement, results[0].resource
    actions = _actions(results)
    statement: dict[str, Any] = {"Effect": "Allow", "Action": actions if len(actions) > 1 else actions[0]}
    if condition is not None:
        statement["Condition"] = condition
    paste = Paste(check, owner)
    if requirement.service:
        return paste.statement({**statement, "Principal": {"Service": requirement.service}}, None)
    if "iam:PassedToService" in requirement.context:
        service = requirement.context["iam:PassedToService"]
        statement["Condition"] = {"StringEquals": {"iam:PassedToService": service}}
    return paste.statement(statement, resource)
