"""What the policy commands do: read, decide, print."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import iam_policy
from iam_policy.lint.suppress import Judged, baseline_of, judge, unknown_kinds
from inference_experiment_cli.errors import UsageError
from inference_experiment_cli.policy.checks import (
    ALLOWED,
    CANNOT_TELL,
    NOT_ALLOWED,
    Question,
    checked,
    exit_code,
    requirements,
    settled,
)
from inference_experiment_cli.policy.inputs import read_inputs, source_of
from shadow_test_policies import diff, generate
from shadow_test_policies.generate import DEFAULTS, as_json, as_template, generate_trust
from shadow_test_policies.report_files import json_of, junit_of, sarif_of
from shadow_test_policies.report_text import explanation_of, text_of
from shadow_test_policies.requirements import Level, arn_forms
from shadow_test_policies.role_report import Report


def run_check(
    files: Sequence[Path],
    question: Question,
    role: str,
    boundary: Path | None,
    output: str,
    baselines: tuple[Path | None, Path | None],
) -> int:
    """Print the findings of some files; return the exit code. Raises UsageError."""
    inputs = read_inputs(files, question.who, role, boundary)
    result = checked(settled(inputs, question), question, inputs.texts)
    found, made = result.findings, result.reports
    for name, text in inputs.texts.items():
        for kind in unknown_kinds(text):
            sys.stderr.write(f"inference-experiment: {name}: no finding is called {kind}, so nothing is ignored\n")
    accepted, written = baselines
    judged = judge(found, inputs.texts, _baseline(accepted))
    if written is not None:
        written.write_text(json.dumps(baseline_of(found), indent=2) + "\n", encoding="utf-8")
        judged = judge(found, inputs.texts, baseline_of(found))
    _print_report(output, made, judged)
    return exit_code(judged)


def _baseline(path: Path | None) -> Mapping[str, Any] | None:
    if path is None:
        return None
    label, text = source_of(path)
    try:
        loaded = json.loads(text)
    except ValueError as error:
        raise UsageError(f"{label}: is no baseline: {error}") from error
    if not isinstance(loaded, dict) or not isinstance(loaded.get("findings"), dict):
        raise UsageError(f"{label}: is no baseline: write one with --write-baseline")
    return loaded


def _print_report(output: str, made: Sequence[Report], judged: Sequence[Judged]) -> None:
    if output == "json":
        sys.stdout.write(json.dumps(json_of(made, judged), indent=2) + "\n")
    elif output == "sarif":
        sys.stdout.write(json.dumps(sarif_of(judged), indent=2) + "\n")
    elif output == "junit":
        sys.stdout.write(junit_of(judged, made))
    else:
        lines = text_of(judged).splitlines(keepends=True)
        sys.stdout.write("".join(lines[:-1]))
        sys.stderr.write(lines[-1])


def run_generate(question: Question, output: str, *, trust: bool) -> None:
    """Print the smallest policy."""
    wanted = requirements(question, question.deployment)
    document = (generate_trust if trust else generate.generate)(wanted, question.deployment)
    if output == "json":
        sys.stdout.write(json.dumps(as_json(document), separators=(",", ":")) + "\n")
        return
    if output == "yaml":
        sys.stdout.write(_yaml(as_json(document)))
        return
    policy = as_template(document, _any_name())
    shown: Any = policy
    if output == "sam":
        shown = {"AssumeRolePolicyDocument": policy} if trust else {"Policies": [policy]}
    elif trust:
        shown = {"AssumeRolePolicyDocument": policy}
    else:
        shown = {"Policies": [{"PolicyName": question.who, "PolicyDocument": policy}]}
    sys.stdout.write(_yaml(shown))


def _any_name() -> dict[str, iam_policy.Text]:
    """Return * for every name that a template cannot know."""
    names = {piece.partition("}")[0] for form in arn_forms().values() for piece in form.split("${")[1:]}
    return dict.fromkeys(sorted(names - DEFAULTS.keys()), "*")


def _yaml(value: object) -> str:
    import yaml  # noqa: PLC0415 - keeps --help fast

    return yaml.safe_dump(value, sort_keys=False, width=1000)


def run_diff(files: Sequence[Path], question: Question, role: str, *, as_json: bool) -> int:
    """Print what is missing and what is too much; return the exit code. Raises UsageError."""
    missing: list[str] = []
    excess: list[str] = []
    outcomes: set[iam_policy.Outcome] = set()
    for subject in settled(read_inputs(files, question.who, role), question):
        difference = diff.diff(subject.role, subject.requirements or ())
        for result in difference.missing:
            decision, requirement = result.decision, result.requirement
            subject_text = f"{requirement.action} on {decision.request.resource}"
            missing.append(f"{subject_text}: {decision.outcome} ({requirement.level})")
            if requirement.level is Level.REQUIRED:
                outcomes.add(decision.outcome)
        excess += [f"{subject.file}:{one.position.line}: {one.message}" for one in difference.excess]
    _print_diff(list(dict.fromkeys(missing)), list(dict.fromkeys(excess)), as_json=as_json)
    if outcomes - {iam_policy.Outcome.UNKNOWN}:
        return NOT_ALLOWED
    return CANNOT_TELL if outcomes and question.unknown == "error" else ALLOWED


def _print_diff(missing: list[str], excess: list[str], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps({"missing": missing, "excess": excess}, indent=2) + "\n")
        return
    sys.stdout.writelines(f"- {line}\n" for line in missing)
    sys.stdout.writelines(f"+ {line}\n" for line in excess)
    sys.stderr.write(f"{len(missing)} missing, {len(excess)} beyond the minimum\n")


def run_explain(
    request: iam_policy.Request, files: Sequence[Path], who: str, role: str, boundary: Path | None, unknown: str
) -> int:
    """Print the steps of a decision for each role; return the exit code. Raises UsageError."""
    codes = []
    shown: dict[str, None] = {}
    for subject in read_inputs(files, who, role, boundary).subjects:
        if request.principal is None:
            decision = iam_policy.decide(subject.role.policies, request)
        elif subject.role.trust is None:
            raise UsageError(f"{subject.file}: has no trust policy")
        else:
            decision = iam_policy.decide_trust(subject.role.trust, request)
        shown[explanation_of(decision)] = None
        cannot_tell = CANNOT_TELL if unknown == "error" else ALLOWED
        codes.append(
            {iam_policy.Outcome.ALLOWED: ALLOWED, iam_policy.Outcome.UNKNOWN: cannot_tell}.get(
                decision.outcome, NOT_ALLOWED
            )
        )
    sys.stdout.writelines(shown)
    return NOT_ALLOWED if NOT_ALLOWED in codes else max(codes, default=ALLOWED)
