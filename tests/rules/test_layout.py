"""What the rules import and depend on: no AWS client, no handler, cfn-lint's internals in one module."""

import subprocess
import sys
from pathlib import Path

from linting import OURS, runner

from iam_policy import KINDS
from inference_experiment import contract
from inference_experiment_rules import _cfnlint
from inference_experiment_rules.permissions._permission_rule import PermissionRule
from inference_experiment_rules.properties._missing_constraints import missing_constraints

RULES = Path(__file__).parents[2] / "rules"


def test_the_rules_import_no_aws_client_and_no_handler() -> None:
    code = "import inference_experiment_rules, sys; print(*sorted(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    loaded = set(run.stdout.split())
    assert not loaded & {"boto3", "crhelper", "inference_experiment.handler", "inference_experiment.gateway"}
    assert "inference_experiment.lifecycle" not in loaded


def test_semi_private_parts_of_cfn_lint_are_used_in_one_module() -> None:
    for path in RULES.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        private = [name for name in ("extend_validator", "_validate(", "PROVIDER_SCHEMA_MANAGER") if name in text]
        assert not private or path.name == "_cfnlint.py", path.name


def test_our_schema_has_every_property_of_the_native_type() -> None:
    ours, native = contract.schema(), _cfnlint.native_schema()

    assert set(native["properties"]) <= set(ours["properties"])
    assert set(native["required"]) - {"Name"} <= set(ours["required"])
    assert set(native["createOnlyProperties"]) == set(ours["createOnlyProperties"])


def test_the_constraints_of_e9502_are_still_missing_from_the_native_schema() -> None:
    """When this fails, cfn-lint has added a constraint: E9502 no longer reports it; change its description."""
    missing = {(keys[-1] if keys[-1] != "*" else keys[-2], keyword) for keys, keyword, *_ in missing_constraints()}

    assert missing >= {
        ("ShadowModeConfig", "required"),
        ("EndpointName", "pattern"),
        ("SamplingPercentage", "minimum"),
    }


def test_rules_and_kinds_of_permission_findings_are_one_list() -> None:
    """Promise: every kind that a template can have has one rule, whose letter is the severity of the kind."""
    rules = [rule for name, rule in runner().rules.items() if OURS.fullmatch(name) and isinstance(rule, PermissionRule)]
    reported = [(kind, rule.id[0]) for rule in rules for kind in rule.kinds]

    assert sorted(reported) == sorted(
        (name, kind.severity[0].upper()) for name, kind in KINDS.items() if not kind.documents_only
    )
