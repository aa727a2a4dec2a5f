"""Run sam validate --lint with our rules, and sam build, in a project of init: python scripts/sam_check.py VENV PYTHON.

VENV contains the SAM CLI and this project. PYTHON is the interpreter of the function's runtime, which sam build
requires on the PATH.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

# What inference-experiment init does; VENV does not have what its command line needs.
WRITE_PROJECT = """
import sys
from pathlib import Path
from inference_experiment_cli.project.contents import project_contents
from inference_experiment_cli.project.sources import choose_examples
from inference_experiment_cli.project.write import write_files
write_files(Path(sys.argv[1]), project_contents(choose_examples(["all"])))
"""


def real_interpreter(name: str) -> Path | None:
    """Return the path of the interpreter itself, since a version manager's shim may not run elsewhere."""
    home = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates = [
        shutil.which(name),
        *map(str, sorted(home.glob(f"versions/{name.removeprefix('python')}*/bin/{name}"))),
    ]
    for candidate in filter(None, candidates):
        command = [candidate, "-c", "import sys; print(sys.executable)"]
        finished = subprocess.run(command, capture_output=True, text=True, check=False)
        if finished.returncode == 0:
            return Path(finished.stdout.strip())
    return None


def _megabytes(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


def main(environment: Path, name: str) -> int:
    """Return the exit code: 0 when both commands pass, 2 when the interpreter is missing."""
    interpreter = real_interpreter(name)
    if interpreter is None:
        sys.stderr.write(f"sam build needs {name}, the function's runtime; install it or set FUNCTION_PYTHON\n")
        return 2
    sam = environment / "bin" / "sam"
    with tempfile.TemporaryDirectory() as folder:
        project, built = Path(folder) / "project", Path(folder) / "built"
        path = f"{interpreter.parent}{os.pathsep}{os.environ['PATH']}"
        settings = {**os.environ, "PATH": path, "SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "us-east-1"}
        subprocess.run([str(environment / "bin" / "python"), "-c", WRITE_PROJECT, str(project)], check=True)
        for command in (["validate", "--lint"], ["build", "--build-dir", str(built), "--no-cached"]):
            finished = subprocess.run([str(sam), *command], cwd=project, env=settings, check=False)
            if finished.returncode:
                return finished.returncode
        function = built / "ProviderFunction"
        size = _megabytes(function)
        # As README has it: the zip keeps no times, so bytecode that goes by them would not be used.
        compiling = ["-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", str(function)]
        subprocess.run([str(interpreter), *compiling], check=True)
        sys.stdout.write(
            f"sam validate --lint and sam build pass; unpacked function: {size:.1f} MB, "
            f"with bytecode {_megabytes(function):.1f} MB\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve(), sys.argv[2]))
