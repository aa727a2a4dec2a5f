"""A template has the same findings in JSON and with the SAM transform."""

import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from cfnlint.decode import cfn_yaml
from linting import SAM_SHAPE, expected_in, fixtures, lines_of, lint_file

FIRST_LINE = 'AWSTemplateFormatVersion: "2010-09-09"\n'
FAILING = [path for path in fixtures("fail-*") if path.suffix == ".yaml"]
SAMPLE = [path for path in FAILING if "Transform:" not in path.read_text(encoding="utf-8")]


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def first_of_each(paths: list[Path]) -> list[Path]:
    """One fixture per rule and kind of name (plain, intrinsic, condition) keeps this quick."""
    chosen = {(path.parent.name, path.stem in ("fail-intrinsic", "fail-condition")): path for path in paths}
    return list(chosen.values())


def plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else str(value)


# cfn-lint's rule for unknown actions skips templates with a SAM transform; ours does not.
SKIPPED_WITH_SAM = {"W3037"}


@pytest.mark.parametrize("path", first_of_each(SAMPLE), ids=name_of)
def test_json_has_the_same_findings(path: Path, tmp_path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    options = "".join(line for line in text.splitlines(keepends=True) if line.startswith("# "))
    as_json = json.dumps(cfn_yaml.loads(text), indent=2, default=plain)

    # JSON has no comments: the options come in front, and cfn-lint reads what follows as the YAML that JSON is.
    # The name of the file is the same, since a template may name itself.
    template = tmp_path / path.name
    template.write_text(options + as_json, encoding="utf-8")
    found = Counter(match.rule.id for match in lint_file(template))

    assert found == Counter(rule for _, rule in expected_in(path).elements())


@pytest.mark.parametrize("path", first_of_each(SAMPLE), ids=name_of)
def test_a_sam_template_has_the_same_findings(path: Path, tmp_path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert FIRST_LINE in text
    template = tmp_path / path.name
    template.write_text(text.replace(FIRST_LINE, "Transform: AWS::Serverless-2016-10-31\n", 1), encoding="utf-8")

    found, wanted = lines_of(lint_file(template)), expected_in(path)
    wanted = Counter({key: count for key, count in wanted.items() if key[1] not in SKIPPED_WITH_SAM})

    if SAM_SHAPE == "translated":  # numbers have lost their lines
        assert Counter(rule for _, rule in found.elements()) == Counter(rule for _, rule in wanted.elements())
    else:
        assert found == wanted
