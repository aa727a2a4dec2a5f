"""scripts/security.py (make security): what is a failure, and what is only reported."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parent.parent / "scripts" / "security.py"
FINE = "pass"
BILL = "open(sys.argv[sys.argv.index('-o') + 1], 'w').write('{\"components\": [1, 2]}')"
SOUND = [{"name": "crhelper", "version": "2.0.12", "vulns": []}]
VULNERABLE = [*SOUND, {"name": "jsonschema", "version": "4.26.0", "vulns": [{"id": "PYSEC-1"}]}]
SKIPPED = [*SOUND, {"name": "jsonschema", "skip_reason": "not found"}]


def answer(packages: list[dict[str, object]], code: int = 0) -> str:
    """Return the program of a pip-audit that says this of every lock file."""
    return f"print({json.dumps({'dependencies': packages})!r}); sys.exit({code})"


def check(venv: Path, *options: str, audit: str, bandit: str = FINE, bill: str = BILL) -> tuple[int, str]:
    """Run the check with tools that do as these programs; return the exit code and what was said."""
    copy = venv / "scripts" / "security.py"
    for path in (copy.parent, venv / "bin"):
        path.mkdir()
    copy.write_bytes(SCRIPT.read_bytes())  # it writes below its own repository
    for name, program in (("bandit", bandit), ("cyclonedx-py", bill), ("pip-audit", audit)):
        tool = venv / "bin" / name
        tool.write_text(f"#!{sys.executable}\nimport sys, time\n{textwrap.dedent(program)}\n", encoding="utf-8")
        tool.chmod(0o755)
    command = [sys.executable, str(copy), str(venv), *options]
    finished = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert finished.stderr == ""
    return finished.returncode, finished.stdout


def test_everything_is_in_order(tmp_path: Path) -> None:
    code, text = check(tmp_path, "--audit-required", audit=answer(SOUND))

    assert code == 0
    assert text.splitlines() == [
        "bandit: no findings",
        "bill of materials: build/sbom-function.json, 2 components",
        "bill of materials: build/sbom-development.json, 2 components",
        "pip-audit, function: 1 packages checked, 0 vulnerable",
        "pip-audit, development: 1 packages checked, 0 vulnerable",
    ]


def test_a_known_vulnerability_fails(tmp_path: Path) -> None:
    code, text = check(tmp_path, audit=answer(VULNERABLE, 1))

    assert code == 1
    assert "pip-audit, function: VULNERABLE: jsonschema 4.26.0: PYSEC-1\n" in text


@pytest.mark.parametrize(
    ("audit", "why"),
    [
        (answer(SKIPPED), "1 of 2 packages, which are unknown to the service"),
        (answer([]), "0 of 0 packages"),
        ("sys.exit('requests.exceptions.ConnectionError: no route')", "pip-audit exited with 1: requests.exceptions"),
        ("time.sleep(50)", "no response within 1 seconds"),
    ],
    ids=["mirror", "empty", "unreachable", "silent"],
)
@pytest.mark.parametrize(("options", "code"), [((), 0), (("--audit-required",), 1)], ids=["may be missing", "required"])
def test_packages_that_were_not_checked_are_named(
    audit: str, why: str, options: tuple[str, ...], code: int, tmp_path: Path
) -> None:
    ended, text = check(tmp_path, "--audit-seconds", "1", *options, audit=audit)

    assert ended == code
    assert f"pip-audit, function: NOT AUDITED: {why}" in text


def test_what_bandit_finds_fails_and_the_rest_is_run_too(tmp_path: Path) -> None:
    code, text = check(tmp_path, audit=answer(SOUND), bandit="print('B102 exec_used'); sys.exit(1)")

    assert code == 1
    assert text.startswith("B102 exec_used")
    assert "pip-audit, development: 1 packages" in text


def test_a_lock_file_without_a_bill_fails(tmp_path: Path) -> None:
    code, text = check(tmp_path, audit=answer(SOUND), bill="sys.exit('cannot be read')")

    assert code == 1
    assert "bill of materials: requirements/dev.txt: cannot be read\n" in text
