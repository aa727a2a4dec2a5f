"""Checks the code with bandit, writes bills of materials, and asks for known vulnerabilities: make security.

    python requirements/security.py VENV [--audit-required] [--audit-seconds N]

bandit and the bills (CycloneDX, build/sbom-*.json) need no network. pip-audit asks PyPI's vulnerability service. A
vulnerability that it finds is a failure. Where the service does not answer in time, or does not know a package, as
behind a mirror, NOT AUDITED is said and nothing is claimed; with --audit-required that is a failure too.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
# What the function is deployed with; what every extra brings, and the tests.
LOCKED = {"function": "requirements/function.txt", "development": "requirements/dev.txt"}
# Of medium severity and more. B608, SQL put together as text, is judged line by line with ruff's S608.
BANDIT = ("-q", "-r", "src", "lib", "rules", "tools", "-ll", "--skip", "B608")
BILL = ("--output-reproducible", "--of", "JSON", "-o")
AUDIT = ("--disable-pip", "--require-hashes", "--format", "json", "--progress-spinner", "off", "--timeout", "5")


def run(tool: Path, *arguments: str, seconds: float | None = None) -> subprocess.CompletedProcess[str]:
    """Run a tool in the repository. Raises TimeoutExpired after these seconds."""
    command = [str(tool), *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=seconds)


def say(text: str) -> None:
    """Write a line."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def check_code(tools: Path) -> bool:
    """Run bandit; tell whether it found nothing."""
    finished = run(tools / "bandit", *BANDIT)
    say("bandit: nothing found" if finished.returncode == 0 else finished.stdout + finished.stderr)
    return finished.returncode == 0


def write_bill(tools: Path, name: str, locked: str) -> bool:
    """Write the bill of materials of a lock file; tell whether that went well."""
    output = ROOT / "build" / f"sbom-{name}.json"
    output.parent.mkdir(exist_ok=True)
    finished = run(tools / "cyclonedx-py", "requirements", *BILL, str(output), locked)
    if finished.returncode:
        say(f"bill of materials: {locked}: {finished.stderr.strip()}")
        return False
    components = json.loads(output.read_text(encoding="utf-8"))["components"]
    say(f"bill of materials: {output.relative_to(ROOT)}, {len(components)} components")
    return True


def look_up(tools: Path, locked: str, seconds: float) -> tuple[list[dict[str, Any]], str]:
    """Return what pip-audit says of each package of a lock file, or nothing and why."""
    if seconds <= 0:
        return [], "no time is left"
    try:
        finished = run(tools / "pip-audit", "-r", locked, *AUDIT, seconds=seconds)
    except subprocess.TimeoutExpired:
        return [], f"no answer in {seconds:.0f} seconds"
    try:
        return json.loads(finished.stdout)["dependencies"], ""
    except (ValueError, LookupError):
        last = (finished.stderr.strip().splitlines() or ["no output"])[-1]
        return [], f"pip-audit ended with {finished.returncode}: {last[:200]}"


def audit(tools: Path, name: str, locked: str, seconds: float) -> tuple[bool, bool]:
    """Tell whether no package of a lock file is known to be vulnerable, and whether every one was looked up."""
    packages, failure = look_up(tools, locked, seconds)
    known = [package for package in packages if "skip_reason" not in package]
    vulnerable = [package for package in known if package["vulns"]]
    for package in vulnerable:
        ids = ", ".join(found["id"] for found in package["vulns"])
        say(f"pip-audit, {name}: VULNERABLE: {package['name']} {package['version']}: {ids}")
    if failure:
        say(f"pip-audit, {name}: NOT AUDITED: {failure}")
    elif len(known) < len(packages) or not packages:
        missing = len(packages) - len(known)
        say(f"pip-audit, {name}: NOT AUDITED: {missing} of {len(packages)} packages, which the service does not know")
    else:
        say(f"pip-audit, {name}: {len(packages)} packages looked up, {len(vulnerable)} vulnerable")
    return not vulnerable, not failure and 0 < len(known) == len(packages)


def main() -> int:
    """Run everything, whatever fails; return the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("venv", type=Path, help="environment with requirements/security.txt")
    parser.add_argument("--audit-required", action="store_true", help="fail when not every package was looked up")
    parser.add_argument("--audit-seconds", type=float, default=60, help="how long pip-audit may take in all")
    given = parser.parse_args()
    tools = given.venv.resolve() / "bin"
    passed = [check_code(tools)]
    passed += [write_bill(tools, name, locked) for name, locked in LOCKED.items()]
    until = time.monotonic() + given.audit_seconds
    for name, locked in LOCKED.items():
        clean, complete = audit(tools, name, locked, until - time.monotonic())
        passed.append(clean and (complete or not given.audit_required))
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
