"""Run the fixtures and the documentation's examples with other versions of cfn-lint: `make lint-versions`.

Each file in versions/ pins one environment, created as .venv-lint-<version>. The newest version is that of the
project's own environment.
"""

import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS = tuple(
    f"tests/rules/test_{name}.py" for name in ("fixtures", "documentation", "json_and_sam", "template_scenarios")
)


def interpreter_for(pins: Path) -> Path:
    """Return the Python of the environment, which is created again when its pins have changed."""
    folder = ROOT / f".venv-lint-{pins.stem}"
    python, stamp = folder / "bin" / "python", folder / "pins.txt"
    pinned = pins.read_text(encoding="utf-8")
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != pinned:
        venv.create(folder, clear=True, with_pip=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        subprocess.run([*install, "-r", str(pins)], check=True)
        stamp.write_text(pinned, encoding="utf-8")
    return python


def run(python: Path) -> int:
    # The packages are imported from the repository; they are not installed.
    search = os.pathsep.join(str(ROOT / folder) for folder in ("src", "lib", "rules", "tools", "."))
    command = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", *TESTS]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": search}, check=False).returncode


def main() -> int:
    failed = []
    for python in [*map(interpreter_for, sorted((ROOT / "tests/rules/versions").glob("*.txt"))), Path(sys.executable)]:
        command = [str(python), "-c", "import importlib.metadata as metadata; print(metadata.version('cfn-lint'))"]
        number = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        sys.stdout.write(f"cfn-lint {number}\n")
        sys.stdout.flush()
        if run(python):
            failed.append(number)
    sys.stdout.write(f"failed: {', '.join(failed) or 'none'}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
