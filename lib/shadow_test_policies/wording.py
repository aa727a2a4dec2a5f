"""The messages of the 98xx rules: what is missing, why, and the statement to add, in 300 characters."""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import iam_policy
from iam_policy.evaluate.decision import Step
from iam_policy.match.symbols import holes_of
from shadow_test_policies.generate import as_template
from shadow_test_policies.requirements import arn_forms
from shadow_test_policies.role_checks import RoleCheck
from shadow_test_policies.role_findings import Result, addition_for

LIMIT: Final = 300
SERVICES: Final = {"provider": "the provider", "experiment": "the experiment"}
GENERATE: Final = "`inference-experiment policy generate --for {} --format cloudformation` prints what to add"
# What is the same for all resources of a stack and tells nobody anything.
HOME: Final = re.compile(
    r"arn:(\$\{AWS::Partition\}|aws[a-z-]*):[a-z0-9]+:(\$\{AWS::Region\})?:(\$\{AWS::AccountId\})?:"
)
# How _shapes writes the name of a role that CloudFormation names.
GENERATED: Final = re.compile(r"(\$\{\w+\})-\$\{\w+ of role\}-\$\{\w+ suffix\}")


def wording(name: str, part: RoleCheck, results: list[Result], step: Step | None, elsewhere: str) -> str:
    """Return the message for what one cause takes away on one kind of resource."""
    role = part.held.name if part.held else "the role"
    first = results[0]
    reason = readable(f"{step.statement.label}: {iam_policy.why(step, first.decision.request)}") if step else ""
    if name == "undecided":
        return _undecided(role, results)
    if first.requirement.service:
        return _trust(name, part, first, reason)
    actions = brief([result.requirement.action for result in results])
    target = f"{actions} on {readable(str(first.decision.request.resource))}"
    fixed = {
        "deny": f"{role} may not {target}: {step.statement.label if step else 'a Deny'} denies it; narrow the Deny",
        "boundary": f"the permissions boundary of {role} does not allow {target}; add it there",
        "misplaced": f"{elsewhere} grants what {role} needs but is not attached to it: {actions}; attach it to {role}",
    }
    if name in fixed:
        return fixed[name]
    if name in {"resource", "condition"} and reason:
        advice = _instead(name, results, part)
        return _fitting(f"{reason}: {role} may not {actions}{advice}", f"{reason}{advice}: {role} may not {actions}")
    near = f" ({reason})" if reason else ""
    return _with_addition(f"{role} may not {target}{near}", results, part)


def _undecided(role: str, results: list[Result]) -> str:
    first, more = results[0], len(results) - 1
    what = f"{role} may {first.requirement.action} on {first.decision.request.resource}"
    if first.requirement.service:
        what = f"{first.requirement.service} may assume {role}"
    count = f" (and {more} more)" if more else ""
    ways = dict.fromkeys(way for result in results for way in iam_policy.settles(result.decision))
    return readable(f"cannot tell whether {what}{count}: settled by {'; '.join(ways) or 'what is not in the template'}")


def readable(text: str) -> str:
    """Return a text with ARNs of the stack's own resources cut to what tells them apart."""
    return HOME.sub("", GENERATED.sub(r"\1", text))


def _fitting(*candidates: str) -> str:
    return next((text for text in candidates if len(text) <= LIMIT), candidates[-1])


def _instead(name: str, results: list[Result], part: RoleCheck) -> str:
    if name == "condition":
        return "; move them to a statement without that condition"
    return f"; write {_flow(addition_of(results, part)['Resource'])}"


def _trust(name: str, part: RoleCheck, result: Result, reason: str) -> str:
    role = part.held.name if part.held else "the role"
    service = result.requirement.service
    if name == "source":
        return f"{role} trusts {service} in vain: {reason}; correct the condition"
    trust = _flow(addition_of([result], part))
    return f"{service} may not assume {role}{': ' + reason if reason else ''}; trust it: {trust}"


def settled_by(part: RoleCheck) -> str:
    """Return what a person has to look at where the template does not have the role or its policies."""
    who = part.kind
    check = f"`aws iam get-account-authorization-details` and `inference-experiment policy check --for {who}` settle it"
    if part.held is None:
        return f"the role of {SERVICES[who]} is not in this template; {check}"
    return f"no policy of this template is attached to {part.held.name}; {check}"


def brief(actions: list[str]) -> str:
    """Return actions with each service once: sagemaker:AddTags, CreateInferenceExperiment."""
    shown: list[str] = []
    last = ""
    for action in sorted(actions):
        service, _, name = action.partition(":")
        shown.append(name if service == last else action)
        last = service
    return ", ".join(shown)


def addition_of(results: list[Result], part: RoleCheck) -> Mapping[str, Any]:
    """Return the statement to add, with functions of CloudFormation for its holes; once for all scenarios."""
    memo = part.shapes.view.memo
    key = "addition", *((result.requirement, result.decision.request.resource) for result in results)
    if key not in memo:
        memo[key] = _written(dict(addition_for(results)))
    added: Mapping[str, Any] = memo[key]
    return added


def _written(statement: dict[str, Any]) -> Mapping[str, Any]:
    holes = holes_of(statement.get("Resource", ""))
    fillings: dict[str, iam_policy.Text] = {hole.identity: "*" for hole in holes if hole.identity in _free()}
    fillings["AWS::StackId"] = "*"
    fillings |= {hole.identity: "" for hole in holes if hole.identity.endswith((" of role", " suffix"))}
    document = as_template({"Version": "", "Statement": [statement]}, fillings)
    written: Mapping[str, Any] = document["Statement"][0]
    return written


@cache
def _free() -> frozenset[str]:
    """Return the holes of the ARN forms: any resource will do."""
    return frozenset(name.partition("}")[0] for form in arn_forms().values() for name in form.split("${")[1:])


def _with_addition(message: str, results: list[Result], part: RoleCheck) -> str:
    added = f"{message}; add {_flow(addition_of(results, part))}"
    if len(added) <= LIMIT:
        return added
    hint = "; " + GENERATE.format(part.kind)
    return message[: LIMIT - len(hint)] + hint


def _flow(value: Any) -> str:  # noqa: ANN401 - a statement nests as JSON does
    """Return a value as YAML in one line, functions in their short form."""
    if isinstance(value, Mapping):
        if len(value) == 1 and next(iter(value)) in {"Ref", "Fn::Sub"}:
            name, argument = next(iter(value.items()))
            return f'!{name.removeprefix("Fn::")} "{argument}"'.replace("}--", "}")
        return "{" + ", ".join(f"{_key(key)}: {_flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(inner) for inner in value) + "]"
    return json.dumps(value) if "*" in str(value) else str(value)


def _key(key: str) -> str:
    return f'"{key}"' if ":" in key else key
