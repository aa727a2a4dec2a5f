"""What the policy commands do: read, decide, print."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import iam_policy
from iam_policy import Explanation
from iam_policy.lint.suppress import SuppressibleFinding, baseline_of, suppress, unknown_kinds
from iam_policy.service_data import actions
from inference_experiment_cli.errors import ExitCode, UsageError
from inference_experiment_cli.inputs.documents import read_text
from inference_experiment_cli.output import write_file, yaml_text
from inference_experiment_cli.policy.beside import BesideOptions
from inference_experiment_cli.policy.checks import CheckOptions, check_roles, exit_code, role_checks_of
from inference_experiment_cli.policy.inputs import Inputs, not_given, read_inputs
from inference_experiment_cli.policy.names import assumptions, check_used
from inference_experiment_cli.terminal import print_lines, visible, width_of
from shadow_test_policies import generate
from shadow_test_policies.decisions import diff
from shadow_test_policies.generate import as_json, as_template, generate_trust
from shadow_test_policies.permission_findings import RoleReport
from shadow_test_policies.reports import json_of, sarif_of, text_of
from shadow_test_policies.requirements import Level, caller_context, deployer_context, principal_context, role_context
from shadow_test_policies.role_checks import RoleCheck

if TYPE_CHECKING:
    from inference_experiment_cli.policy.asked import Asked


def run_check(
    files: Sequence[Path],
    options: CheckOptions,
    role: str,
    beside: BesideOptions,
    output: str,
    baselines: tuple[Path | None, Path | None],
) -> int:
    """Print the findings of some files; return the exit code. Raises UsageError."""
    inputs = read_inputs(files, options, role, beside)
    checked, found = check_roles(inputs, options)
    for name, text in inputs.texts.items():
        for kind in unknown_kinds(text):
            unknown = f"inference-experiment: {name}: {kind} is not a kind of finding; nothing is ignored"
            print_lines([unknown], stderr=True)
    accepted, written = baselines
    baseline = _baseline(accepted)
    if written is not None:
        baseline = baseline_of(found)
        write_file(written, json.dumps(baseline, indent=2) + "\n")
    findings = suppress(found, inputs.texts, baseline)
    limits = list(not_given(inputs)) if any(each.has_permissions for each in checked) else []
    _print_report(output, [each.report for each in checked], findings, limits)
    if limits:
        print_lines([f"limits not given: {', '.join(limits)}"], stderr=True)
    print_lines(dict.fromkeys(each.line for each in checked), stderr=True)
    return exit_code(findings)


def _baseline(path: Path | None) -> Mapping[str, Any] | None:
    if path is None:
        return None
    label, text = read_text(path)
    try:
        loaded: dict[str, Any] | None = json.loads(text)
    except ValueError as error:
        raise UsageError(f"{label}: is not a baseline: {error}") from error
    findings = loaded.get("findings") if isinstance(loaded, dict) else None
    if not isinstance(findings, dict) or not all(isinstance(each, dict) for each in findings.values()):
        raise UsageError(f"{label}: is not a baseline: write one with --write-baseline")
    return loaded


def _print_report(
    output: str, reports: Sequence[RoleReport], findings: Sequence[SuppressibleFinding], limits: Sequence[str]
) -> None:
    reports = list(dict.fromkeys(reports))
    if output == "json":
        sys.stdout.write(json.dumps(json_of(reports, findings, limits), indent=2) + "\n")
    elif output == "sarif":
        sys.stdout.write(json.dumps(sarif_of(findings), indent=2) + "\n")
    elif output == "junit":
        from shadow_test_policies.junit import junit_of  # noqa: PLC0415 - for one format

        # XML cannot have most control characters.
        sys.stdout.write(visible(junit_of(findings, reports), keep="\n\t"))
    else:
        *lines, summary = text_of(findings).removesuffix("\n").split("\n")
        print_lines(lines)
        print_lines([summary], stderr=True)


def run_generate(options: CheckOptions, names: Mapping[str, str], output: str, *, trust: bool) -> None:
    """Print the smallest policy, and what it assumes. Raises UsageError."""
    required = options.requirements(options.deployment)
    document = (generate_trust if trust else generate.generate)(required, options.deployment)
    check_used(names, document, options.role_kind)
    in_template = output in {"cloudformation", "sam"}
    assumed = list(assumptions(document, names, options.deployment, in_template=in_template))
    if assumed:
        print_lines([f"assumed: {', '.join(assumed)}"], stderr=True)
    if output == "json":
        # In as few characters as a quota counts, but where a person reads it.
        layout: dict[str, Any] = {"indent": 2} if width_of(sys.stdout) else {"separators": (",", ":")}
        sys.stdout.write(json.dumps(as_json(document, names), **layout) + "\n")
        return
    policy = as_template(document, names)
    if output == "yaml":
        shown = as_json(document, names)
    elif trust:
        shown = {"AssumeRolePolicyDocument": policy}
    elif output == "sam":
        shown = {"Policies": [policy]}
    else:
        shown = {"Policies": [{"PolicyName": options.role_kind, "PolicyDocument": policy}]}
    sys.stdout.write(yaml_text(shown))


def _checks(inputs: Inputs, options: CheckOptions) -> list[tuple[str, RoleCheck]]:
    """Return every role with its file."""
    given = [(each.file, check) for each, check in role_checks_of(inputs, options)]
    return given + [(template.label, report.check) for template in inputs.templates for report in template.reports()]


def run_diff(files: Sequence[Path], options: CheckOptions, role: str, *, as_json: bool) -> int:
    """Print what is missing and what is too much; return the exit code. Raises UsageError."""
    missing: list[str] = []
    excess: list[str] = []
    outcomes: set[iam_policy.Outcome] = set()
    for file, check in _checks(read_inputs(files, options, role), options):
        difference = diff(check.known_role, check.decidable)
        for result in difference.missing:
            decision, requirement = result.decision, result.requirement
            subject = f"{requirement.action} on {decision.request.resource}"
            missing.append(f"{subject}: {decision.outcome} ({requirement.level})")
            if requirement.level is Level.REQUIRED:
                outcomes.add(decision.outcome)
        excess += [f"{file}:{finding.position.line}: {finding.message}" for finding in difference.excess]
    _print_diff(list(dict.fromkeys(missing)), list(dict.fromkeys(excess)), as_json=as_json)
    return _exit_code(outcomes, options)


def _exit_code(outcomes: set[iam_policy.Outcome], options: CheckOptions) -> int:
    if outcomes - {iam_policy.Outcome.ALLOWED, iam_policy.Outcome.UNKNOWN}:
        return ExitCode.NO
    undecided = iam_policy.Outcome.UNKNOWN in outcomes and options.unknown == "error"
    return ExitCode.UNDECIDED if undecided else ExitCode.DONE


def _print_diff(missing: list[str], excess: list[str], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps({"missing": missing, "excess": excess}, indent=2) + "\n")
        return
    print_lines(f"- {line}" for line in missing)
    print_lines(f"+ {line}" for line in excess)
    print_lines([f"{len(missing)} missing, {len(excess)} beyond the minimum"], stderr=True)


def run_explain(
    questions: Sequence["Asked"],
    files: Sequence[Path],
    options: CheckOptions,
    role: str,
    beside: BesideOptions,
    *,
    as_json: bool,
) -> int:
    """Print the steps of the decisions for each role; return the exit code. Raises UsageError."""
    checks = _checks(read_inputs(files, options, role, beside), options)
    of_trust = questions[0].request.principal is not None
    found = [
        (file, check.role_name, replace(explanation, remarks=(*refusals, *explanation.remarks)))
        for file, check, refusals in ((*one, _refusals(one[1], of_trust=of_trust)) for one in checks)
        for explanation in (_explained(file, check, each) for each in questions)
    ]
    explanations = list(dict.fromkeys(found))  # a template gives the same role in several scenarios
    if as_json:
        sys.stdout.write(json.dumps([_explanation_values(*each) for each in explanations], indent=2) + "\n")
    else:
        _print_explanations(explanations, in_short=len(questions) > 1)
    if any(_refusals(check, of_trust=of_trust) for _, check in checks):
        return ExitCode.NO
    code = _exit_code({explanation.outcome for _, _, explanation in explanations}, options)
    # Nobody can be allowed what does not exist; the data may be older than the action.
    is_known = all(actions.action(each.request.action) for each in questions)
    return code if is_known or code != ExitCode.DONE else ExitCode.UNDECIDED


def _refusals(check: RoleCheck, *, of_trust: bool) -> tuple[str, ...]:
    """Return why IAM refuses the trust policy or the others, so that they allow nothing whatever they say."""
    every = check.known_role.documents()
    documents = [each for each in every if (each.kind is iam_policy.DocumentKind.TRUST) is of_trust]
    findings = [each for one in documents for each in iam_policy.refused(iam_policy.lint_policy(one))]
    return tuple(f"IAM refuses {each.document}, so it allows nothing yet: {each.message}" for each in findings)


def _print_explanations(found: Sequence[tuple[str, str, Explanation]], *, in_short: bool) -> None:
    """Print explanations below each role, if there are several; of several actions the conclusion only."""
    roles = dict.fromkeys((file, role) for file, role, _ in found)
    remarks = dict.fromkeys(remark for *_, explanation in found for remark in explanation.remarks if in_short)
    print_lines(remarks)
    for file, role in roles:
        if len(roles) > 1:
            print_lines([f"{role} of {file}:"])
        for explanation in (each for *of, each in found if tuple(of) == (file, role)):
            short = f"{explanation.subject}: {explanation.answer}: {explanation.conclusion}"
            print_lines([short] if in_short else explanation.lines())


def _explanation_values(file: str, role: str, explanation: Explanation) -> dict[str, Any]:
    steps = [
        {
            "policy": step.policy,
            "statement": step.statement,
            "limit": step.limit or None,
            "allows": step.allows,
            "effect": str(step.effect),
            "reason": step.reason,
            "decides": step.decides,
        }
        for step in explanation.steps
    ]
    return {
        "file": file,
        "role": role,
        "question": explanation.subject,
        "remarks": list(explanation.remarks),
        "outcome": str(explanation.outcome),
        "conclusion": explanation.conclusion,
        "steps": steps,
        "settled_by": list(explanation.settled_by),
    }


def _explained(file: str, check: RoleCheck, question: "Asked") -> Explanation:
    known, request = check.known_role, question.request
    if request.principal is None:
        if check.kind == "deployer":
            of_caller = deployer_context(check.deployment, request.resource)
        else:
            of_caller = role_context(request.action, check.deployment, request.resource)
        context = {**of_caller, **principal_context(check.principal), **request.context}
        own = iam_policy.decide(known.policies, replace(request, context=context))
        return question.explain(_with_resource(own, check))
    if known.trust is None:
        raise UsageError(f"{file}: has no trust policy")
    kind, caller = request.principal
    context = {**caller_context((kind, str(caller)), check.deployment), **request.context}
    explanation = question.explain(iam_policy.decide_trust(known.trust, replace(request, context=context)))
    if kind != "AWS" or explanation.outcome is not iam_policy.Outcome.ALLOWED:
        return explanation
    remark = (
        f"the policies of {caller} must allow {request.action} too, unless the trust policy names it in one account"
    )
    return replace(explanation, remarks=(*explanation.remarks, remark))


def _with_resource(own: iam_policy.Decision, check: RoleCheck) -> iam_policy.Decision:
    """Return a decision with the policy of the bucket or key, if that is given."""
    subject = {"s3": "capture", "kms": "captureKey"}.get(own.request.name.partition(":")[0], "")
    policy = check.resource_policies.get(subject)
    if policy is None or check.principal is None:
        return own
    return policy.decide(own, check.principal, check.deployment.account)
