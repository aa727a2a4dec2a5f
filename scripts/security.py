"""Run bandit, write bills of materials and look for known vulnerabilities: make security.

    python scripts/security.py VENV [--audit-required] [--audit-seconds N]

bandit and the bills of materials (CycloneDX, build/sbom-*.json) need no network. pip-audit queries PyPI's vulnerability
service, and a vulnerability is a failure. When the service does not respond in time or does not know a package, as
behind a mirror, the output is NOT AUDITED; with --audit-required that is a failure too.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
# The packages of the function, and those of all extras and the tests.
LOCKED = {"function": "requirements/function.txt", "development": "requirements/dev.txt"}
# Medium severity and higher. B608, SQL in strings, is checked with ruff's S608, line by line.
BANDIT = ("-q", "-r", "src", "lib", "rules", "tools", "-ll", "--skip", "B608")
BILL = ("--output-reproducible", "--of", "JSON", "-o")
AUDIT = ("--disable-pip", "--require-hashes", "--format", "json", "--progress-spinner", "off", "--timeout", "5")


def run(tool: Path, *arguments: str, seconds: float | None = None) -> subprocess.CompletedProcess[str]:
    """Run a tool in the repository. Raises TimeoutExpired after these seconds."""
    command = [str(tool), *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=seconds)


def write_line(text: str) -> None:
    """Write a line."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def check_code(tools: Path) -> bool:
    """Run bandit; return whether it has no findings."""
    finished = run(tools / "bandit", *BANDIT)
    write_line("bandit: no findings" if finished.returncode == 0 else finished.stdout + finished.stderr)
    return finished.returncode == 0


def write_bill(tools: Path, name: str, locked: str) -> bool:
    """Write the bill of materials of a lock file; return whether that succeeded."""
    output = ROOT / "build" / f"sbom-{name}.json"
    output.parent.mkdir(exist_ok=True)
    finished = run(tools / "cyclonedx-py", "requirements", *BILL, str(output), locked)
    if finished.returncode:
        write_line(f"bill of materials: {locked}: {finished.stderr.strip()}")
        return False
    components = json.loads(output.read_text(encoding="utf-8"))["components"]
    write_line(f"bill of materials: {output.relative_to(ROOT)}, {len(components)} components")
    return True


def look_up(tools: Path, locked: str, seconds: float) -> tuple[list[dict[str, Any]], str]:
    """Return pip-audit's result for each package of a lock file, and the error if there is none."""
    if seconds <= 0:
        return [], "the time limit was reached"
    try:
        finished = run(tools / "pip-audit", "-r", locked, *AUDIT, seconds=seconds)
    except subprocess.TimeoutExpired:
        return [], f"no response within {seconds:.0f} seconds"
    try:
        return json.loads(finished.stdout)["dependencies"], ""
    except (ValueError, LookupError):
        last = (finished.stderr.strip().splitlines() or ["no output"])[-1]
        return [], f"pip-audit exited with {finished.returncode}: {last[:200]}"


def audit(tools: Path, name: str, locked: str, seconds: float) -> tuple[bool, bool]:
    """Return whether no package of a lock file has a known vulnerability, and whether all were checked."""
    packages, failure = look_up(tools, locked, seconds)
    known = [package for package in packages if "skip_reason" not in package]
    vulnerable = [package for package in known if package["vulns"]]
    for package in vulnerable:
        ids = ", ".join(each["id"] for each in package["vulns"])
        write_line(f"pip-audit, {name}: VULNERABLE: {package['name']} {package['version']}: {ids}")
    if failure:
        write_line(f"pip-audit, {name}: NOT AUDITED: {failure}")
    elif len(known) < len(packages) or not packages:
        missing = len(packages) - len(known)
        write_line(
            f"pip-audit, {name}: NOT AUDITED: {missing} of {len(packages)} packages, which are unknown to the service"
        )
    else:
        write_line(f"pip-audit, {name}: {len(packages)} packages checked, {len(vulnerable)} vulnerable")
    return not vulnerable, not failure and 0 < len(known) == len(packages)


def main() -> int:
    """Run all checks, also after a failure; return the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("venv", type=Path, help="environment with requirements/security.txt")
    parser.add_argument("--audit-required", action="store_true", help="fail when a package was not checked")
    parser.add_argument("--audit-seconds", type=float, default=60, help="time limit of pip-audit")
    options = parser.parse_args()
    tools = options.venv.resolve() / "bin"
    passed = [check_code(tools)]
    passed += [write_bill(tools, name, locked) for name, locked in LOCKED.items()]
    until = time.monotonic() + options.audit_seconds
    for name, locked in LOCKED.items():
        clean, complete = audit(tools, name, locked, until - time.monotonic())
        passed.append(clean and (complete or not options.audit_required))
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
