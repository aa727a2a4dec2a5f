"""Where two answers about the properties of one file differ."""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from one_answer import answers
from one_answer.answers import LintFinding, Place, Refusal
from one_answer.corpus import as_sent, experiments, scenarios

# Rules about property values, which the function rejects too. The other rules about properties need the rest of the
# template or AWS's lists, or are warnings.
REFUSALS = frozenset(
    {"E1010", "E1011", "E1016", "E1019", "E1020", "E1022", "E1028"}
    | {"E3002", "E3003", "E3012", "E3024", "E3030", "E3031", "E3032", "E3033", "E3034"}
    | {"W1030", "W1031", "W1032", "W1033", "W1034", "W1035"}
    | {"E9501", "E9502", "E9503", "E9504", "E9506", "E9507", "E9518", "E9522", "E9523"}
    | {"E9601", "E9602", "E9603", "E9701", "E9705"}
)
SERVICE_PROPERTIES = ("ServiceToken", "ServiceTimeout")


def lint_places(findings: Iterable[LintFinding], names: Collection[str], *, every: bool = False) -> set[Place]:
    """Return the places of lint's property findings, or of every error, without the functions they stand in."""
    return {
        Place(one.path[1], "/".join(_without_functions(one.path[3:])), one.line)
        for one in findings
        if one.rule in REFUSALS or (every and one.rule.startswith("E"))
        if one.path[:1] == ("Resources",) and one.path[2:3] == ("Properties",)
        if one.path[1] in names
    }


def _without_functions(path: tuple[str, ...]) -> Iterable[str]:
    keys = iter(path)
    for key in keys:
        if key == "Fn::If":
            next(keys, None)
        elif key.startswith(("Ref", "Fn::")):
            return  # the rest is in its argument
        else:
            yield key


def same(linted: Place, validated: Place) -> bool:
    """Tell whether two places are the same; cfn-lint reports a missing member at its parent."""
    inside = validated.path == linted.path or not linted.path or validated.path.startswith(f"{linted.path}/")
    return inside and (linted.experiment, linted.line) == (validated.experiment, validated.line)


def differences(path: Path, template: Mapping[str, Any]) -> list[str]:
    """Return how the answers about a file differ, one line per difference."""
    found = experiments(template)
    defaults = answers.validate(path)
    validated = {place for chosen in filter(None, scenarios(template)) for place in answers.validate(path, chosen)}
    validated |= set(defaults)
    findings = answers.lint(path)
    names = {*found, *(one.experiment for one in validated)}  # a resource of the generic type may be one too
    linted, errors = lint_places(findings, names), lint_places(findings, names, every=True)
    # The function does not know the template's other resources.
    of_template = lint_places([one for one in findings if one.rule.startswith("E96")], names, every=True)
    lines = [f"only lint: {one}" for one in linted if not any(same(one, other) for other in validated)]
    lines += [f"only validate: {one}" for one in validated if not any(same(other, one) for other in errors)]
    for name, resource in found.items():
        mine = [one for one in defaults if one.experiment == name]
        lines += plan_differences(answers.plan_refusal(path, name), mine)
        sent = as_sent(resource)
        if sent is not None:
            is_sent = not isinstance(resource["Properties"].get("RoleArn"), dict)
            comparable = [one for one in mine if is_sent or one.path != "RoleArn"]
            lines += function_differences(
                sent, [one for one in comparable if not any(same(other, one) for other in of_template)]
            )
    return sorted(lines)


def plan_differences(refusal: Refusal | None, validated: list[Place]) -> list[str]:
    """Return how plan's refusal differs from the first finding of validate and their number."""
    expected = Refusal(validated[0].path, validated[0].line, len(validated)) if validated else None
    return [] if refusal == expected else [f"plan: {refusal}, validate: {expected}"]


def function_differences(sent: Mapping[str, Any], validated: list[Place]) -> list[str]:
    """Return the paths that only the function or only validate rejects, except CloudFormation's own two."""
    ours = answers.function_findings(sent)
    theirs = {one.path for one in validated if one.path not in SERVICE_PROPERTIES}
    return [f"only {'function' if one in ours else 'validate, not function'}: {one}" for one in sorted(ours ^ theirs)]


def permission_differences(path: Path) -> list[str]:
    """Return the findings about a template's roles that only lint or only policy check reports."""
    linted = answers.lint_permissions(answers.lint(path))
    checked = answers.policy_check(path, "provider") | answers.policy_check(path, "experiment")
    return sorted(f"only {'lint' if one in linted else 'policy check'}: {one}" for one in linted ^ checked)
